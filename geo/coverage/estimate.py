"""Seconds without streets: the straight way on the spheroid, times a detour, over a speed. Every number is an estimate.

The answers have the form of those that ``geo.reach`` gives, so that whoever counts need not care; whoever shows them
must say 估算（直线×系数）.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from scipy.spatial import cKDTree

from geo.errors import ReachError
from geo.reach import Nearest, Pairs, Standing
from geo.spheroid import metres_between

__all__ = ["StraightLine"]

_Floats = NDArray[np.float64]

#: A chord through the Earth is shorter than the way over it by this share at most, for ways below 300 km.
_CHORD: Final = 1.0002
_CHUNK: Final = 20_000


@dataclass(frozen=True, slots=True)
class StraightLine:
    """How a straight way becomes seconds. detour: street metres for a metre of straight line. speed_ms: metres a second."""

    detour: float
    speed_ms: float

    def __post_init__(self) -> None:
        if not (self.detour >= 1.0 and self.speed_ms > 0.0 and np.isfinite(self.detour * self.speed_ms)):
            raise ReachError(
                f"a detour of {self.detour!r} and a speed of {self.speed_ms!r} m/s are no estimate: 1 or more, and above 0"
            )

    def seconds(self, metres: _Floats) -> _Floats:
        """Return the estimate for straight metres."""
        return metres * (self.detour / self.speed_ms)

    def nearest(
        self,
        places: tuple[ArrayLike, ArrayLike],
        stations: tuple[ArrayLike, ArrayLike],
        *,
        limit_s: float = np.inf,
    ) -> Nearest:
        """Find the nearest station of each place; arguments (lon, lat) in degrees, answer as ``geo.reach.nearest``."""
        lon, lat = _degrees(places, "place")
        station_lon, station_lat = _degrees(stations, "station")
        seconds, station = np.full(len(lon), np.inf), np.full(len(lon), -1, dtype=np.int64)
        standing = np.full(len(lon), Standing.BEYOND if len(station_lon) else Standing.CUT_OFF, dtype=np.int8)
        if len(lon) == 0 or len(station_lon) == 0:
            return Nearest(seconds, station, standing)
        # Chords order stations as the ways over the spheroid do, but for near ties: the best few are measured.
        count = min(4, len(station_lon))
        _, near = cKDTree(_geocentric(station_lon, station_lat)).query(
            _geocentric(lon, lat),
            k=np.arange(1, count + 1),
            distance_upper_bound=self._chord(limit_s) if limit_s >= 0 else np.inf,
            workers=1,
        )
        # None within the limit is told by an index behind the last, which sorts behind all others.
        near = np.sort(np.asarray(near), axis=1)
        rows = np.flatnonzero(near[:, 0] < len(station_lon))
        near = near[rows]
        none = near == len(station_lon)
        near[none] = 0
        metres = metres_between(lon[rows, None], lat[rows, None], station_lon[near], station_lat[near])
        first = np.argmin(np.where(none, np.inf, metres), axis=1)
        each = np.arange(len(rows))
        found = self.seconds(metres[each, first])
        taken = found <= limit_s
        seconds[rows[taken]], station[rows[taken]] = found[taken], near[each, first][taken]
        standing[rows[taken]] = Standing.REACHED
        return Nearest(seconds, station, standing)

    def _chord(self, limit_s: float) -> float:
        """Return metres through the Earth that nothing within the limit exceeds."""
        return limit_s * self.speed_ms / self.detour * _CHORD + 1.0

    def pairs(
        self,
        places: tuple[ArrayLike, ArrayLike],
        stations: tuple[ArrayLike, ArrayLike],
        *,
        limit_s: float,
        most: int = 200_000_000,
    ) -> Pairs:
        """Find every place within the limit of every station; answer and errors as ``geo.reach.pairs``."""
        if not (np.isfinite(limit_s) and limit_s >= 0):
            raise ReachError(f"pairs need a finite limit in seconds, 0 or more, not {limit_s!r}")
        lon, lat = _degrees(places, "place")
        station_lon, station_lat = _degrees(stations, "station")
        starts = np.zeros(len(station_lon) + 1, dtype=np.int64)
        rows: list[NDArray[np.int64]] = []
        values: list[_Floats] = []
        if len(lon) and len(station_lon):
            tree = cKDTree(_geocentric(lon, lat))
            radius = self._chord(limit_s)
            middles = _geocentric(station_lon, station_lat)
            for first in range(0, len(middles), _CHUNK):
                balls = tree.query_ball_point(middles[first : first + _CHUNK], radius, return_sorted=True)
                for offset, ball in enumerate(balls):
                    index = np.array(ball, dtype=np.int64)
                    of = first + offset
                    value = self.seconds(
                        metres_between(lon[index], lat[index], station_lon[of], station_lat[of])
                    )
                    kept = value <= limit_s
                    rows.append(index[kept])
                    values.append(value[kept])
                    starts[of + 1] = starts[of] + kept.sum()
                    if starts[of + 1] > most:
                        raise ReachError(
                            f"more than {most:,} pairs lie within {limit_s:g} s; ask a shorter limit, larger cells or "
                            "fewer stations"
                        )
        return Pairs(
            starts,
            np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64),
            np.concatenate(values) if values else np.zeros(0),
        )


def _degrees(positions: tuple[ArrayLike, ArrayLike], what: str) -> tuple[_Floats, _Floats]:
    lon, lat = (np.asarray(part, dtype=np.float64) for part in positions)
    wrong = ~((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0))
    if lon.shape != lat.shape or wrong.any():
        raise ReachError(f"a {what} has no position in degrees, longitude first; leave out what has none")
    return lon, lat


def _geocentric(lon: _Floats, lat: _Floats) -> _Floats:
    transformer = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.column_stack(transformer.transform(lon, lat, np.zeros(len(lon))))
