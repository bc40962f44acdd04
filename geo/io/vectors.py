"""Points as rows of text and polygons as areas, from Shapefile, GeoPackage, GeoJSON and FlatGeobuf, in WGS 84."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon

from geo.errors import VectorError
from geo.io.layers import Layer, open_layer
from geo.io.rows import CHUNK, Row, Skipped, distinct_names, number_text
from geo.io.zipped import unpacked

__all__ = ["VectorSource", "open_vectors", "open_zipped", "read_areas"]

_NO_PLACE: Final = ("", "")


class VectorSource:
    """A layer of points as rows of text: see ``geo.io.rows.Source`` for what it gives.

    The columns ``lon`` and ``lat`` come first, in WGS 84 degrees, empty where a feature has no geometry; attributes of
    the same names become ``lon (2)`` and ``lat (2)``. A feature that is no single point, or lies outside the range
    of degrees, has a ``problem``.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._columns = distinct_names(["lon", "lat", *layer.fields])
        self._read = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """``lon``, ``lat``, then the attributes in the file's order."""
        return self._columns

    @property
    def encoding(self) -> str | None:
        """The encoding of a Shapefile's text; None for other formats, which fix it."""
        return self._layer.encoding if self._layer.raw_encoding is not None else None

    @property
    def delimiter(self) -> str | None:
        """None: a vector file has none."""
        return None

    @property
    def skipped(self) -> list[Skipped]:
        """Nothing: every feature is a row."""
        return []

    @property
    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def chunks(self, size: int = CHUNK) -> Iterator[list[Row]]:
        """Yield the features in order, at most ``size`` at a time."""
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self._read = 0
        rows = self._rows(size)
        while chunk := list(islice(rows, size)):
            self._read = chunk[-1].number
            yield chunk
        self._read = self._layer.features

    def progress(self) -> float:
        """Return how many of the features the present pass has given, from 0 to 1."""
        return self._read / self._layer.features

    def _rows(self, size: int) -> Iterator[Row]:
        for start, shapes, texts, problems in self._layer.blocks(size):
            for at, (place, misplaced) in enumerate(_places(shapes, self._layer.to_lonlat)):
                problem = "; ".join(filter(None, (problems[at], misplaced))) or None
                yield Row(
                    start + at + 1, dict(zip(self._columns, (*place, *texts[at]), strict=True)), problem
                )


def open_vectors(
    path: Path | str, *, layer: str | None = None, encoding: str | None = None, crs: str | None = None
) -> VectorSource:
    """Open a layer of points.

    layer: of a GeoPackage with several. encoding: of a Shapefile's text, where .cpg is missing or wrong.
    crs: of a file that names none (a Shapefile without .prj), such as ``EPSG:4490``; one that contradicts the file is
    an error, save for GeoJSON without a ``crs`` member, whose WGS 84 is only a default.
    Positions are brought to WGS 84, longitude first; heights are dropped. Raises VectorError and CrsError.
    """
    return VectorSource(open_layer(Path(path), layer, encoding, crs))


def open_zipped(
    path: Path | str, *, layer: str | None = None, encoding: str | None = None, crs: str | None = None
) -> VectorSource:
    """Open the Shapefile in a ZIP archive; layer: its name, where there are several. Otherwise as ``open_vectors``."""
    folder, shape = unpacked(Path(path), layer)
    try:
        source = VectorSource(open_layer(shape, None, encoding, crs))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(source, shutil.rmtree, folder, ignore_errors=True)
    return source


def read_areas(
    path: Path | str, *, layer: str | None = None, encoding: str | None = None, crs: str | None = None
) -> gpd.GeoDataFrame:
    """Read the polygons of a layer, such as an operator's regions.

    Returns the attributes as text and ``geometry``: valid MultiPolygons, EPSG:4326, in the file's order.
    Features without area (boundary lines, points, nothing) are left out. Options and errors as in
    ``open_vectors``; VectorError also where no polygon is left, or where text does not decode.
    """
    opened = open_layer(Path(path), layer, encoding, crs)
    rows: list[list[str]] = []
    areas: list[MultiPolygon] = []
    for start, shapes, texts, problems in opened.blocks(CHUNK):
        for at, shape in enumerate(_areal(_lonlat(shapes, opened.to_lonlat))):
            if shape is not None:
                if (problem := problems[at]) is not None:
                    raise VectorError(f"{opened.path.name}, feature {start + at + 1}: {problem}")
                rows.append(texts[at])
                areas.append(shape)
    if not areas:
        raise VectorError(f"{opened.path.name} has no polygon among its {opened.features} features")
    names = distinct_names(["geometry", *opened.fields])[1:]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    return gpd.GeoDataFrame(columns, geometry=areas, crs="EPSG:4326")


def _lonlat(shapes: NDArray[np.object_], to_lonlat: Transformer | None) -> NDArray[np.object_]:
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    if to_lonlat is None:
        return flat

    def project(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_lonlat.transform(coordinates[:, 0], coordinates[:, 1]))

    return np.asarray(shapely.transform(flat, project), dtype=object)


def _places(
    shapes: NDArray[np.object_], to_lonlat: Transformer | None
) -> Iterator[tuple[tuple[str, str], str | None]]:
    """Yield each feature's longitude and latitude as text, and what is wrong with it as a place."""
    kinds = shapely.get_type_id(shapes)
    single = (kinds == shapely.GeometryType.POINT) | (
        (kinds == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    )
    points = np.asarray(shapely.get_geometry(shapes, 0), dtype=object)
    points[~single] = None
    moved = _lonlat(points, to_lonlat)
    lon, lat = shapely.get_x(moved), shapely.get_y(moved)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for at, shape in enumerate(shapes):
        if empty[at]:
            yield _NO_PLACE, None
        elif not single[at]:
            yield _NO_PLACE, f"the geometry is a {shape.geom_type}; a place needs one point"
        elif abs(lon[at]) <= 180.0 and abs(lat[at]) <= 90.0:
            yield (_degrees(lon[at]), _degrees(lat[at])), None
        else:
            x, y = shapely.get_x(points[at]), shapely.get_y(points[at])
            yield (
                _NO_PLACE,
                f"the point {x:.15g}, {y:.15g} is no position on earth in the file's CRS; declare its CRS",
            )


def _degrees(value: float) -> str:
    # A tenth of a millimetre; the rest is the noise of a projection.
    return number_text(round(float(value), 9))


def _areal(shapes: NDArray[np.object_]) -> list[MultiPolygon | None]:
    areas: list[MultiPolygon | None] = []
    for shape in shapely.make_valid(shapes):
        parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if isinstance(part, Polygon)]
        parts = [part for part in parts if not part.is_empty and np.isfinite(part.bounds).all()]
        areas.append(MultiPolygon(parts) if parts else None)
    return areas
