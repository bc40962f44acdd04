"""An OpenStreetMap ``opening_hours`` expression as rules that can be asked about one day.

The ``opening_hours`` library checks and normalises the text and decides month, date and week selectors. The
weekday, the public holiday and the times are kept apart, because here the meaning differs from the library's:

* its ``PH`` for China is wrong, so ``PH`` is asked of the official calendar instead;
* it lets a later ``Sa off`` cut a Friday night at midnight and leave Saturday night's tail standing, whereas a
  span here belongs to the day on which it begins;
* ``||`` holds wherever no earlier rule speaks, as in the OSM specification, not only on silent days.

Sun events, school holidays and repetitions are refused: a station's door keeps clock times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from stations.errors import Invalid
from stations.hours.programme import DAY, NOTHING_SAID, Programme, Segment, State, fill, overlay, whole_day

__all__ = ["EXPRESSION_LIMIT", "WEEKDAYS", "Rule", "compile_expression", "day_programme"]

EXPRESSION_LIMIT = 2000
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

_JOIN = re.compile(r"; |, | \|\| ")
_QUOTED = re.compile(r'"[^"]*"')
_COMMENT_MARK = re.compile(r"\x00(\d+)\x00")
_WEEKDAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_DAY_LIST = re.compile(rf"(?:{_WEEKDAY}(?:-{_WEEKDAY})?|PH)(?:,(?:{_WEEKDAY}(?:-{_WEEKDAY})?|PH))*")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)(\+)?|(\d\d):(\d\d)\+")
_HOLIDAY_WORD = re.compile(r"\b[PS]H\b")


@dataclass(frozen=True)
class Rule:
    """One rule: how it joins the rules before it, the days that it speaks of, and what it says of them."""

    join: str
    dated: str
    weekdays: frozenset[int] | None
    holidays: bool
    says: Programme
    replaces: bool
    selector: Any = None

    def speaks_of(self, day: date) -> bool:
        """Tell whether the month, date and week selectors take in ``day``; the weekday is not asked."""
        if self.selector is None:
            return True
        noon = datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 the library asks its naive wall clock
        return bool(self.selector.is_open(noon))

    def falls_on(self, weekday: int, holiday: bool) -> bool:
        """Tell whether the rule holds on such a weekday (Monday is 0) or on a public holiday."""
        if self.weekdays is None and not self.holidays:
            return True
        return (self.holidays and holiday) or (self.weekdays is not None and weekday in self.weekdays)


def day_programme(rules: tuple[Rule, ...], heard: tuple[bool, ...], weekday: int, holiday: bool) -> Programme:
    """Return what the rules say of a day.

    ``heard`` is `Rule.speaks_of` of each rule for that day; ``weekday`` and ``holiday`` are given apart so that
    a calendar may name another weekday than the day's own.
    """
    programme = NOTHING_SAID
    for rule, dated in zip(rules, heard, strict=True):
        if not (dated and rule.falls_on(weekday, holiday)):
            continue
        if rule.join == "||":
            programme = fill(programme, rule.says)
        elif rule.replaces:
            programme = rule.says
        else:
            programme = overlay(programme, rule.says)
    return programme


@lru_cache(maxsize=4096)
def compile_expression(expression: str) -> tuple[Rule, ...]:
    """Return the rules of an expression.

    Raises `Invalid` (field ``hours``) where the text is too long, holds control characters, is not
    ``opening_hours`` syntax, or uses a part that stations do not have (sun events, school holidays,
    repetitions, holidays with an offset).
    """
    text = _canonical(expression)
    comments: list[str] = []

    def put_away(match: re.Match[str]) -> str:
        comments.append(match[0][1:-1])
        return f"\x00{len(comments) - 1}\x00"

    bare = _QUOTED.sub(put_away, text)
    joins = [";", *(match[0].strip() for match in _JOIN.finditer(bare))]
    parts = _JOIN.split(bare)
    return tuple(_rule(expression, join, part, comments) for join, part in zip(joins, parts, strict=True))


def _canonical(expression: str) -> str:
    if not expression.strip():
        raise _refusal(expression, "is empty; use None where nothing is known")
    if len(expression) > EXPRESSION_LIMIT:
        raise _refusal(expression, f"is longer than {EXPRESSION_LIMIT} characters; shorten it")
    if not expression.isprintable():
        raise _refusal(expression, "holds control characters or line breaks; remove them")
    from opening_hours import OpeningHours, validate

    if not validate(expression):
        raise _refusal(expression, "is not opening_hours syntax; write it like 'Mo-Fr 08:30-17:00'")
    return str(OpeningHours(expression))


def _rule(expression: str, join: str, part: str, comments: list[str]) -> Rule:
    comment = "".join(comments[int(number)] for number in _COMMENT_MARK.findall(part))
    words = _COMMENT_MARK.sub("", part).split()
    state = State.OPEN
    if words and words[-1] in ("closed", "unknown"):
        state = State(words.pop())
    times = words.pop() if words and _looks_like_times(words[-1]) else None
    if words == ["24/7"]:
        words = []
    weekdays, holidays = None, False
    if words and _DAY_LIST.fullmatch(words[-1]):
        weekdays, holidays = _day_list(words.pop())
    dated = " ".join(words)
    if _HOLIDAY_WORD.search(dated):
        raise _refusal(expression, "uses SH, or PH with an offset; write such days as dated exceptions")
    says = whole_day(state, comment) if times is None else _times(expression, times, state, comment)
    replaces = join == ";" and not (state is State.CLOSED and times is not None)
    return Rule(join, dated, weekdays, holidays, says, replaces, _selector(dated) if dated else None)


def _looks_like_times(word: str) -> bool:
    return bool(re.search(r"\d\d:\d\d|sunrise|sunset|dawn|dusk", word)) and word != "24/7"


def _selector(dated: str) -> Any:
    from opening_hours import OpeningHours

    return OpeningHours(dated)


def _day_list(word: str) -> tuple[frozenset[int] | None, bool]:
    days: set[int] = set()
    items = word.split(",")
    for item in items:
        if item == "PH":
            continue
        first, _, last = item.partition("-")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return (frozenset(days) if days else None), "PH" in items


def _times(expression: str, word: str, state: State, comment: str) -> Programme:
    programme: Programme = NOTHING_SAID
    for item in word.split(","):
        match = _SPAN.fullmatch(item)
        if match is None:
            raise _refusal(expression, f"has the time {item!r}; write clock times like 08:30-17:00")
        if match[6] is not None:
            # An open end says when the doors open and nothing of how long.
            start = end = int(match[6]) * 60 + int(match[7])
        else:
            start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
            end += DAY if end <= start else 0
        if end > start:
            programme = overlay(programme, (Segment(start, end, state, comment),))
        if match[5] or match[6] is not None:
            tail = State.UNKNOWN if state is State.OPEN else state
            programme = overlay(programme, (Segment(end, max(DAY, end + 1), tail, comment),))
    return programme


def _refusal(expression: str, reason: str) -> Invalid:
    shown = expression if len(expression) <= 120 else expression[:117] + "..."
    return Invalid(f"The hours {shown!r}: the expression {reason}.", field="hours", value=shown)
