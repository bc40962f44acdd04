"""What each site would save of what a demand costs without it: sparse rows by demand, the site that saves most first.

Of the sites of a plan a demand uses the one that saves most, so that a plan is worth the sum of the largest savings: the
p-median as a question of gains (Cornuéjols, Fisher and Nemhauser 1977). Maximal cover is the case where all savings of a
demand are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.siting.cover import ranges
from geo.siting.reduce import identical
from geo.siting.rules import Rules

__all__ = ["Lessened", "Nearest", "Savings", "by_saving", "reduce_savings"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Savings:
    """starts: (n + 1,). site, saving: (q,), above 0 and descending in each row; sites: how many there are."""

    starts: _Ints
    site: _Ints
    saving: _Floats
    sites: int

    @classmethod
    def of(cls, demand: _Ints, site: _Ints, saving: _Floats, *, demands: int, sites: int) -> Savings:
        """Sort pairs into rows, and leave out those that save nothing."""
        kept = saving > 0
        demand, site, saving = demand[kept], site[kept], saving[kept]
        order = np.lexsort((site, -saving, demand))
        starts = np.zeros(demands + 1, dtype=np.int64)
        np.cumsum(np.bincount(demand, minlength=demands), out=starts[1:])
        return cls(starts, site[order], saving[order], sites)

    def __len__(self) -> int:
        return len(self.site)

    @property
    def demands(self) -> int:
        """How many demands there are."""
        return len(self.starts) - 1

    @cached_property
    def demand(self) -> _Ints:
        """(q,) the demand of each pair."""
        return np.repeat(np.arange(self.demands), np.diff(self.starts))

    @cached_property
    def most(self) -> _Floats:
        """(n,) what can be saved of each demand."""
        found = np.zeros(self.demands)
        filled = np.diff(self.starts) > 0
        found[filled] = self.saving[self.starts[:-1][filled]]
        return found

    @cached_property
    def by_site(self) -> tuple[_Ints, _Ints]:
        """The same pairs by site: starts (m + 1,) and their positions (q,)."""
        starts = np.zeros(self.sites + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.site, minlength=self.sites), out=starts[1:])
        return starts, np.argsort(self.site, kind="stable")

    def at(self, site: int) -> _Ints:
        """Return the positions of the pairs of a site."""
        starts, positions = self.by_site
        return positions[starts[site] : starts[site + 1]]

    def saved(self, sites: ArrayLike) -> _Floats:
        """Return what a plan saves of each demand, (n,)."""
        picked = np.zeros(self.sites, dtype=bool)
        picked[np.asarray(sites, dtype=np.int64)] = True
        at = np.flatnonzero(picked[self.site])
        found = np.zeros(self.demands)
        rows, first = np.unique(self.demand[at], return_index=True)
        found[rows] = self.saving[at[first]]
        return found


@dataclass(frozen=True, eq=False)
class Lessened:
    """A smaller question. sites: (m',) which are left, must-sites not among them. savings: beyond what must-sites save.
    bonus: (m',) what a site saves of demand that no other one serves. fixed: what every plan saves. row: (n,) the row
    that each demand went into, -1 where it left; given: (n,) what must-sites save of it.
    """

    sites: _Ints
    savings: Savings
    bonus: _Floats
    fixed: float
    row: _Ints
    given: _Floats


def reduce_savings(savings: Savings, rules: Rules, bonus: _Floats | None = None) -> Lessened:
    """Leave out what every plan saves, what no plan can, and rows that differ from another only in size.

    Demands that rank the same sites alike use the same one in every plan, so that they are one demand whose savings are
    added up. bonus: (m,) what each site saves of demand that is not in the rows.
    """
    own = np.zeros(savings.sites) if bonus is None else bonus
    given = savings.saved(rules.must)
    still = np.zeros(savings.sites, dtype=bool)
    still[rules.must] = still[rules.must_not] = True
    more = savings.saving - given[savings.demand]
    kept = ~still[savings.site] & (more > 0)
    wanted = np.zeros(savings.sites, dtype=bool)
    wanted[savings.site[kept]] = True
    wanted[own > 0] = True
    for each in rules.floors:
        wanted[each.sites] = True
    sites = np.flatnonzero(wanted & ~still)
    number = np.full(savings.sites, -1, dtype=np.int64)
    number[sites] = np.arange(len(sites))
    left = Savings.of(
        savings.demand[kept], number[savings.site[kept]], more[kept],
        demands=savings.demands, sites=len(sites),
    )  # fmt: skip
    length = np.diff(left.starts)
    rank = np.arange(len(left)) - np.repeat(left.starts[:-1], length)
    # The same sites in another order are another row; its place in the row tells their sums apart.
    group = identical(left.starts, left.site + len(sites) * (rank % 8))
    _, first = np.unique(group, return_index=True)
    more_own = own[sites]
    single = length == 1
    np.add.at(more_own, left.site[left.starts[:-1][single]], left.most[single])
    leaders = first[length[first] > 1]
    row = np.full(int(group.max(initial=-1)) + 1, -1, dtype=np.int64)
    row[group[leaders]] = np.arange(len(leaders))
    starts = np.zeros(len(leaders) + 1, dtype=np.int64)
    np.cumsum(length[leaders], out=starts[1:])
    pair_row = row[group[left.demand]]
    several = pair_row >= 0
    saving = np.bincount(
        starts[pair_row[several]] + rank[several], weights=left.saving[several], minlength=int(starts[-1])
    ).astype(np.float64)
    merged = Savings(starts, left.site[ranges(left.starts, leaders)], saving, len(sites))
    fixed = float(given.sum() + own[rules.must].sum())
    return Lessened(sites, merged, more_own, fixed, row[group], given)


class Nearest:
    """A set of sites that grows and shrinks, with what each other site would save: a ``quick.Set`` of savings.

    Each demand knows the largest and the second largest saving of the chosen sites, so that a site can be given up and
    another one taken by looking at the demand they serve alone (Whitaker 1983; Resende and Werneck 2007).
    """

    def __init__(self, savings: Savings, bonus: _Floats) -> None:
        self._savings, self._bonus = savings, bonus
        self.chosen = np.zeros(savings.sites, dtype=bool)
        self.first = np.zeros(savings.demands)
        self.second = np.zeros(savings.demands)
        self.gain = bonus + np.bincount(savings.site, weights=savings.saving, minlength=savings.sites)
        self.value = 0.0

    def add(self, site: int) -> None:
        """Choose a site."""
        self.value += float(self.gain[site])
        self.chosen[site] = True
        at = self._savings.at(site)
        rows, saving = self._savings.demand[at], self._savings.saving[at]
        better = saving > self.first[rows]
        second = ~better & (saving > self.second[rows])
        self.second[rows[second]] = saving[second]
        rows, saving = rows[better], saving[better]
        before = self.first[rows]
        self.second[rows] = before
        self.first[rows] = saving
        self._pass(rows, before)

    def drop(self, site: int) -> float:
        """Give a site up, and return what is lost."""
        self.chosen[site] = False
        at = self._savings.at(site)
        rows = self._savings.demand[at]
        rows = rows[self._savings.saving[at] >= self.second[rows]]
        before = self.first[rows]
        self._look(rows)
        self._pass(rows, before)
        lost = float(self.gain[site])
        self.value -= lost
        return lost

    def loss(self, site: int) -> float:
        """Return what would be lost without a chosen site."""
        at = self._savings.at(site)
        rows = self._savings.demand[at]
        rows = rows[self._savings.saving[at] >= self.first[rows]]
        return float((self.first[rows] - self.second[rows]).sum() + self._bonus[site])

    def _look(self, rows: _Ints) -> None:
        """Find the two largest savings of some demands anew."""
        self.first[rows] = self.second[rows] = 0.0
        at = ranges(self._savings.starts, rows)
        at = at[self.chosen[self._savings.site[at]]]
        demand = self._savings.demand[at]
        new = np.ones(len(at), dtype=bool)
        new[1:] = demand[1:] != demand[:-1]
        self.first[demand[new]] = self._savings.saving[at[new]]
        next_one = np.zeros(len(at), dtype=bool)
        next_one[1:] = new[:-1] & ~new[1:]
        self.second[demand[next_one]] = self._savings.saving[at[next_one]]

    def _pass(self, rows: _Ints, before: _Floats) -> None:
        """Bring what sites would save up to date, for demands whose largest saving was ``before``."""
        if not len(rows):
            return
        at = ranges(self._savings.starts, rows)
        length = self._savings.starts[rows + 1] - self._savings.starts[rows]
        saving = self._savings.saving[at]
        changed = np.maximum(saving - np.repeat(self.first[rows], length), 0.0)
        changed -= np.maximum(saving - np.repeat(before, length), 0.0)
        self.gain += np.bincount(self._savings.site[at], weights=changed, minlength=len(self.gain))


def by_saving(savings: Savings, chosen: _Ints) -> tuple[_Ints, _Floats]:
    """Order the sites of a plan so that the one that saves most comes first, ties by number, and tell what each saves."""
    left = np.sort(chosen)
    had = np.zeros(savings.demands)
    order: list[int] = []
    adds: list[float] = []
    gains = np.array([savings.saving[savings.at(int(site))].sum() for site in left])
    fresh = np.zeros(len(left), dtype=np.int64)
    while len(order) < len(left):
        best = int(np.argmax(gains))
        at = savings.at(int(left[best]))
        rows = savings.demand[at]
        if fresh[best] < len(order):
            # What a site saves only falls as others come, so that the first whose gain is still true is the best.
            gains[best] = np.maximum(savings.saving[at] - had[rows], 0.0).sum()
            fresh[best] = len(order)
            continue
        had[rows] = np.maximum(had[rows], savings.saving[at])
        order.append(int(left[best]))
        adds.append(float(gains[best]))
        gains[best] = -np.inf
    return np.array(order, dtype=np.int64), np.array(adds)
