"""A street network that somebody can travel: ways → a directed graph of seconds, and places snapped to its edges.

Every vertex of a way is a node, so what lies along a street is reached where it lies. Places snap to the nearest
*segment* and not to a node: the walk from the door to the street and the part of the segment are both counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geo.bbox import BBox
from geo.crs import pick_metric, require_metric
from geo.errors import ReachError
from geo.io.streets import Ways
from geo.passing import KMH, Mode, blocks, slope_factor, speeds
from geo.snapping import SegmentSquares, squares_of

__all__ = ["NOWHERE", "Network", "Snapped", "build", "directed_graph"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: The segment of a place that has no street within reach.
NOWHERE: Final = -1
_WALK_MS: Final = KMH["walk"][""] / 3.6
#: Nobody's street if it is farther away; on the plateau houses stand well off the road.
_FAR_M: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class Snapped:
    """Places on a network: segment (k,), NOWHERE where none is near; along (k,) 0 at its tail to 1 at its head; leg_s
    (k,) seconds on foot between the place and the street, inf where there is none.
    """

    segment: _Ints
    along: _Floats
    leg_s: _Floats

    def __len__(self) -> int:
        return len(self.segment)

    def take(self, which: Any) -> Snapped:
        """Return some of the places, by indices or by a mask."""
        return Snapped(self.segment[which], self.along[which], self.leg_s[which])


@dataclass(frozen=True)
class Network:
    """Segments over nodes for one way of travelling.

    crs: metric. xy: (n, 2) metres. tail, head: (m,) nodes. length_m: (m,). forward_s, backward_s: (m,) seconds from
    tail to head and back, inf where that is not allowed; every segment is open at least one way. source: what it was
    made of.
    """

    mode: Mode
    crs: CRS
    xy: _Floats
    tail: _Ints
    head: _Ints
    length_m: _Floats
    forward_s: _Floats
    backward_s: _Floats
    source: str

    def __len__(self) -> int:
        return len(self.tail)

    @cached_property
    def graph(self) -> csr_array[Any]:
        """Seconds from node to node, (n, n); parallel segments stay apart (``directed_graph``)."""
        return directed_graph(
            len(self.xy),
            np.concatenate([self.tail, self.head]),
            np.concatenate([self.head, self.tail]),
            np.concatenate([self.forward_s, self.backward_s]),
        )

    @cached_property
    def reversed(self) -> csr_array[Any]:
        """The same with every arc turned round: what a search runs on that asks who comes here."""
        return csr_array(self.graph.T.tocsr())

    @cached_property
    def component(self) -> _Ints:
        """Number the parts that hang together, one-way streets taken both ways: (n,)."""
        _, labels = connected_components(self.graph, directed=True, connection="weak")
        return np.asarray(labels, dtype=np.int64)

    @cached_property
    def fastest_ms(self) -> float:
        """Metres a second that nobody exceeds on this network, the walk to it included."""
        with np.errstate(divide="ignore", invalid="ignore"):
            quick = self.length_m / np.minimum(self.forward_s, self.backward_s)
        return max(_WALK_MS, float(np.nanmax(quick, initial=0.0)))

    @cached_property
    def squares(self) -> SegmentSquares:
        """The segments by the squares that they cross: what places are snapped with."""
        return squares_of(self.xy, self.tail, self.head)

    @cached_property
    def _onto(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)

    def lonlat(self, points: _Floats) -> tuple[_Floats, _Floats]:
        """Return the degrees of points (k, 2) of the network's CRS, WGS 84, longitude first."""
        lon, lat = self._onto.transform(points[:, 0], points[:, 1], direction="INVERSE")
        return np.asarray(lon), np.asarray(lat)

    def part(self, segments: _Ints) -> Network:
        """Return the network of some segments, ascending, numbered anew in their order."""
        nodes, ends = np.unique(
            np.concatenate([self.tail[segments], self.head[segments]]), return_inverse=True
        )
        return Network(
            self.mode, self.crs, self.xy[nodes], ends[: len(segments)], ends[len(segments) :],
            self.length_m[segments], self.forward_s[segments], self.backward_s[segments], self.source,
        )  # fmt: skip

    def snap(self, lon: Any, lat: Any, *, within_m: float = _FAR_M) -> Snapped:
        """Find the segment nearest to each place.

        lon, lat: (k,) degrees, WGS 84. within_m: beyond, a place has no street. Of segments equally near the first one
        is taken, so that the same places always snap alike. Raises ReachError for a coordinate that is none.
        """
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        wrong = ~((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0))
        if lon.shape != lat.shape or wrong.any():
            at = int(np.argmax(wrong)) if wrong.any() else -1
            raise ReachError(
                f"a place {'at row ' + str(at) if at >= 0 else 'list'} has no position in degrees, longitude first"
            )
        return self.snap_metric(np.column_stack(self._onto.transform(lon, lat)), within_m=within_m)

    def snap_metric(self, points: _Floats, *, within_m: float = _FAR_M) -> Snapped:
        """Do the same for points (k, 2) in the network's own CRS."""
        segment, along, metres = self.squares.nearest(
            points, (self.xy, self.tail, self.head), within_m=within_m
        )
        return Snapped(segment, along, metres / _WALK_MS)


def build(ways: Ways, mode: Mode, *, crs: Any = None) -> Network:
    """Make the network of one way of travelling.

    crs: metric; by default the one that fits the extent (``geo.crs.pick_metric``). Slope counts where both ends of a
    segment have an elevation. A barrier that stops this traveller ends the street on both sides of it.
    Raises CrsError for a CRS that is not metric, ReachError where nothing is open to the traveller.
    """
    metric = require_metric(crs) if crs is not None else pick_metric(_extent(ways))
    transformer = Transformer.from_crs("EPSG:4326", metric, always_xy=True)
    xy = np.column_stack(transformer.transform(ways.lon, ways.lat))
    last = np.zeros(len(ways.refs), dtype=bool)
    last[ways.starts[1:] - 1] = True
    at = np.flatnonzero(~last)
    tail, head = ways.refs[at], ways.refs[at + 1]
    of = np.repeat(np.arange(len(ways)), np.diff(ways.starts) - 1)
    pace = np.array([speeds(tags, mode) for tags in ways.tags], dtype=np.float64).reshape(-1, 2)
    kept = (pace[of] > 0).any(axis=1) & (tail != head)
    tail, head, of = tail[kept], head[kept], of[kept]
    if len(tail) == 0:
        raise ReachError(f"{ways.source} has no street that is open to {mode}")
    tail, head, xy, ele = _walled(ways, mode, tail, head, xy)
    length = np.hypot(*(xy[head] - xy[tail]).T)
    rise = ele[head] - ele[tail]
    forward, backward = pace[of, 0] * _climb(rise, length, mode), pace[of, 1] * _climb(-rise, length, mode)
    with np.errstate(divide="ignore", invalid="ignore"):
        forward_s = np.where(forward > 0, length / np.where(forward > 0, forward, 1.0), np.inf)
        backward_s = np.where(backward > 0, length / np.where(backward > 0, backward, 1.0), np.inf)
    nodes, ends = np.unique(np.concatenate([tail, head]), return_inverse=True)
    tail, head = ends[: len(tail)], ends[len(tail) :]
    return Network(mode, metric, xy[nodes], tail, head, length, forward_s, backward_s, ways.source)


def directed_graph(
    nodes: int, tail: _Ints, head: _Ints, seconds: _Floats, *, rows: int | None = None
) -> csr_array[Any]:
    """Return the arcs as a sparse matrix, in the order given within each row; closed ones (inf) are left out.

    nodes: how many columns it has, and rows where ``rows`` says nothing else. Parallel arcs stay apart: a search takes
    the quickest, but sums over the matrix would add them.
    """
    open_ = np.flatnonzero(np.isfinite(seconds))
    height = nodes if rows is None else rows
    # One entry for each arc, turned on its side, is a stable counting sort by row: no comparison, no keys.
    each = csr_array(
        (np.zeros(len(open_), dtype=np.int8), tail[open_].astype(np.int32), np.arange(len(open_) + 1)),
        shape=(len(open_), height),
    ).tocsc()
    order = open_[each.indices]
    return csr_array(
        (seconds[order], head[order].astype(np.int32), each.indptr.astype(np.int32)), shape=(height, nodes)
    )


def _extent(ways: Ways) -> BBox:
    used = np.unique(ways.refs)
    lon, lat = ways.lon[used], ways.lat[used]
    return BBox(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))


def _walled(
    ways: Ways, mode: Mode, tail: _Ints, head: _Ints, xy: _Floats
) -> tuple[_Ints, _Ints, _Floats, _Floats]:
    """Give each segment that ends at a closed barrier an end of its own there."""
    closed = np.array([node for node, tags in ways.barriers.items() if blocks(tags, mode)], dtype=np.int64)
    ele = ways.ele
    if len(closed) == 0:
        return tail, head, xy, ele
    tail, head = tail.copy(), head.copy()
    for ends in (tail, head):
        cut = np.flatnonzero(np.isin(ends, closed))
        copies = len(xy) + np.arange(len(cut))
        xy, ele = np.vstack([xy, xy[ends[cut]]]), np.concatenate([ele, ele[ends[cut]]])
        ends[cut] = copies
    return tail, head, xy, ele


def _climb(rise: _Floats, length: _Floats, mode: Mode) -> _Floats:
    """Return what slopes multiply the speed by; 1 where no elevation is known."""
    factor = np.ones(len(rise))
    for i in np.flatnonzero(np.isfinite(rise) & (length > 1.0)):
        factor[i] = slope_factor(float(np.clip(rise[i] / length[i], -0.6, 0.6)), mode)
    return factor
