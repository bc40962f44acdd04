"""Where people and stations hang on a street graph: the ends of their segments, with the seconds to these.

Stations become nodes of their own, so that a search can begin at all of them; what it finds is made independent of how
the nodes are numbered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.streets import NOWHERE, Network, Snapped, directed_graph

__all__ = ["Stops", "ends_of", "first_of_ties", "stops_on"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stops:
    """Stations as extra nodes of a graph: from each node an arc to the ends of its segment, or from there."""

    graph: csr_array[Any]
    nodes: _Ints
    which: _Ints


def ends_of(network: Network, points: Snapped, towards: bool) -> Iterator[tuple[_Ints, _Floats]]:
    """Give, for both ends of each point's segment, the node and the seconds between point and node.

    towards: from the point to the node; else from the node to the point.
    """
    known = np.maximum(points.segment, 0)
    with np.errstate(invalid="ignore"):
        to_tail = points.along * (network.backward_s if towards else network.forward_s)[known]
        to_head = (1.0 - points.along) * (network.forward_s if towards else network.backward_s)[known]
    # At the very end of a segment that is closed that way 0 × inf is no number, and the end is where one stands.
    yield network.tail[known], np.where(points.along == 0.0, 0.0, to_tail)
    yield network.head[known], np.where(points.along == 1.0, 0.0, to_head)


def stops_on(network: Network, stations: Snapped, towards: bool) -> Stops:
    """Hang the stations into the graph, reversed when travel goes towards them."""
    which = np.flatnonzero(stations.segment != NOWHERE)
    nodes = len(network.xy) + np.arange(len(which))
    # Travel towards a station arrives from the ends of its segment: the search runs back along that.
    arcs = [
        (end[which], (stations.leg_s + partial)[which])
        for end, partial in ends_of(network, stations, not towards)
    ]
    own = directed_graph(
        len(network.xy) + len(which),
        np.concatenate([np.arange(len(which))] * 2),
        np.concatenate([end for end, _ in arcs]),
        np.concatenate([seconds for _, seconds in arcs]),
        rows=len(which),
    )
    # Nothing leads to the new nodes, so their rows are set below those of the graph, which is not built again.
    graph = network.reversed if towards else network.graph
    whole = csr_array(
        (
            np.concatenate([graph.data, own.data]),
            np.concatenate([graph.indices, own.indices]),
            np.concatenate([graph.indptr, graph.indptr[-1] + own.indptr[1:]]),
        ),
        shape=(len(network.xy) + len(which),) * 2,
    )
    return Stops(whole, nodes, which)


def first_of_ties(graph: csr_array[Any], distance: _Floats, source: NDArray[np.int32]) -> None:
    """Name, where several sources are equally near, the first of them.

    Which one a heap happens to name depends on how the nodes are numbered, and those of a part are numbered otherwise.
    """
    tail = np.repeat(np.arange(graph.shape[0], dtype=np.int32), np.diff(graph.indptr))
    arcs = np.flatnonzero(source[tail] < source[graph.indices])
    while len(arcs):
        start, end = tail[arcs], graph.indices[arcs]
        tied = (distance[start] + graph.data[arcs] == distance[end]) & (source[start] < source[end])
        start, end = start[tied], end[tied]
        np.minimum.at(source, end, source[start])
        changed = np.unique(end)
        counts = (graph.indptr[1:] - graph.indptr[:-1])[changed]
        arcs = np.repeat(graph.indptr[changed] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
