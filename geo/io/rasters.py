"""Amounts in a GeoTIFF, such as people per pixel, read in strips so that a country fits into a small memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo.bbox import BBox
from geo.errors import RasterError

__all__ = ["MOST_PIXELS", "Raster", "is_tiff", "open_raster"]

_Floats = NDArray[np.float64]

#: Pixels in memory at a time.
_STRIP: Final = 4_000_000
#: Pixels that are read of one file: China at 250 m, or a province at 30 m.
MOST_PIXELS: Final = 1_000_000_000
#: Pixels in a row or column, and bytes of one block of a file: more is no grid of people, and would fill the memory.
_MOST_ACROSS: Final = 2_000_000
_MOST_BLOCK: Final = 256 << 20
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: Values that people write for "nothing here" and forget to declare.
_FORGOTTEN = (-9999.0, -99999.0, -3.4028234663852886e38, -3.3999999521443642e38)


@dataclass(frozen=True, slots=True)
class Raster:
    """One band of a file. ``blocks`` gives its pixels that hold an amount.

    crs: of its coordinates. pixel: (width, height) in units of the CRS. Amounts are *per pixel*; a density is refused
    by nobody but its maker, so the file has to be one of counts.
    """

    path: Path
    band: int
    crs: CRS
    pixel: tuple[float, float]
    shape: tuple[int, int]
    bands: int = 1

    @property
    def pixels(self) -> int:
        """How many pixels the file has."""
        return self.shape[0] * self.shape[1]

    def blocks(self, box: BBox | None = None) -> Iterator[tuple[_Floats, _Floats, _Floats]]:
        """Give x and y of pixel centres and their amounts, (k,) each, strip by strip; pixels without data are left out.

        box: degrees, WGS 84; only what lies in it is read. Raises RasterError where a strip cannot be read, or holds
        an amount below 0 or infinite, or where more than a thousand million pixels would have to be read.
        """
        for x, y, amounts, _ in self.strips(box):
            yield x, y, amounts

    def strips(self, box: BBox | None = None) -> Iterator[tuple[_Floats, _Floats, _Floats, float]]:
        """Give what ``blocks`` gives, and with each strip the share that is read by then, 0 to 1."""
        from rasterio.errors import RasterioError
        from rasterio.warp import transform_bounds
        from rasterio.windows import Window

        with _opened(self.path) as file:
            first_row, last_row, first_column, last_column = 0, file.height, 0, file.width
            if box is not None:
                west, south, east, north = transform_bounds(
                    "EPSG:4326", file.crs, box.west, box.south, box.east, box.north
                )
                at = file.transform
                columns = sorted(((west - at.c) / at.a, (east - at.c) / at.a))
                rows = sorted(((south - at.f) / at.e, (north - at.f) / at.e))
                first_column, last_column = max(0, floor(columns[0])), min(file.width, ceil(columns[1]))
                first_row, last_row = max(0, floor(rows[0])), min(file.height, ceil(rows[1]))
                if first_column >= last_column or first_row >= last_row:
                    return
            nodata = file.nodatavals[self.band - 1]
            wide = last_column - first_column
            if wide * (last_row - first_row) > MOST_PIXELS:
                raise RasterError(
                    f"{self.path.name} has {wide:,} × {last_row - first_row:,} pixels to read, more than "
                    f"{MOST_PIXELS:,}; cut out the region first (gdalwarp -te), or take a coarser grid",
                    reason="too_many_pixels",
                )
            step = max(1, _STRIP // wide)
            for top in range(first_row, last_row, step):
                height = min(step, last_row - top)
                window = Window(first_column, top, wide, height)
                try:
                    values = file.read(self.band, window=window).astype(np.float64)
                except RasterioError as error:
                    raise RasterError(f"{self.path.name} is damaged at row {top}: {error}") from error
                there = ~np.isnan(values)
                if nodata is not None and not np.isnan(nodata):
                    there &= values != nodata
                for value in _FORGOTTEN if nodata is None else ():
                    there &= values != value
                if (values[there] < 0).any() or np.isinf(values[there]).any():
                    at = np.argwhere(there & ((values < 0) | np.isinf(values)))[0]
                    raise RasterError(
                        f"{self.path.name} says {values[tuple(at)]:g} at row {top + at[0]}, column "
                        f"{first_column + at[1]}: an amount is 0 or more (is the nodata value declared?)",
                        reason="bad_pixel",
                    )
                there &= values > 0
                row, column = np.nonzero(there)
                across, down = file.transform.a, file.transform.e
                x = file.transform.c + (column + first_column + 0.5) * across
                y = file.transform.f + (row + top + 0.5) * down
                share = (top + height - first_row) / (last_row - first_row)
                yield x.astype(np.float64), y.astype(np.float64), values[there], share


def is_tiff(head: bytes) -> bool:
    """Whether a file that begins so is a TIFF."""
    return head.startswith(_TIFF)


def open_raster(path: Path | str, *, band: int = 1) -> Raster:
    """Open a GeoTIFF of amounts.

    Raises RasterError where it is missing, no TIFF, lacks a CRS or the band, is rotated, too large to be read in parts, or
    holds no data at all.
    """
    path = Path(path)
    with _opened(path) as file:
        _bounded(path, file)
        if file.crs is None:
            raise RasterError(
                f"{path.name} says no coordinate reference system; write it again with one (EPSG:4326)",
                reason="no_crs",
            )
        if not 1 <= band <= file.count:
            raise RasterError(f"{path.name} has no band {band}; it has {file.count}")
        transform = file.transform
        if transform.b or transform.d:
            raise RasterError(f"{path.name} is rotated; warp it to a north-up grid first", reason="rotated")
        if np.dtype(file.dtypes[band - 1]).kind not in "iuf":
            raise RasterError(f"band {band} of {path.name} holds {file.dtypes[band - 1]}, not numbers")
        found = Raster(
            path,
            band,
            CRS.from_wkt(file.crs.to_wkt()),
            (abs(transform.a), abs(transform.e)),
            (file.height, file.width),
            file.count,
        )
    if not any(len(values) for _, _, values in found.blocks()):
        raise RasterError(
            f"{path.name} holds no amount above 0: all of it is nodata or nothing", reason="nothing"
        )
    return found


def _bounded(path: Path, file: Any) -> None:
    """Refuse a file of which even one row or block would fill the memory."""
    if max(file.width, file.height) > _MOST_ACROSS:
        raise RasterError(
            f"{path.name} is {file.width:,} × {file.height:,} pixels; more than {_MOST_ACROSS:,} in a row are not read"
        )
    for (high, wide), kind in zip(file.block_shapes, file.dtypes, strict=True):
        if (size := high * wide * np.dtype(kind).itemsize) > _MOST_BLOCK:
            raise RasterError(
                f"{path.name} is stored in blocks of {wide:,} × {high:,} pixels, {size >> 20} MiB each; write it again in "
                "tiles (gdal_translate -co TILED=YES -co COMPRESS=DEFLATE)"
            )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

    if not path.is_file():
        raise RasterError(f"{path} is no file; give a GeoTIFF such as a population grid")
    # Other formats that GDAL reads may name further files and addresses inside, which a stranger must not choose.
    with path.open("rb") as start:
        if not is_tiff(head := start.read(4)):
            raise RasterError(
                f"{path.name} cannot be read as a raster: it begins with {head!r} and is no GeoTIFF"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        try:
            file = rasterio.open(path, driver="GTiff")
        except RasterioIOError as error:
            raise RasterError(f"{path.name} cannot be read as a raster: {error}") from error
        with file:
            yield file
