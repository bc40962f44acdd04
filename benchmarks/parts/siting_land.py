"""Towns, people and candidate sites as a planner meets them, made alike every time from a seed.

Towns have people by rank and size (Zipf); one in five is the suburb of a larger one. People thin out from a town's
centre exponentially (Clark 1951), wider where more live; a tenth of the households stands scattered over the land
between. What is weighed are the inhabited cells of 250 m with the outdoor workers who live there. Candidates and existing stations stand where
people are, since halls and shops that could host a station do. The reach is the distance at which a cell has so many
candidates on average. Knows NumPy and SciPy alone, so that peers read the same lands in environments of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["Land", "land", "pairs"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

CELL_M: Final = 250.0
#: Of the land a seventh is inhabited.
_LAND_A_CELL: Final = 7.0 * CELL_M**2
#: People of whom the outdoor workers are some; towns are as wide as so many make them.
_PEOPLE_A_CELL: Final = 120.0
_SCATTERED: Final = 0.1
_SUBURBS: Final = 0.2
#: Metres in which the density of a town of 10,000 falls to 1/e, and the power of its people with which that grows.
_SCALE_M: Final = 400.0
_GROWS: Final = 0.4
_HOUSEHOLD: Final = 5


@dataclass(frozen=True, eq=False)
class Land:
    """demand: (n, 2) metres, weight: (n,) outdoor workers. candidates: (m, 2), existing: (e, 2). reach: metres."""

    demand: _Floats
    weight: _Floats
    candidates: _Floats
    existing: _Floats
    reach: float

    def save(self, path: Path) -> None:
        """Write all arrays into one file."""
        np.savez(path, **{name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def load(cls, path: Path) -> Land:
        """Read what ``save`` wrote."""
        with np.load(path) as held:
            return cls(**{name: held[name] for name in held.files} | {"reach": float(held["reach"])})


def land(seed: int, *, demand: int, candidates: int, existing: int = 0, each: float = 10.0) -> Land:
    """Make a land of so many inhabited cells, which have ``each`` candidates within reach on average."""
    rng = np.random.default_rng(seed)
    columns = int(np.sqrt(demand * _LAND_A_CELL) // CELL_M) + 1
    draw = _households(rng, columns * CELL_M, towns=max(8, demand // 250), people=demand * _PEOPLE_A_CELL)
    workers = np.zeros(columns * columns, dtype=np.int64)
    while np.count_nonzero(workers) < demand:
        at = (draw(demand // 2) // CELL_M).astype(np.int64)
        workers += np.bincount(
            at[:, 0] * columns + at[:, 1], rng.integers(1, _HOUSEHOLD + 1, len(at)), columns * columns
        ).astype(np.int64)
    # The emptiest are left out, so that there are exactly as many as were asked for.
    cells = np.sort(np.argsort(-workers, kind="stable")[:demand])
    places = (np.stack(np.divmod(cells, columns), axis=1) + 0.5) * CELL_M
    spots = draw(candidates + existing)
    halls = spots[:candidates]
    return Land(
        places, workers[cells].astype(np.float64), halls, spots[candidates:], _reach(places, halls, each)
    )


def _households(
    rng: np.random.Generator, side: float, *, towns: int, people: float
) -> Callable[[int], _Floats]:
    """Return a function that draws places of households, (k, 2) metres inside the land."""
    size = 1.0 / np.arange(1, towns + 1)
    size /= size.sum()
    centre = rng.uniform(0, side, (towns, 2))
    for town in (np.flatnonzero(rng.random(towns - 1) < _SUBURBS) + 1).tolist():
        parent = int(rng.choice(town, p=size[:town] / size[:town].sum()))
        centre[town] = centre[parent] + rng.normal(0, 0.03 * side, 2)
    scale = _SCALE_M * (size * people / 10_000.0) ** _GROWS

    def draw(count: int) -> _Floats:
        kept: list[_Floats] = []
        while sum(map(len, kept)) < count:
            town = rng.choice(towns, size=count, p=size)
            # A density of exp(-r / scale) over a plane is a gamma distribution of r, with shape 2.
            away, angle = rng.gamma(2.0, scale[town]), rng.uniform(0, 2 * np.pi, count)
            spot = centre[town] + away[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            scattered = rng.random(count) < _SCATTERED
            spot[scattered] = rng.uniform(0, side, (int(scattered.sum()), 2))
            kept.append(spot[((spot >= 0) & (spot < side)).all(axis=1)])
        return np.concatenate(kept)[:count]

    return draw


def _reach(places: _Floats, halls: _Floats, each: float) -> float:
    """Return the metres, whole tens, at which places have so many halls on average."""
    tree, near = cKDTree(halls), cKDTree(places)
    low, high = 0, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        held = int(tree.count_neighbors(near, 10.0 * middle))
        low, high = (middle, high) if held < each * len(places) else (low, middle)
    return 10.0 * high


def pairs(halls: _Floats, places: _Floats, reach: float) -> tuple[_Ints, _Ints]:
    """Return the starts (m + 1,) and the places (q,), ascending, that each hall reaches; its reach is included."""
    tree = cKDTree(places)
    rows = [np.empty(0, dtype=np.int64)]
    length = np.zeros(len(halls) + 1, dtype=np.int64)
    for first in range(0, len(halls), 256):
        part = halls[first : first + 256]
        for number, found in enumerate(tree.query_ball_point(part, reach, return_sorted=True), first + 1):
            rows.append(np.asarray(found, dtype=np.int64))
            length[number] = len(rows[-1])
    return np.cumsum(length), np.concatenate(rows)
