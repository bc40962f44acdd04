"""Which part of the world a picture shows, and where on it a place falls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.mercator import degrees, pixels
from web.maps.canvas import Point

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the world the picture shows: its zoom, and the world's pixel at the upper left."""

    zoom: float
    left: float
    top: float
    width: float
    height: float

    def at(self, lon: float, lat: float) -> Point:
        """Return where a place falls, in pixels from the upper left."""
        x, y = pixels(lon, lat, self.zoom)
        return float(x) - self.left, float(y) - self.top

    def lat_at(self, y: float) -> float:
        """Return the latitude of a height on the picture."""
        return float(degrees(0.0, self.top + y, self.zoom)[1])

    def window(self) -> tuple[float, float, float, float]:
        """Return the bounds of the picture with a little more around, in degrees."""
        pad = 12.0
        xs, ys = (
            [self.left - pad, self.left + self.width + pad],
            [self.top - pad, self.top + self.height + pad],
        )
        (west, east), (north, south) = degrees(xs, ys, self.zoom)
        return float(west), float(south), float(east), float(north)

    def polygons(self, shape: BaseGeometry) -> Iterator[list[list[Point]]]:
        """Yield the rings, in pixels, of each polygon of a shape that the picture shows."""
        for part in _polygons(shapely.clip_by_rect(shape, *self.window())):
            rings = [part.exterior, *part.interiors]
            yield [self._ring(np.asarray(ring.coords)[:-1]) for ring in rings]

    def _ring(self, vertices: np.ndarray) -> list[Point]:
        x, y = pixels(vertices[:, 0], vertices[:, 1], self.zoom)
        return list(zip((x - self.left).tolist(), (y - self.top).tolist(), strict=True))


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    parts = list(shape.geoms) if isinstance(shape, MultiPolygon) else [shape]
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
