"""What both spellings of CQL2 share: literals, how much a filter may hold, and trees that never grow deep.

A filter comes from anybody. It is measured before it is understood: characters, brackets within brackets, nodes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import shapely
from pygeofilter import ast, values  # type: ignore[import-untyped]
from shapely.geometry.base import BaseGeometry

from geo.bbox import BBox
from geo.errors import BBoxError
from stations.errors import Invalid
from stations.registry.crs import CRS84, Crs, box_in

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_NODES",
    "Builder",
    "date_of",
    "interval_of",
    "timestamp_of",
]

MAX_CHARACTERS: Final = 8_000
#: Brackets within brackets, and NOTs before NOTs.
MAX_DEPTH: Final = 24
#: Properties, literals and operators together.
MAX_NODES: Final = 400
_MAX_POSITIONS: Final = 1_000
_MAX_TEXT: Final = 200
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z", re.ASCII)


@dataclass(slots=True)
class Builder:
    """Makes the nodes of one filter and counts them. crs: what the coordinates of its geometries are in."""

    crs: Crs = CRS84
    nodes: int = 0

    def made(self, node: Any) -> Any:
        """Count a node. Raises Invalid where there are too many."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Invalid(f"the filter has more than {MAX_NODES} parts; ask with fewer")
        return node

    def deeper(self, depth: int) -> int:
        """Return the next depth. Raises Invalid where it is too deep."""
        if depth >= MAX_DEPTH:
            raise Invalid(f"the filter is nested deeper than {MAX_DEPTH} levels; write it flatter")
        return depth + 1

    def joined(self, kind: type[Any], conditions: Sequence[Any]) -> Any:
        """Join conditions by AND or OR as a balanced tree, so that a long filter is no deep one."""
        if len(conditions) == 1:
            return conditions[0]
        middle = len(conditions) // 2
        return self.made(kind(self.joined(kind, conditions[:middle]), self.joined(kind, conditions[middle:])))

    def text(self, value: str) -> str:
        """Return a text that the database can hold."""
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise Invalid("a text of the filter holds a character that no text here can hold")
        if len(value) > _MAX_TEXT:
            raise Invalid(f"a text of the filter has {len(value)} characters; at most {_MAX_TEXT}")
        return str(self.made(value))

    def number(self, value: float) -> float:
        """Return a finite number."""
        if not math.isfinite(value):
            raise Invalid(f"{value} is no number that a filter can hold")
        self.made(value)
        return value

    def geometry(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a geometry of the filter in WGS 84, longitude first. Raises Invalid for what is none on Earth."""
        positions = shapely.count_coordinates(shape)
        if positions > _MAX_POSITIONS:
            raise Invalid(f"a geometry of the filter has {positions} positions; at most {_MAX_POSITIONS}")
        if shape.is_empty:
            raise Invalid("a geometry of the filter is empty")
        try:
            # Heights say nothing here: the registry has none.
            moved = shapely.transform(shapely.force_2d(shape), self._moved)
        except BBoxError as error:
            raise Invalid(f"a geometry of the filter: {error}") from None
        if not shapely.is_valid(moved):
            raise Invalid(f"a geometry of the filter is not valid: {shapely.is_valid_reason(moved)}")
        self.made(moved)
        return moved

    def _moved(
        self, coordinates: np.ndarray[Any, np.dtype[np.float64]]
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        return self.crs.to_lonlat(coordinates)

    def box(self, numbers: Sequence[float]) -> BaseGeometry:
        """Return a box of four numbers, or six with heights, as a geometry; it may cross the antimeridian."""
        try:
            box: BBox = box_in(self.crs, ",".join(repr(float(number)) for number in numbers))
        except BBoxError as error:
            raise Invalid(f"a box of the filter: {error}") from None
        shape: BaseGeometry = box.polygon()
        self.made(shape)
        return shape

    def attribute(self, name: str) -> Any:
        """Return a property by its name."""
        return self.made(ast.Attribute(name))


def date_of(text: str) -> date:
    """Read a day. Raises Invalid that quotes what is wrong."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(f"{text[:40]!r} is no date; write 2026-01-31")


def timestamp_of(text: str) -> datetime:
    """Read a moment, which CQL2 writes in UTC. Raises Invalid that quotes what is wrong."""
    try:
        if _TIMESTAMP.fullmatch(text):
            found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
            if 1 < found.year < 9999:
                return found
    except ValueError:
        pass
    raise Invalid(f"{text[:40]!r} is no timestamp; write 2026-01-31T15:00:00Z (in UTC)")


def interval_of(start: Any, end: Any) -> Any:
    """Return an interval; each end is a day, a moment, a property, or None where it is open.

    Raises Invalid for one that ends before it begins.
    """
    if (
        type(start) is type(end)
        and isinstance(start, date | datetime)
        and isinstance(end, date | datetime)
        and start > end
    ):
        raise Invalid(f"the interval from {start} ends before it begins, on {end}")
    return values.Interval(start, end)
