"""Accessibility scores: stations per person within reach, where people share what is near.

Two-step floating catchment areas: Luo and Wang 2003, "Measures of spatial accessibility to health care in a GIS
environment"; enhanced by weights that fall with time: Luo and Qi 2009, "An enhanced two-step floating catchment area".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError
from geo.reach import Pairs

__all__ = ["enhanced_two_step", "two_step"]

_Floats = NDArray[np.float64]


def two_step(pairs: Pairs, weight: ArrayLike, capacity: ArrayLike) -> _Floats:
    """Score each cell by the capacity within reach per person who shares it.

    pairs: within the catchment. weight: (k,) people. capacity: (f,) seats, or 1 each. Returns (k,) capacity per person,
    0 where nothing is within reach. A station that nobody can reach gives nothing to anybody.
    """
    return _scores(pairs, np.ones(len(pairs.place)), weight, capacity)


def enhanced_two_step(
    pairs: Pairs, weight: ArrayLike, capacity: ArrayLike, *, zones: Sequence[tuple[float, float]]
) -> _Floats:
    """Score as ``two_step`` does, each pair counting by the zone of its seconds.

    zones: (limit in seconds, factor), limits ascending, factors between 0 and 1, the first zone starting at 0; beyond
    the last nothing counts. Raises CoordinateError for zones that are none.
    """
    limits = np.array([limit for limit, _ in zones], dtype=np.float64)
    factors = np.array([factor for _, factor in zones], dtype=np.float64)
    if not len(zones) or (np.diff(limits) <= 0).any() or (factors < 0).any() or (factors > 1).any():
        raise CoordinateError(
            f"zones are (seconds, factor) with ascending seconds and factors of 0 to 1, not {zones!r}"
        )
    zone = np.searchsorted(limits, pairs.seconds)
    return _scores(pairs, np.append(factors, 0.0)[zone], weight, capacity)


def _scores(pairs: Pairs, factor: _Floats, weight: ArrayLike, capacity: ArrayLike) -> _Floats:
    people, seats = np.asarray(weight, dtype=np.float64), np.asarray(capacity, dtype=np.float64)
    if len(seats) != len(pairs.starts) - 1:
        raise CoordinateError(
            f"{len(pairs.starts) - 1} stations and {len(seats)} capacities: each station needs one"
        )
    station = np.repeat(np.arange(len(seats)), np.diff(pairs.starts))
    sharing = np.bincount(station, people[pairs.place] * factor, minlength=len(seats))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(sharing > 0, seats / sharing, 0.0)
    return np.bincount(pairs.place, ratio[station] * factor, minlength=len(people)).astype(np.float64)
