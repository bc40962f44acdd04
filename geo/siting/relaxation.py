"""Maximal cover with fractions allowed, asked again and again: some sites fixed, another number of them, the last answer
as the start.

What comes back are prices of demand, and from prices alone a bound follows (``geo.siting.price``) that holds whatever the
solver did: where it was interrupted, or rounds, the bound is weaker and never wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from geo.siting.cover import Cover

__all__ = ["Relaxation", "Relaxed"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_ROWWISE: Final = 2
_MAXIMISE: Final = -1
_NO_END: Final = 2**31 - 1
#: What adding up prices may lose.
_ROUNDING: Final = 1e-11


@dataclass(frozen=True, eq=False)
class Relaxed:
    """x: (m,) how much of each site. worth: (m,) of each site at the prices. rest: what lies beyond the prices.
    basis: where to start from next time. whole: whether the solver came to its end.
    """

    x: _Floats
    worth: _Floats
    rest: float
    basis: Any
    whole: bool

    def bound(self, low: _Floats, high: _Floats, count: int) -> float:
        """Return what no plan of so many sites reaches more than, with some sites chosen (low 1) or barred (high 0)."""
        taken, free = low > 0.5, (low < 0.5) & (high > 0.5)
        left = count - int(taken.sum())
        if left < 0:
            return -np.inf
        worth = np.sort(self.worth[free])[::-1][:left]
        return float(self.rest + self.worth[taken].sum() + worth.sum()) + self.rounding()

    def curve(self, counts: int) -> _Floats:
        """Return the bound for every number of sites from 0 to ``counts``, (counts + 1,)."""
        sums = np.concatenate([[0.0], np.cumsum(np.sort(self.worth)[::-1])])
        held = np.minimum(np.arange(counts + 1), len(self.worth))
        found: _Floats = self.rest + sums[held] + self.rounding()
        return found

    def rounding(self) -> float:
        """Return what the order of adding up may have lost."""
        return _ROUNDING * (abs(self.rest) + float(self.worth.sum()))


class Relaxation:
    """A model in the solver that is kept between questions."""

    def __init__(
        self, cover: Cover, weight: _Floats, bonus: _Floats, *, seed: int, stop: Callable[[], bool]
    ) -> None:
        """Keep the model. stop: asked while the solver runs; True ends the question it is at."""
        import highspy

        self._cover, self._weight, self._bonus = cover, weight, bonus
        sites, demands = cover.sites, cover.demands
        body = hstack([cover.matrix.T.tocsr(), -eye_array(demands, format="csr")], format="csr")
        total = hstack([csr_array(np.ones((1, sites))), csr_array((1, demands))], format="csr")
        rows = csr_array(vstack([body, total], format="csr"))
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("output_flag", False), ("threads", 1), ("presolve", "off"), ("solver", "simplex"),
            ("random_seed", seed),
        ):  # fmt: skip
            solver.setOptionValue(option, value)
        solver.passModel(
            sites + demands, rows.shape[0], rows.nnz, _ROWWISE, _MAXIMISE, 0.0,
            np.concatenate([bonus, weight]), np.zeros(sites + demands), np.ones(sites + demands),
            np.concatenate([np.zeros(demands), [0.0]]),
            np.concatenate([np.full(demands, np.inf), [float(sites)]]),
            rows.indptr.astype(np.int32), rows.indices.astype(np.int32), rows.data,
            np.zeros(sites + demands, dtype=np.int32),
        )  # fmt: skip
        solver.cbSimplexInterrupt.subscribe(lambda event: event.interrupt() if stop() else None)
        self._solver = solver
        self._columns = np.arange(sites, dtype=np.int32)
        self._done = highspy.HighsModelStatus.kOptimal

    def solve(
        self,
        low: _Floats,
        high: _Floats,
        count: int,
        *,
        basis: Any = None,
        steps: int = _NO_END,
        seconds: float = np.inf,
    ) -> Relaxed:
        """Choose at most ``count`` sites, with some chosen or barred. low, high: (m,) 0 or 1. steps: of the simplex."""
        solver, sites, demands = self._solver, self._cover.sites, self._cover.demands
        solver.changeColsBounds(sites, self._columns, low, high)
        solver.changeRowBounds(demands, 0.0, float(count))
        if basis is not None:
            solver.setBasis(basis)
        solver.setOptionValue("simplex_iteration_limit", steps)
        if np.isfinite(seconds):
            # The clock of the solver runs on from question to question.
            solver.setOptionValue("time_limit", solver.getRunTime() + max(0.01, seconds))
        solver.run()
        found = solver.getSolution()
        x = np.asarray(found.col_value, dtype=np.float64)[:sites]
        duals = np.asarray(found.row_dual, dtype=np.float64)[:demands]
        if len(x) != sites or not np.isfinite(x).all():
            x = low.copy()
        if len(duals) != demands or not np.isfinite(duals).all():
            duals = np.zeros(demands)
        prices = np.clip(-duals, 0.0, self._weight)
        return Relaxed(
            np.clip(x, low, high),
            self._cover.sums(prices) + self._bonus,
            float((self._weight - prices).sum()),
            solver.getBasis(),
            solver.getModelStatus() == self._done,
        )
