"""How much stations are used (服务效能): the visits that the registry keeps, over the year before a moment.

Nothing is guessed: a station whose visits nobody has counted has no row here, and that is not a use of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.models import PublicStation, Visits

__all__ = ["COLUMNS", "MONTH_DAYS", "use"]

#: ``visits`` in so many ``days``, the last of them ``until``; ``at_least``: more than counted, nobody knows how many.
COLUMNS: Final = ("visits", "days", "until", "at_least")
#: Days of a month, where use is told by the month.
MONTH_DAYS: Final = 30.0
_LOOKED_BACK: Final = timedelta(days=366)


def use(session: Session, *, now: datetime) -> pd.DataFrame:
    """Return the visits of each station in the periods that ended within a year before ``now``, by code.

    Columns as ``COLUMNS``; ``until`` is a date as text. Of a period counted as a whole and by occupation the whole
    counts; of periods that overlap the longer one does, so that no visit counts twice. Periods without a beginning or
    an end tell no rate and are left out.
    """
    today = now.astimezone(SHANGHAI).date()
    looked_at = Range(today - _LOOKED_BACK, today + timedelta(days=1))
    rows = session.execute(
        select(PublicStation.code, Visits.period, Visits.visits, Visits.at_least, Visits.occupation)
        .join(PublicStation, PublicStation.station_id == Visits.station_id)
        .where(Visits.period.overlaps(looked_at))
        .order_by(PublicStation.code, Visits.period, Visits.id)
    ).all()
    counted: dict[str, dict[tuple[date, date], list[Any]]] = {}
    for row in rows:
        begin, end = row.period.lower, row.period.upper
        if begin is not None and end is not None and end <= looked_at.upper:
            counted.setdefault(row.code, {}).setdefault((begin, end), []).append(row)
    found = {code: _summed(periods) for code, periods in counted.items()}
    return pd.DataFrame.from_dict(found, orient="index", columns=[*COLUMNS])


def _summed(periods: dict[tuple[date, date], list[Any]]) -> tuple[int, int, str, bool]:
    visits, days, at_least, until = 0, 0, False, date.min
    for begin, end in _apart(periods):
        rows = periods[begin, end]
        wholes = [row for row in rows if row.occupation is None]
        told = wholes[-1:] or rows
        visits += sum(row.visits for row in told)
        at_least |= any(row.at_least for row in told)
        days += (end - begin).days
        until = max(until, end - timedelta(days=1))
    return visits, days, until.isoformat(), at_least


def _apart(periods: Any) -> Sequence[tuple[date, date]]:
    """Return the periods of which none overlaps another, longer ones before shorter ones, later ones before earlier."""
    kept: list[tuple[date, date]] = []
    for begin, end in sorted(periods, key=lambda each: (each[0] - each[1], -each[0].toordinal())):
        if all(end <= first or last <= begin for first, last in kept):
            kept.append((begin, end))
    return kept
