"""Lakes of the base map, read once from ``data/shapefiles/lakes``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyogrio
from shapely import box, from_wkb
from shapely.geometry.base import BaseGeometry

__all__ = ["lakes"]

_FILE = Path(__file__).resolve().parents[2] / "data" / "shapefiles" / "lakes" / "lakes.shp"


@cache
def _all() -> tuple[BaseGeometry, ...]:
    _meta, _fids, shapes, _fields = pyogrio.raw.read(_FILE, columns=[])
    return tuple(from_wkb(shapes))


def lakes(bounds: tuple[float, float, float, float]) -> list[BaseGeometry]:
    """Return the lakes that touch ``bounds``: west, south, east, north in degrees (EPSG:4326)."""
    window = box(*bounds)
    return [lake for lake in _all() if lake.intersects(window)]
