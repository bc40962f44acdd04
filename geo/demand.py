"""Who needs a station, and where: layers of any form → weighted square cells in a metric CRS.

What is laid on cells is neither lost nor doubled: the sum of the cells is the sum of what came, and what falls outside
the border is told apart. Cells of one size and CRS share one grid, so layers add up cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from geo.bbox import BBox
from geo.crs import require_metric, same_crs
from geo.errors import DemandError
from geo.io.rasters import Raster
from geo.splitting import shares

__all__ = ["Cells", "combine", "from_points", "from_polygons", "from_raster", "spread", "summed"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Cells that a laptop holds in every step of a run.
_MOST_CELLS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """Square cells that hold something.

    crs: metric. size_m: their side. column, row: (k,) whole numbers, the cell's lower left corner being (column,
    row) × size_m. weight: (k,) amounts, 0 or more. outside: what fell outside the border. source: where it came from.
    Ordered by row and column; no cell stands twice.
    """

    crs: CRS
    size_m: float
    column: _Ints
    row: _Ints
    weight: _Floats
    outside: float = 0.0
    source: str = ""

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def xy(self) -> _Floats:
        """The middles of the cells, (k, 2), in the CRS."""
        corners = np.column_stack([self.column, self.row]).astype(np.float64)
        return (corners + 0.5) * self.size_m

    def lonlat(self) -> tuple[_Floats, _Floats]:
        """Return the middles in degrees, WGS 84."""
        transformer = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        lon, lat = transformer.transform(*self.xy.T)
        return np.asarray(lon), np.asarray(lat)

    def squares(self) -> NDArray[Any]:
        """Return the cells as polygons, (k,), in the CRS."""
        x, y = self.column * self.size_m, self.row * self.size_m
        return shapely.box(x, y, x + self.size_m, y + self.size_m)

    def within(self, border: Any) -> Cells:
        """Keep the cells whose middle lies in a border (a shapely geometry in the CRS); tell the rest as ``outside``."""
        shapely.prepare(border)
        inside = shapely.contains_xy(border, self.xy)
        return replace(
            self,
            column=self.column[inside],
            row=self.row[inside],
            weight=self.weight[inside],
            outside=self.outside + float(self.weight[~inside].sum()),
        )


def from_points(
    lon: ArrayLike,
    lat: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    crs: Any,
    size_m: float,
    source: str = "",
) -> Cells:
    """Count points, such as orders or homes.

    lon, lat: (n,) degrees, WGS 84. weight: (n,) amounts, 0 or more; 1 each where None. Raises DemandError for a
    position or a weight that is none, naming the row, CrsError for a CRS that is not metric.
    """
    metric, size = _grid(crs, size_m)
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    amounts = np.ones(len(lon)) if weight is None else np.asarray(weight, dtype=np.float64)
    wrong = ~((np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DemandError(
            f"row {at} lies at ({lon[at]}, {lat[at]}), which is no position in degrees, longitude first"
        )
    _amounts(amounts)
    x, y = Transformer.from_crs("EPSG:4326", metric, always_xy=True).transform(lon, lat)
    return _gathered(metric, size, np.asarray(x), np.asarray(y), amounts, source=source)


def from_raster(raster: Raster, *, crs: Any, size_m: float, box: BBox | None = None) -> Cells:
    """Lay the pixels of a raster of amounts on cells.

    A pixel goes to the cell of its centre; one that is wider than half a cell is divided first into equal parts that
    are not, so that coarse pixels do not leave empty cells between them. box: degrees; only what lies there.
    """
    metric, size = _grid(crs, size_m)
    transformer = Transformer.from_crs(raster.crs, metric, always_xy=True)
    found = []
    for x, y, amount in raster.blocks(box):
        if not len(x):
            continue
        middle = len(x) // 2
        corner = np.asarray(
            transformer.transform(
                x[middle] + np.array([0, raster.pixel[0], 0]), y[middle] + np.array([0, 0, raster.pixel[1]])
            )
        )
        across = max(np.hypot(*(corner[:, 1] - corner[:, 0])), np.hypot(*(corner[:, 2] - corner[:, 0])))
        parts = max(1, int(np.ceil(2.0 * across / size)))
        if len(x) * parts * parts > _MOST_CELLS * 4:
            raise DemandError(
                f"pixels of {across:.0f} m on cells of {size:g} m would make {len(x) * parts * parts:,} parts; ask larger cells"
            )
        shift = (np.arange(parts) + 0.5) / parts - 0.5
        dx, dy = (each.ravel() for each in np.meshgrid(shift * raster.pixel[0], shift * raster.pixel[1]))
        px, py = transformer.transform((x[:, None] + dx).ravel(), (y[:, None] + dy).ravel())
        share = np.repeat(amount / parts**2, parts**2)
        found.append(_gathered(metric, size, np.asarray(px), np.asarray(py), share, source=raster.path.name))
    if not found:
        raise DemandError(f"{raster.path.name} holds nothing in {box}; is it of another place?")
    return combine([(cells, 1.0) for cells in found])


def from_polygons(
    polygons: gpd.GeoDataFrame, column: str, *, crs: Any, size_m: float, source: str = ""
) -> Cells:
    """Divide counts of areas over the cells they cover, by area.

    polygons: with a CRS. column: amounts, 0 or more; rows without one (NaN) are unknown and left out. Raises DemandError for a missing
    column, a wrong amount, an empty shape that has one, or cells beyond number.
    """
    metric, size = _grid(crs, size_m)
    if column not in polygons.columns:
        raise DemandError(
            f"the areas have no column {column!r}; they have {', '.join(map(str, polygons.columns))}"
        )
    if polygons.crs is None:
        raise DemandError("the areas say no coordinate reference system; declare one, such as EPSG:4490")
    amounts = polygons[column].to_numpy(dtype=np.float64)
    known = ~np.isnan(amounts)
    _amounts(amounts[known])
    shapes = shapely.make_valid(np.asarray(polygons.geometry.to_crs(metric).array, dtype=object)[known])
    amounts = amounts[known]
    if (bad := (shapely.area(shapes) <= 0) & (amounts > 0)).any():
        raise DemandError(
            f"row {int(np.flatnonzero(known)[int(np.argmax(bad))])} has an amount and no area to lay it on"
        )
    columns, rows, weights = [], [], []
    for shape, amount in zip(shapes, amounts, strict=True):
        if amount > 0:
            column_at, row_at, share = shares(shape, size)
            columns.append(column_at)
            rows.append(row_at)
            weights.append(share * (amount / share.sum()))
    return summed(
        metric,
        size,
        _joined(columns, np.int64),
        _joined(rows, np.int64),
        _joined(weights, np.float64),
        source=source,
    )


def spread(
    lon: ArrayLike, lat: ArrayLike, known: ArrayLike, area: Sequence[str | None], totals: dict[str, float]
) -> _Floats:
    """Estimate how the people of areas are spread over their places: a coarse stand-in where no better layer is at hand.

    lon, lat: (n,) of the places (checked alone). known: (n,) people, NaN where nobody knows. area: (n,) code of the
    area that a place lies in, or None. totals: people of the areas.
    The known keep their number, scaled down where they exceed the total of their area; the rest of the total is
    divided equally over the places whose number nobody knows, or over all where every one is known.
    Returns (n,) people, 0 outside all areas. Raises DemandError for an area with people and no place.
    """
    people = np.asarray(known, dtype=np.float64).copy()
    if not (len(people) == len(area) == len(np.asarray(lon)) == len(np.asarray(lat))):
        raise DemandError("places, their people and their areas are of unequal length")
    given = np.zeros(len(people))
    codes = np.array([code or "" for code in area], dtype=object)
    for code, total in totals.items():
        here = np.flatnonzero(codes == code)
        if len(here) == 0:
            raise DemandError(
                f"area {code} has {total:,.0f} people and no place to put them; add places of it"
            )
        counted = here[~np.isnan(people[here])]
        unknown = here[np.isnan(people[here])]
        sure = float(people[counted].sum())
        if sure > total or len(unknown) == 0:
            given[here] = total / len(here) if sure == 0 else np.nan_to_num(people[here]) * (total / sure)
        else:
            given[counted] = people[counted]
            given[unknown] = (total - sure) / len(unknown)
    return given


def combine(layers: Iterable[tuple[Cells, float]]) -> Cells:
    """Add layers up, each times its factor (0 or more). Raises DemandError where grids differ or nothing is given."""
    given = list(layers)
    if not given:
        raise DemandError("no layer of demand is given")
    first = given[0][0]
    for cells, factor in given:
        same_crs(cells.crs, first.crs)
        if cells.size_m != first.size_m:
            raise DemandError(
                f"cells of {cells.size_m:g} m and of {first.size_m:g} m do not add up; lay both on one size"
            )
        if not (np.isfinite(factor) and factor >= 0):
            raise DemandError(f"a layer's factor is a number, 0 or more, not {factor!r}")
    added = summed(
        first.crs,
        first.size_m,
        _joined([cells.column for cells, _ in given], np.int64),
        _joined([cells.row for cells, _ in given], np.int64),
        _joined([cells.weight * factor for cells, factor in given], np.float64),
        source="; ".join(dict.fromkeys(cells.source for cells, _ in given if cells.source)),
    )
    return replace(added, outside=float(sum(cells.outside * factor for cells, factor in given)))


def summed(crs: CRS, size: float, column: _Ints, row: _Ints, amounts: _Floats, *, source: str = "") -> Cells:
    """Add up amounts that are laid on cells already. column, row: (n,) whole numbers; amounts: (n,), 0 or more.

    Raises DemandError for cells beyond number.
    """
    kept = amounts > 0
    column, row, amounts = column[kept], row[kept], amounts[kept]
    if len(column) == 0:
        return Cells(crs, size, column, row, amounts, source=source)
    low = int(column.min())
    wide = int(column.max()) - low + 1
    key, into = np.unique(row * wide + (column - low), return_inverse=True)
    if len(key) > _MOST_CELLS:
        raise DemandError(f"{len(key):,} cells of {size:g} m are more than a run can hold; ask larger cells")
    return Cells(
        crs, size, key % wide + low, key // wide, np.bincount(into, amounts).astype(np.float64), source=source
    )


def _grid(crs: Any, size_m: float) -> tuple[CRS, float]:
    if not (np.isfinite(size_m) and size_m > 0):
        raise DemandError(f"a cell's side is a number of metres above 0, not {size_m!r}")
    return require_metric(crs), float(size_m)


def _amounts(amounts: _Floats) -> None:
    wrong = ~((amounts >= 0) & np.isfinite(amounts))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DemandError(f"row {at} has the amount {amounts[at]!s}; an amount is a number, 0 or more")


def _gathered(crs: CRS, size: float, x: _Floats, y: _Floats, amounts: _Floats, *, source: str) -> Cells:
    column, row = np.floor(x / size).astype(np.int64), np.floor(y / size).astype(np.int64)
    return summed(crs, size, column, row, amounts, source=source)


def _joined(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
