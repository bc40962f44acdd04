"""The demand that needs no file: the census of 2020 spread over the places of the gazetteer. An estimate, and coarse.

Where a county's people are known they go to that county's places; what is left of a prefecture goes to the places of its
other counties. Every page that shows a number made of it says 估算.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from geo.demand import Cells, from_points, spread
from stations.errors import NotFound
from stations.registry import frames
from stations.registry.areas import Areas
from stations.registry.census import CENSUS_YEAR

__all__ = ["census_cells"]


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
    return from_points(
        places.geometry.x,
        places.geometry.y,
        people,
        crs=crs,
        size_m=size_m,
        source=f"census {CENSUS_YEAR}, estimated",
    )


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
