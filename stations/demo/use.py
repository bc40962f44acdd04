"""A year of use for the demonstration: months that staff typed, lists that counted by occupation, plates that were scanned.

Four in ten of the open rest stations count; of the others nobody knows, as it is in most counties. Their source is that
of the demonstration, which says of itself that it is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from stations.models import Base, Scans, Station, Visits
from stations.registry.writing import PUBLIC, acting, actor_id

__all__ = ["add_scans", "add_use"]

_SEED: Final = 20260901
_MONTHS: Final = 12
_COUNTING: Final = 0.4
_BY_OCCUPATION: Final = 0.3
_WITH_PLATE: Final = 0.08
#: Who comes, in hundredths: riders and couriers first.
_WHO: Final[Mapping[str, int]] = {
    "food_delivery": 38,
    "courier": 24,
    "sanitation": 17,
    "ride_hailing": 11,
    "day_labour": 7,
    "other": 3,
}
#: How much a month is used beside the mean: cold and hot months bring people in.
_SEASON: Final = (1.25, 1.1, 0.95, 0.9, 0.85, 0.95, 1.15, 1.15, 0.9, 0.85, 1.0, 1.2)


def add_use(session: Session, *, source_id: int, today: date) -> int:
    """Add the visits of the twelve months before this one; return how many figures. Called inside ``acting``.

    A month that a station tells of already stays as it is. Equal registries and days give equal figures.
    """
    random = Random(_SEED)  # noqa: S311 - a demonstration that can be made again
    told = {
        (row.station_id, row.period.lower)
        for row in session.execute(select(Visits.station_id, Visits.period))
    }
    rows: list[dict[str, Any]] = []
    for station in _open(session):
        if random.random() >= _COUNTING:
            continue
        # Most see some ten people a day; a few are crowded, a few are hardly known.
        daily = random.lognormvariate(2.2, 0.8)
        by_occupation = random.random() < _BY_OCCUPATION
        for first, after in _months(today):
            if (opened := station.opened_on) is not None and opened > first:
                continue
            mean = daily * _SEASON[first.month - 1] * (after - first).days
            visits = round(mean * random.uniform(0.85, 1.15))
            rough = random.random() < 0.06
            shown = visits // 100 * 100 if rough and visits >= 100 else visits
            if (station.id, first) in told:
                continue
            made = {
                "station_id": station.id,
                "period": Range(first, after, bounds="[)"),
                "source_id": source_id,
                "how": "imported" if by_occupation else "typed",
            }
            rows.append(made | {"visits": shown, "at_least": shown != visits, "occupation": None})
            if by_occupation:
                rows += [
                    made | {"visits": shown * share // 100, "at_least": False, "occupation": who}
                    for who, share in _WHO.items()
                ]
    _insert(session, rows)
    return len(rows)


def add_scans(session: Session, *, today: date) -> int:
    """Add the scans of some plates in the weeks before ``today``; return how many days were counted."""
    random = Random(_SEED + 1)  # noqa: S311 - a demonstration that can be made again
    rows = [
        {"station_id": station.id, "day": today - timedelta(days=back), "scans": scans}
        for station in _open(session)
        if random.random() < _WITH_PLATE
        for back in range(45, 0, -1)
        if (scans := int(random.expovariate(0.4)))
    ]
    if rows:
        with acting(session, actor_id(session, PUBLIC), reason="演示：门口扫码"):
            session.execute(insert(Scans).on_conflict_do_nothing(), rows)
    return len(rows)


def _open(session: Session) -> Iterable[Any]:
    return session.execute(
        select(Station.id, Station.opened_on)
        .where(
            Station.lifecycle == "open", Station.station_class == "rest", Station.withdrawn_reason.is_(None)
        )
        .order_by(Station.id)
    ).all()


def _months(today: date) -> list[tuple[date, date]]:
    found = []
    after = today.replace(day=1)
    for _ in range(_MONTHS):
        first = (after - timedelta(days=1)).replace(day=1)
        found.append((first, after))
        after = first
    return found[::-1]


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    """Add rows; the keys are asked back only because that puts many rows into one statement."""
    if rows:
        table = Base.metadata.tables[Visits.__tablename__]
        session.execute(insert(table).returning(table.c.id), rows)
