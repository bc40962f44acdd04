"""A question of siting as measured: who is how far from which candidate and which station, and what everybody counts for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geo.reach import Pairs
from geo.siting import Asked, Cover
from stations.planning.ways import LonLat, Ways

__all__ = ["Measured", "Remembering"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """asked: the pairs of candidates within ``search_s`` and the rules. existing: the pairs of stations within it, None
    without stations. limit_s: within which people count as reached. people: (n,) persons; ``asked.weight`` is what they
    count for. holds, stations_hold: what a candidate and each station can serve, where that was asked.
    """

    asked: Asked
    existing: Pairs | None
    people: _Floats
    limit_s: float
    search_s: float

    @cached_property
    def within(self) -> Cover:
        """Who is within the limit of which candidate, in people's sense: also where the search looks farther."""
        cover = self.asked.cover
        if self.search_s <= self.limit_s:
            return cover
        near = self.asked.seconds <= self.limit_s
        starts = np.concatenate([[0], np.cumsum(near)])[cover.starts]
        return Cover(starts.astype(np.int64), cover.demand[near], cover.demands)

    @cached_property
    def site(self) -> _Ints:
        """(q,) the candidate of each pair."""
        cover = self.asked.cover
        return np.repeat(np.arange(cover.sites), np.diff(cover.starts))

    @cached_property
    def existing_s(self) -> _Floats:
        """(n,) seconds to the nearest station, inf where none is within what the search looks at."""
        found = np.full(len(self.people), np.inf)
        if self.existing is not None:
            np.minimum.at(found, self.existing.place, self.existing.seconds)
        return found

    @cached_property
    def times(self) -> _Ints:
        """(n,) how many stations each has within the limit."""
        if self.existing is None:
            return np.zeros(len(self.people), dtype=np.int64)
        near = self.existing.seconds <= self.limit_s
        return np.bincount(self.existing.place[near], minlength=len(self.people)).astype(np.int64)

    def seconds_with(self, sites: NDArray[np.int64]) -> _Floats:
        """Return the seconds of everybody to the nearest station or site, ``search_s`` where none is within it, (n,)."""
        found = np.minimum(self.existing_s, self.search_s)
        at = self.asked.cover.pairs_of(sites)
        np.minimum.at(found, self.asked.cover.demand[at], self.asked.seconds[at])
        return found

    @property
    def allowed(self) -> _Ints:
        """The candidates that the rules do not bar."""
        return np.setdiff1d(np.arange(self.asked.cover.sites), self.asked.rules.must_not)


@dataclass
class Remembering:
    """Ways that remember the pairs they were asked for, in order: the search keeps only whom stations reach, a plan more."""

    ways: Ways
    found: list[Pairs] = field(default_factory=list)

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find all places within the limit of each door."""
        self.found.append(self.ways.pairs(places, doors, limit_s=limit_s))
        return self.found[-1]
