"""One traveller on a network: seconds from here to some doors, by a search of the streets that lie about.

A search of the whole network looks at millions of nodes to answer somebody who walks ten minutes. Where nodes are
numbered square by square, those about a place stand in a few runs, and the search is made among them alone. What lies
beyond cannot be reached within the limit, so every number is the one that the whole network gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.bbox import BBox
from geo.crs import scale_error
from geo.errors import ReachError
from geo.reach import along_one_segment, ends_of
from geo.streets import NOWHERE, Network, Snapped

__all__ = ["Neighbourhood", "Reached", "in_squares"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Side of the squares that nodes are numbered by.
_SIDE_M: Final = 500.0


@dataclass(frozen=True, slots=True)
class Reached:
    """The nodes about a place and the seconds to them: node (l,) ascending, seconds (l,) inf beyond the limit."""

    origin: Snapped
    limit_s: float
    node: _Ints
    seconds: _Floats

    def at(self, nodes: _Ints) -> _Floats:
        """Return the seconds to nodes, inf to those that the search did not come to."""
        if len(self.node) == 0:
            return np.full(len(nodes), np.inf)
        at = np.minimum(np.searchsorted(self.node, nodes), len(self.node) - 1)
        return np.where(self.node[at] == nodes, self.seconds[at], np.inf)


@dataclass(frozen=True)
class Neighbourhood:
    """A network whose nodes are numbered square by square (``in_squares``), with what a search about a place needs."""

    network: Network

    @cached_property
    def square(self) -> _Ints:
        """The square of each node, ascending: (n,)."""
        return _square(self.network.xy, self._low, self._tall)

    @cached_property
    def _low(self) -> _Floats:
        return np.asarray(self.network.xy.min(axis=0))

    @cached_property
    def _tall(self) -> int:
        return _tall(self.network.xy)

    @cached_property
    def straight_ms(self) -> float:
        """Straight metres on the ground that nobody exceeds in a second, whatever way they take."""
        low, high = self._low, self.network.xy.max(axis=0)
        lon, lat = self.network.lonlat(
            np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])], dtype=np.float64)
        )
        box = BBox(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
        # Metres of the plane are shorter than those of the ground where its scale is below one.
        return self.network.fastest_ms / (1.0 - scale_error(self.network.crs, box))

    def search(self, origin: Snapped, *, limit_s: float) -> Reached:
        """Travel from one place in all directions for so many seconds.

        origin: one place. limit_s: finite. Raises ReachError for more places, or a limit without end.
        """
        if len(origin) != 1 or not (np.isfinite(limit_s) and limit_s >= 0):
            raise ReachError(
                f"a search goes from one place for a finite time, not from {len(origin)} for {limit_s!r} s"
            )
        if origin.segment[0] == NOWHERE:
            return Reached(origin, limit_s, np.zeros(0, dtype=np.int64), np.zeros(0))
        ends = [
            (end[0], float((origin.leg_s + partial)[0]))
            for end, partial in ends_of(self.network, origin, True)
        ]
        first, last = self._runs(self.network.xy[[end for end, _ in ends]], limit_s)
        graph, node = self._part(first, last)
        count = len(node)
        own = sorted(
            (int(np.searchsorted(node, end)), seconds) for end, seconds in ends if np.isfinite(seconds)
        )
        whole = csr_array(
            (
                np.concatenate([graph.data, [seconds for _, seconds in own]]),
                np.concatenate([graph.indices, np.array([end for end, _ in own], dtype=np.int32)]),
                np.append(graph.indptr, graph.indptr[-1] + len(own)),
            ),
            shape=(count + 1, count + 1),
        )
        seconds = dijkstra(whole, directed=True, indices=[count], limit=limit_s)[0, :count]
        return Reached(origin, limit_s, node, seconds)

    def seconds(self, reached: Reached, doors: Snapped) -> _Floats:
        """Return the seconds from where a search began to each door, inf beyond its limit: (k,)."""
        found = np.full(len(doors), np.inf)
        for end, partial in ends_of(self.network, doors, False):
            value = reached.at(end) + partial + doors.leg_s
            np.minimum(found, np.where(doors.segment == NOWHERE, np.inf, value), out=found)
        _, door, along = along_one_segment(self.network, reached.origin, doors, True)
        np.minimum.at(found, door, along)
        found[found > reached.limit_s] = np.inf
        return found

    def _runs(self, about: _Floats, limit_s: float) -> tuple[_Ints, _Ints]:
        """Return where the nodes begin and end that lie within reach of some points, column of squares by column."""
        reach = limit_s * self.network.fastest_ms + 1.0
        west, south = np.floor((about.min(axis=0) - reach - self._low) / _SIDE_M).astype(np.int64)
        east, north = np.floor((about.max(axis=0) + reach - self._low) / _SIDE_M).astype(np.int64)
        columns = np.arange(max(0, west), east + 1) * self._tall
        first = np.searchsorted(self.square, columns + max(0, south))
        last = np.searchsorted(self.square, columns + min(north, self._tall - 1), side="right")
        return first, last

    def _part(self, first: _Ints, last: _Ints) -> tuple[csr_array[Any], _Ints]:
        """Return the graph among the nodes of some runs, numbered anew, and which nodes these are."""
        graph = self.network.graph
        rows = [(graph.indptr[start], graph.indptr[end]) for start, end in zip(first, last, strict=True)]
        node = _joined([np.arange(start, end) for start, end in zip(first, last, strict=True)])
        degree = _joined(
            [np.diff(graph.indptr[a : b + 1]) for a, b in zip(first, last, strict=True) if b > a]
        )
        to = _joined([graph.indices[a:b] for a, b in rows])
        seconds = np.concatenate([graph.data[a:b] for a, b in rows] or [np.zeros(0)])
        # Where a run begins among the nodes tells the new number of each of its nodes.
        run = np.searchsorted(last, to, side="right")
        inside = run < len(last)
        inside[inside] = to[inside] >= first[run[inside]]
        shift = first - np.concatenate([[0], np.cumsum(last - first)[:-1]])
        starts = np.concatenate([[0], np.cumsum(inside)])[np.concatenate([[0], np.cumsum(degree)])]
        indices = (to[inside] - shift[run[inside]]).astype(np.int32)
        size = len(node)
        return csr_array((seconds[inside], indices, starts.astype(np.int32)), shape=(size, size)), node


def in_squares(network: Network) -> Network:
    """Return the same network with its nodes numbered square by square, and its segments in the order of their tails."""
    if len(network) == 0:
        return network
    low = network.xy.min(axis=0)
    order = np.argsort(_square(network.xy, low, _tall(network.xy)), kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    tail, head = number[network.tail], number[network.head]
    by_tail = np.lexsort((head, tail))
    return replace(
        network,
        xy=np.ascontiguousarray(network.xy[order]),
        tail=tail[by_tail],
        head=head[by_tail],
        length_m=network.length_m[by_tail],
        forward_s=network.forward_s[by_tail],
        backward_s=network.backward_s[by_tail],
    )


def _joined(parts: list[Any]) -> _Ints:
    return np.concatenate([*parts, np.zeros(0, dtype=np.int64)]).astype(np.int64)


def _tall(xy: _Floats) -> int:
    return int(np.ptp(xy[:, 1]) // _SIDE_M) + 1


def _square(xy: _Floats, low: _Floats, tall: int) -> _Ints:
    at = np.floor((xy - low) / _SIDE_M).astype(np.int64)
    return np.asarray(at[:, 0] * tall + at[:, 1])
