"""How the ways of a run are measured: on streets where they are loaded, else estimated along the straight line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from geo.coverage.estimate import StraightLine
from geo.halo import nearest_in_parts
from geo.io.networks import read_network
from geo.passing import KMH, Mode
from geo.reach import Nearest, Pairs, nearest, pairs
from geo.streets import NOWHERE, Network, Snapped
from stations.errors import Conflict, Invalid
from stations.planning.asking import Along, CoverageQuestion
from stations.streets.keeping import Kept, current, folder_of

__all__ = ["Estimated", "LonLat", "OnStreets", "Ways", "for_question", "usual"]

LonLat = tuple[NDArray[np.float64], NDArray[np.float64]]

#: Metres a second from door to door along streets nobody has drawn: the finder's own figures (``stations.finding``).
_DOOR_TO_DOOR_MS: Final = {Mode.WALK: KMH["walk"][""] / 3.6, Mode.EBIKE: 250.0 / 60.0}
#: Share of places or doors without a street beyond which streets do not fit the question.
_MOST_WITHOUT: Final = 0.5
#: Segments that one pass searches; the graph of more would not leave room for the rest of a run.
_MOST_AT_ONCE: Final = 5_000_000


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
    """Minutes on a street network. Places that were asked about once are not snapped again.

    kept: what was loaded, for the record of a run. within_m: beyond, a place has no street. at_once: segments of a
    network beyond which a question is divided into parts, with a halo of its limit about each, that so many processes
    answer; no number is another for it.
    """

    def __init__(
        self,
        network: Network,
        *,
        kept: Kept | None = None,
        within_m: float = 1_000.0,
        at_once: int = _MOST_AT_ONCE,
        processes: int = 1,
    ) -> None:
        self.network = network
        self._at_once = at_once
        self._processes = processes
        self._kept = kept
        self._within_m = within_m
        self._snapped: list[tuple[LonLat, Snapped]] = []
        self._fit: dict[str, float] = {}

    def _snap(self, places: LonLat, within_m: float = 1_000.0) -> Snapped:
        for index, (known, snapped) in enumerate(self._snapped):
            if known[0] is places[0] and known[1] is places[1]:
                # What is asked for again and again stays, however many others are asked for between.
                self._snapped.append(self._snapped.pop(index))
                return snapped
        snapped = self.network.snap(*places, within_m=within_m)
        self._snapped = [*self._snapped[-3:], (places, snapped)]
        return snapped

    def nearest(self, places: LonLat, doors: LonLat, *, limit_s: float = np.inf) -> Nearest:
        """Find the nearest door of each place. The first call raises Invalid where the streets are not of this place."""
        at, to = self._snap(places, self._within_m), self._snap(doors)
        if not self._fit:
            self._fit = _fit(self.network, at, to)
        if np.isfinite(limit_s) and len(self.network) > self._at_once:
            return nearest_in_parts(
                self.network, at, to, _squares(places), limit_s=limit_s, processes=self._processes
            )
        return nearest(self.network, at, to, limit_s=limit_s)

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find all places within the limit of each door."""
        return pairs(self.network, self._snap(places, self._within_m), self._snap(doors), limit_s=limit_s)

    def basis(self) -> dict[str, Any]:
        """Name the streets, and tell how well they fit: shares of the places, and the pieces that they fall into."""
        told: dict[str, Any] = {
            "ways": self.network.source,
            "estimated_ways": False,
            "segments": len(self.network),
            **self._fit,
        }
        if self._kept is not None:
            mode = self._kept.modes[str(self.network.mode)]
            told |= {
                "ways": self._kept.source,
                "streets_file": self._kept.file,
                "streets_date": self._kept.date,
                "streets_digest": self._kept.digest,
                "elevation": self._kept.elevation,
                "pieces": mode.pieces,
                "largest_piece": mode.largest,
            }
        return told


def for_question(question: CoverageQuestion, folder: Path) -> Ways:
    """Return how a question measures its ways.

    folder: where the streets of the registry are kept. Raises Conflict where it asks for streets and none are loaded.
    """
    if question.ways is Along.STRAIGHT:
        return Estimated(question.mode, question.detour)
    kept = current(folder)
    if kept is None:
        raise Conflict(
            "this question asks for minutes on streets, and no streets are loaded: load an extract (yizhan streets load "
            "FILE), or ask along the straight line"
        )
    # The people of a cell live anywhere in it: a street at its edge is theirs, however far from its middle.
    half_diagonal = question.size_m * 0.5**0.5
    return OnStreets(
        read_network(folder_of(folder, kept, question.mode)),
        kept=kept,
        within_m=max(1_000.0, half_diagonal),
        processes=os.cpu_count() or 1,
    )


def _squares(places: LonLat) -> NDArray[np.int64]:
    """Number the squares of a degree, large beside any halo, that places lie in."""
    lon, lat = (np.floor(part).astype(np.int64) for part in places)
    return (lat + 90) * 361 + lon + 180


def usual(folder: Path) -> Along:
    """Return what a question is measured along where nobody says: the streets, once they are loaded."""
    return Along.STRAIGHT if current(folder) is None else Along.STREETS


def _fit(network: Network, places: Snapped, doors: Snapped) -> dict[str, float]:
    """Tell how many places and doors have no street, and what share of those that have one no door is connected with.

    Raises Invalid where most have none: a map of it would be a map of the missing streets.
    """
    without = {}
    for name, snapped in (("places", places), ("stations", doors)):
        share = float((snapped.segment == NOWHERE).mean()) if len(snapped) else 0.0
        if share > _MOST_WITHOUT:
            raise Invalid(
                f"{share:.0%} of the {len(snapped):,} {name} asked about have no street near in {network.source}: these "
                "streets are of another place or of a part of it. Load those of the whole region, ask about the part "
                "that they cover, or measure along the straight line",
                field="ways",
            )
        without[f"{name}_without_street"] = share
    there = network.component[network.tail[doors.segment[doors.segment != NOWHERE]]]
    here = network.component[network.tail[places.segment[places.segment != NOWHERE]]]
    return without | {"places_cut_off": float((~np.isin(here, there)).mean()) if len(here) else 0.0}
