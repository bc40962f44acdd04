"""Make a question of covering smaller without changing its answer.

What is reached already or cannot be reached leaves; demand that the same sites reach is one demand; demand that one site
alone reaches is a bonus of that site; a site that another one outdoes in everything leaves. Each step keeps at least one
best plan, and every plan of what is left is worth the same as before.
(The steps are those of Church and ReVelle 1974 for coverage and of Church 1984, Toregas and ReVelle 1972 for dominance.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.siting.cover import Cover
from geo.siting.rules import Rules

__all__ = ["Reduced", "identical", "reduce_cover"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reduced:
    """A smaller question: sites: (m',) which of the sites are left; must-sites are not among them. cover: over the
    merged demand. weight: (n',). bonus: (m',) what a site brings by itself. fixed: what every plan reaches anyway.
    demand: (n,) which merged demand each one went into, -1 where it left.
    """

    sites: _Ints
    cover: Cover
    weight: _Floats
    bonus: _Floats
    fixed: float
    demand: _Ints


def reduce_cover(cover: Cover, weight: _Floats, already: NDArray[np.bool_], rules: Rules) -> Reduced:
    """Reduce a question of maximal cover. already: (n,) demand that needs no site any more."""
    reached = already | (cover.reached(rules.must) > 0)
    fixed = float(weight[reached].sum())
    open_sites = np.ones(cover.sites, dtype=bool)
    open_sites[rules.must] = open_sites[rules.must_not] = False
    sites = np.flatnonzero(open_sites)
    wanted = np.flatnonzero(~reached & (weight > 0))
    wanted = wanted[cover.reached(sites)[wanted] > 0]
    left = cover.take(sites, wanted)
    starts, by = left.by_demand
    group = identical(starts, by)
    _, first = np.unique(group, return_index=True)
    amounts = np.bincount(group, weights=weight[wanted], minlength=len(first)).astype(np.float64)
    single = np.diff(starts)[first] == 1
    bonus: _Floats = np.zeros(len(sites))
    np.add.at(bonus, by[starts[first[single]]], amounts[single])
    several = np.flatnonzero(~single)
    smaller = left.take(np.arange(len(sites)), first[several])
    names = np.full(len(first), -1, dtype=np.int64)
    names[several] = np.arange(len(several))
    demand = np.full(len(weight), -1, dtype=np.int64)
    demand[wanted] = names[group]
    useful = _useful(smaller, bonus, sites, rules)
    return Reduced(
        sites[useful],
        smaller.take(np.flatnonzero(useful), np.arange(smaller.demands)),
        amounts[several],
        bonus[useful],
        fixed,
        demand,
    )


def identical(starts: _Ints, sites: _Ints, *, key: NDArray[np.uint64] | None = None) -> _Ints:
    """Number rows so that two have the same number exactly if they hold the same sites, (n,).

    starts: (n + 1,), sites: (q,) ascending in each row. key: (m,) a random number for each site, by whose sums rows are
    sought; rows of the same sum are compared whole, so that a bad key costs time and never an answer.
    """
    count = len(starts) - 1
    length = np.diff(starts)
    if key is None:
        top = int(sites.max(initial=-1)) + 1
        key = np.random.default_rng(7_919).integers(0, 2**64, size=top, dtype=np.uint64)
    sums = np.zeros(count, dtype=np.uint64)
    filled = length > 0
    if len(sites):
        sums[filled] = np.add.reduceat(key[sites], starts[:-1][filled])
    order = np.lexsort((length, sums))
    new = np.ones(count, dtype=bool)
    new[1:] = (np.diff(sums[order]) != 0) | (np.diff(length[order]) != 0)
    leader = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    numbers = np.empty(count, dtype=np.int64)
    numbers[order] = leader
    wrong = _differing(starts, sites, numbers)
    if len(wrong):
        seen: dict[bytes, int] = {}
        for row in wrong.tolist():
            held = sites[starts[row] : starts[row + 1]].tobytes()
            numbers[row] = seen.setdefault(held, row)
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _differing(starts: _Ints, sites: _Ints, leader: _Ints) -> _Ints:
    """Return the rows that do not hold what their leader holds; both have the same length."""
    length = np.diff(starts)
    rows = np.flatnonzero((leader != np.arange(len(leader))) & (length > 0))
    if not len(rows):
        return rows
    ends = np.cumsum(length[rows])
    step = np.arange(int(ends[-1])) - np.repeat(ends - length[rows], length[rows])
    own = sites[step + np.repeat(starts[rows], length[rows])]
    other = sites[step + np.repeat(starts[leader[rows]], length[rows])]
    same = np.logical_and.reduceat(own == other, ends - length[rows])
    return rows[~same]


def _useful(cover: Cover, bonus: _Floats, sites: _Ints, rules: Rules) -> NDArray[np.bool_]:
    """Tell which sites no other one outdoes: reaching all that they reach, for no more, and free to stand anywhere."""
    cost = rules.costs(int(sites.max(initial=-1)) + 1)[sites] if rules.cost is None else rules.cost[sites]
    bound = np.zeros(int(max(sites.max(initial=-1), rules.apart.max(initial=-1))) + 1, dtype=bool)
    bound[rules.apart.ravel()] = True
    floored = np.zeros_like(bound)
    for each in rules.floors:
        floored[each.sites[each.sites < len(floored)]] = True
    starts, by = cover.by_demand
    degree = np.diff(starts)
    useful = np.ones(len(sites), dtype=bool)
    conflicted, needed = bound[sites], floored[sites]
    for site in range(len(sites)):
        if bonus[site] > 0 or needed[site]:
            continue
        row = cover.row(site)
        if not len(row):
            useful[site] = False
            continue
        rivals: _Ints | None = None
        for demand in row[np.argsort(degree[row], kind="stable")].tolist():
            held = by[starts[demand] : starts[demand + 1]]
            rivals = held if rivals is None else np.intersect1d(rivals, held, assume_unique=True)
            if len(rivals) == 1:
                break
        if rivals is None or len(rivals) == 1:
            continue
        rivals = rivals[
            (rivals != site) & useful[rivals] & ~conflicted[rivals] & (cost[rivals] <= cost[site])
        ]
        useful[site] = not len(rivals)
    return useful
