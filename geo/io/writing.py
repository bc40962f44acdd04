"""Rows written to a file in the format asked for, a few thousand at a time, so that memory stays flat however many.

A file says what it holds: its ``about`` (source, licence, time, datum …) stands inside, as far as the format has a
place for it. What nobody knows stays empty.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from geo.io.cells import plain, printable
from geo.io.writing_sheets import write_workbook

__all__ = ["FORMS", "Cell", "Field", "Layer", "write"]

Cell: TypeAlias = str | int | float | None
Kind: TypeAlias = Literal["text", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``head`` is its name in a table for people; ``short`` that in a Shapefile, ten bytes at most."""

    name: str
    kind: Kind = "text"
    head: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file holds: its columns, where its shapes come from, and what is said of it.

    x, y: names of the fields with a point's coordinates; or wkt: the field of another shape as WKT, which is not
    written as a column. geometry: as GDAL names it. declared: whether a CRS is written, EPSG:4326; a datum without a
    public definition has none. about: what the file says of itself, in order.
    """

    name: str
    fields: tuple[Field, ...]
    title: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    x: str = "lon"
    y: str = "lat"
    wkt: str | None = None
    geometry: str = "Point"
    declared: bool = True

    def index(self, name: str) -> int:
        """Return the place of a field by its name."""
        return next(at for at, one in enumerate(self.fields) if one.name == name)

    def told(self) -> str:
        """Return ``about`` as lines of text, each with its end."""
        return "".join(f"{name}: {words}\n" for name, words in self.about.items() if words)


Rows: TypeAlias = Iterable[Sequence[Cell]]


def write(path: Path, layer: Layer, rows: Rows, form: str, *, encoding: str = "UTF-8") -> int:
    """Write a file and return how many rows it has.

    form: one of ``FORMS``. rows: sequences of cells in the order of the layer's fields. encoding: of a Shapefile's
    texts, UTF-8 or GBK. Raises VectorError where GDAL cannot write, OSError where the disk cannot; the file may then be
    there in part.
    """
    counted = _Counted(rows)
    FORMS[form](path, layer, counted, encoding)
    return counted.rows


class _Counted:
    """Rows that are counted while they pass."""

    def __init__(self, rows: Rows) -> None:
        self._given = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._given:
            self.rows += 1
            yield row


def _columns(layer: Layer) -> list[int]:
    return [at for at, one in enumerate(layer.fields) if one.name != layer.wkt]


def _csv(path: Path, layer: Layer, rows: Rows, _: str) -> None:
    shown = _columns(layer)
    # Excel and WPS take a file for UTF-8 by this mark alone.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([layer.fields[at].head or layer.fields[at].name for at in shown])
        for row in rows:
            writer.writerow([_table_cell(row[at]) for at in shown])


def _table_cell(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    return plain(cell) if isinstance(cell, str) else cell


def _xlsx(path: Path, layer: Layer, rows: Rows, _: str) -> None:
    shown = _columns(layer)
    write_workbook(
        path,
        [layer.fields[at].head or layer.fields[at].name for at in shown],
        ([row[at] for at in shown] for row in rows),
        title=layer.title or layer.name,
        about=layer.about,
    )


def _kml(path: Path, layer: Layer, rows: Rows, _: str) -> None:
    x, y = layer.index(layer.x), layer.index(layer.y)
    named = [(at, quoteattr(one.name)) for at, one in enumerate(layer.fields)]
    label = next((at for at, one in enumerate(layer.fields) if one.name == "name"), 0)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
            f"<name>{_xml(layer.title or layer.name)}</name><description>{_xml(layer.told())}</description>\n"
        )
        for row in rows:
            data = "".join(
                f"<Data name={name}><value>{_xml(row[at])}</value></Data>"
                for at, name in named
                if row[at] is not None
            )
            # Shapes come last: the order of the schema.
            point = (
                ""
                if row[x] is None or row[y] is None
                else f"<Point><coordinates>{row[x]},{row[y]}</coordinates></Point>"
            )
            file.write(
                f"<Placemark><name>{_xml(row[label])}</name><ExtendedData>{data}</ExtendedData>{point}</Placemark>\n"
            )
        file.write("</Document></kml>\n")


def _xml(cell: Cell) -> str:
    return "" if cell is None else escape(printable(str(cell)))


def _vectors(driver: str) -> Callable[[Path, Layer, Rows, str], None]:
    def write_them(path: Path, layer: Layer, rows: Rows, encoding: str) -> None:
        # GDAL takes a second to load, which a CSV need not wait for.
        from geo.io.writing_vectors import write_vectors

        write_vectors(path, layer, rows, driver, encoding=encoding)

    return write_them


#: How each form is written, by the ending of its files.
FORMS: Final[Mapping[str, Callable[[Path, Layer, Rows, str], None]]] = {
    "gpkg": _vectors("GPKG"),
    "shp.zip": _vectors("ESRI Shapefile"),
    "fgb": _vectors("FlatGeobuf"),
    "csv": _csv,
    "xlsx": _xlsx,
    "kml": _kml,
}
