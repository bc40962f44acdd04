"""Which stations offer a day's work, or an event, at a moment: what the one query string asks by ``jobs`` and ``events``.

A notice counts on its days of work and for as long as it holds; an event from a week before it begins until it ends. What
is over needs no switching off: the question itself leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, DateTime, Interval, Select, cast, func, literal, select

from stations.models import Event, Notice

__all__ = ["WEEK", "hiring", "holding"]

WEEK: Final = timedelta(days=7)
_ANY: Final = ("any",)


def hiring(trades: Sequence[str], moment: datetime | ColumnElement[datetime]) -> Select[Any]:
    """Return the ids of stations where a notice of one of these trades holds at a moment, for work on that day."""
    at = _moment(moment)
    day = cast(func.timezone("Asia/Shanghai", at), Date)
    found = select(Notice.station_id).where(Notice.until > at, Notice.starts <= day, Notice.ends >= day)
    return found if tuple(trades) == _ANY else found.where(Notice.trade.in_(trades))


def holding(kinds: Sequence[str], moment: datetime | ColumnElement[datetime]) -> Select[Any]:
    """Return the ids of stations where an event of one of these kinds is on at a moment, or begins within a week."""
    at = _moment(moment)
    found = select(Event.station_id).where(
        Event.station_id.is_not(None),
        Event.status == "planned",
        Event.ends > at,
        Event.starts < at + literal(WEEK, Interval),
    )
    return found if tuple(kinds) == _ANY else found.where(Event.kind.in_(kinds))


def _moment(moment: datetime | ColumnElement[datetime]) -> ColumnElement[datetime]:
    return literal(moment, DateTime(timezone=True)) if isinstance(moment, datetime) else moment
