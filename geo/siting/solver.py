"""HiGHS as this package uses it: a model of arrays in, a plan and a bound out, and never more said than is known.

(Huangfu and Hall 2018, "Parallelizing the dual revised simplex method"; highs.dev.)
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.errors import SitingError

__all__ = ["NO_PLAN", "Ended", "Limits", "Memory", "Model", "Solved", "solve", "version"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_ROWWISE: Final = 2
_MAXIMISE: Final = -1
_MINIMISE: Final = 1
#: Bytes that the solver needs for an entry of a model, measured with its copies and factors.
_BYTES_AN_ENTRY: Final = 400.0
#: Why there is neither a plan nor a proof that there is none.
NO_PLAN: Final = "no plan was found in the time and memory given"


class Ended(StrEnum):
    """How a search ended."""

    #: The plan is proven best, within the gap that was asked for.
    OPTIMAL = "optimal"
    #: Time, memory or somebody ended it; there may be a plan, and there is a bound.
    STOPPED = "stopped"
    #: No plan keeps to the rules.
    INFEASIBLE = "infeasible"


@dataclass(frozen=True)
class Limits:
    """When a search ends: seconds in all, the relative gap that is close enough, megabytes that it may take beyond what the
    process held. seed: equal questions with equal seeds are answered alike, unless time or memory ends them. stop: asked
    now and then; True ends the search.
    """

    seconds: float = 60.0
    gap: float = 0.0
    megabytes: float = 4_000.0
    seed: int = 1
    stop: Callable[[], bool] = field(default=lambda: False)

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise SitingError(f"{self.seconds!r} seconds are no time to search in: give more than 0")
        if not 0 <= self.gap < 1:
            raise SitingError(f"a gap of {self.gap!r} is none: give a share from 0 to below 1")
        if not self.megabytes > 0:
            raise SitingError(f"{self.megabytes!r} MB are no room to search in: give more than 0")
        if not 0 <= self.seed < 2**31:
            raise SitingError(f"a seed of {self.seed!r} is none: give 0 to 2147483647")


class Memory:
    """How much of the megabytes of a search is left, from the moment that this was made."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._before = _peak_mb()

    def holds(self, entries: int) -> bool:
        """Tell whether a model of so many entries may be made."""
        return entries * _BYTES_AN_ENTRY * 1e-6 <= self._limits.megabytes

    def full(self) -> bool:
        """Tell whether the process has grown by more than was given."""
        return _peak_mb() - self._before > self._limits.megabytes


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-3


@dataclass(frozen=True, eq=False)
class Model:
    """A mixed-integer model. objective, lower, upper: (c,). rows: (r, c) with row_lower and row_upper. whole: (c,)
    columns that must be whole numbers.
    """

    objective: _Floats
    lower: _Floats
    upper: _Floats
    rows: csr_array[Any]
    row_lower: _Floats
    row_upper: _Floats
    whole: NDArray[np.bool_]
    maximise: bool = True


@dataclass(frozen=True, eq=False)
class Solved:
    """ended: how. values: (c,) of the best plan, None where none was found. bound: no plan is better; ``inf`` (or
    ``-inf``, minimising) where nothing is known.
    """

    ended: Ended
    values: _Floats | None
    bound: float


def version() -> str:
    """Return the version of the solver."""
    return f"HiGHS {_fresh().version()}"


def solve(
    model: Model,
    limits: Limits,
    *,
    start: _Floats | None = None,
    relaxed: bool = False,
    told: Callable[[float, float], None] = lambda best, bound: None,
) -> Solved:
    """Search for the best plan. start: values of a plan that is known, of the first columns or of all. relaxed: let every
    column be a fraction.

    told: called now and then with the best value and the bound. A model that is too large for the memory given is not
    searched: it ends as stopped, with nothing known.
    """
    import highspy

    memory = Memory(limits)
    if not memory.holds(model.rows.nnz):
        return Solved(Ended.STOPPED, None, np.inf if model.maximise else -np.inf)

    if not len(model.objective):
        # With nothing to choose the only plan is the empty one.
        keeps = bool((model.row_lower <= 0).all() and (model.row_upper >= 0).all())
        return Solved(Ended.OPTIMAL, np.empty(0), 0.0) if keeps else _none(model)
    solver = _fresh()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", limits.seed)
    solver.setOptionValue("time_limit", limits.seconds)
    solver.setOptionValue("mip_rel_gap", limits.gap)
    solver.setOptionValue("mip_abs_gap", 0.0)
    whole = np.zeros_like(model.whole) if relaxed else model.whole
    rows = model.rows
    passed = solver.passModel(
        len(model.objective),
        rows.shape[0],
        rows.nnz,
        _ROWWISE,
        _MAXIMISE if model.maximise else _MINIMISE,
        0.0,
        model.objective,
        model.lower,
        model.upper,
        model.row_lower,
        model.row_upper,
        rows.indptr.astype(np.int32),
        rows.indices.astype(np.int32),
        rows.data.astype(np.float64),
        whole.astype(np.int32),
    )
    if passed == highspy.HighsStatus.kError:
        raise SitingError("the solver refused the model; this is a fault of this program")
    if start is not None and whole.any():
        solver.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
    _listen(solver, limits, memory, told)
    solver.run()
    return _answer(solver, model, whole=bool(whole.any()))


def _fresh() -> Any:
    import highspy

    made: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    return made


def _listen(solver: Any, limits: Limits, memory: Memory, told: Callable[[float, float], None]) -> None:
    last = [time.monotonic()]

    def look(event: Any) -> None:
        if limits.stop():
            event.interrupt()
        now = time.monotonic()
        if now - last[0] >= 0.5:
            last[0] = now
            if memory.full():
                event.interrupt()
            told(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)

    solver.cbMipInterrupt.subscribe(look)
    solver.cbSimplexInterrupt.subscribe(lambda event: event.interrupt() if limits.stop() else None)


def _none(model: Model) -> Solved:
    return Solved(Ended.INFEASIBLE, None, np.inf if model.maximise else -np.inf)


def _answer(solver: Any, model: Model, *, whole: bool) -> Solved:
    import highspy

    status, info = solver.getModelStatus(), solver.getInfo()
    known = highspy.HighsModelStatus
    unknown = np.inf if model.maximise else -np.inf
    if status in (known.kInfeasible, known.kUnboundedOrInfeasible):
        return _none(model)
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(solver.getSolution().col_value, dtype=np.float64) if feasible else None
    done = status == known.kOptimal
    claimed = info.mip_dual_bound if whole else info.objective_function_value if done else unknown
    bound = float(claimed) if np.isfinite(claimed) else unknown
    return Solved(Ended.OPTIMAL if done else Ended.STOPPED, values, bound)
