"""One piece of maximal cover searched to the end: sites chosen and barred one after the other, fractions as the bound.

Best bound first. Which site to choose or bar is tried out on a few that the fractions leave open (strong branching, with
what it taught kept: Achterberg, Koch and Martin 2005); each fraction is rounded and mended by swaps, so that good plans
come early. The solver only ever answers small linear questions from the last one's basis.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count as counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.siting.cover import Cover
from geo.siting.quick import Plan, Room, greedy, improve
from geo.siting.relaxation import Relaxation, Relaxed
from geo.siting.rules import Rules

__all__ = ["Leaf", "Piece", "search"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: So many sites are tried out in a node, so many steps of the simplex each.
_TRIED: Final = 8
_STEPS: Final = 40
#: Trying ends after so many that are no better than the best.
_IDLE: Final = 3
_WHOLE: Final = 1e-6
#: What a half must lower the bound by to count as doing so.
_LEAST: Final = 1e-3


class Piece:
    """A question of maximal cover by itself, of any number of sites, with its relaxation ready.

    step: what values of plans differ by at least: 1 where all weights are whole, else 0.
    """

    def __init__(
        self,
        cover: Cover,
        weight: _Floats,
        bonus: _Floats,
        *,
        seed: int = 1,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.cover, self.weight, self.bonus = cover, weight, bonus
        whole = bool((weight == np.round(weight)).all() and (bonus == np.round(bonus)).all())
        self.step = 1.0 if whole and weight.sum() + bonus.sum() < 2**50 else 0.0
        self.relaxation = Relaxation(cover, weight, bonus, seed=seed, stop=stop)
        self.basis: Any = None
        # What barring (0) and choosing (1) each site cost the bound for each unit of its fraction, and how often: learnt in
        # one search, used in the next.
        self.cost = np.zeros((2, cover.sites))
        self.times = np.zeros((2, cover.sites))

    def mean(self) -> _Floats:
        """Return what barring and choosing each site cost on average, (2, m); where nobody tried, what the others cost."""
        seen = self.times > 0
        usual = self.cost.sum() / self.times.sum() if seen.any() else 1.0
        found: _Floats = np.where(seen, self.cost / np.maximum(self.times, 1.0), usual)
        return found

    def beyond(self, value: float) -> float:
        """Return the bound from which on nothing better than ``value`` is left."""
        return value + self.step - _WHOLE if self.step else value * (1 + 1e-9)

    def relaxed(self, low: _Floats, high: _Floats, count: int, *, seconds: float) -> Relaxed:
        """Solve the root of a search, from where the last one ended."""
        found = self.relaxation.solve(low, high, count, basis=self.basis, seconds=seconds)
        if found.whole:
            self.basis = found.basis
        return found

    def rounded(self, x: _Floats, count: int) -> tuple[NDArray[np.bool_], float]:
        """Make a plan of fractions: what is most chosen, what adds most, and swaps."""
        plan, room = Plan(self.cover, self.weight, self.bonus), self.room(count)
        likely = np.flatnonzero(x > 0.5)
        for site in likely[np.argsort(-x[likely], kind="stable")][:count].tolist():
            plan.add(site)
            room.take(site)
        greedy(plan, room)
        improve(plan, room)
        return plan.chosen, plan.value

    def room(self, count: int) -> Room:
        """Return what rules leave room for: so many sites and nothing else."""
        return Room(Rules.of(count=count), np.arange(self.cover.sites), self.cover.sites)


@dataclass(order=True)
class Leaf:
    """Where a search may go on: no plan beneath it reaches more than the bound."""

    order: tuple[float, int]
    low: _Floats = field(compare=False)
    high: _Floats = field(compare=False)
    basis: Any = field(compare=False)

    @property
    def bound(self) -> float:
        """What no plan beneath reaches more than."""
        return -self.order[0]

    def fixed(self, site: int, chosen: int) -> Leaf:
        """Return the same with one more site chosen (1) or barred (0)."""
        low, high = self.low.copy(), self.high.copy()
        low[site] = high[site] = float(chosen)
        return Leaf(self.order, low, high, self.basis)


class _Search:
    def __init__(self, piece: Piece, count: int, known: float, seconds: Callable[[], float]) -> None:
        self.piece, self.count, self.value, self.seconds = piece, count, known, seconds
        self.plan: NDArray[np.bool_] | None = None
        self.numbers = counter()
        self.leaves: list[Leaf] = []

    def put(self, bound: float, low: _Floats, high: _Floats, basis: Any) -> None:
        heapq.heappush(self.leaves, self.leaf(bound, low, high, basis))

    def leaf(self, bound: float, low: _Floats, high: _Floats, basis: Any) -> Leaf:
        return Leaf((-bound, next(self.numbers)), low, high, basis)

    def closed(self, bound: float) -> bool:
        return bound < self.piece.beyond(self.value)

    def visit(self, leaf: Leaf) -> None:
        """Solve a node, look for a plan, and leave its two halves, or what is left of it."""
        piece, low, high = self.piece, leaf.low, leaf.high
        found = piece.relaxation.solve(low, high, self.count, basis=leaf.basis, seconds=self.seconds())
        bound = min(leaf.bound, found.bound(low, high, self.count))
        if self.closed(bound):
            return
        plan, value = piece.rounded(found.x, self.count)
        if value > self.value:
            self.plan, self.value = plan.copy(), value
        if not found.whole and self.seconds() <= 0:
            self.put(bound, low, high, leaf.basis)
            return
        low, high = self.fixed(found, low, high)
        open_ones = np.flatnonzero((found.x > _WHOLE) & (found.x < 1 - _WHOLE) & (low < high))
        if not len(open_ones):
            open_ones = np.flatnonzero(low < high)
        if not self.closed(bound) and len(open_ones):
            self.split(found, self.leaf(bound, low, high, found.basis), open_ones)

    def fixed(self, found: Relaxed, low: _Floats, high: _Floats) -> tuple[_Floats, _Floats]:
        """Bar and choose the sites that no better plan has, and that every better one has."""
        free = np.flatnonzero(low < high)
        left = self.count - int((low > 0.5).sum())
        if not 0 < left < len(free):
            return low, high
        order = free[np.argsort(-found.worth[free], kind="stable")]
        least, next_best = found.worth[order[left - 1]], found.worth[order[left]]
        bound = found.bound(low, high, self.count)
        beyond = self.piece.beyond(self.value)
        into = order[:left][bound - found.worth[order[:left]] + next_best < beyond]
        out = order[left:][bound - least + found.worth[order[left:]] < beyond]
        low, high = low.copy(), high.copy()
        low[into], high[out] = 1.0, 0.0
        return low, high

    def split(self, found: Relaxed, leaf: Leaf, open_ones: _Ints) -> None:
        """Choose the site whose two halves bound lowest; what can be only one of the two is fixed on the way."""
        piece, x = self.piece, found.x[open_ones]
        mean = piece.mean()[:, open_ones]
        hoped = np.maximum(mean[0] * x, _LEAST) * np.maximum(mean[1] * (1 - x), _LEAST)
        best: tuple[float, int, list[tuple[float, Any]]] | None = None
        settled, idle = False, 0
        for site in open_ones[np.argsort(-hoped, kind="stable")][:_TRIED].tolist():
            halves = [self.half(found, leaf, site, chosen) for chosen in (0, 1)]
            shut = [self.closed(each[0]) for each in halves]
            if all(shut):
                return
            if any(shut):
                leaf = leaf.fixed(site, 1 if shut[0] else 0)
                settled = True
                continue
            score = max(leaf.bound - halves[0][0], _LEAST) * max(leaf.bound - halves[1][0], _LEAST)
            idle += 1
            if best is None or score > best[0]:
                best, idle = (score, site, halves), 0
            if idle >= _IDLE:
                break
        if settled or best is None:
            self.put(leaf.bound, leaf.low, leaf.high, found.basis)
            return
        _, site, halves = best
        for chosen, (half, basis) in enumerate(halves):
            child = leaf.fixed(site, chosen)
            self.put(half, child.low, child.high, basis)

    def half(self, found: Relaxed, leaf: Leaf, site: int, chosen: int) -> tuple[float, Any]:
        """Bound a node with one more site chosen or barred, by a few steps."""
        child, piece = leaf.fixed(site, chosen), self.piece
        tried = piece.relaxation.solve(
            child.low, child.high, self.count, basis=leaf.basis, steps=_STEPS, seconds=self.seconds()
        )
        half = min(leaf.bound, tried.bound(child.low, child.high, self.count))
        moved = 1 - found.x[site] if chosen else found.x[site]
        piece.cost[chosen, site] += (leaf.bound - half) / max(moved, _WHOLE)
        piece.times[chosen, site] += 1
        return half, tried.basis


def search(
    piece: Piece,
    count: int,
    *,
    known: float,
    enough: float,
    seconds: Callable[[], float],
    found: Callable[[NDArray[np.bool_], float], float],
) -> float:
    """Search for the best plan of a piece with at most ``count`` sites; return what no such plan reaches more than.

    known: what a plan of it reaches. enough: end when the bound is not above this. seconds: asked how many are left; 0
    ends the search. found: told each better plan, (m,), with its value; returns what is enough from then on.
    """
    sites = piece.cover.sites
    run = _Search(piece, count, known, seconds)
    low, high = np.zeros(sites), np.ones(sites)
    root = piece.relaxed(low, high, count, seconds=seconds())
    run.put(root.bound(low, high, count), low, high, root.basis)
    while run.leaves and seconds() > 0:
        bound = run.leaves[0].bound
        if run.closed(bound):
            return run.value
        if bound <= enough:
            return bound
        before = run.value
        run.visit(heapq.heappop(run.leaves))
        if run.value > before and run.plan is not None:
            enough = found(run.plan, run.value)
    return max(run.value, run.leaves[0].bound) if run.leaves else run.value
