"""The public holidays and make-up days that lie just ahead, for whoever has to say what a station does on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from stations.hours.holidays import is_published, official_day

__all__ = ["SpecialDays", "days_ahead", "unpublished_year"]


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """A holiday from its first to its last day off, or one weekend day that is worked in its place."""

    holiday: str
    first: date
    last: date
    worked: bool


def days_ahead(today: date, *, days: int) -> tuple[SpecialDays, ...]:
    """Return what begins, or goes on, within so many days from ``today``; nothing of a year that is not published."""
    found: dict[SpecialDays, None] = {}
    for day in (today + timedelta(days=n) for n in range(days + 1)):
        official = official_day(day)
        if official is None or not official.holiday:
            continue
        if official.working:
            found[SpecialDays(official.holiday, day, day, True)] = None
        else:
            first, last = _period(day, official.holiday)
            found[SpecialDays(official.holiday, first, last, False)] = None
    return tuple(sorted(found, key=lambda one: (one.first, one.worked)))


def unpublished_year(today: date, *, days: int) -> int | None:
    """Return the year that begins within so many days and whose holidays nobody has published yet."""
    last = (today + timedelta(days=days)).year
    return None if is_published(last) else last


def _period(day: date, holiday: str) -> tuple[date, date]:
    """Return the days off in a row around one; the calendar's own period may span years or hold two of a name."""
    first = last = day
    while _is_off(first - timedelta(days=1), holiday):
        first -= timedelta(days=1)
    while _is_off(last + timedelta(days=1), holiday):
        last += timedelta(days=1)
    return first, last


def _is_off(day: date, holiday: str) -> bool:
    official = official_day(day)
    return official is not None and official.is_holiday and official.holiday == holiday
