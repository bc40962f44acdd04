"""The only room of ``geo`` that touches disk: tables, vector files and the outlines of China."""

from __future__ import annotations

from pathlib import Path

from geo.errors import FileError, TableError
from geo.io.archives import ZIP_MARK
from geo.io.formats import HEAD, is_part_of_vectors, vector_driver
from geo.io.rows import Row, Skipped, Source
from geo.io.tables import Table, open_table, write_rows
from geo.io.zipped import is_zipped_shapefile

__all__ = ["Row", "Skipped", "Source", "Table", "open_source", "open_table", "write_rows"]


def open_source(
    path: Path | str,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    crs: str | None = None,
) -> Source:
    """Open a file of rows, whatever its format, told by its first bytes and not by its name.

    CSV and workbooks: ``encoding``, ``sheet`` (see ``open_table``). Shapefile (in a ZIP archive too), GeoPackage,
    GeoJSON, FlatGeobuf: ``encoding``, ``layer``, ``crs`` (see ``geo.io.vectors.open_vectors``); they give the columns
    ``lon`` and ``lat``.
    Raises FileError (TableError, VectorError) or CrsError, in words; an option that the format does not have is an
    error, since it shows a misunderstanding of the file.
    """
    path = Path(path)
    try:
        # A device or a pipe has no end, or keeps one waiting for ever.
        if path.exists() and not path.is_file():
            raise FileError(f"{path.name} cannot be read: it is no file")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror}") from error
    zipped = head.startswith(ZIP_MARK) and is_zipped_shapefile(path)
    if zipped or vector_driver(head) is not None or is_part_of_vectors(path):
        # GDAL and geopandas take a second to load, which a CSV need not wait for.
        from geo.io.vectors import open_vectors, open_zipped

        if sheet is not None:
            raise FileError(f"{path.name} is a vector file, which has no sheet {sheet!r}")
        return (open_zipped if zipped else open_vectors)(path, layer=layer, encoding=encoding, crs=crs)
    for option, value in (("layer", layer), ("CRS", crs)):
        if value is not None:
            raise TableError(f"{path.name} is a table, which has no {option} {value!r}")
    return open_table(path, encoding=encoding, sheet=sheet)
