"""What was held in a year, added up by region and kind, in the columns of a union's yearly report.

A sum that rests on a lower bound, or on an event whose number nobody gave, is itself a lower bound; what nobody counted
at all stays unknown and is not 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import Invalid
from stations.keeping.community.counts import COLUMNS, Count
from stations.models import Event, Region, Station

__all__ = ["LEVELS", "Total", "grand", "totals", "years"]

#: By which regions one may add up.
LEVELS: Final = ("province", "prefecture", "county")


@dataclass(slots=True)
class Total:
    """The events of one kind in one region and year. ``counts``: column → sum; None where nobody counted."""

    year: int
    region: str | None
    names: Mapping[str, str]
    kind: str
    events: int = 0
    counts: dict[str, Count | None] = field(default_factory=lambda: dict.fromkeys(COLUMNS))

    def add(self, events: int, column_counts: Mapping[str, tuple[int | None, int, bool]]) -> None:
        """Add up. column_counts: column → sum or None, how many events gave the number, whether one is a lower bound."""
        for name, (value, given, at_least) in column_counts.items():
            before = self.counts[name]
            if value is None and before is None:
                continue
            missing = given < events or (before is None and self.events > 0) or value is None
            self.counts[name] = Count(
                (0 if before is None else before.value) + (value or 0),
                at_least or missing or (before is not None and before.at_least),
            )
        self.events += events


def totals(
    session: Session,
    *,
    year: int | None = None,
    level: str = "county",
    within: Sequence[str] | None = None,
) -> list[Total]:
    """Return what was held by year (the latest first), region and kind, in the vocabulary's order.

    level: one of ``LEVELS``; an event of a region above it stands under that region. within: only these regions and those
    below; None for all. Years are Beijing's. Raises Invalid for another level.
    """
    if level not in LEVELS:
        raise Invalid(
            f"level: {level[:40]!r} is none of {', '.join(LEVELS)}", field="level", value=level[:40]
        )
    held_in = cast(func.date_part("year", func.timezone("Asia/Shanghai", Event.starts)), Integer)
    region = func.coalesce(Event.region_code, Station.region_code)
    columns: list[Any] = []
    for name in COLUMNS:
        column = getattr(Event, name)
        columns += [func.sum(column), func.count(column), func.bool_or(Event.at_least.contains([name]))]
    wanted = (
        select(
            held_in.label("year"), region.label("region"), Event.kind, func.count().label("events"), *columns
        )
        .outerjoin(Station, Station.id == Event.station_id)
        .where(Event.status == "held")
        .group_by(held_in, region, Event.kind)
    )
    if year is not None:
        wanted = wanted.where(held_in == year)
    if within is not None:
        wanted = wanted.where(region.in_(select(Region.code).where(Region.lineage.overlap(list(within)))))
    regions = {
        row.code: row
        for row in session.execute(select(Region.code, Region.level, Region.names, Region.lineage))
    }
    found: dict[tuple[int, str | None, str], Total] = {}
    for row in session.execute(wanted):
        code = _at_level(row.region, level, regions)
        key = (row.year, code, row.kind)
        if key not in found:
            found[key] = Total(row.year, code, regions[code].names if code in regions else {}, row.kind)
        sums = row[4:]
        found[key].add(
            row.events,
            {
                name: (
                    None if sums[at] is None else int(sums[at]),
                    int(sums[at + 1]),
                    bool(sums[at + 2]),
                )
                for name, at in zip(COLUMNS, range(0, len(sums), 3), strict=True)
            },
        )
    order = {kind: place for place, kind in enumerate(words.EVENT_KINDS)}
    return sorted(found.values(), key=lambda one: (-one.year, one.region or "~", order[one.kind]))


def grand(rows: Iterable[Total]) -> dict[str, Count | None]:
    """Return the sums of all rows by column."""
    values: dict[str, list[Count | None]] = defaultdict(list)
    for row in rows:
        for name, count in row.counts.items():
            values[name].append(count)
    return {
        name: Count(
            sum(count.value for count in values[name] if count is not None),
            any(count is None or count.at_least for count in values[name]),
        )
        if any(count is not None for count in values[name])
        else None
        for name in COLUMNS
    }


def years(session: Session) -> list[int]:
    """Return the years in which anything was held, the latest first."""
    held_in = cast(func.date_part("year", func.timezone("Asia/Shanghai", Event.starts)), Integer)
    return sorted(session.scalars(select(held_in).where(Event.status == "held").distinct()), reverse=True)


def _at_level(code: str | None, level: str, regions: Mapping[str, Any]) -> str | None:
    if code is None or code not in regions:
        return None
    return next((above for above in regions[code].lineage if regions[above].level == level), code)
