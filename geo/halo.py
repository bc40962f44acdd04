"""A large question in parts: each part with a halo as wide as anybody gets within the limit, in a pool of processes.

What lies beyond the halo cannot be reached within the limit, so every number is the one of the single run, to the last
digit, and so is the station named where several are equally near; a test holds them equal. The pool of a cluster
engine fits in place of the processes: the answer to a part is a function of its arrays alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
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
    snapped = np.flatnonzero(places.segment != NOWHERE)
    snapped = snapped[np.argsort(label[snapped], kind="stable")]
    served = np.flatnonzero(stations.segment != NOWHERE)
    ends = [_ByX.of(network.xy[nodes]) for nodes in (network.tail, network.head)]
    for which in np.split(snapped, np.flatnonzero(np.diff(label[snapped])) + 1) if len(snapped) else []:
        on = places.segment[which]
        about = np.vstack([network.xy[network.tail[on]], network.xy[network.head[on]]])
        low, high = about.min(axis=0) - halo, about.max(axis=0) + halo
        segments = np.unique(np.concatenate([each.within(low, high) for each in ends]))
        at = np.minimum(np.searchsorted(segments, stations.segment[served]), len(segments) - 1)
        mine = served[segments[at] == stations.segment[served]]
        yield Part(
            network.part(segments),
            _renumbered(places.take(which), segments),
            _renumbered(stations.take(mine), segments),
            which,
            mine,
            limit_s,
            towards,
        )


@dataclass(frozen=True, slots=True)
class _ByX:
    """Points in the order of their x, so that those of a box are found among the few between its sides."""

    order: _Ints
    xy: _Floats

    @classmethod
    def of(cls, xy: _Floats) -> _ByX:
        order = np.argsort(xy[:, 0], kind="stable")
        return cls(order, xy[order])

    def within(self, low: _Floats, high: _Floats) -> _Ints:
        first = np.searchsorted(self.xy[:, 0], low[0])
        last = np.searchsorted(self.xy[:, 0], high[0], side="right")
        y = self.xy[first:last, 1]
        return np.asarray(self.order[first:last][(y >= low[1]) & (y <= high[1])])


def nearest_in_parts(
    network: Network,
    places: Snapped,
    stations: Snapped,
    label: _Ints,
    *,
    limit_s: float,
    towards: bool = True,
    processes: int = 1,
    pool: Executor | None = None,
    told: Callable[[float], None] | None = None,
) -> Nearest:
    """Answer as ``geo.reach.nearest`` does, part by part.

    processes: 1 works in this one. pool: an executor of one's own that works instead and is left open; it is handed two
    parts for each of ``processes``, and the next when one is done, so that few are in memory at a time. told: called with
    the share that is done, 0 to 1; what it raises ends the run.
    """
    if len(label) != len(places):
        raise ReachError(f"{len(places)} places and {len(label)} labels: each place needs one")
    seconds, station = np.full(len(places), np.inf), np.full(len(places), -1, dtype=np.int64)
    total = max(1, int((places.segment != NOWHERE).sum()))
    done = 0
    questions = parts(network, places, stations, label, limit_s=limit_s, towards=towards)
    with _workers(processes, pool) as workers:
        for which, found, of in _answers(workers, questions, 2 * processes):
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


def _answers(
    workers: Executor | None, questions: Iterator[Part], ahead: int
) -> Iterator[tuple[_Ints, _Floats, _Ints]]:
    """Answer in the order of the questions, so many of them ahead."""
    if workers is None:
        yield from map(_answer, questions)
        return
    waiting: deque[Future[tuple[_Ints, _Floats, _Ints]]] = deque()
    try:
        for part in questions:
            waiting.append(workers.submit(_answer, part))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _workers(processes: int, pool: Executor | None) -> AbstractContextManager[Executor | None]:
    if pool is not None or processes <= 1:
        return nullcontext(pool)
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _renumbered(points: Snapped, segments: _Ints) -> Snapped:
    return Snapped(np.searchsorted(segments, points.segment), points.along, points.leg_s)
