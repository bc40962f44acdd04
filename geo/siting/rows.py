"""The rules of a plan as rows of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.siting.rules import Rules

__all__ = ["rule_rows"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def rule_rows(rules: Rules, sites: _Ints, total: int) -> tuple[csr_array[Any], _Floats, _Floats]:
    """Return the rows (r, m'), with what each may be at least and at most, for the sites that are left.

    sites: (m',) which of the ``total`` are left; must-sites are not among them and count as chosen.
    """
    left = np.full(total, -1, dtype=np.int64)
    left[sites] = np.arange(len(sites))
    must = np.zeros(total, dtype=bool)
    must[rules.must] = True
    rows: list[tuple[_Ints, _Floats]] = []
    lower: list[float] = []
    upper: list[float] = []

    def add(columns: _Ints, values: _Floats, low: float, high: float) -> None:
        rows.append((columns, values))
        lower.append(low)
        upper.append(high)

    every = np.arange(len(sites))
    if rules.count is not None:
        add(every, np.ones(len(sites)), -np.inf, float(rules.count - len(rules.must)))
    if rules.budget is not None:
        cost = rules.costs(total)
        add(every, cost[sites], -np.inf, rules.budget - float(cost[rules.must].sum()))
    for each in rules.floors:
        inside = np.unique(left[each.sites])
        inside = inside[inside >= 0]
        need = each.least - int(must[np.unique(each.sites)].sum())
        if need > 0:
            add(inside, np.ones(len(inside)), float(need), np.inf)
    for pair in rules.apart:
        columns = left[pair]
        columns = columns[columns >= 0]
        taken = int(must[pair].sum())
        if len(columns) + taken > 1 and len(columns):
            add(columns, np.ones(len(columns)), -np.inf, 1.0 - taken)
    starts = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])]).astype(np.int64)
    matrix = csr_array(
        (
            np.concatenate([values for _, values in rows]) if rows else np.empty(0),
            np.concatenate([columns for columns, _ in rows]) if rows else np.empty(0, dtype=np.int64),
            starts,
        ),
        shape=(len(rows), len(sites)),
    )
    return matrix, np.array(lower), np.array(upper)
