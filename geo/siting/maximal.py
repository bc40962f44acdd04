"""Where so many sites reach most people: maximal cover (Church and ReVelle 1974), with a bound on every plan.

First the question is made smaller, then a good plan is found at once, then prices say how good any plan can be and
settle sites, and HiGHS searches what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from geo.errors import SitingError
from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.cover import Cover
from geo.siting.infeasible import explain
from geo.siting.master import master
from geo.siting.ordering import in_order
from geo.siting.pieces import Pieces
from geo.siting.price import Priced, Worth, price
from geo.siting.quick import Plan, Room, greedy, improve, shake
from geo.siting.reduce import Reduced, reduce_cover
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import NO_PLAN, Ended, Limits, Memory, Model

__all__ = ["MaximalCover", "solve_maximal"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]

#: Beyond so many sites a demand, or so many pairs, demand is kept out of the model (Benders).
_DENSE: Final = 40.0
_MANY_PAIRS: Final = 3_000_000
#: Of the time that is given, at most so much for prices, and for looking for a better plan before searching.
_PRICING, _SHAKING = 0.25, 0.25
#: Steps of pricing: where fractions bound each piece afterwards, and where prices are all there is.
_FEW_STEPS: Final = 300
_STEPS: Final = 1_500


@dataclass(frozen=True, eq=False)
class MaximalCover:
    """The question: which sites, within the rules, reach most weight that is not reached already.

    cover: candidates × demand. weight: (n,), 0 or more. already: (n,) demand that existing stations reach.
    """

    cover: Cover
    weight: _Floats
    rules: Rules
    already: NDArray[np.bool_]

    @classmethod
    def of(
        cls, cover: Cover, weight: ArrayLike, rules: Rules, *, already: ArrayLike | None = None
    ) -> MaximalCover:
        """Check a question. Raises SitingError for weights that are none, and for rules that contradict themselves."""
        amounts = weights(weight, cover.demands)
        reached = np.zeros(cover.demands, dtype=bool) if already is None else np.asarray(already, dtype=bool)
        if reached.shape != amounts.shape:
            raise SitingError(f"already tells of {len(reached)} demand and there is {len(amounts)}")
        if not cover.sites:
            raise SitingError("there are no candidates: bring points where a station could stand")
        rules.check(cover.sites)
        if rules.count is None and rules.budget is None:
            raise SitingError("how many sites, or for how much money? give a count or a budget")
        return cls(cover, amounts, rules, reached)

    def value(self, sites: ArrayLike) -> float:
        """Return the weight that a plan reaches beside what is reached already."""
        reached = (self.cover.reached(sites) > 0) & ~self.already
        return float(self.weight[reached].sum())


def weights(weight: ArrayLike, demands: int) -> _Floats:
    """Check the weights of demand, (n,). Raises SitingError."""
    amounts = np.asarray(weight, dtype=np.float64)
    if amounts.shape != (demands,):
        raise SitingError(f"{amounts.size} weights were given for {demands} demand")
    if not demands:
        raise SitingError("there is no demand: nothing to reach")
    bad = np.flatnonzero(~np.isfinite(amounts) | (amounts < 0))
    if len(bad):
        raise SitingError(
            f"demand {int(bad[0])} weighs {amounts[bad[0]]!r}: a weight is a number of 0 or more"
        )
    return amounts


def solve_maximal(
    asked: MaximalCover,
    limits: Limits | None = None,
    *,
    told: Told = lambda step, best, bound: None,
) -> Answer:
    """Search for the plan that reaches most. told: called with the step, the best value and the bound so far."""
    limits = limits or Limits()
    search = _Search(asked, limits, told)
    return search.answer()


class _Search:
    def __init__(self, asked: MaximalCover, limits: Limits, told: Told) -> None:
        self.asked, self.limits, self.told = asked, limits, told
        self.began, self.memory = time.monotonic(), Memory(limits)
        self.best: _Ints | None = None
        self.value = -np.inf
        self.bound = np.inf
        self.root = float("nan")

    def left(self) -> float:
        return self.limits.seconds - (time.monotonic() - self.began)

    def going(self, until: float) -> bool:
        return (
            time.monotonic() < until
            and not self.limits.stop()
            and not self.memory.full()
            and not self.close()
        )

    def close(self) -> bool:
        return Answer.gap_of(self.value, self.bound) <= max(self.limits.gap, 1e-9)

    def answer(self) -> Answer:
        asked = self.asked
        rules = asked.rules
        self.told("reduce", 0.0, np.inf)
        already = asked.already
        own = float(asked.weight[already].sum())
        small = reduce_cover(asked.cover, asked.weight, already, rules)
        self.offset = small.fixed - own
        sizes = Sizes(
            asked.cover.sites, asked.cover.demands, len(asked.cover),
            small.cover.sites, small.cover.demands, len(small.cover),
        )  # fmt: skip
        self.quick(small, rules)
        apart = self.parts(small, rules)
        priced = self.priced(small, rules, _FEW_STEPS if apart else _STEPS)
        if apart:
            ended = self.pieced(small, rules, priced)
        else:
            self.shaken(small, rules, priced)
            self.root = Answer.gap_of(self.value, self.bound)
            ended = self.proven(small, rules, priced) if not self.close() else Ended.OPTIMAL
        return self.finished(ended, sizes)

    def quick(self, small: Reduced, rules: Rules) -> None:
        """Find a plan at once; with a budget also by what a site brings for its cost."""
        for per_cost in (False, True) if rules.budget is not None else (False,):
            plan = Plan(small.cover, small.weight, small.bonus)
            room = Room(rules, small.sites, self.asked.cover.sites)
            greedy(plan, room, per_cost=per_cost)
            improve(plan, room, go_on=lambda: self.left() > 0 and not self.limits.stop())
            if room.complete():
                self.found(np.concatenate([rules.must, small.sites[plan.chosen]]))

    def found(self, sites: _Ints) -> None:
        """Keep a plan if it is better, as the question itself counts it."""
        value = self.asked.value(sites)
        if value > self.value and not self.asked.rules.broken(sites, self.asked.cover.sites):
            self.best, self.value = np.sort(sites), value
            self.told("plan", self.value, self.bound)

    def priced(self, small: Reduced, rules: Rules, steps: int) -> Priced:
        until = self.began + _PRICING * self.limits.seconds + (time.monotonic() - self.began)
        most = Worth(rules, small.sites, self.asked.cover.sites)
        known = max(0.0, self.value - self.offset)
        found = price(
            small.cover, small.weight, small.bonus, most,
            known=known, steps=steps, close=self.limits.gap, go_on=lambda bound: self.going(until),
        )  # fmt: skip
        self.bound = min(self.bound, found.bound + self.offset)
        self.told("bound", self.value, self.bound)
        return found

    def shaken(self, small: Reduced, rules: Rules, priced: Priced) -> None:
        """Look for a better plan near the best one, with an eye on the sites that prices like."""
        if self.best is None:
            return
        until = time.monotonic() + _SHAKING * max(0.0, self.left())
        plan = Plan(small.cover, small.weight, small.bonus)
        room = Room(rules, small.sites, self.asked.cover.sites)
        for site in np.flatnonzero(np.isin(small.sites, self.best)).tolist():
            plan.add(site)
            room.take(site)
        rng = np.random.default_rng(self.limits.seed)
        for chosen in shake(plan, room, priced.share, rng, go_on=lambda: self.going(until)):
            self.found(np.concatenate([rules.must, small.sites[chosen]]))

    def parts(self, small: Reduced, rules: Rules) -> bool:
        """Tell whether pieces are bound to each other by the number of sites alone, and are small enough to be relaxed."""
        pairs = len(small.cover)
        plain = Worth(rules, small.sites, self.asked.cover.sites).plain and not len(rules.apart)
        return plain and pairs <= _MANY_PAIRS and self.memory.holds(pairs)

    def pieced(self, small: Reduced, rules: Rules, priced: Priced) -> Ended:
        """Search piece by piece."""

        def told(chosen: _Ints, value: float, bound: float) -> None:
            self.bound = min(self.bound, bound + self.offset)
            if value + self.offset > self.value:
                self.found(np.concatenate([rules.must, small.sites[chosen]]))
            self.told("search", self.value, self.bound)

        count = (rules.count or 0) - len(rules.must)
        pieces = Pieces(
            small, count, priced, self.limits,
            seconds=lambda: 0.0 if self.limits.stop() or self.memory.full() else self.left(), told=told,
        )  # fmt: skip
        if self.best is not None:
            pieces.start(np.flatnonzero(np.isin(small.sites, self.best)))
        pieces.solve()
        self.root = Answer.gap_of(self.value, (pieces.root or self.bound - self.offset) + self.offset)
        return Ended.OPTIMAL if self.close() else Ended.STOPPED

    def proven(self, small: Reduced, rules: Rules, priced: Priced) -> Ended:
        """Search what prices leave open."""
        smaller, stricter = self.settled(small, rules, priced)
        contradicts = bool(replace(stricter, floors=()).broken(stricter.must, self.asked.cover.sites))
        if contradicts or not smaller.cover.sites:
            # Every site is settled, or what every better plan has breaks the rules: the only plan left is looked at.
            self.found(stricter.must)
            if self.best is None:
                return Ended.INFEASIBLE
            self.bound = min(self.bound, self.value)
            return Ended.OPTIMAL
        offset = smaller.fixed - float(self.asked.weight[self.asked.already].sum())
        pairs = len(smaller.cover)
        dense = pairs > _DENSE * max(1, smaller.cover.demands) or pairs > _MANY_PAIRS
        dense = dense or not self.memory.holds(pairs)
        remaining = replace(self.limits, seconds=max(0.01, self.left()))

        def tell(best: float, bound: float) -> None:
            self.told("search", max(self.value, best + offset), min(self.bound, bound + offset))

        chosen: _Ints | None
        if dense:
            chosen, bound, ended = master(
                smaller, stricter, self.asked.cover.sites, remaining,
                start=self.best, priced=None, told=tell, known=self.value - offset,
            )  # fmt: skip
        else:
            chosen, bound, ended = _compact(
                smaller, stricter, self.asked.cover.sites, remaining, start=self.best, told=tell
            )
        if chosen is not None:
            self.found(np.concatenate([stricter.must, chosen]))
        if ended is Ended.INFEASIBLE and self.best is not None:
            # What prices settled leaves no plan: none is better than the one that is known.
            bound, ended = self.value - offset, Ended.OPTIMAL
        # A plan outside what prices left open is no better than the one that settled them.
        self.bound = min(self.bound, max(self.value, bound + offset))
        return ended

    def settled(self, small: Reduced, rules: Rules, priced: Priced) -> tuple[Reduced, Rules]:
        """Leave out the sites that no better plan has, and choose those that every better plan has."""
        most = Worth(rules, small.sites, self.asked.cover.sites)
        out, into = priced.settle(most, max(0.0, self.value - self.offset))
        if self.best is None or not (out.any() or into.any()):
            return small, rules
        stricter = replace(
            rules,
            must=np.union1d(rules.must, small.sites[into]),
            must_not=np.union1d(
                rules.must_not,
                np.setdiff1d(np.setdiff1d(np.arange(self.asked.cover.sites), small.sites[~out]), rules.must),
            ),
        )
        return reduce_cover(self.asked.cover, self.asked.weight, self.asked.already, stricter), stricter

    def finished(self, ended: Ended, sizes: Sizes) -> Answer:
        asked, limits = self.asked, self.limits
        shared: dict[str, Any] = {
            "problem": "maximal cover",
            "seconds": time.monotonic() - self.began,
            "sizes": sizes,
            "parameters": {
                "count": asked.rules.count,
                "budget": asked.rules.budget,
                "seconds": limits.seconds,
                "gap": limits.gap,
                "seed": limits.seed,
            },
            "versions": {"solver": solver.version(), "numpy": np.__version__},
        }
        if self.best is None:
            if ended is Ended.INFEASIBLE:
                reason, relaxation = explain(asked.rules, asked.cover.sites, replace(limits, seconds=10.0))
                return Answer(status=Status.INFEASIBLE, reason=reason, relaxation=relaxation, **shared)
            return Answer(
                status=Status.STOPPED, reason=NO_PLAN,
                bound=self.bound, **shared,
            )  # fmt: skip
        bound = max(self.bound, self.value)
        sites, adds, serves = in_order(asked.cover, asked.weight, asked.already, self.best)
        return Answer(
            status=status_of(self.value, bound, asked=limits.gap),
            sites=sites,
            adds=adds,
            serves=serves,
            objective=self.value,
            bound=bound,
            gap=Answer.gap_of(self.value, bound),
            root_gap=self.root,
            **shared,
        )


def _compact(
    small: Reduced,
    rules: Rules,
    total: int,
    limits: Limits,
    *,
    start: _Ints | None,
    told: Callable[[float, float], None],
) -> tuple[_Ints | None, float, Ended]:
    """Search with one column for each site and each demand. Returns the sites, the bound and how it ended."""
    cover, sites = small.cover, small.cover.sites
    demands = cover.demands
    by = cover.matrix.T.tocsr()
    body = hstack([by, -eye_array(demands, format="csr")], format="csr")
    own, lower, upper = rule_rows(rules, small.sites, total)
    rows = vstack([body, hstack([own, csr_array((own.shape[0], demands))])], format="csr")
    model = Model(
        np.concatenate([small.bonus, small.weight]),
        np.zeros(sites + demands),
        np.ones(sites + demands),
        csr_array(rows),
        np.concatenate([np.zeros(demands), lower]),
        np.concatenate([np.full(demands, np.inf), upper]),
        np.concatenate([np.ones(sites, dtype=bool), np.zeros(demands, dtype=bool)]),
    )
    begin = None
    if start is not None:
        chosen = np.isin(small.sites, start)
        begin = np.concatenate([chosen, cover.reached(np.flatnonzero(chosen)) > 0]).astype(np.float64)
    found = solver.solve(model, limits, start=begin, told=told)
    if found.values is None:
        return None, found.bound, found.ended
    return small.sites[found.values[:sites] > 0.5], found.bound, found.ended
