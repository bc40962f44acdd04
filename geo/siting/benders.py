"""The p-median over the sites alone: what a plan saves of each demand stands in cuts that are known without a search.

Whatever the level, a plan saves of a demand at most the level and what its sites save beyond it. For given sites, whole or
in fractions, the level that makes this least is the saving of the site that completes a whole one, best first (Durán-
Mateluna, Alès and Elloumi 2023, "An efficient Benders decomposition for the p-median problem"). First fractions are
allowed, which gives a bound, near plans, and reduced costs that settle sites; then whole sites are searched, with cuts
added between one search and the next.
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
from geo.siting.growing import Growing, Relaxed
from geo.siting.savings import Lessened
from geo.siting.solver import Ended, Limits, Model

__all__ = ["Benders"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]

#: So many demands have cuts of their own; more are told apart in so many groups of neighbours.
_GROUPS: Final = 4_000
_ROUNDS: Final = 500
#: A cut counts where it would cut off more than this share of what its group can save.
_BITES: Final = 1e-7
_WHOLE: Final = 1e-9
#: Largest saving that the solver is shown: its tolerances are absolute.
_SCALE: Final = 1_000.0


class Benders:
    """A search that is bounded, settled and proven step by step.

    small: the question. own, lower, upper: the rules as rows of its sites. bound: no plan saves more of ``small``.
    """

    def __init__(
        self, small: Lessened, own: csr_array[Any], lower: _Floats, upper: _Floats, limits: Limits
    ) -> None:
        self.small, self.limits = small, limits
        self._own, self._lower, self._upper = own, lower, upper
        savings = small.savings
        self._scale = _SCALE / max(
            float(savings.most.max(initial=0.0)), float(small.bonus.max(initial=0.0)), 1e-12
        )
        self.group, self.groups = _grouped(small)
        self._most = np.bincount(self.group, weights=savings.most, minlength=self.groups)
        self._rows: list[csr_array[Any]] = []
        self._sides: list[_Floats] = []
        columns = savings.sites + self.groups
        self._objective = np.concatenate([small.bonus * self._scale, np.ones(self.groups)])
        self._least_columns = np.zeros(columns)
        self._most_columns = np.concatenate([np.ones(savings.sites), self._most * self._scale])
        self._lp = Growing(self._objective, self._most_columns, limits)
        self._lp.add(self._wide(own, columns), lower, upper)
        self._last: Relaxed | None = None
        self.bound = np.inf

    def _wide(self, rows: csr_array[Any], columns: int) -> csr_array[Any]:
        return csr_array(hstack([rows, csr_array((rows.shape[0], columns - rows.shape[1]))], format="csr"))

    def worth(self, y: _Floats) -> tuple[_Floats, _Floats]:
        """Return the level of each demand that makes its cut tightest at ``y``, and what the cut then allows, (n,) each."""
        savings = self.small.savings
        held = y[savings.site]
        running = np.cumsum(held)
        start, length = savings.starts[:-1], np.diff(savings.starts)
        before = np.where(start > 0, running[np.maximum(start - 1, 0)], 0.0)
        running -= np.repeat(before, length)
        short = running < 1 - _WHOLE
        count = np.bincount(savings.demand[short], minlength=savings.demands)
        inside = count < length
        levels = np.zeros(savings.demands)
        levels[inside] = savings.saving[(start + count)[inside]]
        more = np.where(short, held * (savings.saving - levels[savings.demand]), 0.0)
        return levels, levels + np.bincount(savings.demand, weights=more, minlength=savings.demands)

    def add(self, levels: _Floats, wanted: _Bools | None = None) -> None:
        """Add the cuts of some levels, (n,), for the groups that want one."""
        savings = self.small.savings
        wanted = np.ones(self.groups, dtype=bool) if wanted is None else wanted
        names = np.cumsum(wanted) - 1
        own = self.group[savings.demand]
        more = savings.saving - levels[savings.demand]
        kept = wanted[own] & (more > 0)
        count = int(wanted.sum())
        body = csr_array(
            (-more[kept] * self._scale, (names[own[kept]], savings.site[kept])), shape=(count, savings.sites)
        )
        body.sum_duplicates()
        theta = csr_array(
            (np.ones(count), (np.arange(count), np.flatnonzero(wanted))), shape=(count, self.groups)
        )
        sums = np.bincount(self.group, weights=levels, minlength=self.groups).astype(np.float64)
        side: _Floats = sums[wanted] * self._scale
        rows = csr_array(hstack([body, theta], format="csr"))
        self._rows.append(rows)
        self._sides.append(side)
        self._lp.add(rows, np.full(count, -np.inf), side)

    def cut(self, y: _Floats, theta: _Floats) -> int:
        """Add the cuts that ``theta`` breaks at ``y``; returns how many."""
        levels, allowed = self.worth(y)
        most = np.bincount(self.group, weights=allowed, minlength=self.groups)
        wanted = theta > (most + _BITES * np.maximum(self._most, 1e-12)) * self._scale + 1e-6
        if wanted.any():
            self.add(levels, wanted)
        return int(wanted.sum())

    def relax(self, until: float, seen: Callable[[_Floats, float], bool]) -> Ended:
        """Lower the bound until no cut is broken. seen: told the fractions and the bound; False ends it."""
        sites = self.small.savings.sites
        for _ in range(_ROUNDS):
            left = until - time.monotonic()
            if left <= 0 or self.limits.stop():
                return Ended.STOPPED
            found = self._lp.run(left)
            if found.ended is not Ended.OPTIMAL:
                return found.ended
            self._last = found
            self.bound = min(self.bound, found.bound / self._scale)
            y = np.clip(found.values[:sites], 0.0, 1.0)
            if not seen(y, self.bound):
                return Ended.STOPPED
            if not self.cut(y, found.values[sites:]):
                return Ended.OPTIMAL
        return Ended.STOPPED

    def settle(self, known: float) -> tuple[_Bools, _Bools]:
        """Tell which sites no plan better than ``known`` has, and which each such plan has, by reduced cost."""
        sites = self.small.savings.sites
        if self._last is None:
            return np.zeros(sites, dtype=bool), np.zeros(sites, dtype=bool)
        value, reduced = self._last.values[:sites], self._last.reduced[:sites]
        least = known * self._scale * (1 + 1e-9) + 1e-5
        out = (value < _WHOLE) & (self._last.bound - np.abs(reduced) < least)
        into = (value > 1 - _WHOLE) & (self._last.bound - np.abs(reduced) < least)
        return out, into

    def fix(self, out: _Bools, into: _Bools) -> None:
        """Search whole sites without some sites and with some."""
        sites = self.small.savings.sites
        self._most_columns[:sites][out] = 0.0
        self._least_columns[:sites][into] = 1.0

    def search(
        self, until: float, start: _Bools | None, seen: Callable[[_Floats | None, float], bool]
    ) -> Ended:
        """Search whole sites. start: a plan. seen: told each plan found and the bound; False ends it."""
        sites = self.small.savings.sites
        begin = None if start is None else start.astype(np.float64)
        self._forget()
        for _ in range(_ROUNDS):
            left = until - time.monotonic()
            if left <= 0 or self.limits.stop():
                return Ended.STOPPED
            whole = None
            if begin is not None:
                allowed = np.bincount(self.group, weights=self.worth(begin)[1], minlength=self.groups)
                whole = np.concatenate([begin, allowed * self._scale])
            found = solver.solve(self._model(), replace(self.limits, seconds=left), start=whole)
            if found.ended is Ended.INFEASIBLE:
                return Ended.INFEASIBLE
            self.bound = min(self.bound, found.bound / self._scale)
            if found.values is None:
                seen(None, self.bound)
                return Ended.STOPPED
            y = np.round(found.values[:sites])
            if not seen(y, self.bound):
                return Ended.STOPPED
            if not self.cut(y, found.values[sites:]):
                return found.ended
            if begin is None or float(self.worth(y)[1].sum()) > float(self.worth(begin)[1].sum()):
                begin = y
        return Ended.STOPPED

    def _forget(self) -> None:
        """Keep the cuts that hold something up where fractions were last allowed."""
        if self._last is None or not self._rows:
            return
        rows, sides = vstack(self._rows, format="csr"), np.concatenate(self._sides)
        slack = sides - rows @ self._last.values
        tight = np.flatnonzero(slack <= 1e-6 * np.maximum(1.0, np.abs(sides)))
        self._rows, self._sides = [csr_array(rows[tight])], [sides[tight]]

    def _model(self) -> Model:
        columns = len(self._objective)
        rows = vstack([self._wide(self._own, columns), *self._rows], format="csr")
        sides = np.concatenate([np.empty(0), *self._sides])
        return Model(
            self._objective,
            self._least_columns,
            self._most_columns,
            csr_array(rows),
            np.concatenate([self._lower, np.full(len(sides), -np.inf)]),
            np.concatenate([self._upper, sides]),
            np.arange(columns) < self.small.savings.sites,
        )


def _grouped(small: Lessened) -> tuple[_Ints, int]:
    """Number demand by itself, or by the neighbourhood of its nearest site where there is too much of it."""
    count = small.savings.demands
    if count <= _GROUPS:
        return np.arange(count), count
    first = small.savings.site[small.savings.starts[:-1]]
    order = np.argsort(first, kind="stable")
    group = np.empty(count, dtype=np.int64)
    group[order] = np.arange(count) * _GROUPS // count
    return group, _GROUPS
