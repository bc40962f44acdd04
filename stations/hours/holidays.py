"""China's official calendar: which days are holidays, and which weekends are worked in their place (调休).

The days come from the ``chinesecalendar`` package, which is issued anew each November for the next year. A
year that it does not have is ``None`` here, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

__all__ = ["HOLIDAY_NAMES", "OfficialDay", "holiday_period", "is_published", "official_day"]

HOLIDAY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "New Year's Day": "元旦",
        "Spring Festival": "春节",
        "Tomb-sweeping Day": "清明节",
        "Labour Day": "劳动节",
        "Dragon Boat Festival": "端午节",
        "Mid-autumn Festival": "中秋节",
        "National Day": "国庆节",
        "Anti-Fascist 70th Day": "抗战胜利纪念日",
    }
)
_YEARS_KEPT = 64


@dataclass(frozen=True, slots=True)
class OfficialDay:
    """What the State Council says of a day: worked or not, and the holiday that it belongs to or makes up for."""

    working: bool
    holiday: str = ""

    @property
    def is_holiday(self) -> bool:
        """Tell whether the day is off because of a public holiday, a weekend inside it included."""
        return not self.working and bool(self.holiday)


_WORKING, _OFF = OfficialDay(True), OfficialDay(False)


def official_day(day: date) -> OfficialDay | None:
    """Return the official standing of ``day``, or None where its year is not published."""
    year = _published_year(day.year)
    if year is None:
        return None
    special = year.get(day)
    if special is not None:
        return special
    return _WORKING if day.weekday() < 5 else _OFF


def is_published(year: int) -> bool:
    """Tell whether the official calendar of ``year`` is known."""
    return _published_year(year) is not None


def holiday_period(holiday: str, year: int) -> tuple[date, date] | None:
    """Return the first and last day off of a holiday (its Chinese name) in ``year``, or None where unknown."""
    days = [
        day for day, known in (_published_year(year) or {}).items() if known == OfficialDay(False, holiday)
    ]
    return (min(days), max(days)) if days else None


@lru_cache(maxsize=_YEARS_KEPT)
def _published_year(year: int) -> Mapping[date, OfficialDay] | None:
    from chinese_calendar import get_holiday_detail

    special: dict[date, OfficialDay] = {}
    try:
        for offset in range((date(year, 12, 31) - date(year, 1, 1)).days + 1):
            day = date(year, 1, 1) + timedelta(days=offset)
            off, name = get_holiday_detail(day)
            if name is not None:
                special[day] = OfficialDay(not off, HOLIDAY_NAMES.get(str(name), str(name)))
    except NotImplementedError:
        return None
    return MappingProxyType(special)
