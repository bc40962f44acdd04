"""One statement of a text: the days that it names, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from stations.hours.dates import MonthDay
from stations.hours.lexicon import Item, Kind
from stations.hours.programme import Programme

__all__ = ["ALL_DAYS", "WEEKEND", "Clause", "Misread", "Season", "days_named"]

ALL_DAYS = frozenset(range(7))
WEEKEND = frozenset((5, 6))
_WORKDAYS = ALL_DAYS - WEEKEND
_NUMERALS = "一二三四五六日1234567"
Season = str | tuple[MonthDay, MonthDay]
"""A season by its name, or by its first and last day where they are written."""


class Misread(Exception):
    """The text says something that was not understood; the argument quotes it."""


@dataclass
class Clause:
    """The days of one statement and the statement; ``days`` None where no days are named.

    ``goes_on`` tells that the days follow others of which nothing is said yet, past a comma;
    ``days_last`` that they came after the times, in brackets.
    """

    days: frozenset[int] | None = None
    public: bool = False
    every_day: bool = False
    dates: list[tuple[MonthDay, MonthDay]] = field(default_factory=list)
    until: MonthDay | None = None
    holidays: list[str] = field(default_factory=list)
    season: Season | None = None
    repair: str = ""
    ranges: list[Programme] = field(default_factory=list)
    pauses: list[Programme] = field(default_factory=list)
    lunch: bool = False
    all_day: bool = False
    unknown: bool = False
    host: bool = False
    closed: bool = False
    kept: bool = False
    rest: bool = False
    opened: bool = False
    in_brackets: bool = False
    goes_on: bool = False
    days_last: bool = False

    @property
    def named(self) -> bool:
        """Tell whether weekdays or public holidays are named."""
        return self.days is not None or self.public

    @property
    def dated(self) -> bool:
        """Tell whether the statement is about dates and not about a week."""
        return bool(self.dates or self.holidays or self.until or self.repair)

    @property
    def said(self) -> bool:
        """Tell whether anything is said of the days yet."""
        return bool(
            self.ranges
            or self.pauses
            or self.lunch
            or self.all_day
            or self.unknown
            or self.closed
            or self.kept
        )


def days_named(item: Item) -> frozenset[int]:
    """Return the weekdays, Monday is 0, that an item names."""
    match item.kind:
        case Kind.WORKDAYS:
            return _WORKDAYS
        case Kind.DAYS_OFF:
            return WEEKEND
        case Kind.EVERY_DAY:
            return ALL_DAYS
        case _:
            pass
    text = item.text.replace("礼拜天", "7").replace("天", "日")
    if any(word in text for word in ("双休", "大礼拜")) or text.endswith("周末"):
        return WEEKEND
    text = text.replace("周末", "67")
    days: set[int] = set()
    ranging = False
    last: int | None = None
    for character in text:
        place = _NUMERALS.find(character)
        if place < 0:
            ranging = ranging or character in "-至到"
            continue
        day = place % 7
        days |= (
            {(last + step) % 7 for step in range((day - last) % 7 + 1)}
            if ranging and last is not None
            else {day}
        )
        last, ranging = day, False
    return frozenset(days)
