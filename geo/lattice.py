"""Amounts on a regular grid of any CRS, kept sparse: the one form that a layer of demand is stored in, whatever it was.

A raster keeps its own pixels, points are counted on squares of some metres, areas are divided over squares; from then on
they are alike. Laid on the cells of a run, each square is divided by area, so that no size of cell makes stripes, and
the sum stays what it was.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.bbox import BBox
from geo.crs import require_metric
from geo.demand import Cells, combine, summed
from geo.errors import DemandError
from geo.spheroid import metres_between

__all__ = ["Lattice"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

#: Squares that are laid on cells at a time.
_CHUNK: Final = 250_000
#: Parts of squares that one laying may make: a minute's work.
_MOST_PARTS: Final = 200_000_000
#: Shares below this are rounding: where the lines of two grids fall together, nothing lies beyond them.
_NOTHING: Final = 1e-9
_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Lattice:
    """Amounts on a grid.

    crs: of the grid, metric or not. origin: the lower left corner of the square (0, 0); step: width and height of a
    square, above 0; both in units of the CRS. column, row: (k,) whole numbers. weight: (k,) amounts above 0.
    Ordered by row and column; no square stands twice.
    """

    crs: CRS
    origin: tuple[float, float]
    step: tuple[float, float]
    column: _Ints
    row: _Ints
    weight: _Floats

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def total(self) -> float:
        """The sum of the amounts."""
        return float(self.weight.sum())

    def middles(self) -> tuple[_Floats, _Floats]:
        """Return the middles of the squares in the CRS of the grid, (k,) each."""
        column, row = self.column.astype(np.float64), self.row.astype(np.float64)
        return self.origin[0] + (column + 0.5) * self.step[0], self.origin[1] + (row + 0.5) * self.step[1]

    def lonlat(self) -> tuple[_Floats, _Floats]:
        """Return the middles of the squares in degrees, WGS 84."""
        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(*self.middles())
        return np.asarray(lon), np.asarray(lat)

    def side_m(self) -> float:
        """Return how wide a square is on the ground, in metres, in the middle of the grid; 0 where it is empty."""
        if not len(self):
            return 0.0
        x, y = (each[len(self) // 2] for each in self.middles())
        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(
            np.array([x - self.step[0] / 2, x + self.step[0] / 2]), np.array([y, y])
        )
        return float(metres_between(lon[:1], lat[:1], lon[1:], lat[1:])[0])

    def kept(self, which: NDArray[np.bool_]) -> Lattice:
        """Return the squares that are marked."""
        return Lattice(
            self.crs, self.origin, self.step, self.column[which], self.row[which], self.weight[which]
        )

    def in_box(self, box: BBox) -> NDArray[np.bool_]:
        """Mark the squares whose middle lies in a box of degrees."""
        lon, lat = self.lonlat()
        return (lon >= box.west) & (lon <= box.east) & (lat >= box.south) & (lat <= box.north)

    def on_cells(self, crs: Any, size_m: float, *, source: str = "") -> Cells:
        """Divide the squares over the square cells of a metric CRS, by area.

        The middle of a square is exact in that CRS, and so are its width and its area there; that it may be turned or
        sheared by some degrees is left out. Where the CRS is the grid's own nothing is left out. Raises DemandError
        where that makes cells beyond number, CrsError for a CRS that is not metric.
        """
        metric = require_metric(crs)
        if not (np.isfinite(size_m) and size_m > 0):
            raise DemandError(f"a cell's side is a number of metres above 0, not {size_m!r}")
        empty = np.zeros(0, dtype=np.int64)
        laid = [summed(metric, float(size_m), empty, empty, np.zeros(0), source=source)]
        made = 0
        for x, y, wide, high, weight in self._rectangles(metric):
            column, row, amount = _divided(x / size_m, y / size_m, wide / size_m, high / size_m, weight)
            made += len(amount)
            if made > _MOST_PARTS:
                raise DemandError(
                    f"{len(self):,} squares on cells of {size_m:g} m make over {_MOST_PARTS:,} parts; ask larger cells"
                )
            laid.append(summed(metric, float(size_m), column, row, amount, source=source))
        return combine((cells, 1.0) for cells in laid)

    def _rectangles(self, metric: CRS) -> Iterator[tuple[_Floats, _Floats, _Floats, _Floats, _Floats]]:
        """Give the squares as they lie in a CRS, some at a time: middles, widths, heights and amounts."""
        same = self.crs.equals(metric, ignore_axis_order=True)
        to_metric = Transformer.from_crs(self.crs, metric, always_xy=True)
        dx, dy = self.step
        all_x, all_y = self.middles()
        for start in range(0, len(self), _CHUNK):
            part = slice(start, start + _CHUNK)
            x, y = all_x[part], all_y[part]
            weight = self.weight[part]
            if same:
                yield x, y, np.full(len(x), dx), np.full(len(x), dy), weight
                continue
            # The sides change slowly along a row, so those of its middle do for all of it.
            rows, into = np.unique(y, return_inverse=True)
            middle = np.full(len(rows), (x.min() + x.max()) / 2)
            east, west = (to_metric.transform(middle + by, rows) for by in (dx / 2, -dx / 2))
            north, south = (to_metric.transform(middle, rows + by) for by in (dy / 2, -dy / 2))
            across = np.asarray(east) - np.asarray(west)
            upward = np.asarray(north) - np.asarray(south)
            width = np.hypot(across[0], across[1])
            height = np.abs(across[0] * upward[1] - across[1] * upward[0]) / width
            mx, my = (np.asarray(each) for each in to_metric.transform(x, y))
            if not (np.isfinite(mx).all() and np.isfinite(my).all() and np.isfinite(height).all()):
                raise DemandError(
                    f"squares of {self.crs.name} have no place in {metric.name}; is it another part of the world?"
                )
            yield mx, my, width[into], height[into], weight

    def packed(self) -> bytes:
        """Return the grid as bytes: a NumPy archive without pickles, amounts as short as they stay exact."""
        wide = int(self.column.max() - self.column.min()) + 1 if len(self) else 1
        low = (int(self.column.min()), int(self.row.min())) if len(self) else (0, 0)
        key = (self.row - low[1]) * wide + (self.column - low[0])
        gaps = np.diff(key, prepend=np.int64(0))
        short = self.weight.astype(np.float32)
        about = {
            "form": _FORM, "crs": self.crs.to_wkt(), "origin": self.origin, "step": self.step, "low": low,
            "wide": wide,
        }  # fmt: skip
        out = io.BytesIO()
        np.savez_compressed(
            out,
            about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            gaps=gaps.astype(np.min_scalar_type(int(gaps.max(initial=0)))),
            weight=short if np.array_equal(short.astype(np.float64), self.weight) else self.weight,
        )
        return out.getvalue()

    @classmethod
    def unpacked(cls, content: bytes) -> Lattice:
        """Read what ``packed`` wrote. Raises DemandError for bytes that are none, or of a newer form."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                about = json.loads(held["about"].tobytes())
                key = np.cumsum(held["gaps"].astype(np.int64))
                weight = held["weight"].astype(np.float64)
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise DemandError(f"the kept layer is damaged: {error}") from error
        if about["form"] != _FORM:
            raise DemandError(
                f"the layer is kept in form {about['form']}, and this version reads form {_FORM}"
            )
        row, column = np.divmod(key, about["wide"])
        (x, y), (dx, dy), (left, low) = about["origin"], about["step"], about["low"]
        return cls(CRS.from_wkt(about["crs"]), (x, y), (dx, dy), column + left, row + low, weight)


def _divided(
    x: _Floats, y: _Floats, wide: _Floats, high: _Floats, weight: _Floats
) -> tuple[_Ints, _Ints, _Floats]:
    """Divide rectangles over unit cells: column, row and amount of every part that is not empty."""
    columns, across = _shared(x, wide)
    rows, upward = _shared(y, high)
    found: list[tuple[_Ints, _Ints, _Floats]] = []
    for i, part in enumerate(across):
        for j, other in enumerate(upward):
            amount = weight * part * other
            some = amount > 0
            found.append((columns[some] + i, rows[some] + j, amount[some]))
    return (
        np.concatenate([each[0] for each in found]),
        np.concatenate([each[1] for each in found]),
        np.concatenate([each[2] for each in found]),
    )


def _shared(middle: _Floats, width: _Floats) -> tuple[_Ints, list[_Floats]]:
    """Return the first unit interval that each span touches, and what share of the span lies in it and in the next ones."""
    low, high = middle - width / 2, middle + width / 2
    first = np.floor(low).astype(np.int64)
    most = max(1, int(np.max(np.ceil(high) - first, initial=1)))
    share = [
        np.maximum(np.minimum(high, first + at + 1) - np.maximum(low, first + at), 0.0) / width
        for at in range(most)
    ]
    share = [np.where(part < _NOTHING, 0.0, part) for part in share]
    whole = np.sum(share, axis=0)
    return first, [part / whole for part in share]
