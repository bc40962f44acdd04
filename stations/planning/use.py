"""How much stations are used (服务效能): the visits that the registry keeps, over the year before a moment.

Nothing is guessed: a station whose visits nobody has counted has no row here, and that is not a use of 0. Used little is
less than a third of what its like are used; used beyond its seats is more than each seat can bear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Final

import pandas as pd
from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, Range
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping.usage import scanned_days, standing
from stations.keeping.usage_words import Period
from stations.models import PublicStation, Scans, Station, Visits

__all__ = ["COLUMNS", "LITTLE", "MONTH_DAYS", "MOST_A_SEAT", "PEERS", "judged", "use"]

#: ``visits`` in so many ``days``, the first and the last of them ``since`` and ``until``; ``at_least``: more than counted,
#: nobody knows how many. ``usual``: the median of visits a day of its like; ``seats``: how many it has. None: unknown.
COLUMNS: Final = ("visits", "days", "since", "until", "at_least", "usual", "seats")
#: Days of a month, where use is told by the month.
MONTH_DAYS: Final = 30.0
#: Below this share of the usual a station is used little.
LITTLE: Final = 1 / 3
#: More visits a day for each seat than this: a stay of an hour and a half, over the nine hours that most are open.
MOST_A_SEAT: Final = 6.0
#: So many of a kind must have counted before their median is called usual.
PEERS: Final = 3
_LOOKED_BACK: Final = timedelta(days=366)


def use(session: Session, *, now: datetime) -> pd.DataFrame:
    """Return the visits of each station in the periods that ended within a year before ``now``, by code.

    Columns as ``COLUMNS``; days are dates as text. Of a period counted as a whole and by occupation the whole counts; of
    periods that overlap the longer one does, and scans of a plate only on days of which none tells, so that no visit
    counts twice. Periods without a beginning or an end tell no rate and are left out. Its like are the stations of its
    kind in its county that counted, itself among them, or of its kind everywhere where those are fewer than ``PEERS``.
    """
    today = now.astimezone(SHANGHAI).date()
    looked_at = Range(today - _LOOKED_BACK, today + timedelta(days=1))
    rows = session.execute(
        select(PublicStation.code, Visits.period, Visits.visits, Visits.at_least, Visits.occupation)
        .join(PublicStation, PublicStation.station_id == Visits.station_id)
        .where(Visits.period.overlaps(looked_at))
        .order_by(PublicStation.code, Visits.period, Visits.id)
    ).all()
    given: dict[str, dict[Period, list[Any]]] = {}
    for row in rows:
        begin, end = row.period.lower, row.period.upper
        if begin is not None and end is not None and end <= looked_at.upper:
            given.setdefault(row.code, {}).setdefault(Period(begin, end), []).append(row)
    scanned = _scanned(session, today)
    found = {
        code: _summed(given.get(code, {}), scanned.get(code, {}), today)
        for code in sorted({*given, *scanned})
    }
    table = pd.DataFrame.from_dict(found, orient="index", columns=[*COLUMNS[:5]])
    return _with_peers(session, table)


def _scanned(session: Session, today: date) -> dict[str, dict[date, int]]:
    found: dict[str, dict[date, int]] = {}
    rows = session.execute(
        select(PublicStation.code, Scans.day, Scans.scans)
        .join(PublicStation, PublicStation.station_id == Scans.station_id)
        .where(Scans.day >= today - _LOOKED_BACK, Scans.day < today)
    )
    for code, day, scans in rows:
        found.setdefault(code, {})[day] = scans
    return found


def _summed(
    periods: Mapping[Period, list[Any]], scans: Mapping[date, int], today: date
) -> tuple[int, int, str, str, bool]:
    kept = standing(periods)
    visits, at_least = 0, False
    for each in kept:
        rows = periods[each]
        wholes = [row for row in rows if row.occupation is None]
        told = wholes[-1:] or rows
        visits += sum(row.visits for row in told)
        at_least |= any(row.at_least for row in told)
    free = {day: count for day, count in scans.items() if not any(p.begin <= day < p.end for p in kept)}
    days = sum(each.days for each in kept) + scanned_days(free, kept, today=today)
    since = min([*(each.begin for each in kept), *free])
    until = max([*(each.last for each in kept), *([today - timedelta(days=1)] if free else [])])
    return visits + sum(free.values()), days, since.isoformat(), until.isoformat(), at_least or bool(free)


def _with_peers(session: Session, table: pd.DataFrame) -> pd.DataFrame:
    """Add how much its like are used, and how many seats each station has."""
    rows = session.execute(
        select(PublicStation.code, PublicStation.kind, PublicStation.region_code, Station.capacity)
        .join(Station, Station.id == PublicStation.station_id)
        .where(PublicStation.code == any_(literal(list(table.index), ARRAY(Text))))
    ).all()
    daily = {
        code: visits / days
        for code, visits, days in zip(table.index, table["visits"], table["days"], strict=True)
    }
    near: dict[tuple[str | None, str | None], list[float]] = {}
    alike: dict[str | None, list[float]] = {}
    for row in rows:
        near.setdefault((row.kind, row.region_code), []).append(daily[row.code])
        alike.setdefault(row.kind, []).append(daily[row.code])

    def usual(kind: str | None, region: str | None) -> float | None:
        peers = near[kind, region] if len(near[kind, region]) >= PEERS else alike[kind]
        return median(peers) if len(peers) >= PEERS else None

    told = {row.code: (usual(row.kind, row.region_code), row.capacity or None) for row in rows}
    columns = {
        name: pd.Series([told[code][at] for code in table.index], index=table.index, dtype=object)
        for at, name in enumerate(COLUMNS[5:])
    }
    return table.assign(**columns)


def judged(daily: float | None, *, usual: float | None, seats: float | None, at_least: bool) -> str | None:
    """Return ``over`` for a station used beyond its seats, ``little`` for one used far less than its like, else None.

    daily: visits a day. at_least: there were more, so that nobody can say that they were few. What is unknown is neither.
    """
    if daily is None:
        return None
    if seats and daily > MOST_A_SEAT * seats:
        return "over"
    return "little" if usual is not None and daily < LITTLE * usual and not at_least else None
