"""Search by choosing and barring one site after the other, with levels as the bound (Land and Doig 1960; Beasley 1985).

Where sites are few and only their number is limited: each choice makes the question smaller, and the levels of the last
one are near the best of the next, so that a bound costs some sums over the pairs that are left.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.siting.levels import level
from geo.siting.price import Priced, Worth
from geo.siting.rules import Rules
from geo.siting.savings import Lessened, reduce_savings
from geo.siting.solver import Ended

__all__ = ["branch"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

_STEPS: Final = 60


@dataclass(frozen=True, eq=False)
class _Node:
    """chosen: sites so far; left: the question; names: (m',) which sites those of ``left`` are; count: how many more may
    be chosen; had: what is saved already; levels: (n',) to begin from.
    """

    chosen: _Ints
    left: Lessened
    names: _Ints
    count: int
    had: float
    levels: _Floats

    def next(self, must: ArrayLike, must_not: ArrayLike, levels: _Floats) -> _Node:
        """Choose and bar sites of ``left``."""
        left = self.left
        rules = Rules.of(count=self.count, must=must, must_not=must_not)
        less = reduce_savings(left.savings, rules, left.bonus)
        kept = less.row >= 0
        begin = np.bincount(
            less.row[kept], weights=np.maximum(levels - less.given, 0.0)[kept], minlength=less.savings.demands
        ).astype(np.float64)
        return _Node(
            np.concatenate([self.chosen, self.names[rules.must]]), less, self.names[less.sites],
            self.count - len(rules.must), self.had + less.fixed, begin,
        )  # fmt: skip


def branch(
    small: Lessened,
    count: int,
    *,
    start: _Floats,
    known: float,
    step: float,
    nodes: int,
    found: Callable[[_Ints, float], None],
    go_on: Callable[[float], bool],
) -> tuple[float, Ended]:
    """Search for a plan of at most ``count`` sites of ``small`` that saves ``step`` more than ``known``, or more.

    What is fixed is not counted. start: (n',) levels to begin from. nodes: end after so many. found: given each better
    plan, its sites numbered as in ``small``, and what it saves. go_on: asked with the bound so far. Returns the bound,
    which no plan saves more than, and how it ended.
    """
    first = _Node(np.empty(0, dtype=np.int64), small, np.arange(len(small.sites)), count, 0.0, start)
    numbers = itertools.count()
    waiting = [(-np.inf, next(numbers), first)]
    for _ in range(nodes):
        top = -waiting[0][0] if waiting else -np.inf
        if top < known + step:
            return known + step, Ended.OPTIMAL
        if np.isfinite(top) and not go_on(top):
            break
        node = heapq.heappop(waiting)[2]
        if node.count <= 0 or len(node.names) <= node.count:
            every = np.arange(len(node.names)) if node.count > 0 else np.empty(0, dtype=np.int64)
            saved = node.had + float(node.left.savings.saved(every).sum() + node.left.bonus[every].sum())
            if saved > known:
                known = saved
                found(np.concatenate([node.chosen, node.names[every]]), saved)
            continue
        priced, into, out = _bounded(node, known + step - node.had)
        bound = min(top, priced.bound + node.had)
        if bound < known + step:
            continue
        free = np.flatnonzero(~out & ~into)
        ways: list[tuple[_Ints, _Ints]] = [(np.flatnonzero(into), np.flatnonzero(out))]
        if len(free):
            unsure = free[np.argmin(np.abs(priced.share[free] - 0.5))]
            (must, must_not), ways = ways[0], []
            ways = [(np.append(must, unsure), must_not), (must, np.append(must_not, unsure))]
        for must, must_not in ways:
            if len(must) <= node.count:
                child = node.next(must, must_not, priced.prices)
                heapq.heappush(waiting, (-bound, next(numbers), child))
    return max([known + step, *(-each[0] for each in waiting)]), Ended.STOPPED


def _bounded(node: _Node, goal: float) -> tuple[Priced, NDArray[np.bool_], NDArray[np.bool_]]:
    """Bound what is left, and tell which sites each plan that saves ``goal`` has, and which none has."""
    most = Worth(Rules.of(count=node.count), np.arange(len(node.names)), len(node.names))
    priced = level(
        node.left.savings, node.left.bonus, most, known=max(0.0, goal), start=node.levels, steps=_STEPS,
        go_on=lambda bound: bound >= goal,
    )  # fmt: skip
    out, into = priced.settle(most, max(0.0, goal - 2e-9 * max(1.0, goal)))
    return priced, into, out
