"""Maximal cover in pieces that share nothing but the number of sites: towns too far apart to reach the same people.

For each piece and each number of sites stands what a plan of it reaches and what none reaches more than; both are combined
over the numbers (a knapsack of classes, by dynamic programming), which bounds the whole. Only the numbers in the best
combination of the bounds are searched, and only as far as it takes for another combination to be better. Where all
numbers in the best combination are proven, so is the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array
from scipy.sparse.csgraph import connected_components

from geo.siting.cover import Cover
from geo.siting.price import Priced
from geo.siting.quick import Plan, greedy, improve, shake
from geo.siting.reduce import Reduced
from geo.siting.solver import Limits
from geo.siting.tree import Piece, search

__all__ = ["Pieces", "apart", "best_of"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Pieces of fewer sites need no plan beside those that rounding finds.
_SMALL: Final = 60
_PATIENCE: Final = 60
#: Of the time that is left, at most so much for plans of one piece before it is searched.
_SHAKING: Final = 0.05
_CLOSE: Final = 1e-9


def apart(cover: Cover) -> list[tuple[_Ints, _Ints]]:
    """Return the sites and the demand of each piece that shares no demand with another, those with few sites first.

    Sites that reach none of the demand are one piece together.
    """
    matrix = cover.matrix
    _, name = connected_components(
        block_array([[None, matrix], [matrix.T, None]], format="csr"), directed=False
    )
    sites, demand = name[: cover.sites].copy(), name[cover.sites :]
    sites[np.diff(cover.starts) == 0] = -1
    found = [
        (np.flatnonzero(sites == each), np.flatnonzero(demand == each)) for each in np.unique(sites).tolist()
    ]
    return sorted(found, key=lambda piece: len(piece[0]))


class _Part:
    """A piece with what is known of each number of sites in it. lower, upper: (k + 1,), never falling."""

    def __init__(self, small: Reduced, sites: _Ints, demand: _Ints, priced: Priced, most: int) -> None:
        self.sites, self.most = sites, min(most, len(sites))
        self.cover = small.cover.take(sites, demand)
        self.weight, self.bonus = small.weight[demand], small.bonus[sites]
        self.piece: Piece | None = None
        self.rest = float((self.weight - priced.prices[demand]).sum())
        sums = np.concatenate([[0.0], np.cumsum(np.sort(priced.worth[sites])[::-1])])
        self.upper = np.minimum(self.rest + sums[: self.most + 1], self.weight.sum() + self.bonus.sum())
        self.upper[0] = 0.0
        self.lower = np.zeros(self.most + 1)
        self.plans: dict[int, _Ints] = {}
        self.relaxed: dict[int, _Floats] = {}
        self.grow()

    def grow(self) -> None:
        """Find a plan for every number by one greedy growth."""
        plan = Plan(self.cover, self.weight, self.bonus)
        for count in range(1, self.most + 1):
            site = int(np.argmax(np.where(plan.chosen, -np.inf, plan.gain)))
            plan.add(site)
            self.keep(count, plan.chosen, plan.value)
        if not len(self.weight):
            self.upper = np.minimum(self.upper, self.lower)

    def keep(self, count: int, chosen: NDArray[np.bool_], value: float) -> None:
        """Take a plan if it is better than what so many sites reached before, and for more sites too."""
        if value > self.lower[count]:
            self.plans[count] = np.flatnonzero(chosen)
            for more in range(count, self.most + 1):
                if self.lower[more] >= value:
                    break
                self.lower[more] = value
                self.plans[more] = self.plans[count]

    def limit(self, count: int, bound: float) -> None:
        """Take a bound of so many sites, which holds for fewer too."""
        self.upper[: count + 1] = np.minimum(self.upper[: count + 1], max(bound, self.lower[count]))

    def open(self, count: int) -> bool:
        """Tell whether so many sites may reach more than the plan that is known."""
        return bool(self.upper[count] > self.lower[count] + _CLOSE * max(1.0, self.lower[count]))


class Pieces:
    """A question whose only rule is the number of sites. value, bound: of the best plan, and what none exceeds."""

    def __init__(
        self,
        small: Reduced,
        count: int,
        priced: Priced,
        limits: Limits,
        *,
        seconds: Callable[[], float],
        told: Callable[[_Ints, float, float], None],
    ) -> None:
        """Take a question apart. seconds: how many are left; told: the sites of the best plan so far, what it reaches,
        and the bound.
        """
        self.count, self.limits, self.seconds, self.told = count, limits, seconds, told
        self.parts = [_Part(small, sites, demand, priced, count) for sites, demand in apart(small.cover)]
        self.rng = np.random.default_rng(limits.seed)
        self.bound = np.inf
        #: What fractions alone bounded, where they did.
        self.root = 0.0
        self.value = -np.inf

    def start(self, chosen: _Ints) -> None:
        """Take a plan that is known. chosen: (k,) sites of the question."""
        for part in self.parts:
            inside = np.isin(part.sites, chosen)
            plan = Plan(part.cover, part.weight, part.bonus)
            for site in np.flatnonzero(inside).tolist():
                plan.add(site)
            part.keep(int(inside.sum()), inside, plan.value)

    def solve(self) -> None:
        """Search until the plan is proven as closely as was asked, or time ends."""
        while True:
            numbers = self.combined()
            if self.closed() or self.seconds() <= 0:
                return
            waiting = [
                (part, number) for part, number in zip(self.parts, numbers, strict=True) if part.open(number)
            ]
            if not waiting:
                return
            fresh = [(part, number) for part, number in waiting if number not in part.relaxed]
            if fresh:
                for part, number in fresh:
                    self.relax(part, number)
                continue
            self.root = self.root or self.bound
            self.search(*waiting[0])

    def closed(self) -> bool:
        """Tell whether the bound is as close as was asked."""
        return self.bound - self.value <= max(self.limits.gap, _CLOSE) * max(1.0, abs(self.bound))

    def combined(self) -> list[int]:
        """Combine plans and bounds; tell of better ones; return the numbers of sites in the best of the bounds."""
        value, numbers = best_of([part.lower for part in self.parts], self.count)
        self.value = max(self.value, value)
        chosen = [
            part.sites[part.plans[number]]
            for part, number in zip(self.parts, numbers, strict=True)
            if number in part.plans and number
        ]
        bound, numbers = best_of([part.upper for part in self.parts], self.count)
        self.bound = min(self.bound, max(bound, self.value))
        self.told(np.concatenate([np.empty(0, dtype=np.int64), *chosen]), self.value, self.bound)
        return numbers

    def ready(self, part: _Part) -> Piece:
        if part.piece is None:
            part.piece = Piece(
                part.cover, part.weight, part.bonus,
                seed=self.limits.seed, stop=lambda: self.seconds() <= 0,
            )  # fmt: skip
        return part.piece

    def relax(self, part: _Part, number: int) -> None:
        """Bound every number of a piece by the fractions of one, and round them."""
        if self.seconds() <= 0:
            return
        piece, sites = self.ready(part), part.cover.sites
        found = piece.relaxed(np.zeros(sites), np.ones(sites), number, seconds=self.seconds())
        part.upper = np.minimum(part.upper, found.curve(part.most))
        if piece.step:
            part.upper = np.floor(part.upper + 1e-6)
        part.upper = np.maximum(part.upper, part.lower)
        part.relaxed[number] = found.x
        part.keep(number, *piece.rounded(found.x, number))

    def search(self, part: _Part, number: int) -> None:
        """Search a piece for so many sites, as far as it matters for the whole."""
        piece = self.ready(part)
        others, _ = best_of([each.upper for each in self.parts if each is not part], self.count - number)
        if part.cover.sites >= _SMALL:
            self.shake(part, piece, number)

        def better(chosen: NDArray[np.bool_], value: float) -> float:
            part.keep(number, chosen, value)
            self.value = max(self.value, best_of([each.lower for each in self.parts], self.count)[0])
            return self.value - others

        bound = search(
            piece, number,
            known=float(part.lower[number]), enough=better(np.zeros(0, dtype=bool), 0.0),
            seconds=self.seconds, found=better,
        )  # fmt: skip
        part.limit(number, bound)

    def shake(self, part: _Part, piece: Piece, number: int) -> None:
        until = self.seconds() * (1 - _SHAKING)
        plan, room = Plan(part.cover, part.weight, part.bonus), piece.room(number)
        for site in part.plans.get(number, np.empty(0, dtype=np.int64)).tolist():
            plan.add(site)
            room.take(site)
        greedy(plan, room)
        improve(plan, room)
        part.keep(number, plan.chosen, plan.value)
        share = part.relaxed[number]
        for chosen in shake(
            plan, room, share, self.rng, go_on=lambda: self.seconds() > until, patience=_PATIENCE
        ):
            part.keep(number, chosen, plan.value)


def best_of(curves: list[_Floats], count: int) -> tuple[float, list[int]]:
    """Return the most that curves add up to with so many sites in all, and how many each has.

    Each curve begins at 0 sites and never falls.
    """
    best, taken = np.zeros(count + 1), []
    for curve in curves:
        new, at = best + curve[0], np.zeros(count + 1, dtype=np.int64)
        for number in range(1, min(len(curve), count + 1)):
            with_it = best[: count + 1 - number] + curve[number]
            better = with_it > new[number:]
            new[number:][better] = with_it[better]
            at[number:][better] = number
        best = new
        taken.append(at)
    left, numbers = count, []
    for at in reversed(taken):
        numbers.append(int(at[left]))
        left -= numbers[-1]
    return float(best[count]), numbers[::-1]
