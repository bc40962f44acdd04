"""A linear model that rows are added to: HiGHS keeps its basis, so that each new search begins where the last one ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.errors import SitingError
from geo.siting.solver import Ended, Limits

__all__ = ["Growing", "Relaxed"]

_Floats = NDArray[np.float64]
_ROWWISE: Final = 2
_MAXIMISE: Final = -1


@dataclass(frozen=True, eq=False)
class Relaxed:
    """ended: how. bound: the optimum. values, reduced: (c,) of each column and its reduced cost. rows: (r,) of each row."""

    ended: Ended
    bound: float
    values: _Floats
    reduced: _Floats
    rows: _Floats


class Growing:
    """Maximise, with fractions allowed, under rows that keep coming."""

    def __init__(self, objective: _Floats, upper: _Floats, limits: Limits) -> None:
        import highspy

        made: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self._solver, self._limits = made, limits
        made.setOptionValue("output_flag", False)
        made.setOptionValue("threads", 1)
        made.setOptionValue("random_seed", limits.seed)
        made.setOptionValue("solver", "simplex")
        made.passModel(
            len(objective), 0, 0, _ROWWISE, _MAXIMISE, 0.0, objective, np.zeros(len(objective)), upper,
            np.empty(0), np.empty(0), np.zeros(1, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0),
            np.zeros(len(objective), dtype=np.int32),
        )  # fmt: skip
        made.cbSimplexInterrupt.subscribe(lambda event: event.interrupt() if self._late() else None)
        self._until = np.inf

    def _late(self) -> bool:
        return time.monotonic() > self._until or self._limits.stop()

    def add(self, rows: csr_array[Any], lower: _Floats, upper: _Floats) -> None:
        """Add rows (r, c) with what each may be at least and at most."""
        import highspy

        if not rows.shape[0]:
            return
        added = self._solver.addRows(
            rows.shape[0], lower, upper, rows.nnz,
            rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32), rows.data.astype(np.float64),
        )  # fmt: skip
        if added == highspy.HighsStatus.kError:
            raise SitingError("the solver refused rows; this is a fault of this program")

    def run(self, seconds: float) -> Relaxed:
        """Solve what there is. A run that time or somebody ended knows nothing."""
        import highspy

        self._until = time.monotonic() + seconds
        self._solver.run()
        status, known = self._solver.getModelStatus(), highspy.HighsModelStatus
        if status in (known.kInfeasible, known.kUnboundedOrInfeasible):
            return Relaxed(Ended.INFEASIBLE, np.inf, np.empty(0), np.empty(0), np.empty(0))
        if status != known.kOptimal:
            return Relaxed(Ended.STOPPED, np.inf, np.empty(0), np.empty(0), np.empty(0))
        found = self._solver.getSolution()
        return Relaxed(
            Ended.OPTIMAL,
            float(self._solver.getInfo().objective_function_value),
            np.array(found.col_value),
            np.array(found.col_dual),
            np.array(found.row_value),
        )
