"""What people write of use: a period and a count, read into values or refused in words.

A period is a day, a month, a quarter, a year, or two days; its end is the first day that is not in it any more. A count
may be "at least" (1600余): more came than were counted, and nobody knows how many.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from stations import vocabulary as words
from stations.errors import Invalid

__all__ = ["EARLIEST", "MOST", "Counted", "Period", "counted", "occupation", "period"]

#: No registry of stations has figures from before.
EARLIEST: Final = date(2000, 1, 1)
#: The most visits of one figure: more is a slip of the finger.
MOST: Final = 100_000_000
_LONGEST: Final = timedelta(days=366 * 2)

_MONTH: Final = re.compile(r"(20\d\d)\s*(?:[-./]|年)\s*(\d{1,2})\s*(?:月份?)?|(20\d\d)(0[1-9]|1[0-2])")
_QUARTER: Final = re.compile(
    r"(20\d\d)\s*(?:[-./]|年)?\s*(?:第\s*)?(?:[Qq]\s*([1-4])|([1-4一二三四])\s*(?:季度|季))"
)
_YEAR: Final = re.compile(r"(20\d\d)\s*(?:年度?|全年|年全年)?")
_HALF: Final = re.compile(r"(20\d\d)\s*年?\s*([上下])半年")
_DAY: Final = re.compile(
    r"(20\d\d)\s*(?:[-./]|年)\s*(\d{1,2})\s*(?:[-./]|月)\s*(\d{1,2})\s*日?(?:\s+00:00(?::00)?)?"
)
_RANGE: Final = re.compile(r"(.+?)\s*(?:/|至|到|~|—+|–|--)\s*(.+)")
_NUMERALS: Final = {"一": 1, "二": 2, "三": 3, "四": 4}

_COUNT: Final = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*(万)?")
_AT_LEAST_BEFORE: Final = re.compile(r"^(?:至少|不少于|超过?|逾|>=|≥|>)\s*")
_AT_LEAST_AFTER: Final = re.compile(r"\s*(?:余|多|以上|\+)\s*(万)?$")
_UNIT: Final = re.compile(r"\s*(?:人次|人|次)\s*(?=$|以上$)")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from ``begin`` until before ``end``."""

    begin: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.begin).days

    @property
    def last(self) -> date:
        """The last day that is in it."""
        return self.end - timedelta(days=1)

    @property
    def kind(self) -> str:
        """``day``, ``month``, ``quarter``, ``year``, or ``other``."""
        b, e = self.begin, self.end
        if self.days == 1:
            return "day"
        if b.day != 1 or e.day != 1:
            return "other"
        months = (e.year - b.year) * 12 + e.month - b.month
        if months == 1:
            return "month"
        if months == 3 and b.month % 3 == 1:
            return "quarter"
        return "year" if months == 12 and b.month == 1 else "other"

    def __str__(self) -> str:
        b = self.begin
        match self.kind:
            case "day":
                return b.isoformat()
            case "month":
                return f"{b:%Y-%m}"
            case "quarter":
                return f"{b.year}Q{(b.month + 2) // 3}"
            case "year":
                return str(b.year)
        return f"{b}/{self.last}"

    def overlaps(self, other: Period) -> bool:
        """Tell whether a day is in both."""
        return self.begin < other.end and other.begin < self.end


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of visits; ``at_least``: more came than were counted."""

    visits: int
    at_least: bool = False

    def __str__(self) -> str:
        return f"{self.visits}余" if self.at_least else str(self.visits)


def period(text: object, *, today: date) -> Period:
    """Read a period: 2026-03-05, 2026-03 (2026年3月), 2026Q1 (2026年第一季度), 2026, two days with 至 between them.

    text: words, or a date out of a workbook. Raises Invalid for words that are none, for days that are not in the
    calendar, before ``EARLIEST`` or not over yet (``today`` may be told on the same day).
    """
    if isinstance(text, datetime):
        text = text.date()
    shown = text.isoformat() if isinstance(text, date) else _plain(text)
    found = _read(shown)
    if found is None:
        raise _wrong(
            "period",
            shown,
            f"period: {shown[:60]!r} is no period; write a month 2026-03, a quarter 2026Q1, a year 2026, "
            "a day 2026-03-05, or two days 2026-03-05/2026-03-20",
            "no_period",
        )
    if found.end <= found.begin:
        raise _wrong(
            "period", shown, f"period: {shown!r} ends before it begins; swap the days", "days_swapped"
        )
    if found.begin < EARLIEST:
        raise _wrong(
            "period", shown, f"period: {shown!r} is before {EARLIEST.year}; check the year", "too_early"
        )
    if found.last > today:
        raise _wrong(
            "period", shown, f"period: {shown!r} is not over on {today}; count it when it is", "not_over"
        )
    if found.end - found.begin > _LONGEST:
        raise _wrong(
            "period",
            shown,
            f"period: {shown!r} is longer than two years; tell each year by itself",
            "too_long",
        )
    return found


def _read(text: str) -> Period | None:
    simple = _simple(text)
    if simple is not None:
        return simple
    match = _RANGE.fullmatch(text)
    first, last = (_simple(part) for part in match.groups()) if match else (None, None)
    return Period(first.begin, last.end) if first and last else None


def _simple(text: str) -> Period | None:
    for pattern, make in _FORMS:
        match = pattern.fullmatch(text)
        if match is not None:
            try:
                return make(match)
            except ValueError:
                return None
    return None


def _day(match: re.Match[str]) -> Period:
    begin = date(int(match[1]), int(match[2]), int(match[3]))
    return Period(begin, begin + timedelta(days=1))


def _months(year: int, month: int, count: int) -> Period:
    after = month - 1 + count
    return Period(date(year, month, 1), date(year + after // 12, after % 12 + 1, 1))


def _month(match: re.Match[str]) -> Period:
    return _months(int(match[1] or match[3]), int(match[2] or match[4]), 1)


def _quarter(match: re.Match[str]) -> Period:
    number = _NUMERALS.get(match[3]) or int(match[2] or match[3])
    return _months(int(match[1]), 3 * number - 2, 3)


def _half(match: re.Match[str]) -> Period:
    return _months(int(match[1]), 1 if match[2] == "上" else 7, 6)


def _year(match: re.Match[str]) -> Period:
    return _months(int(match[1]), 1, 12)


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Period]], ...]] = (
    (_DAY, _day),
    (_QUARTER, _quarter),
    (_HALF, _half),
    (_MONTH, _month),
    (_YEAR, _year),
)


def counted(text: object) -> Counted:
    """Read a count: 1600, 1,600, 1600人次, 1.6万; 1600余, 1600+ and 至少1600 are "at least".

    Raises Invalid where it is no whole number from 0 to ``MOST``; about how many (约) is no count.
    """
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    shown = _plain(text)
    if shown.startswith("-"):
        raise _wrong(
            "visits", shown, f"visits: {shown!r} is below 0; nobody comes less than never", "negative"
        )
    if shown.startswith("约"):
        raise _wrong(
            "visits",
            shown,
            f"visits: {shown!r} is about; write what was counted, or 1600余 for at least",
            "about",
        )
    rest, before = _AT_LEAST_BEFORE.subn("", shown)
    rest = _UNIT.sub("", rest)
    ten_thousand = ""
    after = _AT_LEAST_AFTER.search(rest)
    if after is not None:
        rest, ten_thousand = _UNIT.sub("", rest[: after.start()]), after[1] or ""
    match = _COUNT.fullmatch(rest.strip())
    if match is not None:
        factor = 10_000 if match[3] or ten_thousand else 1
        exact = round(float(match[1].replace(",", "") + (match[2] or "")) * factor, 6)
        if exact.is_integer() and exact <= MOST and not (match[3] and ten_thousand):
            return Counted(int(exact), bool(before) or after is not None)
        if exact > MOST:
            raise _wrong(
                "visits", shown, f"visits: {shown!r} is more than {MOST}; check the figure", "too_many"
            )
    raise _wrong(
        "visits", shown, f"visits: {shown[:60]!r} is no whole number; write 1600, or 1600余", "no_number"
    )


def occupation(text: object) -> str | None:
    """Read who came: a code of the vocabulary, or its words; None for nobody in particular.

    Raises Invalid for words that the vocabulary does not know.
    """
    shown = _plain(text)
    if shown in {"", "合计", "总计", "全部", "小计", "不分"}:
        return None
    if shown in words.OCCUPATIONS:
        return shown
    found = words.OCCUPATION_ALIASES.get(shown)
    if found is None:
        known = "、".join(term.zh for term in words.OCCUPATIONS.values())
        raise _wrong(
            "occupation",
            shown,
            f"occupation: {shown[:60]!r} is not one of {known}; leave it empty",
            "not_known",
        )
    return found


def _plain(text: object) -> str:
    shown = unicodedata.normalize("NFKC", "" if text is None else str(text)).strip()
    return shown.replace("−", "-").replace("﹣", "-").replace("，", ",")


def _wrong(field: str, value: str, message: str, reason: str) -> Invalid:
    return Invalid(message, field=field, value=value, reason=reason)
