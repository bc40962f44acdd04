"""Gaps as places on the map: uncovered cells that touch one another, ranked by the people in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.demand import Cells
from geo.errors import CoordinateError

__all__ = ["patches"]

_STEPS = ((1, 0), (0, 1), (1, 1), (1, -1))


def patches(cells: Cells, uncovered: ArrayLike) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Join uncovered cells that touch, corners included, into patches.

    uncovered: (k,) bool. Returns the patches, most people first (ties by column and row), with ``people``, ``cells``,
    ``x``, ``y`` (the middle of the patch's heaviest cell, metres in the CRS, so that it lies where people are) and
    ``at`` (the index of that cell); and (k,) the rank of each cell's patch, -1 where covered.
    """
    open_ = np.asarray(uncovered, dtype=bool)
    if len(open_) != len(cells):
        raise CoordinateError(f"{len(cells)} cells and {len(open_)} marks: each cell needs one")
    index = np.flatnonzero(open_)
    rank = np.full(len(cells), -1, dtype=np.int64)
    if len(index) == 0:
        empty = {"people": "float64", "cells": "int64", "x": "float64", "y": "float64", "at": "int64"}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in empty.items()}), rank
    column, row = cells.column[index], cells.row[index]
    column, row = column - column.min(), row - row.min()
    wide = int(column.max()) + 3
    key = row * wide + column
    order = np.argsort(key)
    held = key[order]
    starts, ends = [], []
    for across, up in _STEPS:
        wanted = key + up * wide + across
        found = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
        # The right-most column has two empty ones beside it, so that a step never wraps into the next row.
        met = held[found] == wanted
        starts.append(np.flatnonzero(met))
        ends.append(order[found[met]])
    tail, head = np.concatenate(starts), np.concatenate(ends)
    links = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(len(index), len(index)))
    count, label = connected_components(links.tocsr(), directed=False)
    weight = cells.weight[index]
    people = np.bincount(label, weight, minlength=count)
    size = np.bincount(label, minlength=count)
    heaviest = index[
        _first_of_each(label, np.lexsort((cells.column[index], cells.row[index], -weight, label)))
    ]
    middle = cells.xy[heaviest]
    place = np.lexsort((cells.column[heaviest], cells.row[heaviest], -people))
    table = pd.DataFrame(
        {
            "people": people[place],
            "cells": size[place],
            "x": middle[place, 0],
            "y": middle[place, 1],
            "at": heaviest[place],
        }
    )
    ranks = np.empty(count, dtype=np.int64)
    ranks[place] = np.arange(count)
    rank[index] = ranks[label]
    return table, rank


def _first_of_each(label: NDArray[np.int32], order: NDArray[np.int64]) -> NDArray[np.int64]:
    sorted_ = label[order]
    first: NDArray[np.int64] = order[np.concatenate([[True], sorted_[1:] != sorted_[:-1]])]
    return first
