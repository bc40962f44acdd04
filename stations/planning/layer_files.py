"""What is in a file of demand before it is read: its form, its columns, and which of them are meant."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

import numpy as np
import shapely

from geo.datum import Datum
from geo.errors import DatumError, FileError, RasterError
from geo.io import open_source
from geo.io.archives import ZIP_MARK, opened, part_of
from geo.io.formats import HEAD, is_part_of_vectors, vector_driver
from geo.io.rasters import is_tiff, open_raster
from geo.io.zipped import is_zipped_shapefile, unpacked
from stations.errors import Invalid
from stations.imports.fields import HEADERS, header_key

__all__ = ["Form", "Look", "Reading", "look", "vectors_in", "with_raster"]

Form = Literal["raster", "points", "areas"]

_SAMPLE_ROWS: Final = 200
_SAMPLES: Final = 3
_LONGEST: Final = 60
_LARGEST_TIFF: Final = 1 << 30
#: What headers call an amount, the surest first.
_WEIGHTS: Final = (
    "权重", "人口", "人口数", "常住人口", "总人口", "人数", "居民", "订单", "订单量", "订单数", "单量", "数量", "次数", "户数",
    "车次", "频次", "合计", "weight", "population", "pop", "count", "orders", "order_count", "num", "value", "total",
    "persons", "people",
)  # fmt: skip
_AREAL: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read; what stays None is guessed, and what is guessed is told.

    weight: the column of amounts; "" where every row counts as one. lon, lat: the columns of a table's positions, or
    lon alone where one column holds both. datum: of positions and areas. band: of a raster, from 1. part: the sheet of a
    workbook, or the layer of a vector file. encoding: of a table's or a Shapefile's text. crs: of a vector file that names none.
    """

    weight: str | None = None
    lon: str | None = None
    lat: str | None = None
    datum: Datum | None = None
    band: int = 1
    part: str | None = None
    encoding: str | None = None
    crs: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what was chosen, for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_dict(cls, given: Mapping[str, Any]) -> Reading:
        """Read what ``as_dict`` wrote. Raises Invalid naming what is unknown or wrong."""
        if strangers := set(given) - {each.name for each in fields(cls)}:
            raise Invalid(f"a layer is not read by {', '.join(sorted(strangers))}", field=min(strangers))
        values = dict(given)
        try:
            if values.get("datum") is not None:
                values["datum"] = Datum.parse(str(values["datum"]))
        except DatumError as error:
            raise Invalid(str(error), field="datum", value=values["datum"]) from error
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows.

    form: what it is. columns: its headers with some of what stands below each. guess: how it would be read; where its
    ``weight``, ``lon`` or ``datum`` is None nothing in the file says it. bands, size, crs: of a raster. table: whether it is one, so that
    the columns of the positions can be chosen.
    """

    form: Form
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    guess: Reading = Reading()
    table: bool = False
    bands: int = 0
    size: tuple[int, int] | None = None
    crs: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(name for name, _ in self.columns)


def look(path: Path, reading: Reading = Reading()) -> Look:
    """Tell what a file is and how it would be read, without reading more than its beginning.

    Raises FileError for what cannot be opened, Invalid where its shapes are neither points nor areas.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if is_tiff(head) or (head.startswith(ZIP_MARK) and _zipped_tiff(path) is not None):
        with with_raster(path) as tiff:
            raster = open_raster(tiff, band=reading.band)
            return Look(
                "raster", (), reading, bands=raster.bands, size=raster.shape, crs=raster.crs.to_string()
            )
    vector = (
        vector_driver(head) is not None
        or is_part_of_vectors(path)
        or (head.startswith(ZIP_MARK) and is_zipped_shapefile(path))
    )
    if vector and _is_areal(path, reading):
        with vectors_in(path, reading) as layer:
            block = next(iter(layer.blocks(_SAMPLE_ROWS)))
            rows = [dict(zip(layer.fields, texts, strict=True)) for texts in block.texts[:_SAMPLE_ROWS]]
            columns = _columns(layer.fields, rows)
        return Look("areas", columns, _guessed(columns, reading, positions=False))
    source = open_source(
        path,
        encoding=reading.encoding,
        **({"layer": reading.part, "crs": reading.crs} if vector else {"sheet": reading.part}),
    )
    rows = [row.values for row in next(iter(source.chunks(_SAMPLE_ROWS)), [])]
    columns = _columns(source.columns, rows)
    guess = _guessed(columns, reading, positions=not vector)
    if vector:
        guess = replace(guess, lon="lon", lat="lat")
    return Look("points", columns, guess, table=not vector)


@contextmanager
def with_raster(path: Path) -> Iterator[Path]:
    """Give the path of a GeoTIFF: the file itself, or the only one of a ZIP archive, unpacked for the length of the block."""
    name = _zipped_tiff(path)
    if name is None:
        yield path
        return
    with opened(path, "archive") as archive, tempfile.TemporaryDirectory(prefix="yizhan-") as folder:
        if archive.getinfo(name).file_size > _LARGEST_TIFF:
            raise RasterError(
                f"{path.name} unpacks to more than {_LARGEST_TIFF >> 20} MiB; cut out the region first"
            )
        # No name of the archive becomes a path.
        target = Path(folder) / f"{path.stem[:60]}.tif"
        with part_of(archive, name, path.name) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
        yield target


@contextmanager
def vectors_in(path: Path, reading: Reading) -> Iterator[Any]:
    """Give the opened layer of a vector file, or of the Shapefile in an archive (see ``geo.io.layers.open_layer``)."""
    from geo.io.layers import open_layer

    with path.open("rb") as file:
        zipped = file.read(4) == ZIP_MARK
    if not zipped:
        yield open_layer(path, reading.part, reading.encoding, reading.crs)
        return
    folder, shape = unpacked(path, reading.part)
    try:
        yield open_layer(shape, None, reading.encoding, reading.crs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _zipped_tiff(path: Path) -> str | None:
    """Return the name of the only GeoTIFF in an archive; None for everything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                each.filename
                for each in archive.infolist()
                if not each.is_dir() and not each.filename.startswith("__MACOSX/")
            ]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    tiffs = [name for name in names if PurePosixPath(name).suffix.lower() in {".tif", ".tiff"}]
    return tiffs[0] if len(tiffs) == 1 else None


def _is_areal(path: Path, reading: Reading) -> bool:
    """Tell whether the shapes of a vector file are areas. Raises Invalid for lines, and for a mixture."""
    with vectors_in(path, reading) as layer:
        block = next(iter(layer.blocks(_SAMPLE_ROWS)), None)
        if block is None:
            raise FileError(f"{path.name} has no features")
        kinds = shapely.get_type_id(block.shapes)
    kinds = kinds[kinds >= 0]
    areal = np.isin(kinds, _AREAL)
    if areal.all() and len(kinds):
        return True
    if (
        areal.any()
        or np.isin(kinds, (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)).any()
    ):
        raise Invalid(
            f"{path.name} holds lines, or shapes of several kinds; a layer of demand is of points or of areas. "
            "Lines such as routes: give the middles of their parts as points, with the passes of a day as the weight",
            field="files",
            reason="shapes",
        )
    return False


def _columns(
    headers: Sequence[str], rows: Sequence[Mapping[str, str]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for header in headers:
        cells = (row.get(header, "")[:_LONGEST] for row in rows)
        found.append((header, tuple(dict.fromkeys(cell for cell in cells if cell))[:_SAMPLES]))
    return tuple(found)


def _guessed(columns: Sequence[tuple[str, tuple[str, ...]]], reading: Reading, *, positions: bool) -> Reading:
    """Fill in what was not chosen, from the headers; a column whose first cells are no numbers is no weight."""
    headers = [header for header, _ in columns]
    for chosen in (reading.weight, reading.lon, reading.lat):
        if chosen and chosen not in headers:
            raise Invalid(
                f"the file has no column {chosen!r}; it has {', '.join(headers)}",
                field="weight",
                value=chosen,
            )
    found = reading
    if positions and reading.lon is None:
        meant = {
            HEADERS[key][0]: header for header in reversed(headers) if (key := header_key(header)) in HEADERS
        }
        if {"lon", "lat"} <= set(meant):
            found = replace(found, lon=meant["lon"], lat=meant["lat"])
        elif "lonlat" in meant:
            found = replace(found, lon=meant["lonlat"])
    if reading.weight is None:
        taken = {found.lon, found.lat}
        numeric = [
            header
            for header, cells in columns
            if header not in taken and cells and all(_is_number(cell) for cell in cells)
        ]
        named = [header for word in _WEIGHTS for header in numeric if header_key(header) == word]
        partly = [header for word in _WEIGHTS[:20] for header in numeric if word in header_key(header)]
        found = replace(found, weight=next(iter([*named, *partly]), None))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True
