"""How the ways of a run are measured: on streets where they are loaded, else estimated along the straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from geo.coverage.estimate import StraightLine
from geo.passing import KMH, Mode
from geo.reach import Nearest, Pairs, nearest, pairs
from geo.streets import Network, Snapped

__all__ = ["Estimated", "LonLat", "OnStreets", "Ways"]

LonLat = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Metres a second from door to door along streets nobody has drawn: the finder's own figures (``stations.finding``).
_DOOR_TO_DOOR_MS: Final = {Mode.WALK: KMH["walk"][""] / 3.6, Mode.EBIKE: 250.0 / 60.0}


class Ways(Protocol):
    """What a run asks of travelling. Places and doors are (lon, lat), WGS 84; travel goes to the door."""

    def nearest(self, places: LonLat, doors: LonLat, *, limit_s: float = ...) -> Nearest:
        """Find the nearest door of each place, as ``geo.reach.nearest`` tells it."""

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find all places within the limit of each door, as ``geo.reach.pairs`` tells them."""

    def basis(self) -> dict[str, Any]:
        """Say what the minutes stand on, for the record of a run."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """Minutes along the straight line, times a detour."""

    mode: Mode
    detour: float

    def _line(self) -> StraightLine:
        return StraightLine(self.detour, _DOOR_TO_DOOR_MS[self.mode])

    def nearest(self, places: LonLat, doors: LonLat, *, limit_s: float = np.inf) -> Nearest:
        """Find the nearest door of each place."""
        return self._line().nearest(places, doors, limit_s=limit_s)

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find all places within the limit of each door."""
        return self._line().pairs(places, doors, limit_s=limit_s)

    def basis(self) -> dict[str, Any]:
        """Say that they are estimates, and how they are made."""
        return {
            "ways": "straight line",
            "estimated_ways": True,
            "detour": self.detour,
            "speed_ms": _DOOR_TO_DOOR_MS[self.mode],
        }


class OnStreets:
    """Minutes on a street network. Places that were asked about once are not snapped again."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._snapped: list[tuple[LonLat, Snapped]] = []

    def _snap(self, places: LonLat) -> Snapped:
        for known, snapped in self._snapped:
            if known[0] is places[0] and known[1] is places[1]:
                return snapped
        snapped = self.network.snap(*places)
        self._snapped = [*self._snapped[-3:], (places, snapped)]
        return snapped

    def nearest(self, places: LonLat, doors: LonLat, *, limit_s: float = np.inf) -> Nearest:
        """Find the nearest door of each place."""
        return nearest(self.network, self._snap(places), self._snap(doors), limit_s=limit_s)

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find all places within the limit of each door."""
        return pairs(self.network, self._snap(places), self._snap(doors), limit_s=limit_s)

    def basis(self) -> dict[str, Any]:
        """Name the streets."""
        return {"ways": self.network.source, "estimated_ways": False, "segments": len(self.network)}
