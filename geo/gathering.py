"""Amounts gathered from rasters, points and areas into a lattice: inside a border they are kept, beyond it they are told.

Everything comes in parts of bounded size. Where more squares are filled than are kept, four become one and the sum stays
what it was; what a layer was kept on is said with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from geo.bbox import BBox
from geo.crs import require_metric
from geo.errors import DemandError
from geo.io.rasters import Raster
from geo.lattice import Lattice
from geo.splitting import shares

__all__ = ["POINT_STEP_M", "Beyond", "Gathered", "gather_areas", "gather_points", "gather_raster"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_Told = Callable[[float], None]

#: Points are counted on squares of this side: finer than the smallest cell, a part of all usual ones, and no track of
#: anybody's door.
POINT_STEP_M: Final = 10.0
#: Sides of the squares that areas are divided over; the finest that keeps their number bounded is taken.
_AREA_STEPS_M: Final = (50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0)
_AREA_SQUARES: Final = 6_000_000
#: Filled squares that one layer keeps: 130 MB of a run's memory for each ten million.
_MOST_KEPT: Final = 16_000_000
#: What lies beyond the border is told by boxes of so many degrees.
_BOX_DEG: Final = 0.5
_MOST_BEYOND: Final = 200
_FAR: Final = 2**40


@dataclass(frozen=True, slots=True)
class Beyond:
    """An amount beyond the border: where most of it lies (degrees, WGS 84), and how much."""

    lon: float
    lat: float
    amount: float


@dataclass(frozen=True, slots=True)
class Gathered:
    """What lies inside a border, and what lies beyond it, most first (no more than 200 places of it)."""

    lattice: Lattice
    outside: float
    beyond: tuple[Beyond, ...]

    @property
    def total(self) -> float:
        """All that came, inside and outside."""
        return self.lattice.total + self.outside


class _Gatherer:
    def __init__(
        self, crs: CRS, origin: tuple[float, float], step: tuple[float, float], *, most: int
    ) -> None:
        self._crs, self._origin, self._step, self._most = crs, origin, step, most
        self._parts: list[tuple[_Ints, _Ints, _Floats]] = []
        self._held = 0
        self._settled = 0
        self._halved = 0
        self._beyond: dict[tuple[int, int], list[float]] = {}
        self._outside: list[float] = []

    def add(self, column: _Ints, row: _Ints, weight: _Floats) -> None:
        """Keep amounts on squares of the grid as it was at first."""
        filled = weight > 0
        self._parts.append((column[filled] >> self._halved, row[filled] >> self._halved, weight[filled]))
        self._held += int(filled.sum())
        if self._held > self._most + self._settled // 2:
            self._settle()
            while self._held > self._most:
                self._halved += 1
                self._parts = [(column >> 1, row >> 1, weight) for column, row, weight in self._parts]
                self._settle()

    def tell(self, lon: _Floats, lat: _Floats, weight: _Floats) -> None:
        """Note amounts that lie beyond the border."""
        some = weight > 0
        lon, lat, weight = lon[some], lat[some], weight[some]
        if not len(weight):
            return
        self._outside.append(float(weight.sum()))
        # What has no place in degrees is beyond every border, and is told without one.
        at = np.nan_to_num(np.column_stack([lon, lat]), nan=0.0, posinf=0.0, neginf=0.0)
        boxes, into = np.unique(np.floor(at / _BOX_DEG).astype(np.int64), axis=0, return_inverse=True)
        sums = [np.bincount(into.ravel(), by) for by in (weight, weight * at[:, 0], weight * at[:, 1])]
        for box, *amounts in zip(map(tuple, boxes.tolist()), *sums, strict=True):
            held = self._beyond.setdefault(box, [0.0, 0.0, 0.0])
            for index, amount in enumerate(amounts):
                held[index] += amount

    def done(self) -> Gathered:
        self._settle()
        column, row, weight = self._parts[0]
        by = 2.0**self._halved
        told = sorted(self._beyond.values(), key=lambda held: -held[0])[:_MOST_BEYOND]
        return Gathered(
            Lattice(self._crs, self._origin, (self._step[0] * by, self._step[1] * by), column, row, weight),
            float(sum(self._outside)),
            tuple(Beyond(x / amount, y / amount, amount) for amount, x, y in told),
        )

    def _settle(self) -> None:
        """Add up what stands on the same square."""
        nothing = np.zeros(0, dtype=np.int64)
        column, row, weight = (
            np.concatenate(parts) for parts in zip((nothing, nothing, np.zeros(0)), *self._parts, strict=True)
        )
        if len(weight):
            order = np.lexsort((column, row))
            column, row, weight = column[order], row[order], weight[order]
            first = np.flatnonzero(np.r_[True, (np.diff(column) != 0) | (np.diff(row) != 0)])
            column, row, weight = column[first], row[first], np.add.reduceat(weight, first)
        self._parts, self._held, self._settled = [(column, row, weight)], len(weight), len(weight)


def gather_raster(
    raster: Raster,
    border: BaseGeometry,
    *,
    box: BBox | None = None,
    told: _Told = lambda share: None,
    most: int = _MOST_KEPT,
) -> Gathered:
    """Gather the pixels of a raster; one belongs inside where its middle does.

    border: degrees, WGS 84. box: degrees; only what lies there is read. told: called with the share that is read.
    """
    own = _transformed(border, Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True))
    to_lonlat = Transformer.from_crs(raster.crs, "EPSG:4326", always_xy=True)
    dx, dy = raster.pixel
    gatherer: _Gatherer | None = None
    origin = (0.0, 0.0)
    for x, y, amount, share in raster.strips(box):
        told(share)
        if not len(x):
            continue
        if gatherer is None:
            origin = float(x[0]) - dx / 2, float(y[0]) - dy / 2
            gatherer = _Gatherer(raster.crs, origin, (dx, dy), most=most)
        column = np.round((x - origin[0]) / dx - 0.5).astype(np.int64)
        row = np.round((y - origin[1]) / dy - 0.5).astype(np.int64)
        inside = _within(own, column, row, origin, (dx, dy))
        gatherer.add(column[inside], row[inside], amount[inside])
        lon, lat = to_lonlat.transform(x[~inside], y[~inside])
        gatherer.tell(np.asarray(lon), np.asarray(lat), amount[~inside])
    if gatherer is None:
        raise DemandError(f"{raster.path.name} holds nothing in {box}; is it of another place?")
    return gatherer.done()


def gather_points(
    points: Iterable[tuple[_Floats, _Floats, _Floats]],
    border: BaseGeometry,
    *,
    crs: Any,
    step_m: float = POINT_STEP_M,
    most: int = _MOST_KEPT,
) -> Gathered:
    """Gather points. points: longitudes, latitudes (degrees, WGS 84) and amounts (0 or more), some at a time."""
    metric = require_metric(crs)
    to_metric = Transformer.from_crs("EPSG:4326", metric, always_xy=True)
    gatherer = _Gatherer(metric, (0.0, 0.0), (step_m, step_m), most=most)
    shapely.prepare(border)
    for lon, lat, weight in points:
        inside = shapely.intersects_xy(border, lon, lat)
        x, y = (np.asarray(each) for each in to_metric.transform(lon[inside], lat[inside]))
        gatherer.add(
            np.floor(x / step_m).astype(np.int64), np.floor(y / step_m).astype(np.int64), weight[inside]
        )
        gatherer.tell(lon[~inside], lat[~inside], weight[~inside])
    return gatherer.done()


def gather_areas(
    shapes: NDArray[np.object_],
    amounts: _Floats,
    border: BaseGeometry,
    *,
    crs: Any,
    told: _Told = lambda share: None,
    most: int = _MOST_KEPT,
) -> Gathered:
    """Gather the amounts of areas, each divided over the squares that it covers.

    shapes: (n,) valid polygons or multipolygons, degrees, WGS 84. amounts: (n,), 0 or more. The squares are of 50 m, or
    the finest of 100 m to 5 km that keeps their number bounded.
    Raises DemandError for an area that has an amount and no extent, naming its row.
    """
    metric = require_metric(crs)
    to_metric = Transformer.from_crs("EPSG:4326", metric, always_xy=True)
    shapely.prepare(border)
    touching = shapely.intersects(border, shapes)
    squares = np.array([_transformed(shape, to_metric) for shape in shapes[touching]], dtype=object)
    extent = float(shapely.area(squares).sum()) if len(squares) else 0.0
    step = next((each for each in _AREA_STEPS_M if extent / each**2 <= _AREA_SQUARES), _AREA_STEPS_M[-1])
    gatherer = _Gatherer(metric, (0.0, 0.0), (step, step), most=most)
    to_lonlat = Transformer.from_crs(metric, "EPSG:4326", always_xy=True)
    which = np.flatnonzero(touching)
    for number, (at, shape) in enumerate(zip(which, squares, strict=True)):
        told(number / len(which))
        if amounts[at] <= 0:
            continue
        column, row, area = shares(shape, step)
        if not len(area):
            raise DemandError(f"row {at + 1} has the amount {amounts[at]:g} and no area to lay it on")
        weight = area * (amounts[at] / area.sum())
        lon, lat = (
            np.asarray(each) for each in to_lonlat.transform((column + 0.5) * step, (row + 0.5) * step)
        )
        inside = shapely.intersects_xy(border, lon, lat)
        gatherer.add(column[inside], row[inside], weight[inside])
        gatherer.tell(lon[~inside], lat[~inside], weight[~inside])
    apart = np.flatnonzero(~touching & (amounts > 0))
    if len(apart):
        middles = shapely.point_on_surface(shapes[apart])
        gatherer.tell(shapely.get_x(middles), shapely.get_y(middles), amounts[apart])
    return gatherer.done()


def _within(
    border: BaseGeometry, column: _Ints, row: _Ints, origin: tuple[float, float], step: tuple[float, float]
) -> NDArray[np.bool_]:
    """Mark the pixels whose middle lies in a border: drawn once for the strip, not asked for each pixel."""
    from rasterio import Affine
    from rasterio.features import rasterize

    left, low = int(column.min()), int(row.min())
    wide, high = int(column.max()) - left + 1, int(row.max()) - low + 1
    if border.is_empty:
        return np.zeros(len(column), dtype=np.bool_)
    corner = Affine(step[0], 0.0, origin[0] + left * step[0], 0.0, step[1], origin[1] + low * step[1])
    drawn = rasterize([(border, 1)], out_shape=(high, wide), transform=corner, fill=0, dtype=np.uint8)
    marked: NDArray[np.bool_] = drawn[row - low, column - left] == 1
    return marked


def _transformed(shape: BaseGeometry, transformer: Transformer) -> BaseGeometry:
    """Bring a shape to another CRS; what has no place there is left out."""

    def project(coordinates: _Floats) -> _Floats:
        moved = np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))
        return np.asarray(np.nan_to_num(moved, posinf=_FAR, neginf=-_FAR), dtype=np.float64)

    moved = shapely.transform(shape, project)
    return moved if moved.is_valid else shapely.make_valid(moved)
