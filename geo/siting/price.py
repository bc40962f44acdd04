"""How much any plan can reach at most: prices on demand, and what they say of each site.

Give every demand a price between 0 and its weight, and let a site be worth the prices of what it reaches. Then no plan
reaches more than the weights beyond the prices plus the most that the sites of a plan are worth: the Lagrangean bound of
maximal cover (Galvão and ReVelle 1996). The prices are improved by a deflected subgradient (Camerini, Fratta and
Maffioli 1975). A site that would push the bound below a plan already known can be settled at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.siting.cover import Cover
from geo.siting.rules import Rules

__all__ = ["Priced", "Worth", "price"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

_DEFLECTION: Final = 0.93
_STUCK: Final = 25
_SMALLEST_STEP: Final = 1e-4
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Priced:
    """bound: no plan reaches more. prices: (n,). worth: (m,) of each site at these prices. share: (m,) how often a site
    was chosen on the way, 0 to 1: where to look for a good plan.
    """

    bound: float
    prices: _Floats
    worth: _Floats
    share: _Floats

    def settle(self, most: Worth, known: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell which sites no plan better than the known one chooses, and which each such plan chooses, (m,) each."""
        none = np.zeros(len(self.worth), dtype=bool)
        if not most.plain:
            return none, none.copy()
        _, taken = most.best(self.worth)
        chosen = taken > 0
        if chosen.all() or not chosen.any():
            return none, none.copy()
        least = known + _ROUNDING * max(1.0, abs(known))
        worst, next_best = float(self.worth[chosen].min()), float(self.worth[~chosen].max())
        out = ~chosen & (self.bound + self.worth - worst < least)
        into = chosen & (self.bound - self.worth + next_best < least)
        return out, into


class Worth:
    """The sites that are worth most together, within the rules or a little beyond them: never less than a plan may."""

    def __init__(self, rules: Rules, sites: _Ints, total: int) -> None:
        self._count = None if rules.count is None else rules.count - len(rules.must)
        cost = rules.costs(total)
        self._cost = cost[sites]
        self._money = None if rules.budget is None else rules.budget - float(cost[rules.must].sum())
        left = np.full(total, -1, dtype=np.int64)
        left[sites] = np.arange(len(sites))
        self._floors: list[tuple[_Ints, int]] = []
        seen = np.zeros(len(sites), dtype=bool)
        for each in rules.floors:
            inside = left[each.sites]
            inside = inside[inside >= 0]
            need = each.least - int(np.isin(each.sites, rules.must).sum())
            # A floor that shares sites with another one is left out, which can only raise the bound.
            if need > 0 and not seen[inside].any():
                seen[inside] = True
                self._floors.append((inside, need))
        #: Whether only the number of sites binds, so that the worst one chosen and the best one left are known.
        self.plain = self._money is None and not self._floors and self._count is not None

    def best(self, worth: _Floats) -> tuple[float, _Floats]:
        """Return the most that sites can be worth, and how much of each is taken. worth: (m,), 0 or more."""
        found = [self._by_count(worth)]
        if self._money is not None:
            found.append(self._by_money(worth, self._money))
        return min(found, key=lambda each: each[0])

    def _by_count(self, worth: _Floats) -> tuple[float, _Floats]:
        taken = np.zeros(len(worth))
        if self._count is None or self._count >= len(worth):
            taken[:] = 1.0
            return float(worth.sum()), taken
        left = self._count
        for inside, need in self._floors:
            best = inside[np.argsort(-worth[inside], kind="stable")[:need]]
            taken[best] = 1.0
            left -= len(best)
        if left > 0:
            rest = np.where(taken > 0, -np.inf, worth)
            top = np.argpartition(-rest, min(left, len(rest) - 1))[:left]
            taken[top] = 1.0
        return float(worth @ taken), taken

    def _by_money(self, worth: _Floats, money: float) -> tuple[float, _Floats]:
        order = np.argsort(-worth / np.maximum(self._cost, 1e-300), kind="stable")
        spent = np.cumsum(self._cost[order])
        taken = np.zeros(len(worth))
        whole = spent <= money
        taken[order[whole]] = 1.0
        if not whole.all():
            first = int(np.argmin(whole))
            before = spent[first - 1] if first else 0.0
            taken[order[first]] = (money - before) / max(self._cost[order[first]], 1e-300)
        return float(worth @ taken), taken


def price(
    cover: Cover,
    weight: _Floats,
    bonus: _Floats,
    most: Worth,
    *,
    known: float,
    steps: int = 1_500,
    close: float = 0.0,
    go_on: Callable[[float], bool] = lambda bound: True,
) -> Priced:
    """Look for the prices whose bound is lowest.

    known: what a plan is known to reach. close: stop when the bound is within this share of it. go_on: asked with the
    bound after each step.
    """
    starts, _ = cover.by_demand
    prices = weight / np.maximum(np.diff(starts), 1)
    best_bound, best_prices = np.inf, prices
    direction = np.zeros_like(prices)
    share, taken_sum = np.zeros(cover.sites), 0
    pace, since = 1.0, 0
    for _ in range(steps):
        worth = cover.sums(prices) + bonus
        value, taken = most.best(worth)
        bound = float((weight - prices).sum()) + value
        if bound < best_bound * (1 - _ROUNDING) or best_bound == np.inf:
            best_bound, best_prices, since = bound, prices, 0
        else:
            since += 1
        share += taken
        taken_sum += 1
        if since >= _STUCK:
            pace, since = pace / 2, 0
            direction[:] = 0.0
            prices = best_prices
        if best_bound - known <= close * max(1.0, known) or pace < _SMALLEST_STEP or not go_on(best_bound):
            break
        slope = _taken_of(cover, taken) - 1.0
        slope[(prices <= 0) & (slope > 0)] = 0.0
        slope[(prices >= weight) & (slope < 0)] = 0.0
        direction = slope + _DEFLECTION * direction
        length = float(direction @ direction)
        if length == 0.0:
            break
        step = pace * max(bound - known, _ROUNDING * max(1.0, abs(bound))) / length
        prices = np.clip(prices - step * direction, 0.0, weight)
    worth = cover.sums(best_prices) + bonus
    return Priced(
        best_bound,
        best_prices,
        worth,
        share / max(1, taken_sum),
    )


def _taken_of(cover: Cover, taken: _Floats) -> _Floats:
    """Return how much of the sites that reach each demand is taken, (n,)."""
    chosen = np.flatnonzero(taken)
    at = cover.pairs_of(chosen)
    length = cover.starts[chosen + 1] - cover.starts[chosen]
    return np.bincount(
        cover.demand[at], weights=np.repeat(taken[chosen], length), minlength=cover.demands
    ).astype(np.float64)
