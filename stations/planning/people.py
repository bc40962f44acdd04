"""The demand that needs no file: the census of 2020 spread over the places of the gazetteer. An estimate, and coarse.

Where a county's people are known they go to that county's places; what is left of a prefecture goes to the places of its
other counties. A city covers the land that its people are planned for. Every page that
shows a number made of it says 估算.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.demand import Cells, from_points, spread
from stations.errors import NotFound
from stations.registry import frames
from stations.registry.areas import Areas
from stations.registry.census import CENSUS_YEAR

__all__ = ["census_cells"]

_Floats = NDArray[np.float64]

#: Square metres of built land for each inhabitant: GB 50137-2011 plans towns with 65 to 115.
_M2_A_HEAD: Final = 100.0
_MOST_PARTS: Final = 20_000
#: A smaller place stays a point: where it lies is known no better than how far it reaches.
_CITY: Final = 100_000
_M_A_DEGREE: Final = 111_320.0


def census_cells(session: Session, areas: Areas, *, crs: Any, size_m: float) -> Cells:
    """Lay the people of the census on cells.

    Raises NotFound where the census of no region is known here, or a region with people has no place.
    """
    places = frames.places(session)
    known = {code: area for code, area in areas.areas.items() if area.population and area.merged_into is None}
    if not known or places.empty:
        raise NotFound(
            "the people of this registry's regions are not known: bring a layer of demand (docs/planning.md says where "
            "population grids are found)"
        )
    totals, label = _rests(
        areas, {code: float(area.population or 0) for code, area in known.items()}, places["region"]
    )
    people = spread(places.geometry.x, places.geometry.y, places["population"], label, totals)
    lon, lat, people = _on_built_land(
        np.asarray(places.geometry.x), np.asarray(places.geometry.y), np.asarray(people), size_m=size_m
    )
    return from_points(
        lon,
        lat,
        people,
        crs=crs,
        size_m=size_m,
        source=f"census {CENSUS_YEAR}, estimated",
    )


def _on_built_land(
    lon: _Floats, lat: _Floats, people: _Floats, *, size_m: float
) -> tuple[_Floats, _Floats, _Floats]:
    """Lay the people of each city on a disc of the land that so many are planned for; a town stays a point.

    Four points or so lie in a cell, evenly, each with the same share (Vogel 1979, the pattern of a sunflower).
    """
    land = people * _M2_A_HEAD
    parts = np.clip(np.ceil(4.0 * land / size_m**2), 1, _MOST_PARTS).astype(np.int64)
    parts[people < _CITY] = 1
    city = np.repeat(np.arange(len(people)), parts)
    step = np.arange(len(city)) - np.repeat(np.cumsum(parts) - parts, parts)
    share = np.where(parts[city] > 1, (step + 0.5) / parts[city], 0.0)
    metres, turn = np.sqrt(share * land[city] / np.pi), step * np.pi * (3.0 - np.sqrt(5.0))
    north = metres * np.sin(turn) / _M_A_DEGREE
    east = metres * np.cos(turn) / (_M_A_DEGREE * np.cos(np.radians(lat[city])))
    return lon[city] + east, lat[city] + north, people[city] / parts[city]


def _rests(
    areas: Areas, people: dict[str, float], regions: pd.Series[str]
) -> tuple[dict[str, float], list[str | None]]:
    """Return what is left of each region after those below it whose people are known, and whose rest a place is in.

    A rest that has no place of its own is added to the region above it, and only the topmost has to have one.
    """
    rest = dict(people)
    above: dict[str, str | None] = {}
    for code, count in people.items():
        lineage = [each for each in areas.lineage(code)[:-1] if each in people]
        above[code] = lineage[-1] if lineage else None
        if lineage:
            rest[lineage[-1]] -= count
    label: list[str | None] = []
    for region in regions:
        known = [each for each in areas.lineage(region) if each in people] if region in areas else []
        label.append(known[-1] if known else None)
    held = {code for code in label if code}
    for code in sorted(rest, key=lambda each: -len(areas.lineage(each))):
        parent = above[code]
        if code not in held and parent is not None:
            rest[parent] += rest.pop(code)
    return {code: float(np.maximum(left, 0.0)) for code, left in rest.items() if left > 0.5}, label
