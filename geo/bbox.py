"""A bounding box in degrees, longitude first: one value and the one parser of its text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry import MultiPolygon, Polygon

from geo.errors import BBoxError

__all__ = ["BBox"]

# float() would also take nan, inf, 1_000 and the digits of other scripts.
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_FORM: Final = "west,south,east,north in degrees"


@dataclass(frozen=True, slots=True)
class BBox:
    """West, south, east, north in degrees (WGS 84); where west > east the box crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        for name in ("west", "south", "east", "north"):
            value, limit = getattr(self, name), 180 if name in {"west", "east"} else 90
            if not math.isfinite(value):
                raise BBoxError(f"{name} is {value}, and must be a finite number of degrees")
            if abs(value) > limit:
                raise BBoxError(f"{name} is {value:g}, outside -{limit} to {limit} degrees")
            # -0.0 would print as another box than 0.0.
            object.__setattr__(self, name, float(value) + 0.0)
        if self.south > self.north:
            raise BBoxError(f"south {self.south:g} lies north of north {self.north:g}; write {_FORM}")

    @classmethod
    def parse(cls, text: str) -> BBox:
        """Read ``"w,s,e,n"``, or the six numbers with heights that OGC API allows (heights are ignored).

        Raises BBoxError that quotes what is wrong.
        """
        words = [word.strip() for word in text.split(",")]
        if len(words) not in {4, 6}:
            raise BBoxError(f"A bbox has 4 numbers ({_FORM}) or 6 with heights, not {len(words)}: {text!r}")
        for word in words:
            if not _NUMBER.fullmatch(word):
                raise BBoxError(f"{word!r} is no number in the bbox {text!r}; write {_FORM}")
        numbers = [float(word) for word in words]
        if len(numbers) == 6:
            west, south, low, east, north, high = numbers
            if low > high:
                raise BBoxError(f"The lower height {low:g} is above the upper height {high:g} in {text!r}")
        else:
            west, south, east, north = numbers
        return cls(west, south, east, north)

    def __str__(self) -> str:
        """Write what ``parse`` reads back as the same box."""
        return ",".join(
            repr(value).removesuffix(".0") for value in (self.west, self.south, self.east, self.north)
        )

    @property
    def crosses_antimeridian(self) -> bool:
        """Whether the box runs eastward over 180°."""
        return self.west > self.east

    def parts(self) -> tuple[BBox, ...]:
        """Split the box at the antimeridian: one part, or two in the order west to east."""
        if not self.crosses_antimeridian:
            return (self,)
        return BBox(self.west, self.south, 180.0, self.north), BBox(-180.0, self.south, self.east, self.north)

    def polygon(self) -> Polygon | MultiPolygon:
        """Draw the box: a Polygon, or a MultiPolygon of its parts where it crosses the antimeridian.

        A box without width or height gives a polygon without area, which still intersects the points on it.
        """
        drawn = [shapely.box(part.west, part.south, part.east, part.north) for part in self.parts()]
        return drawn[0] if len(drawn) == 1 else MultiPolygon(drawn)

    def contains(self, lon: float, lat: float) -> bool:
        """Whether a point lies in the box, its border included."""
        return self.south <= lat <= self.north and any(part.west <= lon <= part.east for part in self.parts())
