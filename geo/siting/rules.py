"""What a plan must keep to: how many sites, for how much money, which of them, how many in each area, how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from geo.errors import SitingError

__all__ = ["Floor", "Rules", "closer_than"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Floor:
    """At least ``least`` of these sites. name: what messages call it, such as the area. sites: (k,) indices."""

    name: str
    sites: _Ints
    least: int


@dataclass(frozen=True, eq=False)
class Rules:
    """What every plan keeps to. Sites are numbered 0 to m - 1 as in the cover.

    count: at most so many sites; None for any number. cost: (m,) of each, in any unit; budget: at most so much in all.
    must, must_not: (k,) indices. floors: at least so many of some sites. apart: (k, 2) pairs of which at most one is
    chosen.
    """

    count: int | None = None
    cost: _Floats | None = None
    budget: float | None = None
    must: _Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    must_not: _Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    floors: tuple[Floor, ...] = ()
    apart: _Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    @classmethod
    def of(
        cls,
        *,
        count: int | None = None,
        cost: ArrayLike | None = None,
        budget: float | None = None,
        must: ArrayLike = (),
        must_not: ArrayLike = (),
        floors: Sequence[Floor] = (),
        apart: ArrayLike = (),
    ) -> Rules:
        """Make rules of anything that NumPy takes for such arrays."""
        return cls(
            count,
            None if cost is None else np.asarray(cost, dtype=np.float64),
            budget,
            np.unique(np.asarray(must, dtype=np.int64)),
            np.unique(np.asarray(must_not, dtype=np.int64)),
            tuple(floors),
            np.asarray(apart, dtype=np.int64).reshape(-1, 2),
        )

    def costs(self, sites: int) -> _Floats:
        """Return what each site costs, (m,); 1 each where nothing is given."""
        return np.ones(sites) if self.cost is None else self.cost

    def check(self, sites: int) -> None:
        """Raise SitingError, with the smallest change that would help, where no plan can keep to these rules.

        Contradictions that only a search can find (a floor whose sites stand too close to each other) are left to it.
        """
        if self.count is not None and (self.count < 0 or self.count > sites):
            raise SitingError(
                f"{self.count} sites are asked for and there are {sites} candidates: ask for 0 to {sites}"
            )
        self._check_costs(sites)
        for name, indices in (
            ("must", self.must),
            ("must-not", self.must_not),
            ("apart", self.apart.ravel()),
        ):
            if len(indices) and (indices.min() < 0 or indices.max() >= sites):
                raise SitingError(
                    f"{name} names site {int(indices.min())} to {int(indices.max())}; there is 0 to {sites - 1}"
                )
        if len(both := np.intersect1d(self.must, self.must_not)):
            raise SitingError(f"site {_some(both)} is must and must-not at once: take it out of one of them")
        chosen = np.zeros(sites, dtype=bool)
        chosen[self.must] = True
        if len(close := self.apart[chosen[self.apart].all(axis=1)]):
            first, second = close[0].tolist()
            raise SitingError(
                f"sites {first} and {second} are both must and stand closer to each other than the spacing: "
                "lower the spacing or take one out"
            )
        if self.count is not None and len(self.must) > self.count:
            raise SitingError(
                f"{len(self.must)} sites are must and {self.count} may be chosen: ask for {len(self.must)} or more"
            )
        self._check_floors(sites, chosen)

    def _check_costs(self, sites: int) -> None:
        cost = self.cost
        if cost is not None:
            if cost.shape != (sites,):
                raise SitingError(f"{len(cost)} costs were given for {sites} candidates")
            bad = np.flatnonzero(~np.isfinite(cost) | (cost < 0))
            if len(bad):
                raise SitingError(
                    f"site {int(bad[0])} costs {cost[bad[0]]!r}: a cost is a number of 0 or more"
                )
        if self.budget is None:
            return
        if not isfinite(self.budget) or self.budget < 0:
            raise SitingError(f"a budget of {self.budget!r} is none: give a number of 0 or more")
        if cost is None:
            raise SitingError("a budget needs the cost of each candidate")
        allowed = np.delete(cost, self.must_not)
        if len(allowed) and self.budget < allowed.min():
            raise SitingError(
                f"the budget {self.budget:g} is below the cheapest candidate: give {allowed.min():g} or more"
            )
        if (needed := float(cost[self.must].sum())) > self.budget * (1 + 1e-12):
            raise SitingError(
                f"the sites that must be chosen cost {needed:g}, more than the budget {self.budget:g}: "
                f"give {needed:g} or more"
            )

    def _check_floors(self, sites: int, chosen: NDArray[np.bool_]) -> None:
        barred = np.zeros(sites, dtype=bool)
        barred[self.must_not] = True
        seen = np.zeros(sites, dtype=bool)
        needed, disjoint = len(self.must), True
        for each in self.floors:
            if each.least < 0:
                raise SitingError(f"a floor of {each.least} for {each.name} is none: give 0 or more")
            if len(each.sites) and (each.sites.min() < 0 or each.sites.max() >= sites):
                raise SitingError(f"the floor of {each.name} names a site that is not there")
            there = int((~barred[each.sites]).sum())
            if there < each.least:
                raise SitingError(
                    f"{each.name} shall get {each.least} and has {there} candidates: lower its floor to {there} "
                    "or bring candidates there"
                )
            disjoint &= not seen[each.sites].any()
            seen[each.sites] = True
            needed += max(0, each.least - int(chosen[each.sites].sum()))
        if disjoint and self.count is not None and needed > self.count:
            raise SitingError(
                f"the floors and the sites that must be chosen need {needed} and {self.count} may be chosen: "
                f"ask for {needed} or more, or lower floors"
            )

    def broken(self, chosen: ArrayLike, sites: int) -> list[str]:
        """Say what a plan breaks; nothing where it keeps to all. chosen: (k,) indices."""
        picked = np.asarray(chosen, dtype=np.int64)
        found: list[str] = []
        if len(picked) != len(np.unique(picked)):
            found.append("a site is chosen twice")
        if len(picked) and (picked.min() < 0 or picked.max() >= sites):
            return [*found, "a site is chosen that is not there"]
        if self.count is not None and len(picked) > self.count:
            found.append(f"{len(picked)} sites are chosen and {self.count} may be")
        if self.budget is not None and self.costs(sites)[picked].sum() > self.budget * (1 + 1e-9) + 1e-9:
            found.append(f"the sites cost {self.costs(sites)[picked].sum():g}, more than {self.budget:g}")
        if len(missing := np.setdiff1d(self.must, picked)):
            found.append(f"site {_some(missing)} must be chosen and is not")
        if len(barred := np.intersect1d(self.must_not, picked)):
            found.append(f"site {_some(barred)} must not be chosen and is")
        taken = np.zeros(sites, dtype=bool)
        taken[picked] = True
        found += [
            f"{each.name} shall get {each.least} and gets {int(taken[each.sites].sum())}"
            for each in self.floors
            if taken[each.sites].sum() < each.least
        ]
        if len(close := self.apart[taken[self.apart].all(axis=1)]):
            found.append(f"sites {close[0][0]} and {close[0][1]} stand too close to each other")
        return found


def closer_than(xy: ArrayLike, metres: float) -> _Ints:
    """Return the pairs of sites closer to each other than a spacing, (k, 2). xy: (m, 2) in a metric CRS."""
    places = np.asarray(xy, dtype=np.float64)
    if not isfinite(metres) or metres < 0:
        raise SitingError(f"a spacing of {metres!r} is none: give metres of 0 or more")
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise SitingError("a spacing needs the place of every candidate, in metres")
    if not metres or not len(places):
        return np.empty((0, 2), dtype=np.int64)
    # query_pairs takes what lies at the distance itself too, which is far enough.
    pairs: Any = cKDTree(places).query_pairs(metres, output_type="ndarray")
    gap = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    return np.asarray(pairs[gap < metres], dtype=np.int64)


def _some(indices: _Ints) -> str:
    shown = ", ".join(str(each) for each in indices[:5].tolist())
    return f"{shown} and {len(indices) - 5} more" if len(indices) > 5 else shown
