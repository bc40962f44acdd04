"""Maximal cover over the sites alone: what the demand of a plan is worth stands in cuts (Benders 1962).

For dense covers, where a column for each demand would be too many. With prices between 0 and the weights every plan
reaches at most ``sum(weight - price) + sum(worth of its sites)``; for a plan that is fractional or whole the prices that
make this least are known without a search: a demand that is reached once or more costs its weight, any other nothing
(Cordeau, Furini and Ljubić 2019). Demand is told apart in groups of neighbours, a cut for each, so that cuts bite.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from geo.siting import solver
from geo.siting.price import Priced
from geo.siting.reduce import Reduced
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import Ended, Limits, Model

__all__ = ["master"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

_GROUPS: Final = 60
_ROUNDS: Final = 400
#: A cut counts where it would cut off more than this share.
_BITES: Final = 1e-7


class _Cuts:
    """Cuts by group: ``theta[group] <= constant + coefficients @ x``."""

    def __init__(self, small: Reduced) -> None:
        self.small = small
        starts, by = small.cover.by_demand
        first = by[starts[:-1]]
        # Demand whose first site is near in number lies near in place, as candidates come area by area.
        edges = np.quantile(first, np.linspace(0, 1, _GROUPS + 1)[1:-1]) if len(first) else np.empty(0)
        self.group = np.searchsorted(edges, first, side="right")
        self.count = int(self.group.max(initial=0)) + 1
        self.most = np.bincount(self.group, weights=small.weight, minlength=self.count)
        self._pair_group = self.group[small.cover.demand]
        self._pair_site = np.repeat(np.arange(small.cover.sites), np.diff(small.cover.starts))
        self.rows: list[csr_array[Any]] = []
        self.sides: list[_Floats] = []

    def reached(self, x: _Floats) -> tuple[_Floats, _Floats]:
        """Return how much of each demand is reached, (n,), and what that is worth by group."""
        share = np.minimum(1.0, np.asarray(self.small.cover.matrix.T @ x))
        worth = np.bincount(self.group, weights=self.small.weight * share, minlength=self.count)
        return share, worth.astype(np.float64)

    def add(self, x: _Floats, theta: _Floats | None) -> int:
        """Add the cuts that are exact at ``x``, where ``theta`` claims more; returns how many."""
        share, worth = self.reached(x)
        wanted = np.ones(self.count, dtype=bool)
        if theta is not None:
            wanted = theta > worth + _BITES * np.maximum(1.0, self.most)
        if not wanted.any():
            return 0
        low = share < 1.0
        return self._append(
            np.where(low, 0.0, self.small.weight), np.where(low, self.small.weight, 0.0), wanted
        )

    def priced(self, prices: _Floats) -> None:
        """Add the cuts of some prices, (n,)."""
        self._append(self.small.weight - prices, prices, np.ones(self.count, dtype=bool))

    def _append(self, constant: _Floats, price: _Floats, wanted: NDArray[np.bool_]) -> int:
        side = np.bincount(self.group, weights=constant, minlength=self.count).astype(np.float64)
        kept = wanted[self._pair_group] & (price[self.small.cover.demand] > 0)
        body = csr_array(
            (
                price[self.small.cover.demand[kept]],
                (self._pair_group[kept], self._pair_site[kept]),
            ),
            shape=(self.count, self.small.cover.sites),
        )
        body.sum_duplicates()
        theta = csr_array(
            (np.ones(int(wanted.sum())), (np.flatnonzero(wanted), np.flatnonzero(wanted))),
            shape=(self.count, self.count),
        )
        self.rows.append(hstack([-body, theta], format="csr")[np.flatnonzero(wanted)])
        self.sides.append(side[wanted])
        return int(wanted.sum())


def master(
    small: Reduced,
    rules: Rules,
    total: int,
    limits: Limits,
    *,
    start: _Ints | None,
    priced: Priced | None,
    known: float,
    told: Callable[[float, float], None],
) -> tuple[_Ints | None, float, Ended]:
    """Search over the sites alone. known: what a plan is known to reach. Returns the sites, the bound and how it ended."""
    began = time.monotonic()
    cuts = _Cuts(small)
    sites = small.cover.sites
    own, lower, upper = rule_rows(rules, small.sites, total)
    best: _Ints | None = None
    bound = np.inf
    if priced is not None and len(priced.prices) == small.cover.demands:
        cuts.priced(priced.prices)
    if start is not None:
        cuts.add(np.isin(small.sites, start).astype(np.float64), None)
    relaxed = True
    centre: _Floats | None = None
    for _ in range(_ROUNDS):
        left = limits.seconds - (time.monotonic() - began)
        if left <= 0 or limits.stop():
            return best, bound, Ended.STOPPED
        model = _model(small, cuts, own, lower, upper)
        found = solver.solve(model, replace(limits, seconds=left), relaxed=relaxed)
        if found.ended is Ended.INFEASIBLE:
            return best, bound, Ended.INFEASIBLE
        bound = min(bound, found.bound)
        if found.values is None:
            return best, bound, Ended.STOPPED
        x, theta = found.values[:sites], found.values[sites:]
        if not relaxed:
            x = np.round(x)
            value = float(cuts.reached(x)[1].sum() + small.bonus @ x)
            if value > known:
                best, known = small.sites[x > 0.5], value
        told(known, bound)
        if bound <= known * (1 + max(limits.gap, 1e-9)):
            return best, bound, Ended.OPTIMAL
        if relaxed:
            # Between the new point and those before it cuts hold for longer (in-out, Ben-Ameur and Neto 2007).
            centre = x if centre is None else 0.5 * (centre + x)
            relaxed = cuts.add(x, theta) > 0
            if relaxed:
                cuts.add(centre, None)
        elif cuts.add(x, theta) == 0:
            return best, bound, found.ended
    return best, bound, Ended.STOPPED


def _model(small: Reduced, cuts: _Cuts, own: csr_array[Any], lower: _Floats, upper: _Floats) -> Model:
    sites = small.cover.sites
    rules = hstack([own, csr_array((own.shape[0], cuts.count))], format="csr")
    rows = vstack([rules, *cuts.rows], format="csr")
    sides = np.concatenate([np.empty(0), *cuts.sides])
    return Model(
        np.concatenate([small.bonus, np.ones(cuts.count)]),
        np.zeros(sites + cuts.count),
        np.concatenate([np.ones(sites), cuts.most]),
        csr_array(rows),
        np.concatenate([lower, np.full(len(sides), -np.inf)]),
        np.concatenate([upper, sides]),
        np.concatenate([np.ones(sites, dtype=bool), np.zeros(cuts.count, dtype=bool)]),
    )
