"""The demand of a run: the cells inside the region that is asked about, and the regions that they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.demand import Cells
from stations.errors import Invalid
from stations.planning.ways import LonLat
from stations.registry.areas import Areas

__all__ = ["LEVELS", "Ground", "inside"]

#: The levels that are counted, the largest first.
LEVELS: Final = ("province", "prefecture", "county", "township")


@dataclass(frozen=True, slots=True)
class Ground:
    """The cells of a run. lonlat: their middles. region: (k,) the lowest region of each. codes: level → the region of
    each, or None; levels of which nothing is known are left out."""

    cells: Cells
    lonlat: LonLat
    region: NDArray[np.object_]
    codes: Mapping[str, Sequence[str | None]]


def inside(cells: Cells, areas: Areas, region: str | None) -> Ground:
    """Keep the cells of a region, or of all regions; the rest is told as ``outside`` of the cells.

    Raises NotFound for a region that is not there, Invalid where nobody is in it.
    """
    if region is not None:
        areas.lineage(region)  # raises NotFound
    lon, lat = cells.lonlat()
    found = areas.at(lon, lat, townships=True)
    mine = {code for code in areas.areas if region is None or region in areas.lineage(code)}
    known = {code: code in mine for code in set(found.tolist())}
    kept = np.fromiter((known[code] for code in found), dtype=bool, count=len(found))
    if not kept.any() or not cells.weight[kept].any():
        raise Invalid(
            "nobody lives where coverage is asked about: the demand holds nothing there; choose another region, or a layer "
            "of demand that covers it",
            field="region",
            value=region,
        )
    outside = cells.outside + float(cells.weight[~kept].sum())
    held = replace(
        cells,
        column=cells.column[kept],
        row=cells.row[kept],
        weight=cells.weight[kept],
        outside=outside,
    )
    lowest = found[kept]
    levels = {level: _codes(areas, lowest, level) for level in LEVELS}
    return Ground(
        held,
        (lon[kept], lat[kept]),
        lowest,
        {level: codes for level, codes in levels.items() if any(code is not None for code in codes)},
    )


def _codes(areas: Areas, region: NDArray[np.object_], level: str) -> list[str | None]:
    """Return the region of one level that each cell lies in, or None."""
    known: dict[str, str | None] = {}
    for code in set(region.tolist()):
        above = [each for each in areas.lineage(code) if areas.areas[each].level == level]
        known[code] = above[-1] if above else None
    return [known[code] for code in region]
