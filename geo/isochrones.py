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

__all__ = ["reached_lines", "service_area"]

_Floats = NDArray[np.float64]


def reached_lines(
    network: Network, stations: Snapped, *, limit_s: float, towards: bool = True
) -> NDArray[Any]:
    """Return the stretches of street from which a station is reached within the limit, as lines in the network's CRS.

    A segment that is reached from one end or from both for a part is cut where the limit falls.
    Raises ReachError for a limit that is not finite.
    """
    if not (np.isfinite(limit_s) and limit_s >= 0):
        raise ReachError(f"a picture needs a finite limit in seconds, 0 or more, not {limit_s!r}")
    seconds, _ = node_seconds(network, stations, limit_s=limit_s, towards=towards)
    # Towards a station one leaves the tail of a segment against its drawing: that is the way back to the tail.
    from_tail = network.backward_s if towards else network.forward_s
    from_head = network.forward_s if towards else network.backward_s
    first = _share(limit_s - seconds[network.tail], from_tail)
    last = 1.0 - _share(limit_s - seconds[network.head], from_head)
    whole = first >= last
    spans = [
        (np.flatnonzero(whole), np.zeros(int(whole.sum())), np.ones(int(whole.sum()))),
        (
            np.flatnonzero(~whole & (first > 0)),
            np.zeros(int((~whole & (first > 0)).sum())),
            first[~whole & (first > 0)],
        ),
        (
            np.flatnonzero(~whole & (last < 1)),
            last[~whole & (last < 1)],
            np.ones(int((~whole & (last < 1)).sum())),
        ),
        _about(network, stations, limit_s, from_tail, from_head),
    ]
    of, start, end = (np.concatenate(parts) for parts in zip(*spans, strict=True))
    tail, step = network.xy[network.tail[of]], network.xy[network.head[of]] - network.xy[network.tail[of]]
    ends = np.stack([tail + step * start[:, None], tail + step * end[:, None]], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def service_area(
    network: Network, stations: Snapped, *, limit_s: float, towards: bool = True, width_m: float = 60.0
) -> Any:
    """Return the area along the streets from which a station is reached: one geometry in the network's CRS.

    width_m: how far to both sides of a street it is drawn; blocks no wider than four times that are filled.
    An empty polygon where nothing is reached.
    """
    lines = reached_lines(network, stations, limit_s=limit_s, towards=towards)
    if len(lines) == 0:
        return shapely.Polygon()
    drawn = shapely.union_all(shapely.buffer(lines, width_m, quad_segs=2))
    filled = [
        shapely.Polygon(part.exterior, [hole for hole in part.interiors if _wide(hole, width_m)])
        for part in shapely.get_parts(drawn)
    ]
    return shapely.simplify(shapely.union_all(filled), width_m / 6.0)


def _wide(ring: Any, width_m: float) -> bool:
    return bool(shapely.area(shapely.Polygon(ring)) > (4.0 * width_m) ** 2)


def _share(left: _Floats, needed: _Floats) -> _Floats:
    """Return the share of segments that the seconds left are enough for, 0 to 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.isfinite(needed) & (left > 0), left / np.maximum(needed, 1e-9), 0.0)
    clipped: _Floats = np.clip(np.nan_to_num(share, posinf=0.0, neginf=0.0), 0.0, 1.0)
    return clipped


def _about(
    network: Network, stations: Snapped, limit_s: float, from_tail: _Floats, from_head: _Floats
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Return the stretch about each station on its own segment, which no node tells of."""
    here = stations.take((stations.segment != NOWHERE) & (stations.leg_s <= limit_s))
    left = limit_s - here.leg_s
    # Between the tail and the station one comes along the segment, beyond it one comes back.
    before = _share(left, from_head[here.segment])
    after = _share(left, from_tail[here.segment])
    return here.segment, np.maximum(0.0, here.along - before), np.minimum(1.0, here.along + after)
