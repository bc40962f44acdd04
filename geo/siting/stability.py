"""Whether a plan still stands where demand is not what it was counted to be: the question asked again with other weights."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.errors import SitingError
from geo.siting.answer import Answer, Status
from geo.siting.asking import grows, share_time, sites_of, solve
from geo.siting.backup import BackupCover
from geo.siting.capacitated import CapacitatedCover
from geo.siting.maximal import MaximalCover
from geo.siting.median import Median
from geo.siting.solver import Limits

__all__ = ["Stability", "stability"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stability:
    """share: (m,) in which share of runs each site is chosen. regret: (r,) by how much of the best of each run the plan
    falls short there, 0 where it is best itself. proven: how many runs were searched to the end.
    """

    share: _Floats
    regret: _Floats
    proven: int

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return len(self.regret)


def stability(
    asked: MaximalCover | Median | BackupCover | CapacitatedCover,
    found: Answer,
    *,
    runs: int = 20,
    spread: float = 0.2,
    limits: Limits | None = None,
) -> Stability:
    """Ask again with each weight multiplied by a random factor, and tell what stays.

    spread: standard deviation of the logarithm of the factor, whose mean is 1; each demand by itself. limits: time for
    all runs together; its seed draws the factors. Fewer runs are made where time or somebody ends them.
    """
    if runs < 1:
        raise SitingError(f"{runs} runs are none: give 1 or more")
    if not 0 < spread <= 2:
        raise SitingError(f"a spread of {spread!r} is none: give a number above 0 and up to 2")
    if not len(found.sites):
        raise SitingError("there is no plan to ask about")
    limits = limits or Limits()
    began, rng = time.monotonic(), np.random.default_rng(limits.seed)
    chosen = np.zeros(sites_of(asked))
    regret: list[float] = []
    proven = 0
    for number in range(runs):
        if limits.stop() or time.monotonic() - began > limits.seconds:
            break
        factor = np.exp(spread * rng.standard_normal(len(asked.weight)) - spread**2 / 2)
        other = replace(asked, weight=asked.weight * factor)
        answer = solve(other, share_time(limits, began, runs - number))
        if not np.isfinite(answer.objective):
            continue
        proven += answer.status is Status.OPTIMAL
        chosen[answer.sites] += 1.0
        kept, best = other.value(found.sites), answer.objective
        short = best - kept if grows(asked) else kept - best
        regret.append(max(0.0, short) / max(abs(best), 1e-12))
    return Stability(chosen / max(1, len(regret)), np.array(regret), proven)
