"""Why this site and not that one: for every site of a plan the best candidate that could stand in its place.

One site is exchanged for one candidate and all others stay, which is exact for each pair and says nothing of plans that
change more (those are ``geo.siting.alternatives``). All pairs are weighed at once by sparse products: what goes with the
site, what the candidate brings beside the whole plan, and what of the first the second takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.siting import Answer, Cover, Rules
from stations.planning.siting.measured import Measured
from stations.planning.siting.searching import Searched
from stations.planning.siting.wants import Problem

__all__ = ["Exchange", "exchanges"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
#: Sites weighed at a time: rows of candidates × these are dense.
_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Exchange:
    """The best candidate in place of a site. loss: what the plan loses of ``measure`` by it, below 0 where it would gain.

    measure: ``people`` within the limit, ``weighted`` where people count differently or are reached twice, or
    ``seconds`` of everybody together. people: how many more, or fewer, are within the limit then.
    """

    candidate: int
    loss: float
    people: float
    measure: str


def exchanges(searched: Searched, answer: Answer) -> list[Exchange | None]:
    """Return the best exchange of each site of a plan, in its order; None where the rules let nothing take its place."""
    chosen, measured = answer.sites, searched.measured
    if not len(chosen):
        return []
    by_seconds = searched.question.problem is Problem.MEDIAN
    weigh = _Seconds(measured, chosen) if by_seconds else _Times.of(searched, chosen)
    found: list[Exchange | None] = []
    room = _Room(measured.asked.rules, chosen, measured.asked.cover.sites)
    reached = measured.times + measured.within.reached(chosen)
    for first in range(0, len(chosen), _AT_ONCE):
        block = np.arange(first, min(first + _AT_ONCE, len(chosen)))
        change = weigh.change(block)
        for column, at in enumerate(block.tolist()):
            worth = np.where(room.fits(at), change[:, column], -np.inf)
            best = int(np.argmax(worth))
            if not np.isfinite(worth[best]):
                found.append(None)
                continue
            people = _people(measured, reached, int(chosen[at]), best)
            found.append(Exchange(best, -float(worth[best]), people, weigh.measure))
    return found


def _people(measured: Measured, reached: _Ints, goes: int, comes: int) -> float:
    """Return by how many the people within the limit change when one site goes and a candidate comes."""
    lost, won = measured.within.row(goes), measured.within.row(comes)
    people = measured.people
    return float(people[np.setdiff1d(won[reached[won] == 0], lost)].sum()) - float(
        people[np.setdiff1d(lost[reached[lost] == 1], won)].sum()
    )


class _Room:
    """Which candidates the rules let stand in the place of a site."""

    def __init__(self, rules: Rules, chosen: _Ints, sites: int) -> None:
        self._rules, self._chosen, self._sites = rules, chosen, sites
        taken = np.zeros(sites, dtype=bool)
        taken[chosen] = True
        self._free = ~taken
        self._free[rules.must_not] = False
        both = np.concatenate([rules.apart, rules.apart[:, ::-1]])
        self._apart = both[taken[both[:, 1]]]
        self._close = np.bincount(self._apart[:, 0], minlength=sites)
        self._spent = float(rules.costs(sites)[chosen].sum())
        self._floors = [
            (np.isin(np.arange(sites), floor.sites), int(np.isin(chosen, floor.sites).sum()), floor.least)
            for floor in rules.floors
        ]

    def fits(self, at: int) -> NDArray[np.bool_]:
        """Mark the candidates that may come when the site at a place of the plan goes, (m,)."""
        rules, goes = self._rules, self._chosen[at]
        if goes in rules.must:
            return np.zeros(self._sites, dtype=bool)
        near = self._close.copy()
        np.subtract.at(near, self._apart[self._apart[:, 1] == goes, 0], 1)
        fits: NDArray[np.bool_] = self._free & (near == 0)
        if rules.budget is not None:
            cost = rules.costs(self._sites)
            fits &= cost <= (rules.budget - self._spent + cost[goes]) * (1 + 1e-12)
        for inside, have, least in self._floors:
            if inside[goes] and have - 1 < least:
                fits &= inside
        return fits


class _Times:
    """A plan by how often everybody is reached. rise: (3,) what being reached never, once, twice counts."""

    def __init__(self, cover: Cover, weight: _Floats, times: _Ints, rise: _Floats, measure: str) -> None:
        self._cover, self.measure = cover, measure
        self._goes: csr_array[np.float64] | None = None
        now = np.minimum(times, 2)
        self._lost = weight * (rise[now] - rise[np.maximum(now - 1, 0)])
        # Whoever is reached three times or more loses nothing with one site.
        self._lost[times > 2] = 0.0
        won = weight * (rise[np.minimum(times + 1, 2)] - rise[now])
        self._base = cover.sums(won)
        self._both = self._lost - won
        self.chosen = np.empty(0, dtype=np.int64)

    @classmethod
    def of(cls, searched: Searched, chosen: _Ints) -> _Times:
        measured, problem = searched.measured, searched.question.problem
        cover, rise, measure = measured.within, np.array([0.0, 1.0, 1.0]), "people"
        weight = measured.people
        if problem is Problem.BACKUP:
            rise, weight, measure = (
                np.array([0.0, searched.question.once, 1.0]), measured.asked.weight, "weighted",
            )  # fmt: skip
        elif problem is Problem.MAXIMAL and not np.array_equal(weight, measured.asked.weight):
            weight, measure = measured.asked.weight, "weighted"
        found = cls(cover, weight, measured.times + cover.reached(chosen), rise, measure)
        found.chosen = chosen
        return found

    def change(self, block: _Ints) -> _Floats:
        """Return what the plan gains when each of some sites goes and each candidate comes, (m, len(block))."""
        rows = self._cover.matrix[self.chosen[block]]
        taken = csr_array(rows.multiply(self._both[None, :]))
        over: _Floats = (self._cover.matrix @ taken.T).toarray()
        found: _Floats = over + self._base[:, None] - (rows @ self._lost)[None, :]
        return found


class _Seconds:
    """A plan by the seconds of everybody to the nearest station or site."""

    measure = "seconds"

    def __init__(self, measured: Measured, chosen: _Ints) -> None:
        asked, weight = measured.asked, measured.asked.weight
        self._sites, self._count = asked.cover.sites, len(chosen)
        far = np.minimum(measured.existing_s, measured.search_s)
        at = asked.cover.pairs_of(chosen)
        who, seconds = asked.cover.demand[at], asked.seconds[at]
        which = np.repeat(np.arange(len(chosen)), np.diff(asked.cover.starts)[chosen])
        order = np.lexsort((which, seconds, who))
        who, seconds, which = who[order], seconds[order], which[order]
        first = np.ones(len(who), dtype=bool)
        first[1:] = who[1:] != who[:-1]
        second = np.zeros(len(who), dtype=bool)
        second[1:] = ~first[1:] & first[:-1]
        nearest, then, goes = far.copy(), far.copy(), np.full(len(far), -1)
        near = first & (seconds < far[who])
        nearest[who[near]], goes[who[near]] = seconds[near], which[near]
        then[who[second]] = np.minimum(far[who[second]], seconds[second])
        then = np.where(goes >= 0, then, nearest)
        self._lost = np.bincount(
            goes[goes >= 0], (weight * (then - nearest))[goes >= 0], minlength=len(chosen)
        )
        demand = asked.cover.demand
        now = np.maximum(0.0, nearest[demand] - asked.seconds)
        after = np.maximum(0.0, then[demand] - asked.seconds)
        self._base = np.bincount(measured.site, weight[demand] * now, minlength=self._sites)
        more = (goes[demand] >= 0) & (after > now)
        self._over = csr_array(
            (
                (weight[demand] * (after - now))[more],
                (measured.site[more], goes[demand[more]]),
            ),
            shape=(self._sites, len(chosen)),
        )

    def change(self, block: _Ints) -> _Floats:
        """Return what the plan gains when each of some sites goes and each candidate comes, (m, len(block))."""
        over: _Floats = self._over[:, block].toarray()
        found: _Floats = over + self._base[:, None] - self._lost[block][None, :]
        return found
