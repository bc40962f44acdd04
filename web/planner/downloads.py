"""A part of a run as a file: GeoPackage, Shapefile with Chinese fields, GeoJSON, CSV or a workbook."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import geopandas as gpd
import numpy as np
from flask import request, send_file
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES
from stations.errors import NotFound
from stations.imports.rejected import plain
from stations.planning import runs
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner.tables import SHORT, part

__all__ = ["FORMS", "run_file"]

_NAME: Final = "coverage"


@blueprint.get("/planner/runs/<int:run_id>.<any('gpkg', 'shp.zip', 'geojson', 'csv', 'xlsx'):form>")
@desk_page(*ROLES)
def run_file(run_id: int, form: str) -> AnyResponse:
    """Send a part of a run: ``what`` is areas, cells, gaps, stations or hours; ``level`` that of the areas."""
    run = runs.get(db.session(), run_id)
    runs.cells_of(run)  # raises Conflict where there is no answer yet
    what = request.args.get("what", "areas")
    if what == "hours" and form in _SHAPED:
        raise NotFound(f"the hours of a day have no shape: take them as csv or xlsx, not as {form}")
    table, pointed = part(db.session(), run, what, request.args.get("level", "county"))
    mime, write = FORMS[form]
    name = f"{_NAME}-{run_id}-{what}{'-points' if pointed and form in _SHAPED else ''}.{form}"
    return send_file(io.BytesIO(write(table)), mimetype=mime, as_attachment=True, download_name=name)


def _geopackage(table: gpd.GeoDataFrame) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{_NAME}.gpkg"
        table.to_file(path, driver="GPKG", layer=_NAME, engine="pyogrio")
        return path.read_bytes()


def _shapefile(table: gpd.GeoDataFrame) -> bytes:
    short = table.rename(columns={head: SHORT.get(head, head) for head in table.columns})
    out = io.BytesIO()
    with TemporaryDirectory() as folder:
        short.to_file(
            Path(folder) / f"{_NAME}.shp", driver="ESRI Shapefile", encoding="UTF-8", engine="pyogrio"
        )
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)
    return out.getvalue()


def _geojson(table: gpd.GeoDataFrame) -> bytes:
    text: str = table.to_json(na="null", drop_id=True, ensure_ascii=False)
    return text.encode()


def _rows(table: gpd.GeoDataFrame) -> tuple[list[str], list[list[str]]]:
    content = table.drop(columns="geometry")
    return [*content.columns], [[_cell(value) for value in row] for row in content.itertuples(index=False)]


def _cell(value: Any) -> str:
    """Write a value as a cell that no spreadsheet computes; what nobody knows stays empty."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return plain(value) if isinstance(value, str) else f"{value:.10g}"


def _csv(table: gpd.GeoDataFrame) -> bytes:
    import csv

    heads, rows = _rows(table)
    out = io.StringIO()
    csv.writer(out).writerows([heads, *rows])
    # Excel and WPS take a file for UTF-8 by this mark alone.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(table: gpd.GeoDataFrame) -> bytes:
    from openpyxl import Workbook

    heads, rows = _rows(table)
    numbers = {index for index, head in enumerate(heads) if table[head].dtype.kind in "fiu"}
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(heads)
    for row in rows:
        sheet.append([float(cell) if index in numbers and cell else cell for index, cell in enumerate(row)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_SHAPED: Final = frozenset({"gpkg", "shp.zip", "geojson"})
FORMS: Final[Mapping[str, tuple[str, Callable[[gpd.GeoDataFrame], bytes]]]] = {
    "gpkg": ("application/geopackage+sqlite3", _geopackage),
    "shp.zip": ("application/zip", _shapefile),
    "geojson": ("application/geo+json", _geojson),
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
