"""Which segment lies nearest to a place: segments filed by the squares that they cross, as arrays that a file can hold.

A tree of objects would be built anew by every process that answers riders; arrays are read from the disk, and shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Found", "SegmentSquares", "squares_of"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Side of a square. In a city it holds some ten segments; a place off the road looks through at most a few hundred.
_SIDE_M: Final = 100.0
#: Distances that are computed at a time: what the processor keeps near.
_AT_ONCE: Final = 200_000


class Found(NamedTuple):
    """segment: (k,), -1 where none is near. along: (k,) 0 at its tail to 1 at its head. metres: (k,) to it, inf."""

    segment: _Ints
    along: _Floats
    metres: _Floats


@dataclass(frozen=True, slots=True)
class SegmentSquares:
    """Segments by square. low: corner of the first square. tall: squares in a column. square: (e,) ascending, one entry
    for each square that a segment crosses; segment: (e,) which one.
    """

    low: _Floats
    tall: int
    square: _Ints
    segment: NDArray[Any]

    def nearest(self, points: _Floats, ends: tuple[_Floats, _Ints, _Ints], *, within_m: float) -> Found:
        """Find the segment nearest to each point; of those equally near the first.

        points: (k, 2) metres. ends: nodes (n, 2), tails and heads of the segments. within_m: what lies beyond is none.
        """
        found = Found(
            np.full(len(points), -1, dtype=np.int64), np.zeros(len(points)), np.full(len(points), np.inf)
        )
        # Neighbours one after the other find in the processor's memory what the one before them has read.
        left = np.argsort(self._square_of(points)) if len(self.square) else np.zeros(0, dtype=np.int64)
        ring, last = 1, max(1, ceil(within_m / _SIDE_M))
        while len(left):
            for some, spans in self._within_memory(points, left, ring):
                self._look(found, points, some, spans, ends)
            # A square that was not looked through lies at least so far away.
            known = ring * _SIDE_M
            left = left[found.metres[left] > known] if ring < last else left[:0]
            ring = min(4 * ring, last)
        beyond = found.metres > within_m
        found.segment[beyond], found.along[beyond], found.metres[beyond] = -1, 0.0, np.inf
        return found

    def _square_of(self, points: _Floats) -> _Ints:
        at = np.floor((points - self.low) / _SIDE_M).astype(np.int64)
        return np.asarray(at[:, 0] * self.tall + at[:, 1])

    def _spans(self, points: _Floats, ring: int) -> tuple[_Ints, _Ints]:
        """Return where the entries of the squares about each point begin and end: (k, 2 ring + 1), column by column."""
        at = np.floor((points - self.low) / _SIDE_M).astype(np.int64)
        # One column for all points before the next: a search begins where that of the neighbour ended.
        column = (at[:, 0] + np.arange(-ring, ring + 1)[:, None]) * self.tall
        south = np.clip(at[:, 1] - ring, 0, self.tall - 1)
        north = np.clip(at[:, 1] + ring, -1, self.tall - 1)
        first = np.searchsorted(self.square, column + south)
        last = np.searchsorted(self.square, column + north, side="right")
        return np.ascontiguousarray(first.T), np.ascontiguousarray(np.maximum(first, last).T)

    def _within_memory(
        self, points: _Floats, left: _Ints, ring: int
    ) -> Iterator[tuple[_Ints, tuple[_Ints, _Ints]]]:
        """Give some of the points at a time, each with its spans."""
        for start in range(0, len(left), _AT_ONCE // 20):
            some = left[start : start + _AT_ONCE // 20]
            first, last = self._spans(points[some], ring)
            part = np.cumsum((last - first).sum(axis=1)) // _AT_ONCE
            for rows in np.split(np.arange(len(some)), np.flatnonzero(np.diff(part)) + 1):
                yield some[rows], (first[rows], last[rows])

    def _look(
        self,
        found: Found,
        points: _Floats,
        which: _Ints,
        spans: tuple[_Ints, _Ints],
        ends: tuple[_Floats, _Ints, _Ints],
    ) -> None:
        """Write the nearest segment of the squares about some points."""
        first, last = spans
        counts = (last - first).ravel()
        entry = np.repeat(first.ravel() - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        held = counts.reshape(first.shape).sum(axis=1)
        segment = self.segment[entry].astype(np.int64)
        of = np.repeat(np.arange(len(which)), held)
        along, metres = _beside(points[which], of, segment, ends)
        some = np.flatnonzero(held)
        begins = (np.cumsum(held) - held)[some]
        if len(some) == 0:
            return
        least = np.minimum.reduceat(metres, begins)
        best = np.flatnonzero(metres == np.repeat(least, held[some]))
        best = best[np.lexsort((segment[best], of[best]))]
        best = best[np.concatenate([[True], of[best][1:] != of[best][:-1]])]
        to = which[of[best]]
        found.segment[to], found.along[to], found.metres[to] = segment[best], along[best], metres[best]


def _beside(
    points: _Floats, of: _Ints, segment: _Ints, ends: tuple[_Floats, _Ints, _Ints]
) -> tuple[_Floats, _Floats]:
    """Return where on each segment its point lies, and the metres to there."""
    xy, tail, head = ends
    # Column by column: an array of pairs is computed half as fast.
    (x, y), (px, py) = (np.ascontiguousarray(each.T) for each in (xy[tail[segment]], points[of]))
    dx, dy = np.ascontiguousarray(xy[head[segment]].T)
    dx -= x
    dy -= y
    px -= x
    py -= y
    square = dx * dx + dy * dy
    along = (dx * px + dy * py) / np.where(square > 0, square, 1.0)
    np.clip(along, 0.0, 1.0, out=along)
    return along, np.hypot(px - dx * along, py - dy * along)


def squares_of(xy: _Floats, tail: _Ints, head: _Ints) -> SegmentSquares:
    """File segments by the squares that they cross. xy: (n, 2) metres. tail, head: (m,) nodes."""
    if len(tail) == 0:
        return SegmentSquares(np.zeros(2), 1, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    low = xy.min(axis=0) - _SIDE_M
    tall = int((xy[:, 1].max() - low[1]) // _SIDE_M) + 2
    segment = np.arange(len(tail))
    x, y, dx, dy = xy[tail, 0], xy[tail, 1], xy[head, 0], xy[head, 1]
    dx -= x
    dy -= y
    # A long segment is filed piece by piece: the box about it would hold squares that it is nowhere near.
    pieces = np.maximum(1, np.ceil(np.hypot(dx, dy) / _SIDE_M).astype(np.int64))
    if pieces.max() > 1:
        segment = np.repeat(segment, pieces)
        number = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        dx, dy = (dx / pieces)[segment], (dy / pieces)[segment]
        x, y = x[segment] + dx * number, y[segment] + dy * number
    west, south, east, north = (
        np.floor((end - corner) / _SIDE_M).astype(np.int64)
        for end, corner in ((x, low[0]), (y, low[1]), (x + dx, low[0]), (y + dy, low[1]))
    )
    over, up = east != west, north != south
    both = over & up
    square = np.concatenate(
        [
            west * tall + south,
            east[over] * tall + south[over],
            west[up] * tall + north[up],
            east[both] * tall + north[both],
        ]
    )
    segment = np.concatenate([segment, segment[over], segment[up], segment[both]])
    # One number for both: pairs would be sorted forty times as slowly, and a hash of them nine times.
    entry = np.sort(square * len(tail) + segment)
    square, segment = np.divmod(entry[np.diff(entry, prepend=-1) > 0], len(tail))
    return SegmentSquares(low, tall, square, segment.astype(np.int32))
