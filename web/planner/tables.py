"""A run as tables to take along: areas, cells, gaps, stations, each with Chinese heads or fields of a Shapefile.

Outlines that may not be given on are left out: where any of the areas of a level has one of those, areas come as points
inside them, and the file says so by what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from stations import vocabulary
from stations.errors import NotFound
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from stations.registry import frames

__all__ = ["HOURLY", "PARTS", "SHORT", "part"]

PARTS: Final = ("areas", "cells", "gaps", "stations", "hours")
#: What differs from hour to hour.
HOURLY: Final = frozenset({"areas", "gaps", "stations"})
_CRS: Final = "EPSG:4326"
#: head → field of a Shapefile: ten bytes at most, which are three Chinese characters.
SHORT: Final[Mapping[str, str]] = {
    "代码": "代码", "名称": "名称", "人口": "人口", "时限内人口": "已覆盖", "比例": "比例", "时限外人口": "未覆盖",
    "不通路人口": "不通路", "中位秒": "中位秒", "最近站点": "最近站", "最近秒": "最近秒", "时限内站点数": "站点数",
    "人均座位": "均座位", "格子数": "格子数", "区域": "区域", "座位": "座位", "只靠本站人口": "仅本站",
    "经度": "经度", "纬度": "纬度", "两站以上人口": "双覆盖", "近者多算均座位": "加权座", "登记人次": "人次",
    "登记天数": "天数", "登记开始": "开始", "登记截至": "截至", "同类日均": "同类", "时刻": "时刻", "开着的站点": "开放数",
    **{f"有{term.zh}人口": field for term, field in zip(
        (vocabulary.AMENITIES[code] for code in vocabulary.FILTER_AMENITIES),
        ("有饮水", "有热饭", "有充电", "有座椅", "有厕所", "有暖气", "有空调", "有药箱", "有换电", "车充电"), strict=True,
    )},
}  # fmt: skip


#: figure of an area → head; the oldest runs know none of them.
_FOUND: Final[Mapping[str, str]] = {
    "people_twice": "两站以上人口", "score": "人均座位", "enhanced": "近者多算均座位",
    **{f"with_{code}": f"有{vocabulary.AMENITIES[code].zh}人口" for code in vocabulary.FILTER_AMENITIES},
}  # fmt: skip


def part(
    session: Session, run: CoverageRun, what: str, level: str, hour: int | None = None
) -> tuple[gpd.GeoDataFrame, bool]:
    """Return one part of a run, WGS 84, and whether its shapes are points in place of outlines that may not go along.

    what: one of ``PARTS``. level: of the areas. hour: of the run's day, for the parts of ``HOURLY``; None is the moment that
    was asked. Raises NotFound for a part, a level or an hour that is not there.
    """
    kept = runs.hour_of(run, hour) if what in HOURLY else None
    if hour is not None and (kept is None or (what != "stations" and what not in kept)):
        raise NotFound(f"run {run.id} has no {what[:40]!r} of the hour {hour}")
    if what == "areas":
        return _areas(session, run, level, (run.areas if kept is None else kept.get("areas")) or {})
    if what == "gaps":
        return _gaps((run.gaps if kept is None else kept.get("gaps")) or []), False
    if what == "stations":
        return _stations(runs.counted(run, hour)), False
    made = {"cells": _cells, "hours": _hours}
    if what not in made:
        raise NotFound(f"a run has no part {what[:40]!r}; it has {', '.join(PARTS)}")
    return made[what](run), False


def _areas(
    session: Session, run: CoverageRun, level: str, areas: Mapping[str, Any]
) -> tuple[gpd.GeoDataFrame, bool]:
    known = areas.get(level)
    if known is None:
        raise NotFound(f"run {run.id} has no areas of the level {level[:40]!r}; it has {', '.join(areas)}")
    main = CoverageQuestion.of_dict(run.question).main_min
    limits = [60 * limit for limit in run.question["limits_min"]]
    rows = [
        {
            "代码": code,
            "人口": figures["people"],
            "时限内人口": figures[f"people_{60 * main}"],
            "比例": figures[f"people_{60 * main}"] / figures["people"] if figures["people"] else None,
            "时限外人口": figures["people"] - figures[f"people_{60 * main}"],
            "不通路人口": figures["people_cut_off"],
            "中位秒": figures["median_s"],
            **{f"{limit // 60}分内": figures[f"people_{limit}"] for limit in limits},
            **{head: figures[name] for name, head in _FOUND.items() if name in figures},
        }
        for code, figures in known.items()
        if code
    ]
    outlines = frames.areas(session, level=level).set_index("code")
    hidden = not bool(outlines["publishable"].all())
    table = pd.DataFrame(rows)
    table.insert(1, "名称", [outlines["name"].get(code) for code in table["代码"]])
    shapes: list[Any] = [outlines.geometry.get(code) for code in table["代码"]]
    if hidden:
        # A point inside tells where an area is, and nothing of its border.
        shapes = [None if shape is None else shapely.point_on_surface(shape) for shape in shapes]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=_CRS), crs=_CRS), hidden


def _cells(run: CoverageRun) -> gpd.GeoDataFrame:
    arrays = runs.cells_of(run)
    return _points(
        arrays["lon"],
        arrays["lat"],
        {
            "人口": arrays["weight"].astype(np.float64),
            "最近秒": arrays["seconds"].astype(np.float64),
            "时限内站点数": arrays["counts"].astype(np.int64),
            "人均座位": arrays["score"].astype(np.float64),
            **({"近者多算均座位": arrays["enhanced"].astype(np.float64)} if "enhanced" in arrays else {}),
        },
    )


def _gaps(gaps: list[Any]) -> gpd.GeoDataFrame:
    return _listed(
        gaps,
        {"人口": "people", "格子数": "cells", "区域": "region", "最近站点": "nearest", "最近秒": "nearest_s"},
    )


def _stations(stations: list[Any]) -> gpd.GeoDataFrame:
    return _listed(
        stations,
        {
            "代码": "code",
            "名称": "name",
            "区域": "region",
            "座位": "capacity",
            "时限内人口": "people_within",
            "只靠本站人口": "people_only_here",
            "登记人次": "visits",
            "登记天数": "days",
            "登记开始": "since",
            "登记截至": "until",
            "同类日均": "usual",
            "座位数": "seats",
        },
    )


def _hours(run: CoverageRun) -> gpd.GeoDataFrame:
    """Return the hours of the day as rows; they have no place, and their shapes are empty."""
    if not run.hours:
        raise NotFound(f"run {run.id} has not counted the hours of a day")
    people = (run.summary or {}).get("people")
    main = CoverageQuestion.of_dict(run.question).main_min
    rows = [
        {
            "时刻": f"{int(row['hour']):02d}:00",
            "开着的站点": row["stations"],
            "人口": people,
            "时限内人口": row[f"people_{60 * main}"],
            "两站以上人口": row.get("people_twice"),
            **{f"{limit}分内": row[f"people_{60 * limit}"] for limit in run.question["limits_min"]},
        }
        for row in run.hours
    ]
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=np.full(len(rows), None), crs=_CRS)


def _listed(rows: list[Any], columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    table = pd.DataFrame({head: [row.get(name) for row in rows] for head, name in columns.items()})
    return _points([row["lon"] for row in rows], [row["lat"] for row in rows], table)


def _points(lon: Any, lat: Any, columns: Any) -> gpd.GeoDataFrame:
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    table = pd.DataFrame(columns).assign(经度=x, 纬度=y)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapely.points(x, y), crs=_CRS), crs=_CRS)
