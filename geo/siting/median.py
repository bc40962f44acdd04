"""Where so many sites bring people nearest: the p-median beside existing stations, sparse, with a bound on every plan.

(Hakimi 1964; ReVelle and Swain 1970.) Each demand goes to the nearest station that is open, and none counts further than
what it has already.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import SitingError
from geo.siting.maximal import weights
from geo.siting.rules import Rules
from geo.siting.savings import Savings

__all__ = ["Median", "beyond_of", "check_pairs"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Median:
    """The question: which sites, within the rules, make the weighted distance to the nearest station least.

    starts: (n + 1,), site, distance: (q,) by demand, the nearest first; all of them nearer than beyond: (n,), what a
    demand counts where no chosen site is nearer. weight: (n,).
    """

    starts: _Ints
    site: _Ints
    distance: _Floats
    weight: _Floats
    beyond: _Floats
    rules: Rules
    sites: int

    @classmethod
    def of(
        cls,
        site: ArrayLike,
        demand: ArrayLike,
        distance: ArrayLike,
        weight: ArrayLike,
        rules: Rules,
        *,
        sites: int,
        existing: ArrayLike | None = None,
        penalty: float | None = None,
    ) -> Median:
        """Check a question given as pairs in any order, in metres or seconds; of a pair given twice the nearer counts.

        existing: (n,) distance to the nearest station there is, inf where there is none within the limit. penalty: the
        most that any demand counts; needed where a demand has no station. Raises SitingError.
        """
        rows, columns = np.asarray(site, dtype=np.int64), np.asarray(demand, dtype=np.int64)
        far = np.asarray(distance, dtype=np.float64)
        if not rows.shape == columns.shape == far.shape or rows.ndim != 1:
            raise SitingError(
                f"pairs need one site, one demand and one distance each, not {rows.shape}, {columns.shape}, {far.shape}"
            )
        amounts = weights(weight, np.asarray(weight).size)
        check_pairs(rows, columns, far, sites=sites, demands=len(amounts))
        rules.check(sites)
        if rules.count is None and rules.budget is None:
            raise SitingError("how many sites, or for how much money? give a count or a budget")
        most = beyond_of(existing, penalty, len(amounts))
        near = far < most[columns]
        rows, columns, far = rows[near], columns[near], far[near]
        order = np.lexsort((far, rows, columns))
        rows, columns, far = rows[order], columns[order], far[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
        rows, columns, far = rows[first], columns[first], far[first]
        order = np.lexsort((rows, far, columns))
        starts = np.zeros(len(amounts) + 1, dtype=np.int64)
        np.cumsum(np.bincount(columns, minlength=len(amounts)), out=starts[1:])
        return cls(starts, rows[order], far[order], amounts, most, rules, sites)

    @cached_property
    def savings(self) -> Savings:
        """What each site would save of the weighted distance."""
        rows = np.repeat(np.arange(len(self.weight)), np.diff(self.starts))
        saving = self.weight[rows] * (self.beyond[rows] - self.distance)
        return Savings.of(rows, self.site, saving, demands=len(self.weight), sites=self.sites)

    @cached_property
    def whole(self) -> float:
        """The weighted distance where nothing is built."""
        return float(self.weight @ self.beyond)

    def nearest(self, sites: ArrayLike) -> tuple[_Ints, _Floats]:
        """Return the site of a plan that each demand goes to, -1 where none is nearer, and its distance, (n,) each."""
        picked = np.zeros(self.sites, dtype=bool)
        picked[np.asarray(sites, dtype=np.int64)] = True
        rows = np.repeat(np.arange(len(self.weight)), np.diff(self.starts))
        at = np.flatnonzero(picked[self.site])
        named, first = np.unique(rows[at], return_index=True)
        goes, far = np.full(len(self.weight), -1, dtype=np.int64), self.beyond.copy()
        goes[named], far[named] = self.site[at[first]], self.distance[at[first]]
        return goes, far

    def value(self, sites: ArrayLike) -> float:
        """Return the weighted distance of a plan."""
        return float(self.weight @ self.nearest(sites)[1])


def beyond_of(existing: ArrayLike | None, penalty: float | None, demands: int) -> _Floats:
    """Return what each demand counts where nothing is built, (n,). Raises SitingError where that is unknown."""
    most = (
        np.full(demands, np.inf) if existing is None else np.asarray(existing, dtype=np.float64).reshape(-1)
    )
    if len(most) != demands:
        raise SitingError(f"distances to existing stations were given for {len(most)} demand of {demands}")
    if len(bad := np.flatnonzero(np.isnan(most) | (most < 0))):
        raise SitingError(
            f"the station nearest to demand {int(bad[0])} is {most[bad[0]]!r} away: give 0 or more, inf for none"
        )
    if penalty is not None:
        if not np.isfinite(penalty) or penalty < 0:
            raise SitingError(f"a penalty of {penalty!r} is none: give a distance of 0 or more")
        most = np.minimum(most, penalty)
    if len(bad := np.flatnonzero(np.isinf(most))):
        raise SitingError(
            f"demand {int(bad[0])} has no station yet: give a penalty, what it counts without one"
        )
    return most


def check_pairs(site: _Ints, demand: _Ints, distance: _Floats, *, sites: int, demands: int) -> None:
    """Raise SitingError for pairs that name what is not there, or distances that are none."""
    if not sites:
        raise SitingError("there are no candidates: bring points where a station could stand")
    for name, index, count in (("site", site, sites), ("demand", demand, demands)):
        if len(index) and (index.min() < 0 or index.max() >= count):
            raise SitingError(
                f"a pair names {name} {int(index.min())} to {int(index.max())}; there is 0 to {count - 1}"
            )
    if len(bad := np.flatnonzero(np.isnan(distance) | (distance < 0))):
        raise SitingError(
            f"pair {int(bad[0])} is {distance[bad[0]]!r} long: a distance is a number of 0 or more"
        )
