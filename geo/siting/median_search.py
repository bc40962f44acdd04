"""The search for a p-median: made smaller, planned at once, bounded by levels, settled, and proven.

Greedy addition and interchange give a plan; levels and Benders cuts say how good any plan can be and settle sites; what
that leaves open is searched by choosing and barring sites one by one, or by HiGHS.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.benders import Benders
from geo.siting.branching import branch
from geo.siting.infeasible import explain
from geo.siting.levels import level
from geo.siting.median import Median
from geo.siting.price import Worth
from geo.siting.quick import Room, greedy, improve, shake
from geo.siting.rows import rule_rows
from geo.siting.savings import Nearest, by_saving, reduce_savings
from geo.siting.solver import NO_PLAN, Ended, Limits, Memory

__all__ = ["solve_median"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]

Told = Callable[[str, float, float], None]

#: Of the time that is given, at most so much for levels, and for looking for a better plan before searching.
_LEVELLING, _SHAKING, _BRANCHING = 0.2, 0.15, 0.5
#: Tries in a row without a better plan.
_PATIENCE: Final = 40
#: Choices in a row before whole sites are searched by HiGHS.
_NODES: Final = 4_000
#: After so many, or after so many pairs were looked through, the gap must have shrunk to this share to go on so.
_TRIAL, _TRIAL_PAIRS, _PROGRESS = 100, 2_000_000, 0.7


def solve_median(
    asked: Median, limits: Limits | None = None, *, told: Told = lambda step, best, bound: None
) -> Answer:
    """Search for the least weighted distance. told: called with the step, the best value and the bound so far."""
    return _Search(asked, limits or Limits(), told).answer()


class _Search:
    """Counts in what is saved; ``told`` and the answer in what is left.

    small, rules: the question as far as it is settled. floor: what plans outside it save at most. share: (m,) how much
    each site is liked by bounds.
    """

    def __init__(self, asked: Median, limits: Limits, told: Told) -> None:
        self.asked, self.limits, self.tell = asked, limits, told
        self.until, self.memory = time.monotonic() + limits.seconds, Memory(limits)
        self.best: _Ints | None = None
        self.saved, self.bound, self.floor = -np.inf, np.inf, -np.inf
        self.root = float("nan")
        self.rules = asked.rules
        self.share = np.zeros(asked.sites)
        self.told("reduce")
        self.small = reduce_savings(asked.savings, asked.rules)
        saving = asked.savings.saving
        #: Where all is counted in whole numbers, a bound less than one beyond the plan is none beyond it.
        self.whole_numbers = asked.whole < 2**50 and bool((saving == np.round(saving)).all())

    def answer(self) -> Answer:
        asked, small, began = self.asked, self.small, time.monotonic()
        sizes = Sizes(
            asked.sites, len(asked.weight), len(asked.site),
            len(small.sites), small.savings.demands, len(small.savings),
        )  # fmt: skip
        self.quick()
        self.settle(*self.levelled())
        ended, cuts = self.relaxed()
        self.root = Answer.gap_of(*self.distances())
        if ended is not Ended.INFEASIBLE:
            self.shaken()
            ended = self.searched(cuts)
        return self.finished(ended, sizes, began)

    def distances(self) -> tuple[float, float]:
        """Return the weighted distance of the plan, and the least that any plan can have."""
        return self.asked.whole - self.saved, max(0.0, self.asked.whole - self.bound)

    def told(self, step: str) -> None:
        self.tell(step, *self.distances())

    def going(self, until: float = np.inf) -> bool:
        return (
            time.monotonic() < min(until, self.until)
            and not self.limits.stop()
            and not self.memory.full()
            and not self.close()
        )

    def close(self) -> bool:
        if self.whole_numbers and self.bound - self.saved < 1 - 1e-4:
            self.bound = self.saved
        return Answer.gap_of(*self.distances()) <= max(self.limits.gap, 1e-9)

    def found(self, chosen: _Bools) -> None:
        """Keep a plan if it is better, as the question itself counts it. chosen: of ``small``."""
        sites = np.union1d(self.rules.must, self.small.sites[chosen])
        saved = float(self.asked.savings.saved(sites).sum())
        if saved > self.saved and not self.asked.rules.broken(sites, self.asked.sites):
            self.best, self.saved = sites, saved
            self.told("plan")

    def bounded(self, bound: float) -> None:
        """Take a bound on what ``small`` saves beyond what is fixed."""
        self.bound = min(self.bound, max(self.floor, bound + self.small.fixed))

    def room(self) -> Room:
        return Room(self.rules, self.small.sites, self.asked.sites)

    def grown(self, first: _Ints, *, per_cost: bool = False) -> tuple[Nearest, Room]:
        """Choose these sites as far as rules allow, then greedily."""
        plan, room = Nearest(self.small.savings, self.small.bonus), self.room()
        for site in first.tolist():
            if room.open()[site]:
                plan.add(site)
                room.take(site)
        greedy(plan, room, per_cost=per_cost)
        return plan, room

    def quick(self) -> None:
        """Find a plan at once; with a budget also by what a site saves for its cost."""
        for per_cost in (False, True) if self.rules.budget is not None else (False,):
            plan, room = self.grown(np.empty(0, dtype=np.int64), per_cost=per_cost)
            for better in (False, True):
                if better:
                    improve(plan, room, go_on=self.going)
                if room.complete():
                    self.found(plan.chosen)

    def levelled(self) -> tuple[_Bools, _Bools]:
        """Bound by levels. Returns the sites that no better plan has, and that each has."""
        small, until = self.small, time.monotonic() + _LEVELLING * self.limits.seconds
        most = Worth(self.rules, small.sites, self.asked.sites)
        start = None
        if self.best is not None:
            start = small.savings.saved(np.flatnonzero(np.isin(small.sites, self.best)))

        def on(bound: float) -> bool:
            self.bounded(bound)
            return self.going(until)

        known = max(0.0, self.saved - small.fixed)
        priced = level(small.savings, small.bonus, most, known=known, start=start, go_on=on)
        self.bounded(priced.bound)
        self.told("bound")
        self.share[small.sites] = priced.share
        return priced.settle(most, known)

    def settle(self, out: _Bools, into: _Bools) -> None:
        """Go on without the sites that no better plan has, and with those that every better plan has."""
        if self.best is None or not (out.any() or into.any()):
            return
        sites, total = self.small.sites, self.asked.sites
        left = np.setdiff1d(np.arange(total), sites[~out])
        stricter = replace(
            self.rules,
            must=np.union1d(self.rules.must, sites[into]),
            must_not=np.union1d(self.rules.must_not, np.setdiff1d(left, self.rules.must)),
        )
        if replace(stricter, floors=()).broken(stricter.must, total):
            # What every better plan has breaks the rules: there is none.
            self.bound = min(self.bound, self.saved)
            return
        self.rules = stricter
        self.floor = max(self.floor, self.saved)
        self.small = reduce_savings(self.asked.savings, self.rules)

    def near(self) -> float:
        """Return how near to the best is near enough, in savings."""
        gap = max(self.limits.gap, 1e-9) * (self.asked.whole - self.saved)
        return max(gap, 0.999 if self.whole_numbers else 0.0)

    def benders(self) -> Benders:
        """Begin cuts where bounds like sites, and at the best plan."""
        small, near = self.small, self.near()
        gap = min(0.5, near / max(self.saved - small.fixed, 1e-9)) if self.best is not None else 0.0
        made = Benders(
            small, *rule_rows(self.rules, small.sites, self.asked.sites), replace(self.limits, gap=gap)
        )
        made.add(made.worth(self.share[small.sites])[0])
        if self.best is not None:
            made.add(made.worth(np.isin(small.sites, self.best).astype(np.float64))[0])
        return made

    def relaxed(self) -> tuple[Ended, Benders | None]:
        """Bound by cuts, with plans near the fractions. Returns how it ended, and the cuts."""
        if not self.going() or not len(self.small.sites):
            return Ended.STOPPED, None
        cuts = self.benders()
        ended = cuts.relax(self.until, self.seen)
        return (self.emptied() if ended is Ended.INFEASIBLE else ended), cuts

    def emptied(self) -> Ended:
        """No plan is left: none is better than the one that is known."""
        if self.best is None:
            return Ended.INFEASIBLE
        self.bound = min(self.bound, self.saved)
        return Ended.OPTIMAL

    def seen(self, y: _Floats, bound: float) -> bool:
        """Look for a plan near these fractions."""
        self.bounded(bound)
        self.share[self.small.sites] = y
        likely = np.argsort(-y, kind="stable")
        plan, room = self.grown(likely[y[likely] > 0.3])
        if room.complete():
            self.found(plan.chosen)
        if plan.value + self.small.fixed > self.saved - 0.01 * (self.asked.whole - self.saved):
            improve(plan, room, go_on=self.going)
            if room.complete():
                self.found(plan.chosen)
        self.told("bound")
        return self.going()

    def shaken(self) -> None:
        """Look for a better plan near the best one, with an eye on the sites that bounds like."""
        until = time.monotonic() + _SHAKING * self.limits.seconds
        if self.best is None or not self.going():
            return
        plan, room = self.grown(np.flatnonzero(np.isin(self.small.sites, self.best)))
        rng = np.random.default_rng(self.limits.seed)
        liked = self.share[self.small.sites]
        for chosen in shake(plan, room, liked, rng, go_on=lambda: self.going(until), patience=_PATIENCE):
            self.found(chosen)

    def searched(self, cuts: Benders | None) -> Ended:
        """Search whole sites in what is left open: one by one, or else where the cuts are."""
        if self.close():
            return Ended.OPTIMAL
        if cuts is None:
            return self.alone()
        whole, rules = self.small, self.rules
        out, into = cuts.settle(self.saved - whole.fixed)
        if self.best is not None:
            self.settle(out, into)
            if not len(self.small.sites) or self.branched() is Ended.OPTIMAL:
                return self.alone()
            cuts.fix(out, into)
            self.small, self.rules = whole, rules
        if not self.going():
            return Ended.STOPPED
        start = None if self.best is None else np.isin(self.small.sites, self.best)

        def seen(y: _Floats | None, bound: float) -> bool:
            self.bounded(bound)
            if y is not None:
                self.found(y > 0.5)
            self.told("search")
            return self.going()

        ended = cuts.search(self.until, start, seen)
        return self.emptied() if ended is Ended.INFEASIBLE else ended

    def alone(self) -> Ended:
        """End with what is settled, where nothing is left to choose."""
        if len(self.small.sites) and not self.close():
            return Ended.STOPPED
        if not len(self.small.sites):
            self.found(np.empty(0, dtype=bool))
            if self.best is None:
                return Ended.INFEASIBLE
            # The only plan left was looked at, whether rules allow it or not.
            self.bound = min(self.bound, self.saved)
        return Ended.OPTIMAL

    def branched(self) -> Ended:
        """Choose and bar sites one by one, where nothing but their number is limited."""
        small, rules = self.small, self.rules
        if (
            self.best is None
            or rules.count is None
            or rules.budget is not None
            or rules.floors
            or len(rules.apart)
        ):
            return Ended.STOPPED
        until = time.monotonic() + _BRANCHING * (self.until - time.monotonic())
        wide, seen = self.bound - self.saved, itertools.count()
        trial = min(_TRIAL, _TRIAL_PAIRS // max(1, len(small.savings)))

        def on(bound: float) -> bool:
            before = self.bound
            self.bounded(bound)
            if self.bound < before:
                self.told("search")
            stuck = next(seen) > trial and self.bound - self.saved > _PROGRESS * wide
            return not stuck and self.going(until)

        def plan(sites: _Ints, saved: float) -> None:
            self.found(np.isin(np.arange(len(small.sites)), sites))

        best = np.flatnonzero(np.isin(small.sites, self.best))
        bound, ended = branch(
            small, rules.count - len(rules.must), start=small.savings.saved(best),
            known=self.saved - small.fixed, step=self.near(), nodes=_NODES, found=plan, go_on=on,
        )  # fmt: skip
        self.bounded(bound)
        return ended if not self.close() else Ended.OPTIMAL

    def finished(self, ended: Ended, sizes: Sizes, began: float) -> Answer:
        asked, limits = self.asked, self.limits
        shared: dict[str, Any] = {
            "problem": "median",
            "seconds": time.monotonic() - began,
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
                reason, relaxation = explain(asked.rules, asked.sites, replace(limits, seconds=10.0))
                return Answer(status=Status.INFEASIBLE, reason=reason, relaxation=relaxation, **shared)
            return Answer(
                status=Status.STOPPED, reason=NO_PLAN,
                bound=max(0.0, self.distances()[1]), **shared,
            )  # fmt: skip
        value = asked.value(self.best)
        bound = min(value, max(0.0, asked.whole - max(self.bound, self.saved)))
        sites, adds = by_saving(asked.savings, self.best)
        goes, _ = asked.nearest(self.best)
        return Answer(
            status=status_of(value, bound, asked=limits.gap),
            sites=sites,
            adds=adds,
            serves=tuple(np.flatnonzero(goes == each) for each in sites.tolist()),
            objective=value,
            bound=bound,
            gap=Answer.gap_of(value, bound),
            root_gap=self.root,
            **shared,
        )
