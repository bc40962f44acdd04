"""Where sites reach most people twice, so that a full or closed station leaves them another one: backup coverage.

(Hogan and ReVelle 1986: BACOP1 asks that everybody is reached once and maximises who is reached twice, BACOP2 weighs the
one against the other.) Existing stations count as reaching.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from geo.errors import SitingError
from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.cover import Cover
from geo.siting.infeasible import explain
from geo.siting.least import LeastCover, solve_least
from geo.siting.maximal import weights
from geo.siting.quick import Room
from geo.siting.reduce import identical
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import NO_PLAN, Ended, Limits, Model

__all__ = ["BackupCover", "solve_backup"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class BackupCover:
    """The question: which sites, within the rules, bring most weight within reach once and twice.

    weight: (n,). already: (n,) how many existing stations reach each. first: what reaching once counts, 0 to 1; reaching
    twice counts the rest. everybody: each demand that some candidate reaches must be reached (BACOP1).
    """

    cover: Cover
    weight: _Floats
    rules: Rules
    already: _Ints
    first: float
    everybody: bool

    @classmethod
    def of(
        cls,
        cover: Cover,
        weight: ArrayLike,
        rules: Rules,
        *,
        already: ArrayLike | None = None,
        first: float = 0.0,
        everybody: bool = False,
    ) -> BackupCover:
        """Check a question. Raises SitingError."""
        amounts = weights(weight, cover.demands)
        times = (
            np.zeros(cover.demands, dtype=np.int64)
            if already is None
            else np.asarray(already, dtype=np.int64)
        )
        if times.shape != amounts.shape:
            raise SitingError(f"already tells of {times.size} demand and there is {len(amounts)}")
        if (times < 0).any():
            raise SitingError("already counts stations: give 0 or more of each demand")
        if not cover.sites:
            raise SitingError("there are no candidates: bring points where a station could stand")
        if not 0 <= first <= 1:
            raise SitingError(f"reaching once cannot count {first!r}: give a share from 0 to 1")
        rules.check(cover.sites)
        if rules.count is None and rules.budget is None:
            raise SitingError("how many sites, or for how much money? give a count or a budget")
        return cls(cover, amounts, rules, times, first, everybody)

    def value(self, sites: ArrayLike) -> float:
        """Return what a plan brings: weight reached once and twice that was not, each as it counts."""
        return float(self.weight @ self.worth(self.already + self.cover.reached(sites)))

    def worth(self, times: _Ints) -> _Floats:
        """Return what each demand counts when it is reached so many times, beyond what it counts already, (n,)."""
        rise = np.array([0.0, self.first, 1.0])
        found: _Floats = rise[np.minimum(times, 2)] - rise[np.minimum(self.already, 2)]
        return found

    def missed(self, sites: ArrayLike) -> _Ints:
        """Return the demand that must be reached and that a plan does not reach."""
        allowed = np.setdiff1d(np.arange(self.cover.sites), self.rules.must_not)
        wanted = (self.already == 0) & (self.cover.reached(allowed) > 0)
        return (
            np.flatnonzero(wanted & (self.cover.reached(sites) == 0)) if self.everybody else np.empty(0, int)
        )


def solve_backup(
    asked: BackupCover, limits: Limits | None = None, *, told: Told = lambda step, best, bound: None
) -> Answer:
    """Search for the plan that brings most. told: called with the step, the best value and the bound so far."""
    limits = limits or Limits()
    began = time.monotonic()
    told("reduce", 0.0, np.inf)
    small = _Small.of(asked)
    shared: dict[str, Any] = {
        "problem": "backup cover",
        "sizes": Sizes(
            asked.cover.sites, asked.cover.demands, len(asked.cover),
            len(small.sites), small.cover.demands, len(small.cover),
        ),
        "parameters": {
            "count": asked.rules.count, "budget": asked.rules.budget, "first": asked.first,
            "everybody": asked.everybody, "seconds": limits.seconds, "gap": limits.gap, "seed": limits.seed,
        },
        "versions": {"solver": solver.version(), "numpy": np.__version__},
    }  # fmt: skip
    start = _greedy(asked)
    best = None
    if not asked.rules.broken(start, asked.cover.sites) and not len(asked.missed(start)):
        best = start
        told("plan", asked.value(start), np.inf)
    remaining = replace(limits, seconds=max(0.01, limits.seconds - (time.monotonic() - began)))
    model, begin = small.model(asked, best)
    fixed = float(small.fixed)
    found = solver.solve(
        model, remaining, start=begin,
        told=lambda value, bound: told("search", value + fixed, bound + fixed),
    )  # fmt: skip
    if found.values is not None:
        plan = np.union1d(asked.rules.must, small.sites[found.values[: len(small.sites)] > 0.5])
        if best is None or asked.value(plan) > asked.value(best):
            best = plan
    seconds = time.monotonic() - began
    if best is None:
        if found.ended is Ended.INFEASIBLE:
            reason, relaxation = _why(asked, replace(limits, seconds=10.0))
            return Answer(
                status=Status.INFEASIBLE, reason=reason, relaxation=relaxation, seconds=seconds, **shared
            )
        return Answer(
            status=Status.STOPPED, reason=NO_PLAN, bound=found.bound + fixed,
            seconds=seconds, **shared,
        )  # fmt: skip
    value = asked.value(best)
    bound = max(value, min(found.bound + fixed, float(asked.weight @ asked.worth(asked.already + 2))))
    sites, adds, serves = _in_order(asked, best)
    return Answer(
        status=status_of(value, bound, asked=limits.gap), sites=sites, adds=adds, serves=serves,
        objective=value, bound=bound, gap=Answer.gap_of(value, bound), seconds=seconds, **shared,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Small:
    """What is left to decide once must-sites stand: demand that the same sites reach as often is one demand."""

    sites: _Ints
    cover: Cover
    weight: _Floats
    times: _Ints
    wanted: NDArray[np.bool_]
    fixed: float

    @classmethod
    def of(cls, asked: BackupCover) -> _Small:
        rules, cover = asked.rules, asked.cover
        times = asked.already + cover.reached(rules.must)
        fixed = float(asked.weight @ asked.worth(times))
        sites = np.setdiff1d(np.arange(cover.sites), np.union1d(rules.must, rules.must_not))
        wanted = np.zeros(cover.demands, dtype=bool)
        wanted[asked.missed(rules.must)] = True
        open_ones = (times < 2) & (cover.reached(sites) > 0) & ((asked.weight > 0) | wanted)
        demand = np.flatnonzero(open_ones)
        left = cover.take(sites, demand)
        # How often a demand is reached already, and whether it must be, tells rows apart like one more site.
        kind = 2 * np.minimum(times[demand], 1) + wanted[demand]
        starts, by = left.by_demand
        ends = starts[1:]
        longer = np.insert(by, ends, len(sites) + kind)
        group = identical(starts + np.arange(len(starts)), longer)
        _, first = np.unique(group, return_index=True)
        amounts = np.bincount(group, weights=asked.weight[demand], minlength=len(first)).astype(np.float64)
        return cls(
            sites, left.take(np.arange(len(sites)), first), amounts, times[demand[first]],
            wanted[demand[first]], fixed,
        )  # fmt: skip

    def model(self, asked: BackupCover, start: _Ints | None) -> tuple[Model, _Floats | None]:
        """Columns: sites, once, twice. ``once + twice <= times + sites`` and ``twice <= once``."""
        m, n = len(self.sites), self.cover.demands
        own, lower, upper = rule_rows(asked.rules, self.sites, asked.cover.sites)
        eye, none = eye_array(n, format="csr"), csr_array((n, m))
        reach = hstack([-self.cover.matrix.T.tocsr(), eye, eye], format="csr")
        order = hstack([none, -eye, eye], format="csr")
        rows = vstack([reach, order, hstack([own, csr_array((own.shape[0], 2 * n))])], format="csr")
        second = 1.0 - asked.first
        # What a demand counts at the start is fixed; the columns count what comes on top.
        once = np.where(self.times > 0, 0.0, asked.first) * self.weight
        # With twice worth more than once, half of each would be worth more than one whole.
        whole = np.concatenate(
            [np.ones(m, dtype=bool), np.zeros(n, dtype=bool), np.full(n, second > asked.first)]
        )
        low = np.concatenate([np.zeros(m), (self.wanted | (self.times > 0)).astype(float), np.zeros(n)])
        model = Model(
            np.concatenate([np.zeros(m), once, second * self.weight]), low, np.ones(m + 2 * n), csr_array(rows),
            np.concatenate([np.full(2 * n, -np.inf), lower]),
            np.concatenate([self.times.astype(float), np.zeros(n), upper]), whole,
        )  # fmt: skip
        if start is None:
            return model, None
        chosen = np.isin(self.sites, start)
        times = self.times + self.cover.reached(np.flatnonzero(chosen))
        return model, np.concatenate([chosen, times >= 1, times >= 2]).astype(np.float64)


def _greedy(asked: BackupCover) -> _Ints:
    """Take the site that brings most; reaching once counts at least a third here, since nothing is reached twice first."""
    cover, rules = asked.cover, asked.rules
    sites = np.setdiff1d(np.arange(cover.sites), np.union1d(rules.must, rules.must_not))
    room = Room(rules, sites, cover.sites)
    first = 1.0 if asked.everybody else max(asked.first, 1 / 3)
    times, chosen = asked.already + cover.reached(rules.must), rules.must
    taken = np.zeros(len(sites), dtype=bool)
    while True:
        may = room.open() & ~taken
        if not may.any():
            return chosen
        gain = cover.sums(asked.weight * np.array([first, 1.0 - asked.first, 0.0])[np.minimum(times, 2)])
        best = int(np.argmax(np.where(may, gain[sites], -np.inf)))
        taken[best] = True
        room.take(best)
        chosen = np.union1d(chosen, sites[best])
        times[cover.row(int(sites[best]))] += 1


def _in_order(asked: BackupCover, chosen: _Ints) -> tuple[_Ints, _Floats, tuple[_Ints, ...]]:
    """Order sites by what they add to those before them; each serves the demand that it reaches first or second."""
    times = asked.already.copy()
    left = sorted(chosen.tolist())
    order, adds, serves = [], [], []
    while left:
        rise = asked.weight * (asked.worth(times + 1) - asked.worth(times))
        best = max(left, key=lambda site: (float(rise[asked.cover.row(site)].sum()), -site))
        row = asked.cover.row(best)
        order.append(best)
        adds.append(float(rise[row].sum()))
        serves.append(row[times[row] < 2])
        times[row] += 1
        left.remove(best)
    return np.array(order, dtype=np.int64), np.array(adds), tuple(serves)


def _why(asked: BackupCover, limits: Limits) -> tuple[str, str]:
    """Say whether it is the rules alone, or that everybody shall be reached."""
    if asked.everybody:
        rules = replace(asked.rules, count=None, cost=None, budget=None)
        least = solve_least(LeastCover.of(asked.cover, rules, already=asked.already > 0), limits)
        if (
            least.status is Status.OPTIMAL
            and asked.rules.count is not None
            and len(least.sites) > asked.rules.count
        ):
            return (
                f"{asked.rules.count} sites cannot reach everybody",
                f"allow {len(least.sites)} sites, or do not ask that everybody is reached",
            )
        return "no plan within the rules reaches everybody", "do not ask that everybody is reached"
    return explain(asked.rules, asked.cover.sites, limits)
