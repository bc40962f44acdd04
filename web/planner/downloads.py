"""A part of a run as a file: GeoPackage, Shapefile with Chinese fields, GeoJSON, CSV or a workbook."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import shapely
from flask import request, send_file
from werkzeug.wrappers import Response as AnyResponse

from geo.io.writing import Cell, Field, Layer, write
from stations.accounts import ROLES
from stations.errors import NotFound
from stations.planning import runs
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner.tables import HOURLY, SHORT, part
from web.planner.view import View

__all__ = ["FORMS", "run_file"]

_NAME: Final = "coverage"
_SHAPE: Final = "wkt"
_DIGITS: Final = 9


@blueprint.get("/planner/runs/<int:run_id>.<any('gpkg', 'shp.zip', 'geojson', 'csv', 'xlsx'):form>")
@desk_page(*ROLES)
def run_file(run_id: int, form: str) -> AnyResponse:
    """Send a part of a run: ``what`` is areas, cells, gaps, stations or hours; ``level`` that of the areas; ``hour`` of its day."""
    run = runs.get(db.session(), run_id)
    runs.cells_of(run)  # raises Conflict where there is no answer yet
    what = request.args.get("what", "areas")
    if what == "hours" and form in _SHAPED:
        raise NotFound(f"the hours of a day have no shape: take them as csv or xlsx, not as {form}")
    hour = View.read(request.args, run).hour if what in HOURLY else None
    table, pointed = part(db.session(), run, what, request.args.get("level", "county"), hour)
    mime, write = FORMS[form]
    when = "" if hour is None else f"-{hour:02d}h"
    name = f"{_NAME}-{run_id}-{what}{when}{'-points' if pointed and form in _SHAPED else ''}.{form}"
    return send_file(io.BytesIO(write(table)), mimetype=mime, as_attachment=True, download_name=name)


def _geojson(table: gpd.GeoDataFrame) -> bytes:
    text: str = table.to_json(na="null", drop_id=True, ensure_ascii=False)
    return text.encode()


def _written(form: str) -> Callable[[gpd.GeoDataFrame], bytes]:
    def write_it(table: gpd.GeoDataFrame) -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{_NAME}.{form}"
            write(path, _layer(table), _rows(table), form)
            return path.read_bytes()

    return write_it


def _layer(table: gpd.GeoDataFrame) -> Layer:
    heads = [str(head) for head in table.columns if head != table.geometry.name]
    fields = (Field(head, _kind(table[head].dtype.kind), short=SHORT.get(head, head)) for head in heads)
    areal = set(table.geom_type.dropna()) <= {"Polygon", "MultiPolygon"} and len(table.geom_type.dropna()) > 0
    return Layer(_NAME, (Field(_SHAPE), *fields), wkt=_SHAPE, geometry="MultiPolygon" if areal else "Point")


def _kind(dtype: str) -> Literal["text", "integer", "number"]:
    if dtype in "iu":
        return "integer"
    return "number" if dtype == "f" else "text"


def _rows(table: gpd.GeoDataFrame) -> Iterator[list[Cell]]:
    shapes = shapely.to_wkt(table.geometry.to_numpy(), rounding_precision=_DIGITS)
    content = table.drop(columns=table.geometry.name)
    for shape, row in zip(shapes, content.itertuples(index=False), strict=True):
        yield [shape, *(_cell(value) for value in row)]


def _cell(value: Any) -> Cell:
    """Return a value as a cell; what nobody knows stays empty."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        # As many digits as an estimate is worth, and no trace of how it was added up.
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return None if value is None else value if isinstance(value, int) else str(value)


_SHAPED: Final = frozenset({"gpkg", "shp.zip", "geojson"})
FORMS: Final[Mapping[str, tuple[str, Callable[[gpd.GeoDataFrame], bytes]]]] = {
    "gpkg": ("application/geopackage+sqlite3", _written("gpkg")),
    "shp.zip": ("application/zip", _written("shp.zip")),
    "geojson": ("application/geo+json", _geojson),
    "csv": ("text/csv; charset=utf-8", _written("csv")),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _written("xlsx")),
}
