"""How long it takes from every place to a station: exact shortest paths on streets, or an estimate on the straight line.

Seconds count from door to door: the walk to the street, the part of the first segment, the way, the part of the last
one, the walk from the street. One-way streets count in the direction of travel, towards the station unless said
otherwise. Computed by Dijkstra's algorithm on the reversed graph with all stations as sources at once (Dijkstra 1959;
the multi-source form as in Erwig 2000, "The graph Voronoi diagram").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from geo.errors import ReachError
from geo.stops import ends_of, first_of_ties, stops_on
from geo.streets import NOWHERE, Network, Snapped

__all__ = [
    "Nearest",
    "Pairs",
    "Standing",
    "along_one_segment",
    "ends_of",
    "nearest",
    "node_seconds",
    "pairs",
    "standing",
]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Dense rows that a batch of bounded searches may fill at a time.
_BATCH_VALUES: Final = 8_000_000


class Standing(IntEnum):
    """What is known of the way from a place to its nearest station."""

    REACHED = 0
    #: There may be a way, and it is longer than the limit.
    BEYOND = 1
    #: The streets there lead to no station.
    CUT_OFF = 2
    #: There is no street near the place.
    NO_STREET = 3


class Nearest(NamedTuple):
    """seconds: (k,), inf unless reached. station: (k,) index of the nearest, -1. standing: (k,) of ``Standing``."""

    seconds: _Floats
    station: _Ints
    standing: NDArray[np.int8]


class Pairs(NamedTuple):
    """Which stations are within reach of which places, by station: rows of a sparse matrix.

    starts: (f + 1,). place: (p,) indices of places, ascending in each row. seconds: (p,).
    """

    starts: _Ints
    place: _Ints
    seconds: _Floats


@dataclass(frozen=True, slots=True)
class _Question:
    """What pairs are asked for. held: the places that have a street, by segment."""

    network: Network
    places: Snapped
    held: _Ints
    stations: Snapped
    limit: float
    towards: bool


def nearest(
    network: Network, places: Snapped, stations: Snapped, *, limit_s: float = np.inf, towards: bool = True
) -> Nearest:
    """Find the quickest station of each place.

    limit_s: seconds, 0 or more; what takes longer is BEYOND and not searched. towards: from the place to the station,
    else the other way. Ties go to the station given first. Raises ReachError for a limit that is none.
    """
    limit = _limit(limit_s)
    seconds = np.full(len(places), np.inf)
    station = np.full(len(places), -1, dtype=np.int64)
    if (stations.segment != NOWHERE).any():
        distance, origin = node_seconds(network, stations, limit_s=limit, towards=towards)
        for end, partial in ends_of(network, places, towards):
            _better(seconds, station, places.leg_s + partial + distance[end], origin[end])
        which, at, direct = along_one_segment(network, places, stations, towards)
        first = _first_each(which, direct, at)
        own, of = np.full(len(places), np.inf), np.full(len(places), -1, dtype=np.int64)
        own[which[first]], of[which[first]] = direct[first], at[first]
        _better(seconds, station, own, of)
    late = seconds > limit
    seconds[late], station[late] = np.inf, -1
    return Nearest(seconds, station, standing(network, places, stations, seconds))


def node_seconds(
    network: Network, stations: Snapped, *, limit_s: float = np.inf, towards: bool = True
) -> tuple[_Floats, _Ints]:
    """Return, for every node, the seconds to the quickest station and which one that is: (n,) inf and -1 beyond.

    What drawings of reach are made from; ``nearest`` is for places.
    """
    stops = stops_on(network, stations, towards)
    if len(stops.nodes) == 0:
        return np.full(len(network.xy), np.inf), np.full(len(network.xy), -1, dtype=np.int64)
    distance, _, source = dijkstra(
        stops.graph,
        directed=True,
        indices=stops.nodes,
        min_only=True,
        return_predecessors=True,
        limit=_limit(limit_s),
    )
    first_of_ties(stops.graph, distance, source)
    here, source = distance[: len(network.xy)], source[: len(network.xy)]
    return here, np.where(source >= 0, stops.which[np.maximum(source - len(network.xy), 0)], -1)


def standing(network: Network, places: Snapped, stations: Snapped, seconds: _Floats) -> NDArray[np.int8]:
    """Tell what is known of each place's way, given the seconds found (inf beyond the limit): (k,) of ``Standing``."""
    part = network.component[network.tail[np.maximum(places.segment, 0)]] if len(network) else places.segment
    there = network.component[network.tail[stations.segment[stations.segment != NOWHERE]]]
    told = np.where(np.isin(part, there), Standing.BEYOND, Standing.CUT_OFF)
    told = np.where(places.segment == NOWHERE, Standing.NO_STREET, told)
    return np.where(np.isfinite(seconds), Standing.REACHED, told).astype(np.int8)


def pairs(
    network: Network,
    places: Snapped,
    stations: Snapped,
    *,
    limit_s: float,
    towards: bool = True,
    most: int = 200_000_000,
) -> Pairs:
    """Find every place within ``limit_s`` of every station, as sparse rows.

    Each batch of stations is searched in the part of the network that lies within the limit of it, so that no row is
    as long as the network; the halo makes no difference to any number. most: pairs that fit into memory (24 bytes
    each); ReachError beyond, which names the limit that was asked.
    """
    limit = _limit(limit_s)
    if not np.isfinite(limit):
        raise ReachError(
            "pairs need a finite limit in seconds: without one every station would reach every place"
        )
    rows: list[tuple[int, _Ints, _Floats]] = []
    total = 0
    held = np.flatnonzero(places.segment != NOWHERE)
    held = held[np.argsort(places.segment[held], kind="stable")]
    asked = _Question(network, places, held, stations, limit, towards)
    for chosen, segments in _parts(network, stations, limit):
        for row, found, value in _batch(asked, chosen, segments):
            total += len(found)
            if total > most:
                raise ReachError(
                    f"more than {most:,} pairs lie within {limit:g} s; ask a shorter limit, larger cells or fewer stations"
                )
            rows.append((row, found, value))
    rows.sort(key=lambda each: each[0])
    counts = np.zeros(len(stations), dtype=np.int64)
    for row, found, _ in rows:
        counts[row] = len(found)
    return Pairs(
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([found for _, found, _ in rows] or [np.zeros(0, dtype=np.int64)]),
        np.concatenate([value for _, _, value in rows] or [np.zeros(0)]),
    )


def _limit(limit_s: float) -> float:
    if not limit_s >= 0:
        raise ReachError(f"a limit is a number of seconds, 0 or more, not {limit_s!r}")
    return float(limit_s)


def along_one_segment(
    network: Network, places: Snapped, stations: Snapped, towards: bool
) -> tuple[_Ints, _Ints, _Floats]:
    """Give the pairs on one segment and the seconds between them along it: (place, station, seconds)."""
    order = np.argsort(stations.segment, kind="stable")
    order = order[stations.segment[order] != NOWHERE]
    held = stations.segment[order]
    first, last = (np.searchsorted(held, places.segment, side=side) for side in ("left", "right"))
    counts = np.where(places.segment == NOWHERE, 0, last - first)
    place = np.repeat(np.arange(len(places)), counts)
    within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    station = order[first[place] + within]
    segment = places.segment[place]
    step = stations.along[station] - places.along[place]
    ahead = network.forward_s if towards else network.backward_s
    back = network.backward_s if towards else network.forward_s
    with np.errstate(invalid="ignore"):
        along = np.where(step == 0.0, 0.0, np.where(step > 0, step * ahead[segment], -step * back[segment]))
    return place, station, places.leg_s[place] + along + stations.leg_s[station]


def _better(seconds: _Floats, station: _Ints, value: _Floats, of: _Ints) -> None:
    """Write what is quicker, or as quick and of an earlier station, into the answer."""
    taken = (value < seconds) | ((value == seconds) & (of < station))
    np.copyto(seconds, value, where=taken)
    np.copyto(station, of, where=taken)


def _first_each(which: _Ints, value: _Floats, of: _Ints) -> _Ints:
    """Return, for each place that is named, where its least value stands, that of the earliest station."""
    order = np.lexsort((of, value, which))
    return order[np.diff(which[order], prepend=-1) > 0]


def _parts(network: Network, stations: Snapped, limit: float) -> Iterator[tuple[_Ints, _Ints]]:
    """Divide the stations into batches that lie together; give with each the segments that it can reach.

    Squares are twice as wide as anybody gets within the limit, so that what a station of a square can reach lies in
    that square and its neighbours. A segment counts where either of its ends lies.
    """
    which = np.flatnonzero(stations.segment != NOWHERE)
    if len(which) == 0:
        return
    square = np.floor(network.xy / max(2.0 * limit * network.fastest_ms, 1.0)).astype(np.int64)
    square -= square.min(axis=0) - 1
    tall = int(square[:, 1].max()) + 2
    key = square[:, 0] * tall + square[:, 1]
    ends = np.concatenate([key[network.tail], key[network.head]])
    order = np.argsort(ends, kind="stable")
    ends, of = ends[order], order % len(network)
    home = key[network.tail[stations.segment[which]]]
    by_home = np.argsort(home, kind="stable")
    for chosen in np.split(which[by_home], np.flatnonzero(np.diff(home[by_home])) + 1):
        on = stations.segment[chosen]
        about = np.concatenate([square[network.tail[on]], square[network.head[on]]])
        (west, south), (east, north) = about.min(axis=0) - 1, about.max(axis=0) + 1
        columns = np.arange(west, east + 1) * tall
        spans = zip(
            np.searchsorted(ends, columns + south),
            np.searchsorted(ends, columns + north, side="right"),
            strict=True,
        )
        yield chosen, np.unique(np.concatenate([of[first:last] for first, last in spans]))


def _batch(asked: _Question, chosen: _Ints, segments: _Ints) -> Iterator[tuple[int, _Ints, _Floats]]:
    """Search from some stations in the part of the network that they can reach; segments: ascending."""
    places, stations = asked.places, asked.stations
    part = asked.network.part(segments)
    on = places.segment[asked.held]
    first, last = np.searchsorted(on, segments), np.searchsorted(on, segments, side="right")
    counts = last - first
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    near = np.sort(asked.held[np.repeat(first, counts) + within])
    local = Snapped(np.searchsorted(segments, places.segment[near]), places.along[near], places.leg_s[near])
    own = Snapped(
        np.searchsorted(segments, stations.segment[chosen]), stations.along[chosen], stations.leg_s[chosen]
    )
    stops = stops_on(part, own, asked.towards)
    which, at, direct = along_one_segment(part, local, own, asked.towards)
    ways = list(ends_of(part, local, asked.towards))
    size = max(1, _BATCH_VALUES // max(1, stops.graph.shape[0]))
    for start in range(0, len(chosen), size):
        sources = stops.nodes[start : start + size]
        distance = np.atleast_2d(dijkstra(stops.graph, directed=True, indices=sources, limit=asked.limit))
        for i, row in enumerate(distance, start=start):
            value = np.minimum(*(local.leg_s + partial + row[end] for end, partial in ways))
            mine = at == i
            np.minimum.at(value, which[mine], direct[mine])
            found = np.flatnonzero(value <= asked.limit)
            yield int(chosen[i]), near[found], value[found]
