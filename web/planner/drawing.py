"""What the map of a run draws: cells of demand, gaps, stations and the area that they serve, as compact JSON."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from web.maps.outlines import rings

__all__ = ["FINE", "MOST_CELLS", "drawn", "service_area"]

#: Cells that a page draws; of more than these, those with the most people.
MOST_CELLS: Final = 120_000
#: Whole numbers in a degree: 0.0001° is about 10 m.
FINE: Final = 10_000
_SHADES: Final = 5


def drawn(run: CoverageRun) -> dict[str, Any]:
    """Return the layers of a run.

    ``cells``: steps of longitude and latitude in units of 1/``scale`` degree, people, and the shade 0 (within the first
    limit) to 5 (beyond the last, or cut off). ``reach``: polygons in the drawing format of the base map.
    """
    question = CoverageQuestion.of_dict(run.question)
    arrays = runs.cells_of(run)
    order = np.argsort(-arrays["weight"], kind="stable")[:MOST_CELLS]
    # Neighbours in the list lie near each other, so their steps are short numbers.
    order = order[np.lexsort((arrays["lon"][order], np.round(arrays["lat"][order], 2)))]
    return {
        "scale": FINE,
        "size_m": question.size_m,
        "cells": {
            "lon": _steps(arrays["lon"][order]),
            "lat": _steps(arrays["lat"][order]),
            "people": np.round(arrays["weight"][order], 1).tolist(),
            "shade": shade_of(arrays["seconds"][order], question.limits_s).tolist(),
            "minutes": _minutes(arrays["seconds"][order]),
        },
        "cut": len(order) < len(arrays["weight"]),
        "gaps": [
            {
                "lon": gap["lon"],
                "lat": gap["lat"],
                "people": gap["people"],
                "nearest": gap["nearest"],
                "minutes": None if gap["nearest_s"] is None else round(gap["nearest_s"] / 60),
            }
            for gap in run.gaps or ()
        ],
        "stations": {
            door["code"]: [door["people_within"], door["people_only_here"]] for door in run.doors or ()
        },
        "reach": rings(service_area(run), FINE),
    }


def shade_of(seconds: NDArray[Any], limits_s: tuple[float, ...]) -> NDArray[np.int64]:
    """Return the shade of each cell, 0 to 5, from the limit that it lies within; NaN lies beyond them all."""
    within = np.searchsorted(np.asarray(limits_s), np.nan_to_num(seconds, nan=np.inf), side="left")
    shade: NDArray[np.int64] = np.ceil(within * _SHADES / len(limits_s)).astype(np.int64)
    return shade


def service_area(run: CoverageRun) -> BaseGeometry:
    """Return the area within the main limit of the stations that counted, WGS 84, for drawing alone.

    Along the straight line it is the circles of the straight metres, dissolved; on streets the cells that lie within.
    """
    question, basis = CoverageQuestion.of_dict(run.question), run.basis or {}
    there = Transformer.from_crs("EPSG:4326", basis["crs"], always_xy=True)
    back = Transformer.from_crs(basis["crs"], "EPSG:4326", always_xy=True)
    if basis.get("estimated_ways"):
        lon, lat = ([door[name] for door in run.doors or ()] for name in ("lon", "lat"))
        radius = 60.0 * question.main_min * basis["speed_ms"] / basis["detour"]
        shapes = shapely.buffer(shapely.points(*there.transform(lon, lat)), radius, quad_segs=6)
    else:
        arrays = runs.cells_of(run)
        near = arrays["seconds"] <= 60.0 * question.main_min
        x, y = (np.asarray(part) for part in there.transform(arrays["lon"][near], arrays["lat"][near]))
        half = question.size_m / 2
        shapes = shapely.box(x - half, y - half, x + half, y + half)
    whole = shapely.union_all(shapes)
    plain = shapely.transform(whole, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
    return plain if plain.geom_type in {"Polygon", "MultiPolygon"} else shapely.MultiPolygon()


def _steps(degrees: NDArray[Any]) -> list[int]:
    whole = np.rint(degrees.astype(np.float64) * FINE).astype(np.int64)
    steps: list[int] = np.diff(whole, prepend=0).tolist()
    return steps


def _minutes(seconds: NDArray[Any]) -> list[int | None]:
    return [None if np.isnan(value) else round(value / 60) for value in seconds.tolist()]
