"""Web Mercator as pictures use it: degrees to pixels at a zoom, and how many metres a pixel is.

At zoom 0 the world is 256 pixels wide; x grows eastward, y southward (as in EPSG:3857 tiles).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError

__all__ = ["LIMIT_LAT", "degrees", "metres_per_pixel", "pixels", "zoom_to_fit"]

LIMIT_LAT: Final = 85.051_128_779_806_6
"""Latitude of the square world's upper edge, degrees; beyond it Web Mercator is not drawn."""

_TILE_PX: Final = 256.0
_EQUATOR_M: Final = 2 * np.pi * 6_378_137.0


def pixels(lon: ArrayLike, lat: ArrayLike, zoom: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x, y in pixels of the world at ``zoom``.

    lon, lat: degrees, shapes that broadcast; a latitude beyond ``LIMIT_LAT`` is taken as that limit.
    """
    size = _TILE_PX * 2.0**zoom
    phi = np.radians(np.clip(np.asarray(lat, dtype=np.float64), -LIMIT_LAT, LIMIT_LAT))
    x = (np.asarray(lon, dtype=np.float64) + 180.0) / 360.0 * size
    y = (0.5 - np.arctanh(np.sin(phi)) / (2 * np.pi)) * size
    return x, y


def degrees(x: ArrayLike, y: ArrayLike, zoom: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the longitude and latitude of world pixels at ``zoom``: the inverse of ``pixels``."""
    size = _TILE_PX * 2.0**zoom
    lon = np.asarray(x, dtype=np.float64) / size * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh((0.5 - np.asarray(y, dtype=np.float64) / size) * 2 * np.pi)))
    return lon, lat


def metres_per_pixel(lat: float, zoom: float) -> float:
    """Return how many metres on the ground a pixel is at a latitude (on the sphere that Web Mercator assumes)."""
    return float(_EQUATOR_M * np.cos(np.radians(lat)) / (_TILE_PX * 2.0**zoom))


def zoom_to_fit(bounds: tuple[float, float, float, float], width_px: float, height_px: float) -> float:
    """Return the largest zoom, fractional, at which bounds fit into a picture.

    bounds: west, south, east, north in degrees. A single point gives infinity: cap it.
    Raises CoordinateError where west is not west of east, or south not south of north.
    """
    west, south, east, north = bounds
    if not (west <= east and south <= north):
        raise CoordinateError(f"The bounds {bounds} are not west, south, east, north")
    (x0, x1), (y1, y0) = pixels([west, east], [south, north], 0.0)
    with np.errstate(divide="ignore"):
        ratio = min(np.divide(width_px, x1 - x0), np.divide(height_px, y1 - y0))
        return float(np.log2(ratio))
