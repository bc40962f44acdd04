"""How often stations are used, and which of several figures stands where they tell of the same days.

No visit counts twice. Of figures of one station whose periods overlap the longer one stands, of equally long ones the
later; of the same period the whole before its parts by occupation. Scans of the door's plate count only on days of
which no figure that was given tells: a month that somebody typed beats its scans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from stations.errors import Invalid, NotFound
from stations.keeping.usage_words import Counted, Period
from stations.models import Commit, Scans, Source, Staff, Station, Visits

__all__ = [
    "Entry",
    "Figure",
    "Put",
    "figures",
    "months_of_scans",
    "put",
    "remove",
    "scanned_days",
    "standing",
]

#: One figure is written at a time, whoever writes: what is there already is looked up first.
_LOCK: Final = 7_265_221_123


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure that somebody gives. occupation: a code of the vocabulary, or None for everybody."""

    station_id: int
    period: Period
    counted: Counted
    occupation: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """What became of entries: numbers of figures that were added, changed, and there already."""

    added: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it is kept. how: typed, imported, scanned, or None where nobody noted it.

    stands: whether it counts; beaten_by: the period of the figure that counts in its place, where it does not.
    """

    id: int | None
    period: Period
    counted: Counted
    occupation: str | None
    how: str | None
    source: str | None
    by: str | None
    at: datetime | None
    stands: bool
    beaten_by: Period | None = None


def standing(periods: Iterable[Period]) -> list[Period]:
    """Return the periods that count: no two of them overlap; longer ones go first, of equal ones the later."""
    kept: list[Period] = []
    for one in sorted(set(periods), key=lambda each: (-each.days, -each.begin.toordinal())):
        if not any(one.overlaps(other) for other in kept):
            kept.append(one)
    return kept


def scanned_days(free: Iterable[date], kept: Iterable[Period], *, today: date) -> int:
    """Return how many days a plate was counting on of which no figure tells: from its first free scan until ``today``.

    free: the days with scans that no period of ``kept`` holds. kept: no two overlap.
    """
    first = min(free, default=today)
    counting = Period(first, max(first, today))
    taken = sum(
        (min(each.end, counting.end) - max(each.begin, counting.begin)).days
        for each in kept
        if each.overlaps(counting)
    )
    return counting.days - taken


def put(session: Session, entries: Sequence[Entry], *, how: str, source_id: int | None = None) -> Put:
    """Write figures; one of the same station, period and occupation is replaced, and left alone where it is equal.

    Called inside ``acting``. how: ``typed`` or ``imported``. Raises Invalid where two entries are of the same and
    differ; NotAllowed by way of ``acting`` where the actor keeps no station there.
    """
    wanted: dict[tuple[int, Period, str | None], Entry] = {}
    for entry in entries:
        key = (entry.station_id, entry.period, entry.occupation)
        if wanted.setdefault(key, entry).counted != entry.counted:
            raise Invalid(
                f"visits: {entry.period} is told twice, {wanted[key].counted} and {entry.counted}; keep one",
                field="visits",
                value=str(entry.counted),
                reason="told_twice",
            )
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    held = _held(session, {key[0] for key in wanted})
    same = {key for key, entry in wanted.items() if held.get(key, ([], None))[1] == entry.counted}
    changed = {key for key in wanted if key in held} - same
    if gone := [number for key in changed for number in held[key][0]]:
        session.execute(delete(Visits).where(Visits.id.in_(gone)))
    session.add_all(
        Visits(
            station_id=entry.station_id,
            period=Range(entry.period.begin, entry.period.end, bounds="[)"),
            visits=entry.counted.visits,
            at_least=entry.counted.at_least,
            occupation=entry.occupation,
            source_id=source_id,
            how=how,
        )
        for key, entry in wanted.items()
        if key not in same
    )
    session.flush()
    return Put(added=len(wanted) - len(changed) - len(same), changed=len(changed), same=len(same))


def _held(
    session: Session, stations: set[int]
) -> Mapping[tuple[int, Period, str | None], tuple[list[int], Counted | None]]:
    """Return what is kept of these stations by what it tells of; of several rows of one kind no one count."""
    found: dict[tuple[int, Period, str | None], tuple[list[int], Counted | None]] = {}
    rows = session.execute(
        select(Visits.id, Visits.station_id, Visits.period, Visits.occupation, Visits.visits, Visits.at_least)
        .where(Visits.station_id.in_(stations))
        .order_by(Visits.id)
    )
    for row in rows:
        if row.period.lower is None or row.period.upper is None:
            continue
        key = (row.station_id, Period(row.period.lower, row.period.upper), row.occupation)
        ids, _ = found.get(key, ([], None))
        found[key] = ([*ids, row.id], None if ids else Counted(row.visits, row.at_least))
    return found


def remove(session: Session, code: str, figure_id: int) -> None:
    """Take a figure of a station away; the history keeps it. Called inside ``acting``. Raises NotFound."""
    gone = session.scalar(
        delete(Visits)
        .where(
            Visits.id == figure_id,
            Visits.station_id == select(Station.id).where(Station.code == code).scalar_subquery(),
        )
        .returning(Visits.id)
    )
    if gone is None:
        raise NotFound(f"station {code} has no figure {figure_id} that you may remove")


def figures(session: Session, code: str, *, today: date) -> list[Figure]:
    """Return all figures of a station, the latest period first, with the one that stands for each day.

    Scans stand as one figure a month. Raises NotFound.
    """
    station = session.scalar(select(Station.id).where(Station.code == code))
    if station is None:
        raise NotFound(f"no station has the code {code!r}")
    rows = session.execute(
        select(Visits, Source.name, Staff.display_name, Commit.at)
        .outerjoin(Source, Source.id == Visits.source_id)
        .outerjoin(Commit, Commit.id == Visits.added_in)
        .outerjoin(Staff, Staff.id == Commit.actor_id)
        .where(Visits.station_id == station)
        .order_by(Visits.id)
    ).all()
    given = [
        (row, Period(row.Visits.period.lower, row.Visits.period.upper))
        for row in rows
        if _is_whole(row.Visits)
    ]
    kept = standing(each for _, each in given)
    wholes = {each for row, each in given if row.Visits.occupation is None}
    found = []
    for row, each in given:
        part = row.Visits.occupation is not None and each in wholes
        stands = each in kept and not part
        by = each if part and each in kept else next((other for other in kept if other.overlaps(each)), None)
        found.append(
            Figure(
                row.Visits.id,
                each,
                Counted(row.Visits.visits, row.Visits.at_least),
                row.Visits.occupation,
                row.Visits.how,
                row.name,
                row.display_name,
                row.at,
                stands,
                None if stands else by,
            )
        )
    found += [
        Figure(
            None, month, Counted(scans, True), None, "scanned", None, None, None, stands=stands, beaten_by=by
        )
        for month, scans, stands, by in _scanned(session, station, kept, today)
    ]
    return sorted(
        found, key=lambda one: (one.period.begin, one.period.end, one.how != "scanned"), reverse=True
    )


def _is_whole(visits: Visits) -> bool:
    return visits.period.lower is not None and visits.period.upper is not None


def _scanned(
    session: Session, station: int, kept: Sequence[Period], today: date
) -> list[tuple[Period, int, bool, Period | None]]:
    days = dict(
        session.execute(
            select(Scans.day, Scans.scans).where(Scans.station_id == station, Scans.day < today)
        ).all()
    )
    found = []
    for month, counts in months_of_scans(days, today=today).items():
        free = [count for day, count in counts.items() if not any(p.begin <= day < p.end for p in kept)]
        by = None if free else next((p for p in kept if p.overlaps(month)), None)
        found.append((month, sum(free or counts.values()), bool(free), by))
    return found


def months_of_scans(days: Mapping[date, int], *, today: date) -> dict[Period, dict[date, int]]:
    """Return the scans of each month that has any, by day; the first month from its first scan on, this one until today."""
    if not days:
        return {}
    first = min(days)
    found: dict[Period, dict[date, int]] = {}
    for day in sorted(days):
        begin = day.replace(day=1)
        end = (begin + timedelta(days=32)).replace(day=1)
        found.setdefault(Period(max(first, begin), min(end, today)), {})[day] = days[day]
    return found
