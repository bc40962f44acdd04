"""How high places lie: a digital elevation model sampled between its pixels, tile by tile.

Sampled bilinearly, because two nodes of one street often share a pixel: steps between pixels would make cliffs of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.errors import RasterError

__all__ = ["sample"]

_Floats = NDArray[np.float64]

_TILE: Final = 1_024
#: Lower and higher than any ground; what lies beyond is a filler that somebody forgot to declare.
_GROUND: Final = (-500.0, 9_000.0)


def sample(path: Path | str, lon: _Floats, lat: _Floats) -> _Floats:
    """Return the metres above the sea at places, NaN where the model knows nothing: (k,).

    path: GeoTIFF or another raster that GDAL reads, metres in its first band. lon, lat: (k,) degrees, WGS 84.
    Raises RasterError where it is missing, damaged, rotated, without a CRS, or knows none of the places.
    """
    import rasterio
    from rasterio.errors import RasterioError

    path = Path(path)
    height = np.full(len(lon), np.nan)
    try:
        with rasterio.open(path) as file:
            if file.crs is None:
                raise RasterError(
                    f"{path.name} says no coordinate reference system; write it again with one (EPSG:4326)"
                )
            at = file.transform
            if at.b or at.d:
                raise RasterError(f"{path.name} is rotated; warp it to a north-up grid first")
            onto = Transformer.from_crs("EPSG:4326", CRS.from_wkt(file.crs.to_wkt()), always_xy=True)
            x, y = onto.transform(lon, lat)
            # Counted from the middle of the first pixel.
            column, row = (np.asarray(x) - at.c) / at.a - 0.5, (np.asarray(y) - at.f) / at.e - 0.5
            # A place on the outer half of a border pixel has that pixel's height.
            inside = (
                (column >= -0.5) & (column <= file.width - 0.5) & (row >= -0.5) & (row <= file.height - 0.5)
            )
            column, row = np.clip(column, 0, file.width - 1), np.clip(row, 0, file.height - 1)
            which = np.flatnonzero(inside)
            tile = (row[which] // _TILE).astype(np.int64) * (file.width // _TILE + 1) + (
                column[which] // _TILE
            ).astype(np.int64)
            order = np.argsort(tile, kind="stable")
            which, tile = which[order], tile[order]
            for some in np.split(which, np.flatnonzero(np.diff(tile)) + 1) if len(which) else ():
                height[some] = _within(file, column[some], row[some])
    except RasterioError as error:
        raise RasterError(f"{path.name} cannot be read as an elevation model: {error}") from error
    if len(lon) and np.isnan(height).all():
        raise RasterError(
            f"{path.name} knows the height of none of the {len(lon):,} places; is it of another province?"
        )
    return height


def _within(file: Any, column: _Floats, row: _Floats) -> _Floats:
    """Interpolate in the pixels of one tile."""
    from rasterio.windows import Window

    left, top = int(column.min()), int(row.min())
    right, bottom = min(file.width - 1, int(column.max()) + 1), min(file.height - 1, int(row.max()) + 1)
    window = Window(left, top, right - left + 1, bottom - top + 1)
    values = file.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
    values[(values < _GROUND[0]) | (values > _GROUND[1])] = np.nan
    across, down = column - left, row - top
    west, north = np.floor(across).astype(np.int64), np.floor(down).astype(np.int64)
    east, south = np.minimum(west + 1, values.shape[1] - 1), np.minimum(north + 1, values.shape[0] - 1)
    across, down = across - west, down - north
    total, known = np.zeros(len(column)), np.zeros(len(column))
    for pixel, weight in (
        (values[north, west], (1 - down) * (1 - across)),
        (values[north, east], (1 - down) * across),
        (values[south, west], down * (1 - across)),
        (values[south, east], down * across),
    ):
        there = ~np.isnan(pixel)
        total[there] += pixel[there] * weight[there]
        known[there] += weight[there]
    # Beside a hole the pixels that are known speak, as long as they are nearer than those that are not.
    return np.where(known >= 0.5, total / np.where(known > 0, known, 1.0), np.nan)
