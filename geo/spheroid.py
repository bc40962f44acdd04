"""Metres on the WGS 84 spheroid between places given in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

__all__ = ["metres_between"]

_WGS84 = Geod(ellps="WGS84")


def metres_between(
    lon: ArrayLike, lat: ArrayLike, other_lon: ArrayLike, other_lat: ArrayLike
) -> NDArray[np.float64]:
    """Return the length in metres of the shortest way over the spheroid, element by element.

    lon, lat, other_lon, other_lat: (n,) or scalar degrees, WGS 84, broadcast against each other. Returns (n,) or a
    0-dimensional array; nan where a coordinate is. Source: C. F. F. Karney, Algorithms for geodesics, 2013 (PROJ).
    """
    starts_lon, starts_lat, ends_lon, ends_lat = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (lon, lat, other_lon, other_lat))
    )
    _, _, metres = _WGS84.inv(starts_lon, starts_lat, ends_lon, ends_lat)
    return np.asarray(metres, dtype=np.float64)
