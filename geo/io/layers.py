"""One layer of a vector file: opened with care, read in blocks, its attributes as text.

GDAL (through pyogrio) only ever sees a file whose first bytes are those of a known format, so that a virtual layer
with an address inside cannot pass for data.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyogrio.raw import read as read_raw
from pyproj import Transformer

from geo.crs import lonlat_transformer, same_crs
from geo.errors import CrsError, VectorError
from geo.io.formats import HEAD, vector_driver
from geo.io.geopackages import require_plain
from geo.io.rows import CHUNK, clean, distinct_names, number_text
from geo.io.shapefiles import LOSSLESS, decoded, require_parts, shapefile_encoding

__all__ = ["Block", "Layer", "open_layer"]

# GeoJSON has no index: every block reads the file from its start, so its blocks are larger.
_BLOCK: Final = {"GeoJSON": 50_000}
_MOST_BYTES: Final = 1 << 30
_MOST_BLOCK_BYTES: Final = 64 << 20
_MOST_FIELDS: Final = 1_000
_MOMENT: Final = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?(Z|[+-]\d\d(?::?\d\d)?)?"
)
_GDAL_ERRORS: Final = (
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
    UnicodeDecodeError,
)


class Block(NamedTuple):
    """Features in a row: how many come before, geometries in the file's CRS, texts and problems by feature."""

    start: int
    shapes: NDArray[np.object_]
    texts: list[list[str]]
    problems: list[str | None]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, and how its text and its coordinates are to be read."""

    path: Path
    name: str
    driver: str
    encoding: str
    fields: tuple[str, ...]
    kinds: tuple[str, ...]
    features: int
    to_lonlat: Transformer | None

    @property
    def raw_encoding(self) -> str | None:
        """The encoding to ask GDAL for: none but for a Shapefile, whose text is decoded here."""
        return LOSSLESS if self.driver == "ESRI Shapefile" else None

    @property
    def _most_at_once(self) -> int:
        """How many features are read at once, so that those with long texts do not fill the memory."""
        return max(1, _MOST_BLOCK_BYTES * self.features // max(_size(self.path), 1))

    def blocks(self, size: int) -> Iterator[Block]:
        """Yield the features in order, ``size`` at a time or more where the format asks for it."""
        size = min(max(size, _BLOCK.get(self.driver, CHUNK)), self._most_at_once)
        for start in range(0, self.features, size):
            wkb, columns = self._read(start, size)
            count = len(wkb) if wkb is not None else len(columns[0]) if columns else 0
            if count == 0:
                return
            problems: list[str | None] = [None] * count
            texts = [
                self._texts(column, kind, name, problems)
                for column, kind, name in zip(columns, self.kinds, self.fields, strict=True)
            ]
            shapes = np.full(count, None) if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
            by_feature = [list(cells) for cells in zip(*texts, strict=True)] or [[] for _ in range(count)]
            yield Block(start, np.asarray(shapes, dtype=object), by_feature, problems)

    def _read(self, start: int, size: int) -> tuple[NDArray[np.object_] | None, list[NDArray[Any]]]:
        with _gdal(f"{self.path.name} is damaged after feature {start}"):
            _, _, wkb, columns = read_raw(
                str(self.path),
                layer=self.name,
                encoding=self.raw_encoding,
                skip_features=start,
                max_features=size,
                datetime_as_string=True,
            )
        return wkb, list(columns)

    def _texts(self, column: NDArray[Any], kind: str, name: str, problems: list[str | None]) -> list[str]:
        texts: list[str] = []
        for at, value in enumerate(column.tolist() if column.dtype != object else column):
            text = _text(value, kind)
            if self.raw_encoding is not None and not text.isascii():
                try:
                    text = decoded(text, self.encoding)
                except UnicodeDecodeError:
                    problems[at] = (
                        f"the text of {name} is not {self.encoding} "
                        f"({text[:12].encode(LOSSLESS, 'replace').hex(' ')}); declare the encoding"
                    )
                    text = text.encode(LOSSLESS, "replace").decode(self.encoding, "replace")
            texts.append(clean(text))
        return texts


@contextmanager
def _gdal(trouble: str) -> Iterator[None]:
    """Tell GDAL's errors in words; its warnings (a name without .gpkg, an open ring) do not stop a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=RuntimeWarning)
        try:
            yield
        except _GDAL_ERRORS as error:
            raise VectorError(f"{trouble}: {error}") from error


def open_layer(path: Path, layer: str | None, encoding: str | None, crs: str | None) -> Layer:
    """Open one layer of a vector file; the options are those of ``geo.io.vectors.open_vectors``.

    Raises VectorError for what is missing, damaged, cut short, empty or ambiguous, CrsError for its CRS.
    """
    if path.suffix.lower() in {".dbf", ".shx", ".prj", ".cpg"}:
        raise VectorError(f"{path.name} is a part of a Shapefile; open its .shp")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise VectorError(f"{path.name} cannot be read: {error.strerror}") from error
    driver = vector_driver(head)
    if driver is None:
        state = "is empty" if not head.strip() else f"begins with {head[:8]!r}"
        raise VectorError(f"{path.name} {state}: it is no Shapefile, GeoPackage, GeoJSON or FlatGeobuf")
    if (size := _size(path)) > _MOST_BYTES:
        raise VectorError(f"{path.name} has {size >> 20} MiB, too much for a list of stations; split it")
    shapefile = driver == "ESRI Shapefile"
    if driver == "GPKG":
        require_plain(path)
    if shapefile:
        require_parts(path)
    elif encoding is not None:
        raise VectorError(f"{path.name} is {driver}, whose text is UTF-8; only a Shapefile takes an encoding")
    text_encoding = shapefile_encoding(path, encoding) if shapefile else "utf-8"
    with _gdal(f"{path.name} cannot be read as {driver}"):
        name = _chosen(path, layer)
        info = pyogrio.read_info(
            str(path), layer=name, encoding=LOSSLESS if shapefile else None, force_feature_count=True
        )
        fields = [decoded(str(field), text_encoding) if shapefile else str(field) for field in info["fields"]]
    if len(fields) > _MOST_FIELDS:
        raise VectorError(
            f"{path.name} has {len(fields):,} columns; a list has {_MOST_FIELDS:,} at most: leave out what is not needed"
        )
    if info["features"] <= 0:
        raise VectorError(f"{path.name} has no features in its layer {name!r}")
    return Layer(
        path=path,
        name=name,
        driver=driver,
        encoding=text_encoding,
        fields=distinct_names([clean(field) or f"列 {at + 1}" for at, field in enumerate(fields)]),
        kinds=tuple(info["ogr_subtypes"]),
        features=int(info["features"]),
        to_lonlat=_transformer(
            path, driver, head, info["crs"], crs, located=info["geometry_type"] is not None
        ),
    )


def _size(path: Path) -> int:
    """Return the bytes of a file, of a Shapefile with its attributes."""
    parts = {path} | {
        path.with_suffix(suffix) for suffix in (".dbf", ".DBF") if path.suffix.lower() == ".shp"
    }
    return sum(part.stat().st_size for part in parts if part.is_file())


def _chosen(path: Path, wanted: str | None) -> str:
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(str(path))]
    names = [name for name, _ in layers]
    if wanted is not None:
        if wanted not in names:
            raise VectorError(f"{path.name} has no layer {wanted!r}; it has {', '.join(names)}")
        return wanted
    drawn = [name for name, kind in layers if kind is not None] or names
    if len(drawn) != 1:
        raise VectorError(f"{path.name} has {len(drawn)} layers; name one of {', '.join(drawn) or 'none'}")
    return drawn[0]


def _transformer(
    path: Path, driver: str, head: bytes, written: str | None, declared: str | None, *, located: bool
) -> Transformer | None:
    if not located and written is None and declared is None:
        return None
    try:
        if written is None or "Undefined" in written:
            if declared is None:
                missing = (
                    "has no .prj" if driver == "ESRI Shapefile" else "names no coordinate reference system"
                )
                raise CrsError(f"the file {missing}; declare its CRS, such as EPSG:4490 or EPSG:4526")
            return lonlat_transformer(declared)
        if declared is None:
            return lonlat_transformer(written)
        transformer = lonlat_transformer(declared)
        # RFC 7946 makes WGS 84 the default; what older writers call by a crs member is the file's own word.
        defaulted = driver == "GeoJSON" and b'"crs"' not in head
        if not defaulted and (transformer is not None or lonlat_transformer(written) is not None):
            same_crs(written, declared)
    except CrsError as error:
        raise CrsError(f"{path.name}: {error}") from error
    return transformer


def _text(value: Any, kind: str) -> str:
    if value is None or value is np.ma.masked:
        return ""
    if isinstance(value, str):
        moment = _MOMENT.fullmatch(value)
        return _moment(moment) if moment else value
    if isinstance(value, int | float):
        # A boolean column with gaps arrives as floats.
        boolean = isinstance(value, bool) or (kind == "OFSTBoolean" and value in {0.0, 1.0})
        return ("TRUE" if value else "FALSE") if boolean else number_text(value)
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return "、".join(_text(item, "") for item in value)
    return "" if isinstance(value, bytes) else str(value)


def _moment(moment: re.Match[str]) -> str:
    year, month, day, clock, seconds, zone = moment.groups()
    return f"{year}-{month}-{day} {clock}{seconds if seconds and seconds != ':00' else ''}{zone or ''}"
