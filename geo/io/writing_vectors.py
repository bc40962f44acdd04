"""Rows written as GeoPackage, FlatGeobuf or a zipped Shapefile, by GDAL.

Each row is first a line of a scratch table beside the file, which GDAL then carries over in batches: memory stays flat,
and no driver has to take rows one by one, which FlatGeobuf cannot.
"""

from __future__ import annotations

import csv
import errno
import math
import os
import zipfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from pyogrio import raw
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo.errors import VectorError

if TYPE_CHECKING:
    from geo.io.writing import Cell, Field, Layer

__all__ = ["write_vectors"]

_CRS: Final = "EPSG:4326"
_BATCH: Final = 4_096
#: Bytes of a text in the table of a Shapefile.
_LONGEST: Final = 254
_CSVT: Final = {"text": "String", "integer": "Integer64", "number": "Real"}
#: Columns that only carry the shape to GDAL.
_X, _Y, _WKT = "yz__x", "yz__y", "yz__wkt"


def write_vectors(
    path: Path, layer: Layer, rows: Iterable[Sequence[Cell]], driver: str, *, encoding: str = "UTF-8"
) -> None:
    """Write a vector file with a driver of GDAL's: GPKG, FlatGeobuf or ESRI Shapefile, which is sent as a ZIP.

    The README of the ZIP, the description of the layer otherwise, holds what the layer says about itself. A FlatGeobuf
    has its index only where every row has a shape: the index cannot hold one that has none.
    Raises VectorError in GDAL's words, and for a layer that declares no CRS in another format than Shapefile; OSError
    where the disk is full.
    """
    if not layer.declared and driver != "ESRI Shapefile":
        raise VectorError(f"{path.name}: a {driver} file always declares a CRS; take a Shapefile or a table")
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        scratch, limits = Path(folder) / "scratch.csv", _Limits(encoding)
        zipped = driver == "ESRI Shapefile"
        shapeless = _write_scratch(scratch, layer, rows, limits if zipped else None)
        try:
            if zipped:
                _shapefile(path, Path(folder) / "shapes", scratch, layer, limits)
            else:
                _carry(scratch, path, layer, driver, _options(layer, driver, shapeless))
        except (DataSourceError, DataLayerError, FeatureError, RuntimeError) as error:
            _raise_full(path.parent)
            raise VectorError(f"{path.name} could not be written: {error}") from error


class _Limits:
    """What a Shapefile's table can hold: texts of 254 bytes, in the letters of its encoding. Counts what it could not."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.cut = self.replaced = 0
        #: Column → bytes of its longest text, as GDAL reads it. A column that has to grow has the table written again.
        self.widths: dict[int, int] = {}
        # Most texts of a column are a few words again and again.
        self._fitted = lru_cache(maxsize=1_024)(self._fit)

    def fit(self, text: str, column: int) -> str:
        """Return a text as a column of the table can hold it."""
        found, width, cut, replaced = self._fitted(text)
        self.cut += cut
        self.replaced += replaced
        if width > self.widths.get(column, 1):
            self.widths[column] = width
        return found

    def _fit(self, text: str) -> tuple[str, int, bool, bool]:
        """Return what of a text fits, its bytes in UTF-8, whether it was cut and whether letters were replaced."""
        fitting = text.encode(self.encoding, "replace")
        # Counted where letters went, not where somebody wrote a question mark.
        replaced = self.encoding != "UTF-8" and fitting.decode(self.encoding) != text
        cut = len(fitting) > _LONGEST
        found = fitting[:_LONGEST].decode(self.encoding, "ignore")
        return found, len(found.encode()), cut, replaced

    def type_of(self, column: int) -> str:
        """Return the type of a column of texts, for GDAL; one that may be too wide for the table grows by itself."""
        width = self.widths.get(column, 1)
        return f"String({width})" if width <= _LONGEST else "String"

    def told(self) -> str:
        """Say what could not be held; nothing where everything could."""
        return "".join(
            f"{words}: {count}\n"
            for count, words in (
                (self.cut, f"texts cut, because a Shapefile holds {_LONGEST} bytes of each"),
                (self.replaced, f"texts with letters that {self.encoding} lacks, written as ?"),
            )
            if count
        )


def _write_scratch(
    scratch: Path, layer: Layer, rows: Iterable[Sequence[Cell]], limits: _Limits | None
) -> int:
    """Write the rows as CSV with their types beside it; return how many have no shape. limits: of a Shapefile."""
    fields = [one for one in layer.fields if one.name != layer.wkt]
    places = [layer.index(one.name) for one in fields]
    shapes = [layer.index(layer.wkt)] if layer.wkt else [layer.index(layer.x), layer.index(layer.y)]
    shapeless = 0
    with scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                *([_WKT] if layer.wkt else [_X, _Y]),
                *(_column(one, short=limits is not None) for one in fields),
            ]
        )
        for row in rows:
            shape = [_spelled(row[at]) for at in shapes]
            shapeless += "" in shape
            cells = [row[at] for at in places]
            if limits is not None:
                cells = [
                    limits.fit(cell, column) if isinstance(cell, str) else cell
                    for column, cell in enumerate(cells)
                ]
            writer.writerow([*shape, *map(_spelled, cells)])
    types = ["WKT"] if layer.wkt else ["CoordX", "CoordY"]
    types += [
        limits.type_of(column) if limits is not None and one.kind == "text" else _CSVT[one.kind]
        for column, one in enumerate(fields)
    ]
    scratch.with_suffix(".csvt").write_text(",".join(types), encoding="ascii")
    return shapeless


def _column(one: Field, *, short: bool) -> str:
    return one.short or one.name[:10] if short else one.name


def _spelled(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    # GDAL reads a line up to the first NUL.
    return cell.replace("\x00", "\ufffd") if isinstance(cell, str) else repr(cell)


def _options(layer: Layer, driver: str, shapeless: int) -> dict[str, Any]:
    told = {"DESCRIPTION": layer.told()}
    if driver == "GPKG":
        return {
            "layer_options": {"IDENTIFIER": layer.title or layer.name, **told},
            "dataset_metadata": dict(layer.about) or None,
        }
    return {
        "layer_options": {
            "TITLE": layer.title or layer.name,
            **told,
            "SPATIAL_INDEX": "NO" if shapeless else "YES",
        }
    }


def _carry(scratch: Path, path: Path, layer: Layer, driver: str, options: dict[str, Any]) -> None:
    given = {"GEOM_POSSIBLE_NAMES": _WKT} if layer.wkt else {"X_POSSIBLE_NAMES": _X, "Y_POSSIBLE_NAMES": _Y}
    with raw.open_arrow(
        scratch,
        use_pyarrow=False,
        batch_size=_BATCH,
        EMPTY_STRING_AS_NULL="YES",
        KEEP_GEOM_COLUMNS="NO",
        **given,
    ) as (meta, stream):
        raw.write_arrow(
            stream,
            path,
            layer=layer.name,
            driver=driver,
            geometry_name=meta["geometry_name"] or "wkb_geometry",
            geometry_type=layer.geometry,
            crs=_CRS,
            **options,
        )


def _shapefile(path: Path, folder: Path, scratch: Path, layer: Layer, limits: _Limits) -> None:
    folder.mkdir()
    _carry(
        scratch,
        folder / f"{layer.name}.shp",
        layer,
        "ESRI Shapefile",
        {"encoding": limits.encoding},
    )
    if not layer.declared:
        (folder / f"{layer.name}.prj").unlink(missing_ok=True)
    if told := layer.told() + limits.told():
        # Windows' editor takes a text for UTF-8 by its first bytes.
        (folder / "README.txt").write_text(f"{layer.title}\n\n{told}", encoding="utf-8-sig")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)


def _raise_full(folder: Path) -> None:
    """Say that the disk is full, where that is why GDAL gave up: it tells of no cause."""
    if os.statvfs(folder).f_bavail == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
