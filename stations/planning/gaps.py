"""The gaps of a run: neighbouring cells beyond the main limit as one place, with the people in it and the nearest door."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.coverage import patches
from stations.planning import inputs
from stations.planning.ground import Ground
from stations.planning.ways import Ways

__all__ = ["gaps"]


def gaps(
    ground: Ground, uncovered: NDArray[np.bool_], travel: Ways, stations: pd.DataFrame, *, most: int
) -> pd.DataFrame:
    """Return the gaps with most people, so many at most.

    uncovered: (k,). Columns ``people``, ``cells``, ``lon``, ``lat`` (of the cell with most people), ``region``,
    ``nearest`` (the code of a station, or None) and ``nearest_s`` (inf where no way leads to one).
    """
    table, _ = patches(ground.cells, uncovered)
    table = table.head(most).reset_index(drop=True)
    at = table["at"].to_numpy(dtype=np.int64)
    middles = ground.lonlat[0][at], ground.lonlat[1][at]
    found = travel.nearest(middles, inputs.doors(stations))
    codes = [*stations["code"], None]
    return pd.DataFrame(
        {
            "people": table["people"],
            "cells": table["cells"],
            "lon": middles[0],
            "lat": middles[1],
            "region": ground.region[at],
            "nearest": [codes[station] for station in found.station],
            "nearest_s": found.seconds,
        }
    )
