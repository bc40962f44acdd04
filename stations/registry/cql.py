"""A filter of CQL2 as a condition of SQL: every value bound, every property one that may be asked for.

Kinds are checked here, so that a filter that compares a text with a number is refused in words and not by the database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pygeofilter import ast, values  # type: ignore[import-untyped]
from pygeofilter.cql2 import COMPARISON_MAP, SPATIAL_PREDICATES_MAP  # type: ignore[import-untyped]
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, and_, false, func, literal, not_, or_, true

from stations.errors import Invalid
from stations.registry import cql_json, cql_text, queries
from stations.registry.cql_times import Related, Span, instant, interval, related
from stations.registry.cql_values import Builder, date_of, timestamp_of
from stations.registry.crs import CRS84, Crs
from stations.registry.features import Kind, Queryable

__all__ = ["condition"]

_SIGNS: Final = {node: sign for sign, node in COMPARISON_MAP.items() if not sign.isalpha()}
_RELATIONS: Final = {node: name.removeprefix("s_") for name, node in SPATIAL_PREDICATES_MAP.items()}
_TIMES: Final = (Kind.DATE, Kind.TIMESTAMP)
_NUMBERS: Final = (Kind.INTEGER, Kind.NUMBER)
#: PostGIS answers these for a collection of shapes too; the others raise.
_OF_COLLECTIONS: Final = ("intersects", "disjoint")
_MAX_WILDCARDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Value:
    """An operand: its kind, and its SQL; ``raw`` is the value of a literal."""

    kind: Kind
    sql: ColumnElement[Any]
    raw: Any = None


def condition(
    text: str, queryables: Mapping[str, Queryable], *, as_json: bool = False, crs: Crs = CRS84
) -> ColumnElement[bool]:
    """Return what a filter asks, as a condition whose values are bound.

    crs: what the coordinates in the filter are in. Raises Invalid for what is not CQL2, names no queryable, compares
    what cannot be compared, or is larger than a filter may be.
    """
    builder = Builder(crs)
    tree = (cql_json if as_json else cql_text).read(text, builder)
    return _Translator(queryables).boolean(tree)


class _Translator:
    """Turns the tree into SQL."""

    def __init__(self, queryables: Mapping[str, Queryable]) -> None:
        self._queryables = queryables

    def boolean(self, node: Any) -> ColumnElement[bool]:
        if isinstance(node, bool):
            return true() if node else false()
        if isinstance(node, ast.And):
            return and_(self.boolean(node.lhs), self.boolean(node.rhs))
        if isinstance(node, ast.Or):
            return or_(self.boolean(node.lhs), self.boolean(node.rhs))
        if isinstance(node, ast.Not):
            return not_(self.boolean(node.sub_node))
        if isinstance(node, Related):
            return related(node.relation, self._span(node.lhs), self._span(node.rhs))
        if isinstance(node, ast.SpatialComparisonPredicate):
            return self._spatial(_RELATIONS[type(node)], node.lhs, node.rhs)
        if isinstance(node, ast.Comparison):
            return self._compared(_SIGNS[type(node)], node.lhs, node.rhs)
        found = self._listed(node)
        return not_(found) if node.not_ else found

    def _listed(self, node: Any) -> ColumnElement[bool]:
        """Return the predicates that a NOT may stand inside of."""
        if isinstance(node, ast.IsNull):
            return self._value(node.lhs).sql.is_(None)
        if isinstance(node, ast.Like):
            return self._like(node.lhs, node.pattern)
        if isinstance(node, ast.Between):
            return and_(
                self._compared(">=", node.lhs, node.low, only=_NUMBERS),
                self._compared("<=", node.lhs, node.high, only=_NUMBERS),
            )
        value = self._value(node.lhs)
        listed = [_comparable(value, self._value(each))[1] for each in node.sub_nodes]
        return value.sql.in_([each.sql for each in listed])

    def _compared(
        self, sign: str, first: Any, second: Any, *, only: tuple[Kind, ...] = ()
    ) -> ColumnElement[bool]:
        left, right = _comparable(self._value(first), self._value(second))
        if only and left.kind not in only:
            raise Invalid(f"BETWEEN is for numbers, and {_told(first)} is of the kind {left.kind}")
        return left.sql.bool_op(sign)(right.sql)

    def _like(self, first: Any, second: Any) -> ColumnElement[bool]:
        value, pattern = self._value(first), self._value(second)
        if value.kind is not Kind.TEXT or not isinstance(pattern.raw, str):
            raise Invalid(
                f"LIKE compares a text with a pattern in quotes, not {_told(first)} with {_told(second)}"
            )
        bare = re.sub(r"\\.", "", pattern.raw, flags=re.DOTALL)
        if bare.endswith("\\"):
            raise Invalid(f"the pattern {pattern.raw!r} ends with a lone backslash; write two for one")
        if bare.count("%") > _MAX_WILDCARDS:
            raise Invalid(f"the pattern {pattern.raw!r} has more than {_MAX_WILDCARDS} of %")
        return value.sql.like(pattern.sql)

    def _spatial(self, relation: str, first: Any, second: Any) -> ColumnElement[bool]:
        sides = self._value(first), self._value(second)
        for node, side in zip((first, second), sides, strict=True):
            if side.kind is not Kind.GEOMETRY:
                raise Invalid(
                    f"S_{relation.upper()} compares geometries, and {_told(node)} is of the kind {side.kind}"
                )
            if (
                isinstance(side.raw, BaseGeometry)
                and side.raw.geom_type == "GeometryCollection"
                and relation not in _OF_COLLECTIONS
            ):
                raise Invalid(
                    f"S_{relation.upper()} cannot be asked of a GEOMETRYCOLLECTION; ask of each of its parts"
                )
        return queries.spatially(relation, sides[0].sql, sides[1].sql)

    def _span(self, node: Any) -> Span:
        if isinstance(node, values.Interval):
            ends = [None if end is None else self._span(end) for end in (node.start, node.end)]
            return interval(*ends)
        value = self._value(node)
        if value.kind not in _TIMES:
            raise Invalid(f"{_told(node)} is no time; a text becomes one by DATE('…') or TIMESTAMP('…')")
        return instant(value.sql if value.raw is None else value.raw, by_day=value.kind is Kind.DATE)

    def _value(self, node: Any) -> _Value:
        if isinstance(node, ast.Attribute):
            found = self._queryables.get(node.name)
            if found is None:
                known = ", ".join(self._queryables)
                raise Invalid(
                    f"{node.name[:80]!r} is no property that a filter can ask for; known are {known}"
                )
            return _Value(found.kind, found.column)
        if isinstance(node, ast.Function):
            inner = self._value(node.arguments[0])
            if inner.kind is not Kind.TEXT:
                raise Invalid(
                    f"CASEI is for texts, and {_told(node.arguments[0])} is of the kind {inner.kind}"
                )
            # Folded by the database, so that both sides are folded alike; the pattern stays a literal for LIKE.
            return _Value(Kind.TEXT, func.lower(inner.sql), inner.raw)
        if isinstance(node, BaseGeometry):
            return _Value(Kind.GEOMETRY, queries.shape(node), node)
        if isinstance(node, values.Interval):
            raise Invalid(
                "an INTERVAL is compared by T_DURING, T_INTERSECTS and the other T_ relations alone"
            )
        kind = next(kind for type_, kind in _LITERALS.items() if isinstance(node, type_))
        return _Value(kind, literal(node), node)


#: In this order: a bool is an int to Python, and a datetime a date.
_LITERALS: Final[dict[type[Any], Kind]] = {
    bool: Kind.BOOLEAN,
    str: Kind.TEXT,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    datetime: Kind.TIMESTAMP,
    date: Kind.DATE,
}


def _comparable(left: _Value, right: _Value) -> tuple[_Value, _Value]:
    """Return two operands that compare: a text in quotes beside a time is read as one. Raises Invalid."""
    if Kind.GEOMETRY in (left.kind, right.kind):
        raise Invalid("geometries are compared by S_INTERSECTS and the other S_ relations alone")
    left, right = _as_time(left, right.kind), _as_time(right, left.kind)
    if left.kind is not right.kind and not (left.kind in _NUMBERS and right.kind in _NUMBERS):
        raise Invalid(f"a value of the kind {left.kind} cannot be compared with one of the kind {right.kind}")
    return left, right


def _as_time(value: _Value, kind: Kind) -> _Value:
    if kind not in _TIMES or not isinstance(value.raw, str):
        return value
    time = date_of(value.raw) if kind is Kind.DATE else timestamp_of(value.raw)
    return _Value(kind, literal(time), time)


def _told(node: Any) -> str:
    return repr(node.name)[:80] if isinstance(node, ast.Attribute) else repr(node)[:80]
