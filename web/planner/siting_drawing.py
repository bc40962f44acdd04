"""What the map of a plan draws: its sites in their order, the cells that they newly reach, the candidates not chosen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stations.models import SitingPlan
from stations.planning.siting import plans

__all__ = ["MOST_CELLS", "drawn"]

#: Cells and candidates that a map draws; those with most people first.
MOST_CELLS: Final = 12_000
_MOST_OFFERED: Final = 6_000
_DIGITS: Final = 5


def drawn(plan: SitingPlan) -> dict[str, Any]:
    """Return the layers of a plan.

    ``sites``: order, key, name, longitude, latitude, people newly reached, cost. ``cells``: longitude, latitude, people and
    the order of the site that first reaches it; ``left``: those that nobody reaches. ``offered``: key, longitude, latitude,
    name (or nothing) of candidates that were not chosen. ``more``: how many of each there was no room for. Raises Conflict before the answer.
    """
    kept = plans.arrays_of(plan)
    served = kept["served"]
    new, new_more = _heaviest(kept, served > 0)
    left, left_more = _heaviest(kept, served < 0)
    chosen = {site["key"] for site in plan.sites or ()}
    # The oldest plans keep no names.
    names = kept.get("candidate_name", np.full(len(kept["candidate_key"]), ""))
    offered = [
        [str(key), round(float(lon), _DIGITS), round(float(lat), _DIGITS), str(name)]
        for key, lon, lat, name in zip(
            kept["candidate_key"], kept["candidate_lon"], kept["candidate_lat"], names, strict=True
        )
        if str(key) not in chosen
    ]
    return {
        "size_m": plan.question["reach"]["size_m"],
        "sites": [
            [s["order"], s["key"], s["name"], s["lon"], s["lat"], s["people"], s["cost"]]
            for s in plan.sites or ()
        ],
        "cells": _listed(kept, new, served[new]),
        "left": _listed(kept, left),
        "offered": offered[:_MOST_OFFERED],
        "more": {"cells": new_more, "left": left_more, "offered": max(0, len(offered) - _MOST_OFFERED)},
    }


def _heaviest(kept: dict[str, NDArray[Any]], wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """Return the numbers of the cells with most people, and how many there was no room for."""
    found = np.flatnonzero(wanted)
    if len(found) > MOST_CELLS:
        order = np.argsort(-kept["weight"][found], kind="stable")
        return np.sort(found[order[:MOST_CELLS]]), len(found) - MOST_CELLS
    return found, 0


def _listed(kept: dict[str, NDArray[Any]], cells: NDArray[np.int64], *more: NDArray[Any]) -> list[list[Any]]:
    columns = [np.round(kept[name][cells].astype(np.float64), digits).tolist() for name, digits in
               (("lon", _DIGITS), ("lat", _DIGITS), ("weight", 1))]  # fmt: skip
    return [list(row) for row in zip(*columns, *(part.tolist() for part in more), strict=True)]
