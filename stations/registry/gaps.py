"""The coverage gaps of a registry: places without a rest station in service near enough, county by county.

Only rest stations in service with a position count as cover. The query's other conditions decide which of them:
with ``amenities=microwave`` it is the places far from a microwave that are found. Its regions choose the counties that
are reported, not the stations that cover them, because a station across the border serves as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd
from geoalchemy2 import functions as geo
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from geo import coverage
from stations.models import Place, Region
from stations.query import StationQuery
from stations.registry import public
from stations.vocabulary import Lifecycle, StationClass

__all__ = ["GapReport", "gaps"]

_COUNTS = ("places", "places_uncovered", "places_population_unknown")
_PEOPLE = ("people_known", "people_uncovered")


@dataclass(frozen=True, slots=True)
class GapReport:
    """Counts by county, the uncovered places, and what they were measured against.

    areas: indexed by county code (None for places in no county) with the columns of ``geo.coverage.gaps`` and
    ``names``. places: the uncovered ones, the farthest first, columns ``names``, ``lon``, ``lat``, ``area``,
    ``population`` (NaN where unknown) and ``nearest_m`` (inf without any station). totals: as a row of ``areas``.
    """

    radius_m: float
    stations: int
    sources: tuple[str, ...]
    areas: pd.DataFrame
    places: pd.DataFrame
    totals: Mapping[str, float]

    def as_dict(self, lang: str = "zh") -> dict[str, Any]:
        """Return the report as JSON values with names in ``lang``; what is unknown is None, never 0."""
        return {
            "radius_m": self.radius_m,
            "areas": [
                {"code": code, "name": _name(row["names"], lang), **_counted(row)}
                for code, row in _rows(self.areas)
            ],
            "places": [
                {
                    "name": _name(row["names"], lang),
                    "lon": row["lon"],
                    "lat": row["lat"],
                    "region": row["area"],
                    "population": _whole(row["population"]),
                    "nearest_m": _whole(row["nearest_m"]),
                    "covered": False,
                }
                for _, row in _rows(self.places)
            ],
            "totals": _counted(self.totals),
            "basis": {"stations": self.stations, "places_source": "; ".join(self.sources)},
        }


def gaps(session: Session, query: StationQuery, *, radius_m: float, now: datetime | None = None) -> GapReport:
    """Measure every place of the gazetteer to its nearest rest station, in geodesic metres.

    radius_m: a place farther than this is uncovered. Counties without a place are reported with 0 of 0.
    """
    cover = replace(
        query, classes=(StationClass.REST,), lifecycle=(Lifecycle.OPEN,),
        regions=(), bbox=None, near=None, within_m=None, q="", limit=None, cursor=None,
    )  # fmt: skip
    rows = public.map_rows(session, cover, now=now).rows
    places, counties = _places(session, query), _counties(session, query)
    found = coverage.gaps(places, ([row[1] for row in rows], [row[2] for row in rows]), radius_m=radius_m)
    areas = found.areas.reindex([*counties.index, *found.areas.index.difference(counties.index, sort=False)])
    areas = areas.fillna(dict.fromkeys(_COUNTS, 0)).assign(names=counties)
    uncovered = places.join(found.places).loc[lambda table: ~table["covered"]]
    return GapReport(
        radius_m=radius_m,
        stations=len(rows),
        sources=tuple(sorted(set(places["credit"].dropna()))),
        areas=areas,
        places=uncovered.sort_values("nearest_m", ascending=False, kind="stable"),
        totals=_totals(found.areas),
    )


def _places(session: Session, query: StationQuery) -> pd.DataFrame:
    rows = session.execute(
        select(
            Place.names,
            geo.ST_X(Place.location).label("lon"),
            geo.ST_Y(Place.location).label("lat"),
            Place.population,
            Region.code.label("area"),
            Place.credit,
        )
        .outerjoin(Region, Region.code == Place.region_code)
        .where(*_below(query))
        .order_by(Place.id)
    ).all()
    table = pd.DataFrame(rows, columns=["names", "lon", "lat", "population", "area", "credit"])
    return table.astype({"lon": "float64", "lat": "float64", "population": "float64"})


def _counties(session: Session, query: StationQuery) -> pd.Series[Any]:
    rows = session.execute(
        select(Region.code, Region.names)
        .where(Region.level == "county", Region.merged_into.is_(None), *_below(query))
        .order_by(Region.code)
    ).all()
    return pd.Series({row.code: row.names for row in rows}, dtype="object", name="names")


def _below(query: StationQuery) -> list[ColumnElement[bool]]:
    return [Region.lineage.overlap(list(query.regions))] if query.regions else []


def _totals(areas: pd.DataFrame) -> dict[str, float]:
    sums = {name: float(areas[name].sum()) for name in _COUNTS}
    # The sum of nothing known is unknown.
    people = {name: float(areas[name].sum(min_count=1)) for name in _PEOPLE}
    return sums | people | {"farthest_m": float(areas["farthest_m"].max())}


def _rows(table: pd.DataFrame) -> list[tuple[Any, dict[str, Any]]]:
    codes = [None if pd.isna(code) else code for code in table.index]
    records: list[dict[str, Any]] = [
        dict(zip(table.columns, values, strict=True)) for values in table.itertuples(index=False, name=None)
    ]
    return list(zip(codes, records, strict=True))


def _counted(row: Mapping[str, Any]) -> dict[str, int | None]:
    return {name: _whole(row[name]) for name in (*_COUNTS, *_PEOPLE, "farthest_m")}


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None


def _name(names: Any, lang: str) -> str | None:
    return (names.get(lang) or names["zh"]) if isinstance(names, dict) else None
