"""Keeping a month: what the hourly upkeep does when one is over, and what the demonstration does for the year before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping import quality_months as months
from stations.keeping.quality import Quality
from stations.models import RegistryInfo
from stations.registry.writing import acting
from web.quality.picture import draw
from web.settings import Settings

__all__ = ["keep_month", "look_back"]

_MONTHS: Final = 12


def _drawing(settings: Settings) -> Callable[[Session, Quality, date], bytes]:
    number = settings.review_number
    review = f"审图号：{number}" if number else "演示底图，未送审"
    return lambda session, quality, month: draw(session, quality, month, review=review)


def keep_month(session: Session, settings: Settings, *, actor: int) -> date | None:
    """Keep the month that is over, where it waits for that; return it, or None. Repeated, it does nothing."""
    now = settings.now()
    if session.get(RegistryInfo, 1) is None:
        return None
    month = months.due(session, now=now)
    if month is not None:
        with acting(session, actor, reason=f"服务质量留存 {month:%Y-%m}"):
            months.keep(session, month, now=now, draw=_drawing(settings))
    return month


def look_back(session: Session, settings: Settings, *, actor: int) -> int:
    """Reckon the last twelve months of a demonstration backwards, each said to be one; return how many were kept.

    Counted are the stations that were open by the end of each month, as they were verified by then, and the visits of
    the year before it. What else changed since (hours, amenities, positions) nobody knows, so it is as it is today.
    """
    now = settings.now()
    wanted = [_before(now.astimezone(SHANGHAI).date())]
    while len(wanted) < _MONTHS:
        wanted.append(_before(wanted[-1]))
    missing = sorted({*wanted} - {one.month for one in months.listed(session)})
    with acting(session, actor, reason="演示：此前十二个月的服务质量"):
        for month in missing:
            months.keep(session, month, now=_end(month), draw=_drawing(settings), demonstration=True)
    return len(missing)


def _before(day: date) -> date:
    """Return the first day of the month before."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _end(month: date) -> datetime:
    """Return the moment in which a month is over."""
    return datetime.combine((month + timedelta(days=32)).replace(day=1), time(), SHANGHAI)
