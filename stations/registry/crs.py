"""The coordinate reference systems that the open doors speak, each with the order of its axes.

Positions are kept in WGS 84, longitude first. CGCS2000 (EPSG:4490) is the same within a metre, which is less than any
position here is known by, and PROJ has no shift between the two: only the order of the axes differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from geo.bbox import BBox
from geo.errors import BBoxError

__all__ = ["CRS84", "SERVED", "Crs", "box_in"]

#: The half width of Web Mercator's square.
_EDGE_M: Final = 20_037_508.342789244


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system by its OGC address. ``latitude_first``: the authority's order, which GeoJSON then follows."""

    uri: str
    srid: int
    title: str
    latitude_first: bool = False
    #: Decimals that a centimetre needs.
    digits: int = 7

    @property
    def in_degrees(self) -> bool:
        """Whether its coordinates are degrees and not metres."""
        return self.srid != 3857

    def to_lonlat(self, coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return coordinates of this system as longitude, latitude in degrees (WGS 84); (n, 2) in and out.

        Raises BBoxError for what is not finite or not on Earth, with the number as it came.
        """
        first, second = coordinates[:, 0], coordinates[:, 1]
        limits = (_EDGE_M, np.inf) if not self.in_degrees else (180.0, 90.0)
        if self.latitude_first:
            limits = limits[1], limits[0]
        for values, limit in ((first, limits[0]), (second, limits[1])):
            bad = ~np.isfinite(values) | (np.abs(values) > limit)
            if bad.any():
                raise BBoxError(f"{values[bad][0]:g} is no coordinate of {self.title} ({self.order()})")
        if self.latitude_first:
            return np.column_stack([second, first])
        if self.in_degrees:
            return np.column_stack([first, second])
        lon, lat = _from_mercator().transform(first, second)
        return np.column_stack([lon, lat])

    def order(self) -> str:
        """Return the order of the axes in words."""
        if not self.in_degrees:
            return "easting, northing in metres"
        return "latitude, longitude in degrees" if self.latitude_first else "longitude, latitude in degrees"


CRS84: Final = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326, "WGS 84 longitude-latitude")

#: All of them by their address; CRS84 is what positions are stored in and what nobody has to ask for.
SERVED: Final = {
    crs.uri: crs
    for crs in (
        CRS84,
        Crs("http://www.opengis.net/def/crs/EPSG/0/4326", 4326, "WGS 84", latitude_first=True),
        Crs("http://www.opengis.net/def/crs/EPSG/0/3857", 3857, "WGS 84 / Pseudo-Mercator", digits=2),
        Crs("http://www.opengis.net/def/crs/EPSG/0/4490", 4490, "CGCS2000", latitude_first=True),
    )
}


@cache
def _from_mercator() -> Transformer:
    return Transformer.from_crs(3857, 4326, always_xy=True)


def box_in(crs: Crs, text: str) -> BBox:
    """Read four numbers, or six with heights, in the order of the system's axes, as a box in WGS 84.

    The first corner may lie east of the second: the box crosses the antimeridian then. Raises BBoxError that quotes
    what is wrong.
    """
    if crs is CRS84:
        return BBox.parse(text)
    numbers = [_number(word, text) for word in text.split(",")]
    if len(numbers) not in {4, 6}:
        raise BBoxError(f"A bbox has 4 numbers or 6 with heights, not {len(numbers)}: {text!r}")
    half = len(numbers) // 2
    if half == 3 and numbers[2] > numbers[5]:
        raise BBoxError(
            f"The lower height {numbers[2]:g} is above the upper height {numbers[5]:g} in {text!r}"
        )
    corners: Any = np.array([numbers[:2], numbers[half : half + 2]], dtype=np.float64)
    (west, south), (east, north) = crs.to_lonlat(corners).tolist()
    return BBox(west, south, east, north)


def _number(word: str, text: str) -> float:
    # float() would also take inf, 1_000 and the digits of other scripts; BBox's own form is for degrees alone.
    stripped = word.strip()
    if not stripped.isascii() or "_" in stripped or not stripped.lstrip("+-")[:1].isdigit():
        raise BBoxError(f"{word!r} is no number in the bbox {text!r}")
    try:
        return float(stripped)
    except ValueError:
        raise BBoxError(f"{word!r} is no number in the bbox {text!r}") from None
