"""How times of a filter compare: each is a span from its first to its last microsecond, related as CQL2 names it.

A day is the whole of it, in China. An end that is open lies before, or after, every other time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Interval, and_, cast, func, literal, not_

from stations.hours import SHANGHAI

__all__ = ["RELATIONS", "Related", "Span", "of_day", "of_literal", "related"]

#: First and last moment of a time, as SQL.
Span = tuple[ColumnElement[Any], ColumnElement[Any]]

_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) - _TICK
_MOMENT: Final = DateTime(timezone=True)
_Relation = Callable[[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]], Any]


@dataclass(frozen=True, slots=True)
class Related:
    """A relation of two times in the syntax tree; pygeofilter's has one node for two of CQL2's relations."""

    relation: str
    lhs: Any
    rhs: Any


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


def of_literal(value: date | datetime | None, *, last: bool = False) -> Span:
    """Return the span of a day or a moment; of None, an open end: the last one if ``last``."""
    if value is None:
        edge: ColumnElement[Any] = cast(literal("infinity" if last else "-infinity"), _MOMENT)
        return edge, edge
    if isinstance(value, datetime):
        moment = literal(value, _MOMENT)
        return moment, moment
    midnight = datetime.combine(value, time.min, SHANGHAI)
    return literal(midnight, _MOMENT), literal(midnight + _DAY, _MOMENT)


def of_day(column: ColumnElement[Any]) -> Span:
    """Return the span of a column of days."""
    midnight = func.timezone(SHANGHAI.key, cast(column, DateTime()), type_=_MOMENT)
    return midnight, midnight + literal(_DAY, Interval())


def related(relation: str, first: Span, second: Span) -> ColumnElement[bool]:
    """Return whether two times stand in a relation of CQL2."""
    found: ColumnElement[bool] = RELATIONS[relation](*first, *second)
    return found
