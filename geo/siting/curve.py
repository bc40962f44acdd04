"""What each further site brings: the best plan and the bound for every number of sites, and what a newly served person costs.

The levels or prices of one number of sites bound every other number too, so that a few of them bound the whole curve;
greedy plans lie below it. What is proven is said at each number; between numbers nothing is interpolated, since the best
plans of covering need not be concave.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.errors import SitingError
from geo.siting.answer import Answer, Status, status_of
from geo.siting.asking import share_time, sites_of, solve, under
from geo.siting.levels import level
from geo.siting.maximal import MaximalCover
from geo.siting.median import Median
from geo.siting.ordering import in_order
from geo.siting.price import Worth, price
from geo.siting.quick import Plan, Room, greedy
from geo.siting.reduce import Reduced, reduce_cover
from geo.siting.rules import Rules
from geo.siting.savings import Lessened, Nearest, by_saving, reduce_savings
from geo.siting.solver import Limits

__all__ = ["Point", "cost_per_person", "gain_curve"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_GRID: Final = 5
#: Of the time that is given, so much at most for bounds.
_BOUNDING: Final = 0.4


@dataclass(frozen=True, eq=False)
class Point:
    """A plan of at most so many sites, in the order of what they add, and what none such can better.

    status: stopped, with no objective, where none was found; infeasible only where none keeps to the rules.
    """

    count: int
    objective: float
    bound: float
    status: Status
    sites: _Ints


def gain_curve(
    asked: MaximalCover | Median,
    counts: Sequence[int],
    *,
    exact: Sequence[int] = (),
    limits: Limits | None = None,
) -> tuple[Point, ...]:
    """Return a point for each of some numbers of sites, ascending; those of ``exact`` are searched to the end.

    limits: time for all together. Raises SitingError for numbers that are none.
    """
    limits = limits or Limits()
    began, total = time.monotonic(), sites_of(asked)
    wanted = sorted({*counts, *exact})
    if not wanted or wanted[0] < 0 or wanted[-1] > total:
        raise SitingError(f"a curve over {wanted} sites is none: give numbers from 0 to {total}")
    if wanted[0] < len(asked.rules.must):
        raise SitingError(f"{len(asked.rules.must)} sites must be chosen: begin the curve there")
    curve = _Curve(asked, wanted)
    curve.grow()
    grid = np.unique(np.linspace(0, len(wanted) - 1, min(_GRID, len(wanted))).round().astype(int))
    for number, at in enumerate(grid.tolist()):
        part = share_time(limits, began, len(grid) - number)
        curve.bound(wanted[at], replace(part, seconds=max(0.01, part.seconds * _BOUNDING)))
    for number, each in enumerate(sorted(set(exact))):
        if limits.stop():
            break
        curve.search(each, share_time(limits, began, len(set(exact)) - number))
    return curve.points(limits)


class _Curve:
    """Counts in gains: people reached, or distance saved."""

    def __init__(self, asked: MaximalCover | Median, counts: list[int]) -> None:
        self.asked, self.counts, self.total = asked, counts, sites_of(asked)
        self.best = dict.fromkeys(counts, -np.inf)
        self.most = dict.fromkeys(counts, np.inf)
        self.plans: dict[int, _Ints] = {}
        self.barred = -1
        loose = replace(asked.rules, count=None)
        self.small: Reduced | Lessened
        if isinstance(asked, Median):
            self.small = reduce_savings(asked.savings, loose)
            self.offset = self.small.fixed
        else:
            self.small = reduce_cover(asked.cover, asked.weight, asked.already, loose)
            self.offset = self.small.fixed - float(asked.weight[asked.already].sum())

    def rules(self, count: int) -> Rules:
        return replace(self.asked.rules, count=count)

    def gain(self, value: float) -> float:
        """Turn an objective or a bound into a gain, or a gain into one."""
        return self.asked.whole - value if isinstance(self.asked, Median) else value

    def keep(self, sites: _Ints) -> None:
        """Take a plan, and those that its first sites make."""
        asked = self.asked
        if isinstance(asked, Median):
            order, adds = by_saving(asked.savings, sites)
        else:
            order, adds, _ = in_order(asked.cover, asked.weight, asked.already, sites)
        gained = np.concatenate([[0.0], np.cumsum(adds)])
        for count in self.counts:
            first = min(count, len(order))
            better = gained[first] > self.best[count] + 1e-9 * max(1.0, gained[first])
            if better and not self.rules(count).broken(order[:first], self.total):
                self.best[count], self.plans[count] = float(gained[first]), order[:first]

    def grow(self) -> None:
        """Find plans for all numbers by one greedy growth."""
        small = self.small
        plan = (
            Nearest(small.savings, small.bonus)
            if isinstance(small, Lessened)
            else Plan(small.cover, small.weight, small.bonus)
        )
        greedy(plan, Room(self.rules(self.counts[-1]), small.sites, self.total))
        self.keep(np.union1d(self.asked.rules.must, small.sites[plan.chosen]))

    def bound(self, count: int, limits: Limits) -> None:
        """Bound one number of sites, and with its prices every other."""
        small, until = self.small, time.monotonic() + limits.seconds
        if not len(small.sites):
            self.most = {each: min(self.most[each], self.offset) for each in self.counts}
            return
        most = Worth(self.rules(count), small.sites, self.total)
        known = max(0.0, self.best[count] - self.offset)

        def on(bound: float) -> bool:
            return time.monotonic() < until and not limits.stop()

        if isinstance(small, Lessened):
            found = level(small.savings, small.bonus, most, known=known, go_on=on)
        else:
            found = price(small.cover, small.weight, small.bonus, most, known=known, go_on=on)
        base = found.bound - most.best(found.worth)[0]
        for each in self.counts:
            worth = Worth(self.rules(each), small.sites, self.total).best(found.worth)[0]
            self.most[each] = min(self.most[each], base + worth + self.offset)

    def search(self, count: int, limits: Limits) -> None:
        answer = solve(under(self.asked, self.rules(count)), limits)
        if len(answer.sites):
            self.keep(answer.sites)
        if answer.status is Status.INFEASIBLE:
            self.barred = max(self.barred, count)
        if np.isfinite(answer.bound):
            self.most[count] = min(self.most[count], self.gain(answer.bound))

    def points(self, limits: Limits) -> tuple[Point, ...]:
        """A plan of fewer sites is one of more, and what more cannot bring fewer cannot either."""
        for fewer, more in zip(self.counts, self.counts[1:], strict=False):
            if self.best[fewer] > self.best[more] and fewer in self.plans:
                self.best[more], self.plans[more] = self.best[fewer], self.plans[fewer]
        for more, fewer in zip(self.counts[::-1], self.counts[-2::-1], strict=False):
            self.most[fewer] = min(self.most[fewer], self.most[more])
        return tuple(self._point(count, limits) for count in self.counts)

    def _point(self, count: int, limits: Limits) -> Point:
        if count not in self.plans:
            none = np.empty(0, dtype=np.int64)
            status = Status.INFEASIBLE if count <= self.barred else Status.STOPPED
            return Point(count, float("nan"), self.gain(self.most[count]), status, none)
        best = self.best[count]
        objective, bound = self.gain(best), self.gain(max(best, self.most[count]))
        status = status_of(objective, bound, asked=limits.gap)
        return Point(count, objective, bound, status, self.plans[count])


def cost_per_person(asked: MaximalCover, found: Answer) -> tuple[_Floats, float]:
    """Return what each newly reached person costs at each site of a plan, (k,), in its order, and in the whole plan.

    inf at a site that adds nobody. Raises SitingError where no costs were given.
    """
    if asked.rules.cost is None:
        raise SitingError("what a person costs needs the cost of each candidate")
    cost = asked.rules.cost[found.sites]
    each = np.divide(cost, found.adds, out=np.full(len(cost), np.inf), where=found.adds > 0)
    people = float(found.adds.sum())
    return each, float(cost.sum()) / people if people > 0 else float("inf")
