"""The collections that are open to everybody: stations, regions that may be published, gaps of the published run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Float,
    Integer,
    Text,
    and_,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.models import CoverageRun, PublicStation, Region, Station
from stations.registry import queries
from stations.registry.crs import CRS84, Crs
from stations.registry.features import Kind, Queryable, Source, Span

__all__ = ["GAPS", "REGIONS", "STATIONS"]

P = PublicStation
_LEVELS: Final = ("country", "province", "prefecture", "county", "township")


def _named(*queryables: Queryable) -> Mapping[str, Queryable]:
    return {queryable.name: queryable for queryable in queryables}


def _geojson(location: Any, crs: Crs) -> ColumnElement[str]:
    return queries.geojson(location, srid=crs.srid, latitude_first=crs.latitude_first, digits=crs.digits)


def _days(span: Span) -> tuple[date | None, date | None]:
    """Return the days in China that a span begins and ends on."""
    begin, end = (None if moment is None else moment.astimezone(SHANGHAI).date() for moment in span)
    return begin, end


def _station_feature(crs: Crs) -> ColumnElement[str]:
    if crs is CRS84:
        return type_coerce(P.feature, Text)
    moved = func.coalesce(cast(_geojson(P.location, crs), JSONB), literal_column("'null'::jsonb"))
    return cast(func.jsonb_set(cast(P.feature, JSONB), literal(["geometry"], ARRAY(Text)), moved), Text)


def _of_station(fact: Any) -> ColumnElement[Any]:
    """Return a fact that the public view does not hold as a column of its own."""
    return select(fact).where(Station.id == P.station_id).scalar_subquery()


def _amenity(code: str) -> Queryable:
    """Return whether an amenity is there and works; null where nobody knows or a list's author only guessed."""
    one = literal([code], ARRAY(Text))
    known = case((P.has.contains(one), true()), (P.lacks.contains(one), false()), else_=null())
    return Queryable(code, Kind.BOOLEAN, type_coerce(known, Boolean))


def _station_life(span: Span) -> ColumnElement[bool]:
    """Return whether a station was there at some time of a span, as far as anybody knows when it began and ended."""
    begin, end = _days(span)
    to_come = Station.lifecycle.in_((words.Lifecycle.PLANNED, words.Lifecycle.BUILDING))
    began = func.coalesce(Station.opened_on, case((to_come, Station.expected_on)))
    ended = case((Station.lifecycle == words.Lifecycle.CLOSED, Station.lifecycle_since))
    held: list[ColumnElement[bool]] = [Station.id == P.station_id]
    if end is not None:
        held.append(or_(began.is_(None), began <= end))
    if begin is not None:
        held.append(or_(ended.is_(None), ended >= begin))
    return select(Station.id).where(*held).exists()


STATIONS: Final = Source(
    name="stations",
    table=P.__table__,
    key=P.station_id.expression,
    key_is_text=False,
    location=P.location.expression,
    shape="Point",
    feature=_station_feature,
    identified=lambda code: P.code == code,
    queryables=_named(
        Queryable("geometry", Kind.GEOMETRY, P.location.expression),
        Queryable("code", Kind.TEXT, P.code.expression),
        Queryable("name", Kind.TEXT, P.name.expression),
        Queryable("kind", Kind.TEXT, P.kind.expression, tuple(words.KINDS)),
        Queryable("class", Kind.TEXT, P.station_class.expression, tuple(words.StationClass)),
        Queryable("lifecycle", Kind.TEXT, P.lifecycle.expression, tuple(words.LIFECYCLE)),
        Queryable("region", Kind.TEXT, P.region_code.expression),
        Queryable("access", Kind.TEXT, P.access.expression, tuple(words.ACCESS)),
        Queryable("fee", Kind.TEXT, P.fee.expression, tuple(words.FEE)),
        Queryable("address", Kind.TEXT, _of_station(Station.address)),
        Queryable("capacity", Kind.INTEGER, _of_station(Station.capacity)),
        Queryable("area_m2", Kind.NUMBER, _of_station(cast(Station.area_m2, Float))),
        Queryable("opened_on", Kind.DATE, _of_station(Station.opened_on)),
        Queryable("lifecycle_since", Kind.DATE, _of_station(Station.lifecycle_since)),
        Queryable("verified_at", Kind.TIMESTAMP, _of_station(Station.verified_at)),
        *(_amenity(code) for code in words.AMENITIES),
    ),
    base=(P.listed.is_(True),),
    life=_station_life,
    # The transaction that wrote the row: PostgreSQL gives no number twice to what may still be read.
    version=literal_column("public_stations.xmin::text::bigint", BigInteger),
)


def _region_feature(crs: Crs) -> ColumnElement[str]:
    properties = func.json_build_object(
        "code", Region.code, "level", Region.level, "parent", Region.parent_code, "names", Region.names,
        "population", Region.population, "population_year", Region.population_year, "credit", Region.credit,
    )  # fmt: skip
    return _feature(Region.code.expression, _geojson(Region.geom, crs), properties)


def _feature(
    identity: ColumnElement[str], geometry: ColumnElement[str], properties: ColumnElement[Any]
) -> ColumnElement[str]:
    """Write a feature as the public view writes a station's."""
    made = func.json_build_object(
        "type", "Feature", "id", identity, "geometry", cast(geometry, JSON), "properties", properties
    )  # fmt: skip
    return cast(made, Text)


REGIONS: Final = Source(
    name="regions",
    table=Region.__table__,
    key=Region.code.expression,
    key_is_text=True,
    location=Region.geom.expression,
    shape="MultiPolygon",
    feature=_region_feature,
    identified=lambda code: Region.code == code,
    queryables=_named(
        Queryable("geometry", Kind.GEOMETRY, Region.geom.expression),
        Queryable("code", Kind.TEXT, Region.code.expression),
        Queryable("name", Kind.TEXT, Region.names["zh"].astext),
        Queryable("level", Kind.TEXT, Region.level.expression, _LEVELS),
        Queryable("parent", Kind.TEXT, Region.parent_code.expression),
        Queryable("population", Kind.INTEGER, Region.population.expression),
    ),
    # Nothing but what its licence lets us hand on: the outlines of the demonstration's map are not among it.
    base=(Region.publishable.is_(True), Region.merged_into.is_(None), Region.geom.is_not(None)),
)

_LISTED = (
    func.jsonb_array_elements(CoverageRun.gaps)
    .table_valued(column("gap", JSONB), with_ordinality="place")
    .render_derived()
)
_GAP = _LISTED.c.gap
_G = (
    select(
        CoverageRun.id.label("run"),
        CoverageRun.finished_at,
        cast(CoverageRun.question["main_min"].astext, Integer).label("minutes_asked"),
        CoverageRun.question["mode"].astext.label("mode"),
        _LISTED.c.place,
        func.round(cast(_GAP["people"].astext, Float)).label("people"),
        _GAP["region"].astext.label("region"),
        cast(_GAP["nearest_s"].astext, Float).label("nearest_s"),
        queries.point(cast(_GAP["lon"].astext, Float), cast(_GAP["lat"].astext, Float)).label("location"),
    )
    .select_from(CoverageRun)
    .join(_LISTED, true())
    .where(CoverageRun.published)
    .subquery("gaps")
)


_GAP_NAME = func.concat(_G.c.run, "-", _G.c.place)


def _gap_feature(crs: Crs) -> ColumnElement[str]:
    properties = func.json_build_object(
        "rank", _G.c.place, "people", _G.c.people, "region", _G.c.region, "nearest_s", func.round(_G.c.nearest_s),
        "run", _G.c.run, "minutes_asked", _G.c.minutes_asked, "mode", _G.c.mode, "computed_at", _G.c.finished_at,
    )  # fmt: skip
    return _feature(_GAP_NAME, _geojson(_G.c.location, crs), properties)


def _gap_time(span: Span) -> ColumnElement[bool]:
    begin, end = span
    return and_(
        *([_G.c.finished_at >= begin] if begin is not None else []),
        *([_G.c.finished_at <= end] if end is not None else []),
    )


GAPS: Final = Source(
    name="gaps",
    table=_G,
    key=_G.c.place,
    key_is_text=False,
    location=_G.c.location,
    shape="Point",
    feature=_gap_feature,
    identified=lambda identity: identity == _GAP_NAME,
    queryables=_named(
        Queryable("geometry", Kind.GEOMETRY, _G.c.location),
        Queryable("rank", Kind.INTEGER, _G.c.place),
        Queryable("people", Kind.NUMBER, _G.c.people),
        Queryable("region", Kind.TEXT, _G.c.region),
        Queryable("nearest_s", Kind.NUMBER, _G.c.nearest_s),
        Queryable("computed_at", Kind.TIMESTAMP, _G.c.finished_at),
    ),
    life=_gap_time,
    edition=select(CoverageRun.id).where(CoverageRun.published),
)
