"""A large question in parts: each part with a halo as wide as anybody gets within the limit, in a pool of processes.

What lies beyond the halo cannot be reached within the limit, so every number is the one of the single run, to the last
digit; a test holds them equal. A pool of a cluster engine fits in place of the processes: a part is a function of
arrays alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from geo.errors import ReachError
from geo.reach import Nearest, nearest, standing
from geo.streets import NOWHERE, Network, Snapped

__all__ = ["Part", "nearest_in_parts", "parts"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a question, whole in itself: its streets with their halo, its places, the stations within reach.

    which: indices of its places in the question. station_numbers: indices of its stations there.
    """

    network: Network
    places: Snapped
    stations: Snapped
    which: _Ints
    station_numbers: _Ints
    limit_s: float
    towards: bool


def parts(
    network: Network,
    places: Snapped,
    stations: Snapped,
    label: _Ints,
    *,
    limit_s: float,
    towards: bool = True,
) -> Iterator[Part]:
    """Divide a question by the labels of its places, such as their counties.

    label: (k,). limit_s: finite. Places without a street are in no part. Raises ReachError for a limit without end.
    """
    if not np.isfinite(limit_s):
        raise ReachError(
            "parts need a finite limit in seconds: without one the halo would be the whole network"
        )
    halo = limit_s * network.fastest_ms + 1.0
    snapped = places.segment != NOWHERE
    served = np.flatnonzero(stations.segment != NOWHERE)
    for name in np.unique(label[snapped]):
        which = np.flatnonzero(snapped & (label == name))
        on = np.unique(places.segment[which])
        ends = np.vstack([network.xy[network.tail[on]], network.xy[network.head[on]]])
        low, high = ends.min(axis=0) - halo, ends.max(axis=0) + halo
        inside = ((network.xy >= low) & (network.xy <= high)).all(axis=1)
        segments = np.flatnonzero(inside[network.tail] | inside[network.head])
        mine = served[np.isin(stations.segment[served], segments)]
        yield Part(
            network.part(segments),
            _renumbered(places.take(which), segments),
            _renumbered(stations.take(mine), segments),
            which,
            mine,
            limit_s,
            towards,
        )


def nearest_in_parts(
    network: Network,
    places: Snapped,
    stations: Snapped,
    label: _Ints,
    *,
    limit_s: float,
    towards: bool = True,
    processes: int = 1,
    told: Callable[[float], None] | None = None,
) -> Nearest:
    """Answer as ``geo.reach.nearest`` does, part by part.

    processes: 1 works in this one. told: called with the share that is done, 0 to 1; what it raises ends the run.
    """
    if len(label) != len(places):
        raise ReachError(f"{len(places)} places and {len(label)} labels: each place needs one")
    seconds, station = np.full(len(places), np.inf), np.full(len(places), -1, dtype=np.int64)
    total = max(1, int((places.segment != NOWHERE).sum()))
    done = 0
    with _pool(processes) as pool:
        questions = parts(network, places, stations, label, limit_s=limit_s, towards=towards)
        for which, found, of in pool.map(_answer, questions) if pool else map(_answer, questions):
            seconds[which], station[which] = found, of
            done += len(which)
            if told is not None:
                told(done / total)
    return Nearest(seconds, station, standing(network, places, stations, seconds))


def _answer(part: Part) -> tuple[_Ints, _Floats, _Ints]:
    found = nearest(part.network, part.places, part.stations, limit_s=part.limit_s, towards=part.towards)
    if len(part.station_numbers) == 0:
        return part.which, found.seconds, found.station
    return part.which, found.seconds, np.where(found.station >= 0, part.station_numbers[found.station], -1)


def _pool(processes: int) -> Executor | nullcontext[None]:
    if processes <= 1:
        return nullcontext()
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _renumbered(points: Snapped, segments: _Ints) -> Snapped:
    return Snapped(np.searchsorted(segments, points.segment), points.along, points.leg_s)
