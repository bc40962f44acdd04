"""The sites of a plan as a file: GeoPackage, Shapefile with Chinese fields, GeoJSON, CSV or a workbook.

The file says of itself what the plan is and how sure, as far as its format has a place for it. What nobody knows stays empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

import orjson

from geo.io.writing import Cell, Field, Layer, write
from stations.errors import Conflict, Invalid
from stations.models import SitingPlan
from stations.planning.siting import plans

__all__ = ["FORMS", "write_sites"]

FORMS: Final = ("gpkg", "shp.zip", "geojson", "csv", "xlsx")
#: column of a site → field of the file: kind, Chinese head, field of a Shapefile (three characters at most)
_FIELDS: Final[Mapping[str, Field]] = {
    "order": Field("order", "integer", "次序", "次序"),
    "key": Field("key", "text", "候选编号", "编号"),
    "name": Field("name", "text", "名称", "名称"),
    "region": Field("region", "text", "区域代码", "区代码"),
    "region_name": Field("region_name", "text", "区域", "区域"),
    "people": Field("people", "number", "新增服务人口", "新增"),
    "cumulative": Field("cumulative", "number", "累计新增", "累计"),
    "reaches": Field("reaches", "number", "时限内人口", "时限内"),
    "only": Field("only", "number", "只靠本点人口", "仅本点"),
    "cost": Field("cost", "number", "造价", "造价"),
    "cost_per_person": Field("cost_per_person", "number", "每新增一人造价", "人均价"),
    "host": Field("host", "text", "依托单位", "单位"),
    "premises": Field("premises", "text", "场所类型", "场所"),
    "consent": Field("consent", "text", "单位意向", "意向"),
    "address": Field("address", "text", "地址", "地址"),
    "nearest": Field("nearest", "text", "最近站点编号", "近编号"),
    "nearest_name": Field("nearest_name", "text", "最近站点", "最近站"),
    "nearest_min": Field("nearest_min", "number", "距最近站点分钟", "近分钟"),
    "runner_up": Field("runner_up", "text", "备选", "备选"),
    "runner_up_people": Field("runner_up_people", "number", "换备选后人口变化", "备选差"),
    "station": Field("station", "text", "已列入规划的站点", "站编号"),
    "lon": Field("lon", "number", "经度", "经度"),
    "lat": Field("lat", "number", "纬度", "纬度"),
}
_CONSENT: Final = {"given": "同意", "asked": "洽谈中", "refused": "不同意"}
_DIGITS: Final = 10


def write_sites(
    plan: SitingPlan,
    path: Path,
    form: str,
    *,
    names: Mapping[str, str],
    stations: Mapping[str, str] = {},
) -> int:
    """Write the sites of a plan; return how many.

    form: one of ``FORMS``. names: of regions by code. stations: site → code of the station that it became. GeoJSON and
    GeoPackage carry English field names, Shapefile and tables Chinese ones. Raises Conflict for a plan without an answer,
    Invalid for a form that is none, FileError where the file cannot be written.
    """
    if plan.sites is None:
        raise Conflict(f"plan {plan.id} has no answer yet, and no sites to write")
    if form not in FORMS:
        raise Invalid(f"a plan is not written as {form[:20]!r}: {', '.join(FORMS)}", field="form", value=form)
    layer = Layer("sites", tuple(_FIELDS.values()), title=plan.title, about=_about(plan))
    rows = _rows(plan.sites, names, stations)
    return _geojson(path, layer, rows) if form == "geojson" else write(path, layer, rows, form)


def _geojson(path: Path, layer: Layer, rows: Iterator[list[Cell]]) -> int:
    lon, lat = layer.index("lon"), layer.index("lat")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row[lon], row[lat]]},
            "properties": {
                field.name: cell
                for at, (field, cell) in enumerate(zip(layer.fields, row, strict=True))
                if at not in (lon, lat)
            },
        }
        for row in rows
    ]
    path.write_bytes(
        orjson.dumps(
            {
                "type": "FeatureCollection",
                "title": layer.title,
                "about": dict(layer.about),
                "features": features,
            }
        )
    )
    return len(features)


def _rows(
    sites: list[dict[str, Any]], names: Mapping[str, str], stations: Mapping[str, str]
) -> Iterator[list[Cell]]:
    for site in sites:
        other = site.get("runner_up") or {}
        told = site | {
            "region_name": names.get(site["region"]),
            "consent": _CONSENT.get(site.get("consent") or ""),
            "nearest_min": None if site.get("nearest_s") is None else site["nearest_s"] / 60.0,
            "runner_up": other.get("name") or other.get("key"),
            "runner_up_people": other.get("people"),
            "station": stations.get(site["key"]),
        }
        yield [_cell(told.get(name)) for name in _FIELDS]


def _cell(value: Any) -> Cell:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if isfinite(value) else None
    return value if value is None or isinstance(value, int | str) else str(value)


def _about(plan: SitingPlan) -> dict[str, str]:
    summary, basis = plan.summary or {}, plan.basis or {}
    bound, gap = summary.get("bound"), summary.get("gap")
    ways = (
        f"直线×{basis.get('detour')}（估算）" if basis.get("estimated_ways") else str(basis.get("ways", ""))
    )
    return {
        "方案": f"{plan.id} {plan.title}",
        "状态": str(plan.status),
        "上限或下限（求解器给出）": "" if bound is None else f"{bound:.10g} {plans.unit_of(plan)}",
        "与其差距": "" if gap is None else f"{gap:.4%}",
        "人口": str(basis.get("demand", "")),
        "路程": ways,
        "测算时间": str(basis.get("asked_at", "")),
        "坐标": "WGS 84，经度在前",
    }
