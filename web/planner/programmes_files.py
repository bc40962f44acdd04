"""A programme as files: its progress by region, its stations, its townships, as CSV, a workbook or GeoJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson
from flask import request, send_file
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.accounts import ROLES
from stations.errors import NotFound
from stations.imports.rejected import plain
from stations.models import Programme
from stations.planning import programmes
from stations.planning.programme_progress import progress
from stations.planning.programme_stations import counted_stations
from stations.planning.township_standing import standing
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner import programmes_words as words
from web.planner.page import Regions
from web.planner.programmes import today
from web.planner.programmes_page import View, sorted_rows

__all__ = ["programme_file"]

Cell = str | int | float | date | Decimal | None
#: The columns that say where a row lies; GeoJSON takes them as its point.
_LON, _LAT = "经度", "纬度"
_MIMES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}


@blueprint.get(
    "/planner/programmes/<code>/<any('areas', 'stations', 'townships'):what>.<any('csv', 'xlsx', 'geojson'):form>"
)
@desk_page(*ROLES)
def programme_file(code: str, what: str, form: str) -> AnyResponse:
    """Send one table of a programme; areas have no points, so they are no GeoJSON."""
    programme = programmes.get(db.session(), code)
    if what == "areas" and form == "geojson":
        raise NotFound("the progress by region is a table; take it as csv or xlsx")
    rows = {"areas": _areas, "stations": _stations, "townships": _townships}[what](programme)
    data = {"csv": _csv, "xlsx": _xlsx, "geojson": _geojson}[form](rows)
    return send_file(
        io.BytesIO(data),
        mimetype=_MIMES[form],
        as_attachment=True,
        download_name=f"programme-{programme.code}-{what}.{form}",
    )


def _areas(programme: Programme) -> list[dict[str, Cell]]:
    view, regions = View.read(request.args), Regions.load()
    found = progress(db.session(), programme, today=today(), level=view.level)
    shown = [
        *((name, row.code, row) for name, row in sorted_rows(found.rows, view, regions.names)),
        ("合计", "", found.total),
    ]
    return [
        {
            "区域代码": code,
            "区域": name,
            "目标": row.target,
            "已开放": row.count.open,
            "暂停": row.count.suspended,
            "在建": row.count.building,
            "已规划": row.count.planned,
            "未落实": row.unplaced,
            "超额": row.over,
            "逾期": row.count.late,
            "无计划日期": row.count.undated,
            "统计日期": found.day,
        }
        for name, code, row in shown
    ]


def _stations(programme: Programme) -> list[dict[str, Cell]]:
    regions, day = Regions.load(), today()
    return [
        {
            "编号": one.code,
            "名称": one.name,
            "种类": vocabulary.KINDS[one.kind].zh,
            "状态": vocabulary.LIFECYCLE[one.lifecycle].zh,
            "区域代码": one.region,
            "区域": regions.names.get(one.region, ""),
            "地址": one.address,
            "启用日期": one.opened_on,
            "计划日期": one.expected_on,
            "逾期天数": one.late_days(day),
            _LON: one.lon,
            _LAT: one.lat,
        }
        for one in counted_stations(db.session(), programme)
    ]


def _townships(programme: Programme) -> list[dict[str, Cell]]:
    regions = Regions.load()
    return [
        {
            "序号": town.number,
            "乡镇代码": town.code,
            "乡镇": town.name,
            "区县": regions.names.get(town.county or "", ""),
            "有没有": words.standing_label(town.best),
            "站点": "、".join(f"{one.name}（{one.code}）" for one in town.has),
            "依据": "、".join(words.how_label(one.how, one.metres) for one in town.has),
            "待处理": words.problem_label(town.problem) if town.problem else None,
            _LON: town.lon,
            _LAT: town.lat,
        }
        for town in standing(db.session(), programme)
    ]


def _text(value: Cell) -> str:
    if value is None:
        return ""
    return plain(value) if isinstance(value, str) else str(value)


def _csv(rows: Sequence[Mapping[str, Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_text(value) for value in row.values()] for row in rows)
    # Excel and WPS take a file for UTF-8 by this mark alone.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(rows: Sequence[Mapping[str, Cell]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(rows[0]) if rows else [])
    for row in rows:
        sheet.append([plain(value) if isinstance(value, str) else value for value in row.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _geojson(rows: Sequence[Mapping[str, Cell]]) -> bytes:
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "geometry": None
            if row[_LON] is None
            else {"type": "Point", "coordinates": [row[_LON], row[_LAT]]},
            "properties": {name: value for name, value in row.items() if name not in {_LON, _LAT}},
        }
        for row in rows
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})
