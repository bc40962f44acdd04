"""What people find within reach, beside a seat: the marks of all the stations that a cell reaches, put together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError
from geo.reach import Pairs

__all__ = ["MOST_MARKS", "offered", "packed"]

#: Marks that fit into one whole number.
MOST_MARKS: Final = 64


def packed(marks: ArrayLike) -> NDArray[np.uint64]:
    """Write rows of marks as whole numbers, the first mark as the lowest bit.

    marks: (f, m) bool, m at most ``MOST_MARKS``. Returns (f,). Raises CoordinateError for more marks than fit.
    """
    table = np.asarray(marks, dtype=bool)
    if table.ndim != 2 or table.shape[1] > MOST_MARKS:
        raise CoordinateError(f"marks are rows of at most {MOST_MARKS}, not an array of {table.shape}")
    bits = np.uint64(1) << np.arange(table.shape[1], dtype=np.uint64)
    numbers: NDArray[np.uint64] = (table * bits).sum(axis=1, dtype=np.uint64)
    return numbers


def offered(pairs: Pairs, marks: ArrayLike, cells: int) -> NDArray[np.uint64]:
    """Return, for each of so many cells, the marks that any station within its reach carries.

    pairs: within the limit. marks: (f,) whole numbers whose bits are what a station has, see ``packed``. Returns
    (cells,), 0 where nothing is within reach. Raises CoordinateError where there is not one number for each station.
    """
    held = np.asarray(marks, dtype=np.uint64)
    if len(held) != len(pairs.starts) - 1:
        raise CoordinateError(
            f"{len(pairs.starts) - 1} stations and {len(held)} marks: each station needs its own"
        )
    found = np.zeros(cells, dtype=np.uint64)
    if len(pairs.place) == 0:
        return found
    order = np.argsort(pairs.place, kind="stable")
    place = pairs.place[order]
    begins = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
    station = np.repeat(np.arange(len(held)), np.diff(pairs.starts))[order]
    found[place[begins]] = np.bitwise_or.reduceat(held[station], begins)
    return found
