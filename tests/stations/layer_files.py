"""Small files of demand for tests: rasters, tables and areas over the squares of ``tests/conftest.py``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
from numpy.typing import ArrayLike

__all__ = ["areas", "raster", "table", "workbook"]


def raster(
    path: Path,
    values: ArrayLike,
    *,
    west: float = 101.4,
    north: float = 36.8,
    pixel: float = 0.05,
    crs: Any = "EPSG:4326",
    nodata: float | None = -1.0,
    **options: Any,
) -> Path:
    """Write a GeoTIFF whose upper left corner is (west, north)."""
    found = np.asarray(values, dtype=options.pop("dtype", "float32"))
    with rasterio.open(
        path, "w", driver="GTiff", height=found.shape[0], width=found.shape[1], count=1, dtype=found.dtype,
        crs=crs, transform=rasterio.Affine(pixel, 0.0, west, 0.0, -pixel, north), nodata=nodata, **options,
    ) as file:  # fmt: skip
        file.write(found, 1)
    return path


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def workbook(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write an XLSX workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(path)
    return path


def areas(path: Path, shapes: Sequence[Any], *, crs: Any = "EPSG:4326", **columns: Sequence[Any]) -> Path:
    """Write areas, or points, with columns; the format is that of the suffix."""
    frame = gpd.GeoDataFrame(dict(columns), geometry=list(shapes), crs=crs)
    if path.suffix == ".zip":
        shape = path.with_suffix(".d") / "layer.shp"
        shape.parent.mkdir()
        frame.to_file(shape, encoding="utf-8")
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            for part in sorted(shape.parent.iterdir()):
                archive.write(part, part.name)
        return path
    frame.to_file(path)
    return path
