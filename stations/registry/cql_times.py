"""How times of a filter compare: each is a span with a first and a last time, related as CQL2 names it.

Days are compared with days. Against a moment a day is the whole of it, in China. An end that is open lies before, or
after, every other time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, DateTime, Interval, and_, case, cast, func, literal, not_

from stations.hours import SHANGHAI

__all__ = ["RELATIONS", "Related", "Span", "instant", "interval", "related"]

_DAY: Final = timedelta(days=1) - timedelta(microseconds=1)
_MOMENT: Final = DateTime(timezone=True)
_Relation = Callable[[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]], Any]


@dataclass(frozen=True, slots=True)
class Related:
    """A relation of two times in the syntax tree; pygeofilter's has one node for two of CQL2's relations."""

    relation: str
    lhs: Any
    rhs: Any


@dataclass(frozen=True, slots=True)
class Span:
    """First and last time as SQL: days, or moments."""

    first: ColumnElement[Any]
    last: ColumnElement[Any]
    by_day: bool

    def moments(self) -> Span:
        """Return the span from its first to its last microsecond."""
        if not self.by_day:
            return self
        return Span(_midnight(self.first), _midnight(self.last) + literal(_DAY, Interval()), by_day=False)


#: Table 7 of OGC 21-065: of a (from, to) and b (from, to).
RELATIONS: Final[dict[str, _Relation]] = {
    "t_after": lambda a, a_to, b, b_to: a > b_to,
    "t_before": lambda a, a_to, b, b_to: a_to < b,
    "t_contains": lambda a, a_to, b, b_to: and_(a < b, a_to > b_to),
    "t_disjoint": lambda a, a_to, b, b_to: not_(and_(a <= b_to, a_to >= b)),
    "t_during": lambda a, a_to, b, b_to: and_(a > b, a_to < b_to),
    "t_equals": lambda a, a_to, b, b_to: and_(a == b, a_to == b_to),
    "t_finishedby": lambda a, a_to, b, b_to: and_(a < b, a_to == b_to),
    "t_finishes": lambda a, a_to, b, b_to: and_(a > b, a_to == b_to),
    "t_intersects": lambda a, a_to, b, b_to: and_(a <= b_to, a_to >= b),
    "t_meets": lambda a, a_to, b, b_to: and_(a_to == b, a < b),
    "t_metby": lambda a, a_to, b, b_to: and_(a == b_to, a_to > b_to),
    "t_overlappedby": lambda a, a_to, b, b_to: and_(a > b, a < b_to, a_to > b_to),
    "t_overlaps": lambda a, a_to, b, b_to: and_(a < b, a_to > b, a_to < b_to),
    "t_startedby": lambda a, a_to, b, b_to: and_(a == b, a_to > b_to),
    "t_starts": lambda a, a_to, b, b_to: and_(a == b, a_to < b_to),
}


def instant(time: ColumnElement[Any] | date | datetime, *, by_day: bool) -> Span:
    """Return the span of a day or of a moment, a value or a column."""
    if isinstance(time, date):
        time = literal(time, Date() if by_day else _MOMENT)
    return Span(time, time, by_day)


def interval(start: Span | None, end: Span | None) -> Span:
    """Return the span from one time to another; None is open."""
    if start is None and end is None:
        return interval(_open("-infinity", by_day=False), _open("infinity", by_day=False))
    begin = start or _open("-infinity", by_day=end is not None and end.by_day)
    finish = end or _open("infinity", by_day=begin.by_day)
    if begin.by_day != finish.by_day:
        begin, finish = begin.moments(), finish.moments()
    # Of an interval whose one end nobody knows, nothing is known: not even that it begins after another has ended.
    known = and_(begin.first.is_not(None), finish.last.is_not(None))
    return Span(case((known, begin.first)), case((known, finish.last)), begin.by_day)


def related(relation: str, first: Span, second: Span) -> ColumnElement[bool]:
    """Return whether two times stand in a relation of CQL2."""
    if first.by_day != second.by_day:
        first, second = first.moments(), second.moments()
    found: ColumnElement[bool] = RELATIONS[relation](first.first, first.last, second.first, second.last)
    return found


def _open(edge: str, *, by_day: bool) -> Span:
    return instant(cast(literal(edge), Date() if by_day else _MOMENT), by_day=by_day)


def _midnight(day: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.timezone(SHANGHAI.key, cast(day, DateTime()), type_=_MOMENT)
