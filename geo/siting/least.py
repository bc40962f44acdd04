"""The fewest or cheapest sites that reach everybody: the location set covering problem (Toregas and others 1971).

What is reached already leaves; demand that is reached whenever some other is leaves; sites that another one outdoes leave; a
demand with one site left chooses it. What remains falls into parts that share nothing, and each is searched by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from geo.errors import SitingError
from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.cover import Cover
from geo.siting.infeasible import explain
from geo.siting.ordering import in_order
from geo.siting.quick import Plan
from geo.siting.reduce import identical
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import NO_PLAN, Ended, Limits, Model

__all__ = ["LeastCover", "solve_least"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class LeastCover:
    """The question: which sites, within the rules, reach all demand that can be reached, for the least cost.

    cover: candidates × demand. already: (n,) demand that existing stations reach. beyond: demand that no candidate that
    may be chosen reaches; it is named and not asked for.
    """

    cover: Cover
    rules: Rules
    already: NDArray[np.bool_]
    beyond: _Ints

    @classmethod
    def of(cls, cover: Cover, rules: Rules | None = None, *, already: ArrayLike | None = None) -> LeastCover:
        """Check a question. Raises SitingError for rules that contradict themselves."""
        rules = rules or Rules()
        reached = np.zeros(cover.demands, dtype=bool) if already is None else np.asarray(already, dtype=bool)
        if reached.shape != (cover.demands,):
            raise SitingError(f"already tells of {len(reached)} demand and there is {cover.demands}")
        if not cover.demands:
            raise SitingError("there is no demand: nothing to reach")
        if not cover.sites:
            raise SitingError("there are no candidates: bring points where a station could stand")
        rules.check(cover.sites)
        allowed = np.setdiff1d(np.arange(cover.sites), rules.must_not)
        return cls(cover, rules, reached, np.flatnonzero((cover.reached(allowed) == 0) & ~reached))

    def cost(self, sites: ArrayLike) -> float:
        """Return what a plan costs; 1 a site where no cost is given."""
        return float(self.rules.costs(self.cover.sites)[np.asarray(sites, dtype=np.int64)].sum())

    def missed(self, sites: ArrayLike) -> _Ints:
        """Return the demand that can be reached and that a plan does not reach."""
        left = (self.cover.reached(sites) == 0) & ~self.already
        left[self.beyond] = False
        return np.flatnonzero(left)


def solve_least(
    asked: LeastCover, limits: Limits | None = None, *, told: Told = lambda step, best, bound: None
) -> Answer:
    """Search for the least cost. told: called with the step, the best value and the bound so far."""
    limits = limits or Limits()
    began = time.monotonic()
    rules, total = asked.rules, asked.cover.sites
    cost = rules.costs(total)
    told("reduce", np.inf, 0.0)
    left = _Left.of(asked)
    left.shrink(cost, rules)
    sizes = Sizes(
        total, asked.cover.demands, len(asked.cover), len(left.sites), left.cover.demands, len(left.cover)
    )
    chosen, bound = list(left.chosen), float(cost[left.chosen].sum())
    ended = Ended.OPTIMAL
    for part in left.parts(rules):
        remaining = replace(limits, seconds=max(0.01, limits.seconds - (time.monotonic() - began)))
        found = _search(
            left, part, rules, cost, remaining, told=_beyond(told, float(cost[chosen].sum()), bound)
        )
        if found is None:
            ended = Ended.INFEASIBLE
            break
        picked, low, how = found
        chosen += picked.tolist()
        bound += low
        ended = how if how is not Ended.OPTIMAL else ended
        told("search", float(cost[chosen].sum()), bound)
    shared: dict[str, Any] = {
        "problem": "least cover",
        "seconds": time.monotonic() - began,
        "sizes": sizes,
        "parameters": {"seconds": limits.seconds, "gap": limits.gap, "seed": limits.seed},
        "versions": {"solver": solver.version(), "numpy": np.__version__},
    }
    plan = np.array(sorted(chosen), dtype=np.int64)
    short = bool(rules.broken(plan, total)) or len(asked.missed(plan)) > 0
    if ended is Ended.INFEASIBLE or (short and ended is Ended.OPTIMAL):
        reason, relaxation = explain(rules, total, replace(limits, seconds=10.0))
        return Answer(status=Status.INFEASIBLE, reason=reason, relaxation=relaxation, **shared)
    if short:
        return Answer(status=Status.STOPPED, reason=NO_PLAN, bound=bound, **shared)
    value = asked.cost(plan)
    bound = min(bound, value)
    sites, adds, serves = in_order(asked.cover, np.ones(asked.cover.demands), asked.already, plan)
    return Answer(
        status=status_of(value, bound, asked=limits.gap),
        sites=sites,
        adds=adds,
        serves=serves,
        objective=value,
        bound=bound,
        gap=Answer.gap_of(value, bound),
        **shared,
    )


@dataclass(eq=False)
class _Left:
    """What is left to decide. sites: (m',) which ones; cover: over the demand left; chosen: settled already."""

    sites: _Ints
    cover: Cover
    chosen: _Ints

    @classmethod
    def of(cls, asked: LeastCover) -> _Left:
        rules = asked.rules
        reached = asked.already | (asked.cover.reached(rules.must) > 0)
        reached[asked.beyond] = True
        sites = np.setdiff1d(np.arange(asked.cover.sites), np.union1d(rules.must, rules.must_not))
        return cls(sites, asked.cover.take(sites, np.flatnonzero(~reached)), rules.must)

    def shrink(self, cost: _Floats, rules: Rules) -> None:
        """Drop what decides nothing, until nothing changes. A site under a rule of its own stays."""
        bound = np.zeros(len(cost), dtype=bool)
        bound[rules.apart.ravel()] = True
        for each in rules.floors:
            bound[each.sites] = True
        # A count or a budget that binds concerns every site alike, and cheaper sites never break it.
        while True:
            before = (len(self.sites), self.cover.demands)
            demand = self._weakest_demand()
            self.cover = self.cover.take(np.arange(len(self.sites)), demand)
            self._choose_only_ones(bound)
            kept = self._undominated(cost, bound)
            self.sites, self.cover = (
                self.sites[kept],
                self.cover.take(kept, np.arange(self.cover.demands)),
            )
            if (len(self.sites), self.cover.demands) == before:
                return

    def _weakest_demand(self) -> _Ints:
        """Return the demand that is not reached whenever some other one is."""
        starts, by = self.cover.by_demand
        _, first = np.unique(identical(starts, by), return_index=True)
        degree = np.diff(starts)
        kept = np.ones(self.cover.demands, dtype=bool)
        kept[np.setdiff1d(np.arange(self.cover.demands), first)] = False
        for row in first[np.argsort(degree[first], kind="stable")].tolist():
            if not kept[row]:
                continue
            held: _Ints | None = None
            for site in by[starts[row] : starts[row + 1]].tolist():
                reached = self.cover.row(site)
                held = reached if held is None else np.intersect1d(held, reached, assume_unique=True)
                if len(held) == 1:
                    break
            if held is not None:
                kept[held[held != row]] = False
        return np.flatnonzero(kept)

    def _choose_only_ones(self, bound: NDArray[np.bool_]) -> None:
        """Choose the sites that some demand has no other for, if no rule of their own stands against it."""
        starts, by = self.cover.by_demand
        only = np.unique(by[starts[:-1][np.diff(starts) == 1]])
        only = only[~bound[self.sites[only]]]
        if not len(only):
            return
        done = self.cover.reached(only) > 0
        self.chosen = np.concatenate([self.chosen, self.sites[only]])
        kept = np.setdiff1d(np.arange(len(self.sites)), only)
        self.cover = self.cover.take(kept, np.flatnonzero(~done))
        self.sites = self.sites[kept]

    def _undominated(self, cost: _Floats, bound: NDArray[np.bool_]) -> _Ints:
        """Return the sites that no other one outdoes: reaching all that they reach for no more."""
        starts, by = self.cover.by_demand
        degree = np.diff(starts)
        useful = np.ones(len(self.sites), dtype=bool)
        own, free = cost[self.sites], ~bound[self.sites]
        for site in np.flatnonzero(free).tolist():
            row = self.cover.row(site)
            if not len(row):
                useful[site] = False
                continue
            rivals: _Ints | None = None
            for demand in row[np.argsort(degree[row], kind="stable")].tolist():
                held = by[starts[demand] : starts[demand + 1]]
                rivals = held if rivals is None else np.intersect1d(rivals, held, assume_unique=True)
                if len(rivals) == 1:
                    break
            if rivals is None:
                continue
            rivals = rivals[(rivals != site) & useful[rivals] & free[rivals] & (own[rivals] <= own[site])]
            useful[site] = not len(rivals)
        return np.flatnonzero(useful)

    def parts(self, rules: Rules) -> list[tuple[_Ints, _Ints]]:
        """Return the parts that share nothing: sites and demand of each. Rules that tie sites tie their parts."""
        count = len(self.sites)
        tied = rules.count is not None or rules.budget is not None
        if tied or not count:
            return [(np.arange(count), np.arange(self.cover.demands))]
        number = np.full(int(self.sites.max()) + 1, -1, dtype=np.int64)
        number[self.sites] = np.arange(count)

        def inside(sites: _Ints) -> _Ints:
            known = sites[sites < len(number)]
            found: _Ints = number[known]
            return found[found >= 0]

        ties = [inside(each.sites) for each in rules.floors] + [inside(pair) for pair in rules.apart]
        extra = csr_array(
            (
                np.ones(sum(map(len, ties))),
                (
                    np.repeat(np.arange(len(ties)), [len(tie) for tie in ties]),
                    np.concatenate([*ties, []]).astype(int),
                ),
            ),
            shape=(len(ties), count),
        )
        joined = vstack([self.cover.matrix.T.tocsr(), extra], format="csr")
        _, label = connected_components(joined.T @ joined, directed=False)
        starts, by = self.cover.by_demand
        of_demand = label[by[starts[:-1]]] if self.cover.demands else np.empty(0, dtype=np.int64)
        return [
            (np.flatnonzero(label == part), np.flatnonzero(of_demand == part)) for part in np.unique(label)
        ]


def _search(
    left: _Left,
    part: tuple[_Ints, _Ints],
    rules: Rules,
    cost: _Floats,
    limits: Limits,
    *,
    told: Callable[[float, float], None],
) -> tuple[_Ints, float, Ended] | None:
    """Search one part. Returns its sites, the bound and how it ended; None where no plan keeps to the rules."""
    sites, demand = part
    cover = left.cover.take(sites, demand)
    names = left.sites[sites]
    settled = replace(rules, must=np.union1d(rules.must, left.chosen))
    own, lower, upper = rule_rows(settled, names, len(cost))
    # A rule none of whose sites is in this part is another part's; whether all are kept is asked of the whole plan.
    touched = np.diff(own.indptr) > 0
    own, lower, upper = own[np.flatnonzero(touched)], lower[touched], upper[touched]
    if not len(sites):
        return (np.empty(0, dtype=np.int64), 0.0, Ended.OPTIMAL) if not len(demand) else None
    model = Model(
        cost[names],
        np.zeros(len(sites)),
        np.ones(len(sites)),
        csr_array(vstack([cover.matrix.T.tocsr(), own], format="csr")),
        np.concatenate([np.ones(len(demand)), lower]),
        np.concatenate([np.full(len(demand), np.inf), upper]),
        np.ones(len(sites), dtype=bool),
        maximise=False,
    )
    start = _greedy(cover, cost[names])
    found = solver.solve(model, limits, start=start, told=told)
    if found.ended is Ended.INFEASIBLE:
        return None
    if found.values is None:
        # Whether it keeps to the rules is asked of the whole plan.
        return names[start > 0.5], 0.0, Ended.STOPPED
    return names[found.values > 0.5], max(0.0, found.bound), found.ended


def _beyond(told: Told, cost: float, bound: float) -> Callable[[float, float], None]:
    """Return what tells of one part beside what the parts before it cost."""
    return lambda best, low: told("search", cost + best, bound + low)


def _greedy(cover: Cover, cost: _Floats) -> _Floats:
    """Return a plan that reaches all: the site that reaches most for its cost, again and again (Chvátal 1979), less
    those that the others make needless.
    """
    plan = Plan(cover, np.ones(cover.demands), np.zeros(cover.sites))
    price = np.maximum(cost, 1e-12)
    while (plan.reached == 0).any():
        plan.add(int(np.argmax(np.where(plan.chosen, -np.inf, plan.gain / price))))
    for site in sorted(np.flatnonzero(plan.chosen).tolist(), key=lambda each: -cost[each]):
        if plan.loss(site) == 0:
            plan.drop(site)
    return plan.chosen.astype(np.float64)
