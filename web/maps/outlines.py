"""The drawing format of the base map: outlines as whole-number steps, a third of the bytes of GeoJSON.

Each ring is ``[x0, y0, dx, dy, …]`` in units of ``1 / scale`` degree, longitude first and without the closing vertex.
It is for drawing: coordinates are rounded, and there is no collection that a map program would open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely import MultiPolygon, Polygon, get_coordinates
from shapely.geometry.base import BaseGeometry

__all__ = ["SCALE", "Area", "drawing", "rings"]

#: Whole numbers in a degree: 0.001° is about 100 m, finer than the outlines themselves.
SCALE = 1000


@dataclass(frozen=True, slots=True)
class Area:
    """An area to draw: ``level`` county (filled), prefecture or province (a line); ``label`` is where its name goes,
    ``short`` what it is called where the whole name does not fit."""

    code: str
    name: str
    level: str
    geometry: BaseGeometry
    label: tuple[float, float] | None = None
    short: str | None = None


def rings(geometry: BaseGeometry, scale: int = SCALE) -> list[list[list[int]]]:
    """Write a Polygon or MultiPolygon as polygons of rings of steps.

    Vertices that round onto their predecessor go; a ring left with fewer than three goes too, and with an outer
    ring its polygon. Raises TypeError for another geometry.
    """
    if isinstance(geometry, Polygon):
        parts = [geometry]
    elif isinstance(geometry, MultiPolygon):
        parts = list(geometry.geoms)
    else:
        raise TypeError(f"cannot draw a {geometry.geom_type} as an area; give a Polygon or a MultiPolygon")
    polygons = []
    for part in parts:
        outer = _steps(get_coordinates(part.exterior), scale)
        if outer:
            holes = [_steps(get_coordinates(hole), scale) for hole in part.interiors]
            polygons.append([outer, *filter(None, holes)])
    return polygons


def _steps(vertices: np.ndarray, scale: int) -> list[int]:
    whole = np.rint(vertices[:-1] * scale).astype(np.int64)
    kept = whole[np.r_[True, np.any(np.diff(whole, axis=0) != 0, axis=1)]]
    if len(kept) > 1 and (kept[0] == kept[-1]).all():
        kept = kept[:-1]
    if len(kept) < 3:
        return []
    steps: list[int] = np.diff(kept, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()
    return steps


def drawing(areas: Sequence[Area], lakes: Sequence[BaseGeometry]) -> dict[str, object]:
    """Return the body of the base map's file: areas and lakes."""
    return {
        "scale": SCALE,
        "areas": [
            {
                "code": area.code,
                "name": area.name,
                "short": area.short,
                "level": area.level,
                "label": None if area.label is None else [round(v, 3) for v in area.label],
                "shape": rings(area.geometry),
            }
            for area in areas
        ],
        "lakes": [rings(lake) for lake in lakes],
    }
