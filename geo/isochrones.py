"""Pictures of reach: the streets within so many seconds of stations, and the area that lies along them.

For drawing alone. People are counted on cells (``geo.coverage``), never by these polygons.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import ReachError
from geo.reach import node_seconds
from geo.streets import NOWHERE, Network, Snapped

__all__ = ["along", "doubly_reached_lines", "reached_lines", "second_seconds", "service_area"]

_Floats = NDArray[np.float64]
#: Segments, and where on each a stretch begins and ends, 0 to 1.
_Span = tuple[NDArray[np.int64], _Floats, _Floats]


def reached_lines(
    network: Network, stations: Snapped, *, limit_s: float, towards: bool = True
) -> NDArray[Any]:
    """Return the stretches of street from which a station is reached within the limit, as lines in the network's CRS.

    A segment that is reached from one end or from both for a part is cut where the limit falls.
    Raises ReachError for a limit that is not finite.
    """
    seconds, _ = node_seconds(network, stations, limit_s=_finite(limit_s), towards=towards)
    return _drawn(
        network, [*_spans(network, seconds, limit_s, towards), _about(network, stations, limit_s, towards)]
    )


def doubly_reached_lines(
    network: Network, stations: Snapped, *, limit_s: float, towards: bool = True
) -> NDArray[Any]:
    """Return the stretches from which two stations or more are reached within the limit.

    On the segment that a station itself stands on, a second station is told from the ends of the segment alone.
    Raises ReachError for a limit that is not finite.
    """
    seconds = second_seconds(network, stations, limit_s=_finite(limit_s), towards=towards)
    return _drawn(network, _spans(network, seconds, limit_s, towards))


def second_seconds(
    network: Network, stations: Snapped, *, limit_s: float = np.inf, towards: bool = True
) -> _Floats:
    """Return, for every node, the seconds to the second quickest station: (n,), inf beyond the limit or without one.

    Two stations differ in some digit of their binary numbers. So the second quickest is the quickest of those that
    differ from the quickest one in a digit, for the best of the digits: 2 log₂ m searches for m stations.
    """
    first, nearest = node_seconds(network, stations, limit_s=limit_s, towards=towards)
    second = np.full(len(first), np.inf)
    number = np.arange(len(stations))
    for digit in range(max(0, len(stations) - 1).bit_length()):
        for value in (0, 1):
            others = stations.take((number >> digit) & 1 == value)
            seconds, _ = node_seconds(network, others, limit_s=limit_s, towards=towards)
            asked = (nearest >= 0) & ((nearest >> digit) & 1 != value)
            second[asked] = np.minimum(second[asked], seconds[asked])
    return second


def service_area(
    network: Network, stations: Snapped, *, limit_s: float, towards: bool = True, width_m: float = 60.0
) -> Any:
    """Return the area along the streets from which a station is reached: one geometry in the network's CRS.

    width_m: how far to both sides of a street it is drawn; blocks no wider than four times that are filled.
    An empty polygon where nothing is reached.
    """
    return along(reached_lines(network, stations, limit_s=limit_s, towards=towards), width_m=width_m)


def along(lines: NDArray[Any], *, width_m: float = 60.0) -> Any:
    """Return the area along lines, as ``service_area`` draws it."""
    if len(lines) == 0:
        return shapely.Polygon()
    drawn = shapely.union_all(shapely.buffer(lines, width_m, quad_segs=2))
    filled = [
        shapely.Polygon(part.exterior, [hole for hole in part.interiors if _wide(hole, width_m)])
        for part in shapely.get_parts(drawn)
    ]
    return shapely.simplify(shapely.union_all(filled), width_m / 6.0)


def _finite(limit_s: float) -> float:
    if not (np.isfinite(limit_s) and limit_s >= 0):
        raise ReachError(f"a picture needs a finite limit in seconds, 0 or more, not {limit_s!r}")
    return limit_s


def _spans(network: Network, seconds: _Floats, limit_s: float, towards: bool) -> list[_Span]:
    """Return the stretches of segments that lie within the limit, given the seconds to their ends."""
    # Towards a station one leaves the tail of a segment against its drawing: that is the way back to the tail.
    first = _share(limit_s - seconds[network.tail], network.backward_s if towards else network.forward_s)
    last = 1.0 - _share(limit_s - seconds[network.head], network.forward_s if towards else network.backward_s)
    whole = np.flatnonzero(first >= last)
    near, far = np.flatnonzero((first < last) & (first > 0)), np.flatnonzero((first < last) & (last < 1))
    return [
        (whole, np.zeros(len(whole)), np.ones(len(whole))),
        (near, np.zeros(len(near)), first[near]),
        (far, last[far], np.ones(len(far))),
    ]


def _drawn(network: Network, spans: list[_Span]) -> NDArray[Any]:
    of, start, end = (np.concatenate(parts) for parts in zip(*spans, strict=True))
    tail, step = network.xy[network.tail[of]], network.xy[network.head[of]] - network.xy[network.tail[of]]
    ends = np.stack([tail + step * start[:, None], tail + step * end[:, None]], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _wide(ring: Any, width_m: float) -> bool:
    return bool(shapely.area(shapely.Polygon(ring)) > (4.0 * width_m) ** 2)


def _share(left: _Floats, needed: _Floats) -> _Floats:
    """Return the share of segments that the seconds left are enough for, 0 to 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.isfinite(needed) & (left > 0), left / np.maximum(needed, 1e-9), 0.0)
    clipped: _Floats = np.clip(np.nan_to_num(share, posinf=0.0, neginf=0.0), 0.0, 1.0)
    return clipped


def _about(network: Network, stations: Snapped, limit_s: float, towards: bool) -> _Span:
    """Return the stretch about each station on its own segment, which no node tells of."""
    here = stations.take((stations.segment != NOWHERE) & (stations.leg_s <= limit_s))
    left = limit_s - here.leg_s
    # Between the tail and the station one comes along the segment, beyond it one comes back.
    before = _share(left, (network.forward_s if towards else network.backward_s)[here.segment])
    after = _share(left, (network.backward_s if towards else network.forward_s)[here.segment])
    return here.segment, np.maximum(0.0, here.along - before), np.minimum(1.0, here.along + after)
