"""Dates in words: 5月10日, 2026年2月10日-20日, 5月至9月, 春节; and the year that a bare date means.

A bare date means the occurrence nearest to the day on which the words were written. A holiday means its
official days; in the first year that is not published yet, the weeks in which it can fall.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from stations.hours.clock import DASH, NUMBER, number
from stations.hours.holidays import holiday_period, is_published

__all__ = ["DATE_RANGE", "HOLIDAY", "MonthDay", "holiday_name", "nearest", "read_dates", "upcoming_holidays"]

MonthDay = tuple[int | None, int, int]
"""Year where it is written, month, day of the month."""

_YEAR_LIMITS = range(2000, 2100)


def _date(n: int) -> str:
    month = "月" if n == 2 else rf"(?:月|(?={DASH}{NUMBER}月))"
    day = rf"(?P<day{n}>{NUMBER})(?:[日号]|(?![\d:点时]))"
    chinese = rf"(?:(?P<year{n}>\d{{4}})年)?(?P<month{n}>{NUMBER}){month}(?:份|{day})?"
    digits = (
        rf"(?P<y{n}>\d{{4}})(?P<sep{n}>[-./])(?P<m{n}>\d{{1,2}})(?P=sep{n})(?P<d{n}>\d{{1,2}})日?(?![\d:])"
    )
    return rf"(?:{chinese}|{digits})"


DATE_RANGE = re.compile(rf"{_date(1)}(?:\s?{DASH}+\s?(?:次年|翌年)?(?:{_date(2)}|(?P<last>{NUMBER})[日号]))?")
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "元旦": "元旦",
        "春节": "春节",
        "过年": "春节",
        "清明": "清明节",
        "五一": "劳动节",
        "劳动节": "劳动节",
        "端午": "端午节",
        "中秋": "中秋节",
        "国庆": "国庆节",
        "十一": "国庆节",
    }
)
HOLIDAY = re.compile(
    r"(?P<name>元旦|春节|过年|清明|五一(?!路|街)|劳动节|端午|中秋|国庆|十一(?=节|期间|假期|长假|黄金周|放假|休))节?(?:期间|假期|长假|黄金周|当天|当日)*"
)
# First and last month and day on which the days off of a holiday can fall, with the bridges before and after.
_WINDOWS: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = MappingProxyType(
    {
        "元旦": ((1, 1), (1, 4)),
        "春节": ((1, 19), (3, 1)),
        "清明节": ((4, 2), (4, 8)),
        "劳动节": ((4, 28), (5, 6)),
        "端午节": ((5, 25), (6, 28)),
        "中秋节": ((9, 5), (10, 11)),
        "国庆节": ((9, 29), (10, 9)),
    }
)


def holiday_name(match: re.Match[str]) -> str:
    """Return the official name of a matched holiday."""
    return _NAMES[match["name"]]


def read_dates(match: re.Match[str]) -> tuple[MonthDay, MonthDay] | None:
    """Return first and last day of a match of `DATE_RANGE`, or None where such dates do not exist.

    A month without a day is the whole month; 29 February is allowed where no year is written.
    """
    first = _parts(match, 1)
    if first is None:
        return None
    year, month, day = first
    start = (year, month, day or 1)
    if match["last"] is not None:
        last = number(match["last"])
        end: tuple[int | None, int, int] = (year, month, last or 0)
    elif match["month2"] or match["m2"]:
        second = _parts(match, 2)
        if second is None:
            return None
        end_year = second[0]
        if end_year is None and year is not None:
            end_year = year + (second[1] < month)
        end = (end_year, second[1], second[2] or _last_day(end_year, second[1]))
    else:
        end = (year, month, day or _last_day(year, month))
    return (start, end) if _exists(start) and _exists(end) else None


def nearest(day: MonthDay, today: date) -> date:
    """Return the written date; without a year the occurrence nearest to ``today``."""
    year, month, number_of_day = day
    if year is not None:
        return date(year, month, number_of_day)
    found = [
        date(candidate, month, number_of_day)
        for candidate in range(max(today.year - 4, 1), min(today.year + 5, 9999))
        if _exists((candidate, month, number_of_day), limits=range(1, 9999))
    ]
    return min(found, key=lambda candidate: abs(candidate - today))


def upcoming_holidays(name: str, today: date) -> list[tuple[date, date, bool]]:
    """Return (first, last, published) of a holiday in this year and the next; a year beyond is not guessed."""
    found: list[tuple[date, date, bool]] = []
    for year in range(today.year, min(today.year + 1, date.max.year) + 1):
        period = holiday_period(name, year)
        if period is not None:
            found.append((*period, True))
        elif not is_published(year):
            start, end = _WINDOWS[name]
            found.append((date(year, *start), date(year, *end), False))
    return found


def _parts(match: re.Match[str], n: int) -> tuple[int | None, int, int | None] | None:
    year = match[f"year{n}"] or match[f"y{n}"]
    month = number(match[f"month{n}"] or match[f"m{n}"])
    written = match[f"day{n}"] or match[f"d{n}"]
    day = number(written) if written else None
    if month is None or not 1 <= month <= 12 or (written and not day):
        return None
    if year is not None and int(year) not in _YEAR_LIMITS:
        return None
    return (int(year) if year else None), month, day


def _last_day(year: int | None, month: int) -> int:
    following = date(2000 if year is None else year, month, 28) + timedelta(days=4)
    return (following - timedelta(days=following.day)).day


def _exists(day: tuple[int | None, int, int], limits: range = _YEAR_LIMITS) -> bool:
    year, month, number_of_day = day
    if year is not None and year not in limits:
        return False
    return 1 <= number_of_day <= _last_day(year, month)
