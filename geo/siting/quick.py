"""A good plan at once: take the site that adds most, again and again, then swap sites for as long as that helps.

Taking the best next site reaches at least 1 - 1/e of the most that so many sites can (Nemhauser, Wolsey and Fisher
1978); one-for-one swaps as in Teitz and Bart 1968. What each site would add is kept up to date by the demand that changes
hands, so that the whole greedy pass reads each pair once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from geo.siting.cover import Cover
from geo.siting.rules import Rules

__all__ = ["Plan", "Room", "Set", "greedy", "improve", "shake"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: A swap must gain more than rounding does.
_WORTH: Final = 1e-9


class Set(Protocol):
    """Sites that are chosen, what they are worth, and what each other one would add; whatever it is that they add."""

    chosen: NDArray[np.bool_]
    gain: _Floats
    value: float

    def add(self, site: int) -> None:
        """Choose a site."""

    def drop(self, site: int) -> float:
        """Give a site up, and return what is lost."""

    def loss(self, site: int) -> float:
        """Return what would be lost without a chosen site."""


class Plan:
    """A set of sites that grows and shrinks, with what each other site would add.

    chosen: (m,). reached: (n,) how many chosen sites reach each demand. gain: (m,) what a site that is not chosen would
    add; meaningless for one that is.
    """

    def __init__(self, cover: Cover, weight: _Floats, bonus: _Floats) -> None:
        self._cover, self._weight, self._bonus = cover, weight, bonus
        self._by_starts, self._by = cover.by_demand
        self.chosen = np.zeros(cover.sites, dtype=bool)
        self.reached = np.zeros(cover.demands, dtype=np.int64)
        self.gain = cover.sums(weight) + bonus
        self.value = 0.0

    def add(self, site: int) -> None:
        """Choose a site."""
        self.value += float(self.gain[site])
        row = self._cover.row(site)
        self._pass(row[self.reached[row] == 0], -1.0)
        self.reached[row] += 1
        self.chosen[site] = True

    def drop(self, site: int) -> float:
        """Give a site up, and return what is lost."""
        row = self._cover.row(site)
        self.reached[row] -= 1
        self.chosen[site] = False
        self._pass(row[self.reached[row] == 0], 1.0)
        self.gain[site] = self._weight[row[self.reached[row] == 0]].sum() + self._bonus[site]
        self.value -= float(self.gain[site])
        return float(self.gain[site])

    def loss(self, site: int) -> float:
        """Return what would be lost without a chosen site."""
        row = self._cover.row(site)
        return float(self._weight[row[self.reached[row] == 1]].sum() + self._bonus[site])

    def _pass(self, demand: _Ints, sign: float) -> None:
        if not len(demand):
            return
        starts = self._by_starts[demand]
        length = self._by_starts[demand + 1] - starts
        ends = np.cumsum(length)
        at = np.arange(int(ends[-1])) - np.repeat(ends - length - starts, length)
        self.gain += sign * np.bincount(
            self._by[at], weights=np.repeat(self._weight[demand], length), minlength=len(self.gain)
        )


class Room:
    """What the rules leave room for once the must-sites stand, while a plan grows.

    sites: (m',) those that a reduced question is left with; total: how many there were.
    """

    def __init__(self, rules: Rules, sites: _Ints, total: int) -> None:
        left = np.full(total, -1, dtype=np.int64)
        left[sites] = np.arange(len(sites))
        must = rules.must
        self.slots = np.inf if rules.count is None else float(rules.count - len(must))
        cost = rules.costs(total)
        self.cost = cost[sites]
        self.money = np.inf if rules.budget is None else rules.budget * (1 + 1e-12) - float(cost[must].sum())
        self.blocked = np.zeros(len(sites), dtype=np.int64)
        self.neighbours: dict[int, _Ints] = {}
        for first, second in (*rules.apart.tolist(), *rules.apart[:, ::-1].tolist()):
            if left[second] >= 0:
                if first in must:
                    self.blocked[left[second]] += 1
                elif left[first] >= 0:
                    self.neighbours.setdefault(int(left[first]), np.empty(0, dtype=np.int64))
                    self.neighbours[int(left[first])] = np.append(
                        self.neighbours[int(left[first])], left[second]
                    )
        self.need = [each.least - int(np.isin(each.sites, must).sum()) for each in rules.floors]
        self.members = np.zeros((len(rules.floors), len(sites)), dtype=bool)
        for number, each in enumerate(rules.floors):
            inside = left[each.sites]
            self.members[number, inside[inside >= 0]] = True

    def take(self, site: int, sign: int = 1) -> None:
        """Choose a site, or with -1 give it back."""
        self.slots -= sign
        self.money -= sign * self.cost[site]
        self.blocked[self.neighbours.get(site, np.empty(0, dtype=np.int64))] += sign
        for number in np.flatnonzero(self.members[:, site]).tolist():
            self.need[number] -= sign

    def open(self) -> NDArray[np.bool_]:
        """Tell which sites may come next, so that floors that are not met yet still can be."""
        found: NDArray[np.bool_] = (self.blocked == 0) & (self.cost <= self.money)
        if self.slots < 1:
            return np.zeros_like(found)
        wanting = [number for number, need in enumerate(self.need) if need > 0]
        if wanting and sum(self.need[number] for number in wanting) >= self.slots:
            found &= self.members[wanting].any(axis=0)
        return found

    def complete(self) -> bool:
        """Tell whether every floor is met."""
        return all(need <= 0 for need in self.need)


def greedy(plan: Set, room: Room, *, per_cost: bool = False) -> None:
    """Add the site that adds most, or most for its cost, until nothing may come or nothing adds."""
    while True:
        may = room.open() & ~plan.chosen
        if not may.any():
            return
        worth = plan.gain / np.maximum(room.cost, 1e-300) if per_cost else plan.gain
        best = int(np.argmax(np.where(may, worth, -np.inf)))
        if plan.gain[best] <= 0 and room.complete():
            return
        plan.add(best)
        room.take(best)


def improve(plan: Set, room: Room, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Swap sites one for one until no swap helps or ``go_on`` says no; returns how many were swapped."""
    swaps, quiet = 0, False
    while not quiet and go_on():
        quiet = True
        for site in _weakest(plan):
            if not go_on():
                return swaps
            lost = plan.drop(site)
            room.take(site, -1)
            may = room.open() & ~plan.chosen
            best = int(np.argmax(np.where(may, plan.gain, -np.inf))) if may.any() else site
            if may[best] and plan.gain[best] > lost + _WORTH * max(1.0, plan.value) and _keeps(room, best):
                swaps, quiet = swaps + 1, False
            else:
                best = site
            plan.add(best)
            room.take(best)
    return swaps


def _keeps(room: Room, new: int) -> bool:
    """Tell whether what floors still want, once a site was given up, is met as far by the new one."""
    return all(need <= 0 or bool(room.members[number, new]) for number, need in enumerate(room.need))


def _weakest(plan: Set) -> Iterable[int]:
    chosen = np.flatnonzero(plan.chosen)
    losses = np.array([plan.loss(int(site)) for site in chosen])
    return [int(site) for site in chosen[np.argsort(losses, kind="stable")]]


def shake(
    plan: Set,
    room: Room,
    share: _Floats,
    rng: np.random.Generator,
    *,
    go_on: Callable[[], bool],
    patience: int = 400,
) -> Iterator[NDArray[np.bool_]]:
    """Give some sites up, take others that prices like, mend by swaps, again and again; yield each better plan.

    share: (m,) how much prices like each site. patience: end after so many tries in a row without a better plan.
    (Iterated local search, Lourenço, Martin and Stützle 2003.)
    """
    best, kept, idle = plan.value, plan.chosen.copy(), 0
    while idle < patience and go_on() and kept.any():
        idle += 1
        chosen = np.flatnonzero(plan.chosen)
        away = rng.choice(chosen, size=min(len(chosen), int(rng.integers(2, 9))), replace=False)
        for site in away.tolist():
            plan.drop(site)
            room.take(site, -1)
        for _ in range(len(away) // 2):
            likely = np.where(room.open() & ~plan.chosen, share + 1e-3, 0.0)
            if not likely.any():
                break
            site = int(rng.choice(len(likely), p=likely / likely.sum()))
            plan.add(site)
            room.take(site)
        greedy(plan, room)
        improve(plan, room, go_on=go_on)
        if plan.value > best * (1 + _WORTH) and room.complete():
            best, kept, idle = plan.value, plan.chosen.copy(), 0
            yield kept.copy()
        elif plan.value < best * (1 - _WORTH) or not room.complete():
            for site in np.flatnonzero(plan.chosen & ~kept).tolist():
                plan.drop(site)
                room.take(site, -1)
            for site in np.flatnonzero(kept & ~plan.chosen).tolist():
                plan.add(site)
                room.take(site)
