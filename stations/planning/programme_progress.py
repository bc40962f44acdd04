"""How far a programme is, counted from the registry at the moment it is asked; nothing of it is kept.

A station counts once, in the row of the lowest region shown that holds it. Planned, building, open and suspended are
its states today; a closed one counts for nothing. What should be open by now is read from the dates of the stations
where all are placed and dated (``dates``), else laid evenly between the first and the last day (``linear``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from stations.models import Programme, ProgrammeStation, Region, Station
from stations.planning.programmes import counted_kinds, span, targets_of

__all__ = [
    "LEVELS",
    "PENDING",
    "STANDING",
    "Count",
    "Late",
    "Progress",
    "Row",
    "chosen",
    "counted",
    "late",
    "linear",
    "progress",
]

#: Rows by the regions that the programme itself names, or by all of a level.
LEVELS: Final = ("own", "prefecture", "county", "township")
PENDING: Final = ("planned", "building")
STANDING: Final = ("open", "suspended")
_MOST_LATE: Final = 500


@dataclass(frozen=True, slots=True)
class Count:
    """Stations by state; of those planned or in building, how many are past their date and how many have none."""

    planned: int = 0
    building: int = 0
    open: int = 0
    suspended: int = 0
    late: int = 0
    undated: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def pending(self) -> int:
        """Stations on their way: planned or in building."""
        return self.planned + self.building

    @property
    def placed(self) -> int:
        """Stations that the target is bound to: on their way, open or suspended."""
        return self.pending + self.open + self.suspended


@dataclass(frozen=True, slots=True)
class Row:
    """One region, or all. ``code`` is empty for stations that lie in none of those shown. target: None where none is set."""

    code: str
    target: int | None
    count: Count

    @property
    def unplaced(self) -> int | None:
        """How much of the target no station stands for yet."""
        return None if self.target is None else max(0, self.target - self.count.placed)

    @property
    def over(self) -> int | None:
        """How many more are open than the target asks."""
        return None if self.target is None else max(0, self.count.open - self.target)

    @property
    def share(self) -> float | None:
        """Which share of the target is open."""
        return None if self.target is None else self.count.open / self.target


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a programme is on a day.

    rows: by region, their counts adding up to ``total``. expected: how many should be open by now, and by which
    reckoning (``dates`` or ``linear``). base: how many were open when it began. overdue: the last day has passed and the
    target is not met. unallotted: what of the target no region has been given; None where it falls to no regions.
    """

    day: date
    starts: date
    due: date
    rows: tuple[Row, ...]
    total: Row
    base: int
    expected: int
    reckoned: str
    overdue: bool
    unallotted: int | None

    @property
    def behind(self) -> int:
        """How many fewer are open than should be by now."""
        return max(0, self.expected - self.total.count.open)

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return (
            self.total.over is not None
            and self.total.unplaced == 0
            and self.total.share is not None
            and self.total.share >= 1
        )

    @property
    def open_items(self) -> int:
        """How many stations are on their way or not placed yet."""
        return self.total.count.pending + (self.total.unplaced or 0)


@dataclass(frozen=True, slots=True)
class Late:
    """A station that is planned or in building past its date."""

    code: str
    name: str
    region: str | None
    lifecycle: str
    expected_on: date
    days: int


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a region stands: its level, empty for one that was merged into another, and those above it with itself."""

    level: str
    lineage: tuple[str, ...]


def counted(programme: Programme) -> list[ColumnElement[bool]]:
    """Return which stations a programme counts, for a statement that joins ``regions`` to ``stations``."""
    found: list[ColumnElement[bool]] = [
        Station.withdrawn_reason.is_(None),
        Station.lifecycle != "closed",
        Station.kind.in_(counted_kinds(programme)),
        Region.lineage.overlap(list(programme.regions)),
    ]
    if programme.target_is == "tagged":
        found.append(
            Station.id.in_(
                select(ProgrammeStation.station_id).where(ProgrammeStation.programme_id == programme.id)
            )
        )
    return found


def progress(session: Session, programme: Programme, *, today: date, level: str = "own") -> Progress:
    """Count a programme. level: one of ``LEVELS``. A station that is due today is not late."""
    starts, due = span(programme)
    targets = targets_of(session, programme)
    lines = _lineages(session, programme)
    shown = _shown(programme, targets, lines, level)
    sums: dict[str, Count] = {code: Count() for code in shown}
    for region, found in _counts(session, programme, today):
        row = next((code for code in reversed(lines[region].lineage) if code in sums), "")
        sums[row] = sums.get(row, Count()) + found
    rows = tuple(
        Row(code, _target_of(code, targets, lines, whole=programme), count) for code, count in sums.items()
    )
    total = Row("", programme.target, sum((row.count for row in rows), Count()))
    base = _base(session, programme, starts, total.count)
    expected, reckoned = _expected(programme, total, base, (starts, due), today)
    return Progress(
        day=today,
        starts=starts,
        due=due,
        rows=rows,
        total=total,
        base=base,
        expected=expected,
        reckoned=reckoned,
        overdue=today > due and total.count.open < programme.target,
        unallotted=programme.target - sum(targets.values()) if targets else None,
    )


def late(session: Session, programme: Programme, *, today: date, limit: int = _MOST_LATE) -> list[Late]:
    """Return the stations that are planned or in building past their date, the oldest first."""
    rows = session.execute(
        chosen(
            programme,
            Station.code,
            Station.names["zh"].astext.label("name"),
            Station.region_code,
            Station.lifecycle,
            Station.expected_on,
        )
        .where(Station.lifecycle.in_(PENDING), Station.expected_on < today)
        .order_by(Station.expected_on, Station.code)
        .limit(limit)
    )
    return [
        Late(
            row.code,
            row.name,
            row.region_code,
            row.lifecycle,
            row.expected_on,
            (today - row.expected_on).days,
        )
        for row in rows
    ]


def chosen(programme: Programme, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Select columns of the stations that a programme counts."""
    return (
        select(*columns)
        .select_from(Station)
        .join(Region, Region.code == Station.region_code)
        .where(*counted(programme))
    )


def _counts(session: Session, programme: Programme, today: date) -> list[tuple[str, Count]]:
    """Count the stations by their region, in one pass of the database."""
    pending = Station.lifecycle.in_(PENDING)

    def having(state: str) -> ColumnElement[int]:
        return func.count().filter(Station.lifecycle == state)

    statement = chosen(
        programme,
        Station.region_code,
        having("planned"),
        having("building"),
        having("open"),
        having("suspended"),
        func.count().filter(and_(pending, Station.expected_on < today)),
        func.count().filter(and_(pending, Station.expected_on.is_(None))),
    ).group_by(Station.region_code)
    return [(row[0], Count(*row[1:])) for row in session.execute(statement)]


def _lineages(session: Session, programme: Programme) -> dict[str, _Line]:
    """Return the regions of a programme and all below them, those above before those below."""
    rows = session.execute(
        select(Region.code, Region.level, Region.lineage, Region.merged_into.is_(None))
        .where(Region.lineage.overlap(list(programme.regions)))
        .order_by(Region.lineage)
    )
    return {code: _Line(level if current else "", tuple(lineage)) for code, level, lineage, current in rows}


def _shown(
    programme: Programme, targets: Mapping[str, int], lines: Mapping[str, _Line], level: str
) -> list[str]:
    if level == "own":
        return list(targets) or list(programme.regions)
    return [code for code, line in lines.items() if line.level == level]


def _target_of(
    code: str, targets: Mapping[str, int], lines: Mapping[str, _Line], *, whole: Programme
) -> int | None:
    """Return the target of a region: its own, or what falls to those below it."""
    if code in targets:
        return targets[code]
    if code in whole.regions and len(whole.regions) == 1:
        return whole.target
    below = [count for region, count in targets.items() if region in lines and code in lines[region].lineage]
    return sum(below) if below else None


def _base(session: Session, programme: Programme, starts: date, total: Count) -> int:
    """Return how many were open when the programme began: as stated, else those not opened since."""
    if programme.base is not None:
        return programme.base
    if programme.target_is == "tagged":
        return 0
    since: int | None = session.scalar(
        chosen(programme, func.count()).where(Station.lifecycle.in_(STANDING), Station.opened_on >= starts)
    )
    standing = total.open + total.suspended
    return standing - (since or 0)


def _expected(
    programme: Programme, total: Row, base: int, days: tuple[date, date], today: date
) -> tuple[int, str]:
    count = total.count
    if not total.unplaced and count.pending and not count.undated:
        return count.open + count.late, "dates"
    return int(linear(programme.target, base, days, today)), "linear"


def linear(target: int, base: int, days: tuple[date, date], today: date) -> float:
    """Return how many should be open on a day, laid evenly between the first and the last."""
    starts, due = days
    if today >= due:
        return float(target)
    passed = max(0, (today - starts).days) / max(1, (due - starts).days)
    return max(base, 0) + max(0, target - base) * passed
