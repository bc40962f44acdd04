"""A measured question searched as the problem that it names, and its answer checked from the ways without a solver.

Whatever the problem, what it bounds is the solver's claim; everything else that an answer says is recomputed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.siting import (
    Answer,
    BackupCover,
    CapacitatedCover,
    Centre,
    Cover,
    LeastCover,
    Limits,
    MaximalCover,
    Median,
    solve_backup,
    solve_capacitated,
    solve_centre,
    solve_least,
    solve_maximal,
    solve_median,
)
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.checking import check
from stations.planning.siting.measured import Measured
from stations.planning.siting.wants import Problem

__all__ = ["Searched", "searched"]

_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]
Asks = MaximalCover | LeastCover | Median | Centre | BackupCover | CapacitatedCover


@dataclass(frozen=True, eq=False)
class Searched:
    """One question ready to be searched, again and again under other rules.

    asks: as ``geo.siting`` takes it. kept: (r,) the demand that it asks about, where it leaves some out: who can be
    brought no nearer by anybody is no reason to give up on the others.
    """

    question: SitingQuestion
    measured: Measured
    asks: Asks
    kept: _Ints | None = None

    def solve(self, limits: Limits, told: Told = lambda step, best, bound: None) -> Answer:
        """Search, check and return an answer. Raises SitingError for one that is not what it says."""
        answer = _SOLVERS[self.question.problem](self.asks, limits, told=told)
        self.check(answer)
        return self.whole(answer)

    def check(self, answer: Answer) -> None:
        """Raise SitingError naming what an answer of ``asks`` says and that the ways do not bear out."""
        check(answer, self.measured, self.question, self.kept)

    def whole(self, answer: Answer) -> Answer:
        """Number the demand of an answer as everywhere else."""
        if self.kept is None:
            return answer
        return replace(answer, serves=tuple(self.kept[each] for each in answer.serves))


def searched(question: SitingQuestion, measured: Measured, *, stations: int) -> Searched:
    """Write a measured question as the problem that it names. Raises SitingError for what contradicts itself.

    stations: how many there are.
    """
    asked, rules = measured.asked, measured.asked.rules
    problem, count = question.problem, asked.cover.sites
    if problem is Problem.MAXIMAL:
        maximal = MaximalCover.of(asked.cover, asked.weight, rules, already=measured.times > 0)
        return Searched(question, measured, maximal)
    if problem is Problem.LEAST:
        return Searched(question, measured, LeastCover.of(asked.cover, rules, already=measured.times > 0))
    if problem is Problem.BACKUP:
        backup = BackupCover.of(
            asked.cover, asked.weight, rules, already=measured.times, first=question.once,
            everybody=question.everybody,
        )  # fmt: skip
        return Searched(question, measured, backup)
    if problem is Problem.CAPACITATED:
        return Searched(question, measured, _capacitated(question, measured, stations))
    if problem is Problem.MEDIAN:
        median = Median.of(
            measured.site, asked.cover.demand, asked.seconds, asked.weight, rules, sites=count,
            existing=measured.existing_s, penalty=measured.search_s,
        )  # fmt: skip
        return Searched(question, measured, median)
    kept = np.flatnonzero(np.isfinite(measured.existing_s) | (asked.cover.reached(measured.allowed) > 0))
    number = np.full(len(measured.people), -1)
    number[kept] = np.arange(len(kept))
    mine = number[asked.cover.demand] >= 0
    centre = Centre.of(
        measured.site[mine], number[asked.cover.demand[mine]], asked.seconds[mine], rules, sites=count,
        demands=len(kept), existing=measured.existing_s[kept], penalty=measured.search_s,
    )  # fmt: skip
    return Searched(question, measured, centre, kept)


def _capacitated(question: SitingQuestion, measured: Measured, stations: int) -> CapacitatedCover:
    asked, there = measured.asked, measured.existing
    holds = float(question.holds or 0.0)
    theirs = holds if question.stations_hold is None else question.stations_hold
    existing = None
    if there is not None:
        existing = Cover(there.starts.astype(np.int64), there.place.astype(np.int64), asked.cover.demands)
    return CapacitatedCover.of(
        asked.cover,
        asked.weight,
        np.full(asked.cover.sites, holds),
        asked.rules,
        existing=existing,
        existing_holds=np.full(stations if existing is not None else 0, theirs),
    )


_SOLVERS: dict[Problem, Callable[..., Answer]] = {
    Problem.MAXIMAL: solve_maximal,
    Problem.LEAST: solve_least,
    Problem.MEDIAN: solve_median,
    Problem.CENTRE: solve_centre,
    Problem.BACKUP: solve_backup,
    Problem.CAPACITATED: solve_capacitated,
}
