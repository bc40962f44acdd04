"""What the map of a run draws: gaps, stations and the areas that they serve, at its moment or at an hour of its day."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from stations.planning.areas import areas_on_streets
from web.maps.outlines import rings

__all__ = ["FINE", "drawn", "service_areas", "shade_of", "shade_within"]

#: Whole numbers in a degree: 0.0001° is about 10 m.
FINE: Final = 10_000
_SHADES: Final = 5
#: Shapes that are put together for a picture; a map of more is told by its cells.
_MOST_SHAPES: Final = 20_000
_MOST_OVERLAPS: Final = 60_000


def drawn(run: CoverageRun, hour: int | None = None, *, streets: Path | None = None) -> dict[str, Any]:
    """Return the layers of a run, at an hour of its day where one is given. streets: where those loaded are kept.

    ``gaps`` hold people and minutes, ``stations`` by code their people within the main limit, those who have no other
    station (None where they did not count at the moment), and whether they count now, where that is ``known``. ``reach`` and ``overlap``: polygons
    in the drawing format of the base map, None where there is too much to draw.
    """
    kept = runs.hour_of(run, hour)
    gaps = run.gaps if kept is None else kept.get("gaps")
    known = kept is None or "like" in kept
    lit = {door["code"] for door in runs.counted(run, hour)}
    reach, overlap = service_areas(run, hour, streets=streets)
    return {
        "scale": FINE,
        "known": known,
        "gaps": [
            {
                "lon": gap["lon"],
                "lat": gap["lat"],
                "people": gap["people"],
                "nearest": gap["nearest"],
                "minutes": None if gap["nearest_s"] is None else ceil(gap["nearest_s"] / 60),
            }
            for gap in gaps or ()
        ],
        "stations": {
            door["code"]: [door.get("people_within"), door.get("people_only_here"), door["code"] in lit]
            for door in run.doors or ()
        },
        "reach": None if reach is None else rings(reach, FINE),
        "overlap": None if overlap is None else rings(overlap, FINE),
    }


def shade_of(seconds: NDArray[Any], limits_s: tuple[float, ...]) -> NDArray[np.int64]:
    """Return the shade of each cell, 0 to 5, from the limit that it lies within; NaN lies beyond them all."""
    within = np.searchsorted(np.asarray(limits_s), np.nan_to_num(seconds, nan=np.inf), side="left")
    return shade_within(within, len(limits_s))


def shade_within(within: NDArray[Any], limits: int) -> NDArray[np.int64]:
    """Return the shade 0 to 5 from the number of the limit that a cell lies within, 0 to ``limits``."""
    shade: NDArray[np.int64] = np.ceil(within.astype(np.float64) * _SHADES / limits).astype(np.int64)
    return shade


def service_areas(
    run: CoverageRun, hour: int | None = None, *, streets: Path | None = None
) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """Return the area within the main limit of the stations that count, and the part within that of two or more.

    WGS 84, for drawing alone. Along the straight line they are circles of the straight metres. On streets they lie along
    them; where other streets are loaded by now, or there are too many, they are the cells that lie within. None for what
    is too much to draw.
    """
    question, basis, kept = CoverageQuestion.of_dict(run.question), run.basis or {}, runs.hour_of(run, hour)
    if kept is not None and "like" not in kept:
        return None, None  # nobody wrote down which stations were open
    doors = runs.counted(run, hour)
    if basis.get("estimated_ways"):
        there = Transformer.from_crs("EPSG:4326", basis["crs"], always_xy=True)
        lon, lat = ([door[name] for door in doors] for name in ("lon", "lat"))
        radius = 60.0 * question.main_min * basis["speed_ms"] / basis["detour"]
        middles = np.column_stack(there.transform(lon, lat)) if doors else np.zeros((0, 2))
        whole, twice = _discs(middles, radius)
    else:
        along = areas_on_streets(run, streets, doors=doors) if streets is not None and doors else None
        if along is not None:
            return _polygonal(along.once), _polygonal(along.twice)
        whole, twice = _squares(run, question, hour)
    back = Transformer.from_crs(basis["crs"], "EPSG:4326", always_xy=True)
    return _in_degrees(whole, back), _in_degrees(twice, back)


def _discs(middles: NDArray[Any], radius: float) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    if len(middles) > _MOST_SHAPES:
        return None, None
    points = np.asarray(shapely.points(middles))
    discs = np.asarray(shapely.buffer(points, radius, quad_segs=8))
    first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=2 * radius)
    first, second = first[first < second], second[first < second]
    if len(first) > _MOST_OVERLAPS:
        return shapely.union_all(discs), None
    return shapely.union_all(discs), shapely.union_all(shapely.intersection(discs[first], discs[second]))


def _squares(
    run: CoverageRun, question: CoverageQuestion, hour: int | None
) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    arrays = runs.cells_of(run)
    kept = runs.hour_of(run, hour)
    if "column" not in arrays:
        return None, None
    if kept is None:
        near, twice = arrays["seconds"] <= 60.0 * question.main_min, arrays["counts"] >= 2
    else:
        number = question.limits_min.index(question.main_min)
        near, twice = arrays[f"within_{int(kept['like'])}"] <= number, None
    if near.sum() > _MOST_SHAPES:
        return None, None
    x, y, side = arrays["column"] * question.size_m, arrays["row"] * question.size_m, question.size_m

    def joined(chosen: NDArray[np.bool_]) -> BaseGeometry:
        return shapely.union_all(shapely.box(x[chosen], y[chosen], x[chosen] + side, y[chosen] + side))

    return joined(near), None if twice is None else joined(twice)


def _in_degrees(shape: BaseGeometry | None, back: Transformer) -> BaseGeometry | None:
    if shape is None:
        return None
    return _polygonal(
        shapely.transform(shape, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    )


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a shape: circles that touch leave points and lines."""
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    return shapely.MultiPolygon([each for each in shapely.get_parts(shape) if each.geom_type == "Polygon"])
