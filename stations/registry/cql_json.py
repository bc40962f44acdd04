"""CQL2 JSON (OGC 21-065) read into the syntax tree of pygeofilter.

pygeofilter's own reader of this spelling is of an older draft (``between`` has other arguments there) and takes members
that mean nothing; here what is not understood is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import shapely
from pygeofilter import ast  # type: ignore[import-untyped]
from pygeofilter.cql2 import COMPARISON_MAP, SPATIAL_PREDICATES_MAP  # type: ignore[import-untyped]

from stations.errors import Invalid
from stations.registry.cql_times import RELATIONS, Related
from stations.registry.cql_values import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    Builder,
    date_of,
    interval_of,
    timestamp_of,
)

__all__ = ["read"]

#: A text, in which brackets mean nothing, or a bracket.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SHAPES: Final = frozenset(
    ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")
)


def read(text: str, builder: Builder) -> Any:
    """Read a filter. Raises Invalid that quotes what is not understood."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(f"the filter has {len(text)} characters; at most {MAX_CHARACTERS}")
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        # Each level of CQL2 has two brackets in JSON; the coordinates of a geometry have some of their own.
        if depth > 2 * MAX_DEPTH + 6:
            raise Invalid(f"the filter is nested deeper than {MAX_DEPTH} levels; write it flatter")
    try:
        root = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise Invalid(f"the filter is no JSON: {error}") from None
    return _Reader(builder).condition(root, 0)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


class _Reader:
    """Reads node by node."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def condition(self, node: Any, depth: int) -> Any:
        if isinstance(node, bool):
            return self._builder.made(node)
        operator, arguments = self._call(node)
        depth = self._builder.deeper(depth)
        if operator in {"and", "or"}:
            if len(arguments) < 2:
                raise Invalid(f"{operator!r} needs two conditions or more")
            kind = ast.And if operator == "and" else ast.Or
            return self._builder.joined(kind, [self.condition(each, depth) for each in arguments])
        if operator == "not":
            (one,) = _exactly(1, operator, arguments)
            return self._builder.made(ast.Not(self.condition(one, depth)))
        return self._builder.made(self._predicate(operator, arguments, depth))

    def _predicate(self, operator: str, arguments: list[Any], depth: int) -> Any:
        if operator in COMPARISON_MAP and not operator.isalpha():
            return COMPARISON_MAP[operator](*self._two(operator, arguments, depth))
        if operator in SPATIAL_PREDICATES_MAP:
            return SPATIAL_PREDICATES_MAP[operator](*self._two(operator, arguments, depth))
        if operator in RELATIONS:
            return Related(operator, *self._two(operator, arguments, depth))
        match operator:
            case "isNull":
                (one,) = _exactly(1, operator, arguments)
                return ast.IsNull(self._operand(one, depth), False)
            case "like":
                value, pattern = self._two(operator, arguments, depth)
                return ast.Like(value, pattern, False, "%", "_", "\\", False)
            case "between":
                three = [self._operand(each, depth) for each in _exactly(3, operator, arguments)]
                return ast.Between(*three, False)
            case "in":
                value, listed = _exactly(2, operator, arguments)
                if not isinstance(listed, list) or not listed:
                    raise Invalid("'in' needs a list of values as its second argument")
                return ast.In(
                    self._operand(value, depth), [self._operand(each, depth) for each in listed], False
                )
        raise Invalid(f"{operator[:40]!r} is no operator of CQL2 that is read here")

    def _two(self, operator: str, arguments: list[Any], depth: int) -> list[Any]:
        return [self._operand(each, depth) for each in _exactly(2, operator, arguments)]

    def _operand(self, node: Any, depth: int) -> Any:
        depth = self._builder.deeper(depth)
        if isinstance(node, bool):
            return self._builder.made(node)
        if isinstance(node, str):
            return self._builder.text(node)
        if isinstance(node, int | float):
            return self._builder.number(node)
        if not isinstance(node, dict):
            raise Invalid(f"{_shown(node)} is no property and no value")
        match node:
            case {"property": str(name)} if len(node) == 1:
                return self._builder.attribute(name)
            case {"date": str(text)} if len(node) == 1:
                return self._builder.made(date_of(text))
            case {"timestamp": str(text)} if len(node) == 1:
                return self._builder.made(timestamp_of(text))
            case {"interval": [start, end]} if len(node) == 1:
                return self._builder.made(interval_of(self._end(start, depth), self._end(end, depth)))
            case {"bbox": [*numbers]} if len(node) == 1:
                if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
                    raise Invalid(f"{_shown(node)} is no box; write four numbers")
                return self._builder.box([self._builder.number(n) for n in numbers])
            case {"op": "casei", "args": [one]} if len(node) == 2:
                return self._builder.made(ast.Function("casei", [self._operand(one, depth)]))
            case {"type": str(kind)} if kind in _SHAPES:
                return self._shape(node)
        raise Invalid(f"{_shown(node)} is no property and no value")

    def _end(self, node: Any, depth: int) -> Any:
        if node == "..":
            return None
        if isinstance(node, str):
            return timestamp_of(node) if "T" in node else date_of(node)
        return self._operand(node, depth)

    def _shape(self, node: Mapping[str, Any]) -> Any:
        try:
            shape = shapely.from_geojson(json.dumps(node))
        except (shapely.errors.ShapelyError, ValueError) as error:
            raise Invalid(f"{_shown(node)} is no geometry: {error}") from None
        return self._builder.geometry(shape)

    def _call(self, node: Any) -> tuple[str, list[Any]]:
        match node:
            case {"op": str(operator), "args": [*arguments]} if len(node) == 2:
                return operator, arguments
        raise Invalid(f'{_shown(node)} is no condition; write {{"op": …, "args": […]}}')


def _exactly(count: int, operator: str, arguments: list[Any]) -> list[Any]:
    if len(arguments) != count:
        raise Invalid(f"{operator!r} needs {count} arguments, not {len(arguments)}")
    return arguments


def _shown(node: Any) -> str:
    return json.dumps(node)[:80]
