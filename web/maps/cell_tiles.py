"""Cells of demand as picture tiles: a province of small cells costs a browser no more than a county of large ones.

Where a cell is wider than a pixel or two, every pixel looks up the cell that it lies in; where cells are smaller, a
square of pixels shows the mean shade of the people in it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer

from geo.mercator import degrees, metres_per_pixel, pixels

__all__ = ["SHADES", "TILE_PX", "CellGrid", "cell_tile"]

TILE_PX: Final = 256
#: ``--gap-0`` to ``--gap-5`` of the style sheet: within the first limit, to beyond the last.
SHADES: Final[Mapping[str, Sequence[str]]] = {
    "light": ("#dcebe0", "#fbe8cd", "#f7cf9f", "#efab70", "#df7f4b", "#bd4f2c"),
    "dark": ("#1d3a2e", "#42351f", "#5f4420", "#845020", "#a85a2a", "#cf6a3e"),
}
#: Cells narrower than this many pixels are put together in squares as wide.
_LEAST_PX: Final = 2
_NOTHING: Final = 255
_OPACITY: Final = 210
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CellGrid:
    """Cells of one metric grid, ready to be looked up.

    crs: metric. size_m: the side. lon, lat: (k,) their middles, degrees. weight: (k,) people. key, of: the cells by
    ``row × wide + column``, ascending, and the index of each; corner: the first column and row. shift: degrees from the map's positions to ours.
    """

    crs: str
    size_m: float
    lon: NDArray[Any]
    lat: NDArray[Any]
    weight: NDArray[Any]
    key: NDArray[np.int64]
    of: NDArray[np.int64]
    corner: tuple[int, int]
    wide: int
    shift: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, crs: str, size_m: float) -> CellGrid:
        """Make it of the arrays of a run; where they hold no ``column`` and ``row``, those are found from the middles."""
        lon, lat = arrays["lon"], arrays["lat"]
        if "column" in arrays:
            column, row = arrays["column"].astype(np.int64), arrays["row"].astype(np.int64)
        else:
            column, row = _cell_at(lon.astype(np.float64), lat.astype(np.float64), crs, size_m)
        corner = (int(column.min()), int(row.min())) if len(column) else (0, 0)
        wide = int(column.max()) - corner[0] + 1 if len(column) else 1
        key = (row - corner[1]) * wide + (column - corner[0])
        order = np.argsort(key, kind="stable")
        return cls(crs, size_m, lon, lat, arrays["weight"], key[order], order, corner, wide)

    def at(self, lon: _Floats, lat: _Floats) -> NDArray[np.int64]:
        """Return the index of the cell that each position lies in, -1 where there is none."""
        if len(self.key) == 0:
            return np.full(np.shape(lon), -1, dtype=np.int64)
        column, row = _cell_at(lon, lat, self.crs, self.size_m)
        column, row = column - self.corner[0], row - self.corner[1]
        wanted = row * self.wide + column
        found = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        met = (self.key[found] == wanted) & (column >= 0) & (column < self.wide) & (row >= 0)
        return np.where(met, self.of[found], -1)


def cell_tile(
    grid: CellGrid,
    shade: NDArray[Any],
    tile: tuple[int, int, int],
    *,
    theme: str = "light",
    to_wgs84: Callable[[float, float], tuple[float, float]] | None = None,
) -> bytes:
    """Draw one tile as PNG, transparent where no cell lies.

    shade: (k,) 0 to 5 of each cell. tile: zoom, x, y as web maps count them. theme: one of ``SHADES``. to_wgs84: where the
    map below has another datum, what its positions are in ours; asked for the middle of the tile, for over a tile the
    difference changes by a pixel or two.
    """
    zoom, x, y = tile
    left, top = x * TILE_PX, y * TILE_PX
    middle = tuple(map(float, degrees(left + TILE_PX / 2, top + TILE_PX / 2, zoom)))
    if to_wgs84 is not None:
        ours = to_wgs84(*middle)
        grid = replace(grid, shift=(ours[0] - middle[0], ours[1] - middle[1]))
    side_px = grid.size_m / metres_per_pixel(middle[1], zoom)
    looked_up = side_px >= _LEAST_PX
    found = (
        _looked_up(grid, shade, zoom, left, top) if looked_up else _put_together(grid, shade, zoom, left, top)
    )
    image = Image.fromarray(found, "P")
    colours = bytes.fromhex("".join(colour[1:] for colour in SHADES[theme]))
    image.putpalette(colours + bytes(3 * 256 - len(colours)))
    out = io.BytesIO()
    image.save(
        out, "PNG", transparency=bytes([_OPACITY] * len(SHADES[theme]) + [0] * (256 - len(SHADES[theme])))
    )
    return out.getvalue()


def _looked_up(grid: CellGrid, shade: NDArray[Any], zoom: int, left: int, top: int) -> NDArray[np.uint8]:
    across, down = np.meshgrid(np.arange(TILE_PX) + left + 0.5, np.arange(TILE_PX) + top + 0.5)
    lon, lat = degrees(across.ravel(), down.ravel(), zoom)
    cell = grid.at(lon + grid.shift[0], lat + grid.shift[1])
    held = np.where(cell >= 0, shade[np.maximum(cell, 0)] if len(shade) else 0, _NOTHING)
    return held.astype(np.uint8).reshape(TILE_PX, TILE_PX)


def _put_together(grid: CellGrid, shade: NDArray[Any], zoom: int, left: int, top: int) -> NDArray[np.uint8]:
    west, north = degrees(left, top, zoom)
    east, south = degrees(left + TILE_PX, top + TILE_PX, zoom)
    here = np.flatnonzero((grid.lon >= west) & (grid.lon <= east) & (grid.lat >= south) & (grid.lat <= north))
    x, y = pixels(grid.lon[here], grid.lat[here], zoom)
    blocks = TILE_PX // _LEAST_PX
    column, row = ((part // _LEAST_PX).astype(np.int64) for part in (x - left, y - top))
    inside = (column >= 0) & (column < blocks) & (row >= 0) & (row < blocks)
    block, here = (row * blocks + column)[inside], here[inside]
    # A cell without people counts a little, so that a square of nothing but such cells has a shade.
    people = grid.weight[here].astype(np.float64) + 1e-9
    whole = np.bincount(block, people, minlength=blocks**2)
    sums = np.bincount(block, people * shade[here], minlength=blocks**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(whole > 0, np.rint(sums / whole), _NOTHING)
    small = mean.astype(np.uint8).reshape(blocks, blocks)
    return np.repeat(np.repeat(small, _LEAST_PX, axis=0), _LEAST_PX, axis=1)


def _cell_at(
    lon: _Floats, lat: _Floats, crs: str, size_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = (np.asarray(part, dtype=np.float64) for part in transformer.transform(lon, lat))
    # A pixel on the far side of the Earth has no place in the grid.
    there = np.isfinite(x) & np.isfinite(y)
    column, row = (np.floor(np.where(there, part, -1e15) / size_m).astype(np.int64) for part in (x, y))
    return column, row
