"""Rows as GeoDataFrames: the bridge from the registry to the spatial science of ``geo``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ColumnElement, Executable, func, select
from sqlalchemy.orm import Session

from stations.models import Place, PublicStation, Region
from stations.query import StationQuery
from stations.registry import public, queries

__all__ = ["areas", "places", "stations"]

_CRS = "EPSG:4326"


def stations(session: Session, query: StationQuery, *, now: datetime | None = None) -> gpd.GeoDataFrame:
    """Return the located stations that answer a query.

    Columns ``code``, ``name``, ``kind``, ``station_class``, ``lifecycle``, ``region``, ``geometry`` (points,
    EPSG:4326), ordered by code. ``limit`` and ``cursor`` of the query do not count: a frame is whole.
    """
    moment = public.moment_of(query, now)
    return _frame(
        session,
        select(
            PublicStation.code,
            PublicStation.name,
            PublicStation.kind,
            PublicStation.station_class,
            PublicStation.lifecycle,
            PublicStation.region_code.label("region"),
            queries.wkb(PublicStation.location).label("geometry"),
        )
        .where(
            *queries.conditions(query, moment, public.computed(session, query, moment)),
            PublicStation.location.is_not(None),
        )
        .order_by(PublicStation.station_id),
    )


def places(session: Session, *, within: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Return the named places, of all regions or of those ``within`` the codes given.

    Columns ``name`` (Chinese, else as the gazetteer spells it), ``population`` (float, NaN where nobody knows),
    ``region``, ``source``, ``geometry`` (points, EPSG:4326), ordered by id.
    """
    frame = _frame(
        session,
        select(
            func.coalesce(Place.names["zh"].astext, Place.names["en"].astext).label("name"),
            Place.population,
            Place.region_code.label("region"),
            Place.source,
            queries.wkb(Place.location).label("geometry"),
        )
        .outerjoin(Region, Region.code == Place.region_code)
        .where(*_within(within))
        .order_by(Place.id),
    )
    return frame.assign(population=pd.to_numeric(frame["population"]).astype("float64"))


def areas(session: Session, *, level: str | None = None, within: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Return the regions that have an outline, of one level or of all, by code.

    Columns ``code``, ``name``, ``level``, ``population`` (float, NaN where nobody knows), ``publishable``, ``credit``,
    ``geometry`` (EPSG:4326). Whoever offers them for download asks ``publishable`` first.
    """
    found = [Region.geom.is_not(None), Region.merged_into.is_(None), *_within(within)]
    if level is not None:
        found.append(Region.level == level)
    frame = _frame(
        session,
        select(
            Region.code,
            Region.names["zh"].astext.label("name"),
            Region.level,
            Region.population,
            Region.publishable,
            Region.credit,
            queries.wkb(Region.geom).label("geometry"),
        )
        .where(*found)
        .order_by(Region.code),
    )
    return frame.assign(population=pd.to_numeric(frame["population"]).astype("float64"))


def _within(codes: Sequence[str]) -> list[ColumnElement[bool]]:
    return [Region.lineage.overlap(list(codes))] if codes else []


def _frame(session: Session, statement: Executable) -> gpd.GeoDataFrame:
    rows = session.execute(statement)
    frame = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    geometry = shapely.from_wkb([bytes(data) for data in frame.pop("geometry")])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=_CRS)
