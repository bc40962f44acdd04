"""What a query means in SQL: every condition and every spatial expression of the registry, by name.

All public reading goes over ``public_stations`` (one row a station, see ``models.derived``). Metres are on the
spheroid: the literal is cast and wrapped, never the column, so that the indexes stay usable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from geoalchemy2 import Geography
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Boolean, ColumnElement, Float, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from geo.bbox import BBox
from stations import vocabulary as words
from stations.hours import State
from stations.models import GazetteerEntry, Schedule
from stations.models import PublicStation as P
from stations.query import Open, StationQuery, Unknown
from stations.registry.offers import hiring, holding
from stations.registry.reading import bigrams, plain, readings
from stations.registry.spelling import syllables

__all__ = [
    "WARMING",
    "Names",
    "around",
    "conditions",
    "covers",
    "doubt",
    "extent",
    "geojson",
    "holds_pairs",
    "holds_pairs_of",
    "in_bbox",
    "in_regions",
    "in_state",
    "inner_point",
    "intersects_box",
    "matching",
    "metres_between",
    "metres_to",
    "named",
    "nearest_first",
    "perhaps_within",
    "point",
    "roughly_nearest_first",
    "shape",
    "sounding",
    "spatially",
    "within",
    "wkb",
    "written_in",
    "x",
    "y",
]

#: What the search looks through: tables that are written alike.
Names: TypeAlias = type[P] | type[GazetteerEntry]

_METRES = Geography(geometry_type=None, srid=-1)

#: Asked once on a new connection: its first geography call loads the spheroid code.
WARMING: Final = "SELECT ST_Distance('POINT(0 0)'::geography, 'POINT(1 1)'::geography)"


def point(lon: float | ColumnElement[float], lat: float | ColumnElement[float]) -> ColumnElement[Any]:
    """Return a point in WGS 84."""
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)


def x(column: Any) -> ColumnElement[float]:
    """Return the longitude of a point column; null where there is no point."""
    return func.ST_X(column)


def y(column: Any) -> ColumnElement[float]:
    """Return the latitude of a point column; null where there is no point."""
    return func.ST_Y(column)


def inner_point(column: Any) -> ColumnElement[Any]:
    """Return a point inside an area; null where there is no area."""
    return func.ST_PointOnSurface(column)


def covers(column: Any, lon: float, lat: float) -> ColumnElement[bool]:
    """Return whether an area holds a point, its border included; null where there is no area."""
    return func.ST_Intersects(column, point(lon, lat))


def metres_between(column: Any, lon: float, lat: float) -> ColumnElement[float]:
    """Return the metres on the spheroid from a point to those of a column; null where there is none."""
    return func.ST_Distance(_spheroid(column), _spheroid(point(lon, lat)))


def around(column: Any, lon: float, lat: float, metres: float) -> ColumnElement[bool]:
    """Return whether a point of a column is at most so many metres away."""
    return func.ST_DWithin(_spheroid(column), _spheroid(point(lon, lat)), metres)


def wkb(column: Any) -> ColumnElement[bytes]:
    """Return a geometry column as well-known binary."""
    return func.ST_AsBinary(column)


def extent(column: Any) -> tuple[ColumnElement[Any], ...]:
    """Return west, south, east and north of all geometries of a column; null where there are none."""
    box = func.ST_Extent(column)
    edges = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    return tuple(cast(edge(box), Float) for edge in edges)


def geojson(column: Any, *, srid: int, latitude_first: bool, digits: int) -> ColumnElement[str]:
    """Return a geometry column (WGS 84) as GeoJSON text in another reference system, in the order of its axes."""
    moved = column if srid == 4326 else func.ST_Transform(column, srid)
    # Option 0: no member "crs", which GeoJSON of today does not have.
    return func.ST_AsGeoJSON(func.ST_FlipCoordinates(moved) if latitude_first else moved, digits, 0)


def intersects_box(column: Any, boxes: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """Return whether a geometry column meets one of some boxes, to the last digit.

    boxes: west, south, east, north of each, as numbers or expressions. ``&&`` alone compares boxes that the index has
    rounded outwards, by up to a metre.
    """
    return or_(*(func.ST_Intersects(column, func.ST_MakeEnvelope(*edges, 4326)) for edges in boxes))


#: What CQL2 calls the relations of geometries, and PostGIS too.
_RELATIONS: Final = {
    name.lower(): getattr(func, f"ST_{name}")
    for name in ("Intersects", "Disjoint", "Contains", "Within", "Touches", "Crosses", "Overlaps", "Equals")
}


def spatially(relation: str, first: Any, second: Any) -> ColumnElement[bool]:
    """Return whether two geometries stand in a relation: ``intersects``, ``within`` …"""
    found: ColumnElement[bool] = _RELATIONS[relation](first, second, type_=Boolean)
    return found


def shape(geometry: BaseGeometry) -> ColumnElement[Any]:
    """Return a geometry in WGS 84 as a value."""
    return func.ST_GeomFromWKB(geometry.wkb, 4326)


def in_bbox(box: BBox) -> ColumnElement[bool]:
    """Return whether a station lies in the box, which may cross the antimeridian."""
    return or_(
        *(
            P.location.bool_op("&&")(func.ST_MakeEnvelope(part.west, part.south, part.east, part.north, 4326))
            for part in box.parts()
        )
    )


def _spheroid(column: Any) -> ColumnElement[Any]:
    # Written so that it renders as the indexed expression itself; a cast with a type modifier would miss the index.
    return func.geography(column, type_=_METRES)


def metres_to(near: tuple[float, float], entry: Names = P) -> ColumnElement[float]:
    """Return the metres from a point to the station, or to an entry of the gazetteer, on the spheroid."""
    return func.ST_Distance(_spheroid(entry.location), _spheroid(point(*near)))


def nearest_first(near: tuple[float, float]) -> ColumnElement[float]:
    """Return the expression to order by; the index gives it in order."""
    return _spheroid(P.location).op("<->")(_spheroid(point(*near)))


def roughly_nearest_first(near: tuple[float, float]) -> ColumnElement[float]:
    """Return an expression to order by that costs next to nothing a row.

    The projection is conformal: near the point the order is that of metres. Good for choosing whom to measure.
    """
    return P.location_3857.op("<->")(func.ST_Transform(point(*near), 3857))


def within(near: tuple[float, float], metres: float) -> ColumnElement[bool]:
    """Return whether a station is at most so many metres away."""
    return func.ST_DWithin(_spheroid(P.location), _spheroid(point(*near)), metres)


def perhaps_within(near: tuple[float, float], metres: float | ColumnElement[float]) -> ColumnElement[bool]:
    """Return whether a station may be at most so many metres away: true of all that are, and of some that are not.

    It costs next to nothing a row, where ``within`` measures each.
    """
    found: ColumnElement[bool] = _spheroid(P.location).bool_op("&&")(
        func._ST_Expand(_spheroid(point(*near)), metres)
    )
    return found


def in_state(moment: datetime, state: State, computed: Sequence[str]) -> ColumnElement[bool]:
    """Return whether a station's schedule is in a state at a moment.

    computed: keys of schedules in that state whose spans do not cover the moment (``schedules.open_keys``). The
    spans decide only where they cover it.
    """
    column = Schedule.open_spans if state is State.OPEN else Schedule.unknown_spans
    covered = select(Schedule.key).where(Schedule.covers.contains(moment), column.contains(moment))
    found = P.schedule_key.in_(covered)
    return or_(found, P.schedule_key.in_(computed)) if computed else found


def _texts(codes: Sequence[str]) -> ColumnElement[Any]:
    return literal(list(codes), ARRAY(Text))


def _known_or_unknown(column: Any, codes: Sequence[str], unknown: Unknown) -> ColumnElement[bool]:
    wanted = [*codes, "unknown"] if unknown is Unknown.INCLUDE else list(codes)
    return column.in_(wanted)  # type: ignore[no-any-return]


def doubt(
    amenities: Sequence[str], *, inferred: int, unknown: int, access: Mapping[str, int]
) -> ColumnElement[int]:
    """Return what is not certain about a station, summed up in minutes.

    inferred, unknown: for each of the amenities asked for that is one or the other. access: by its code.
    """
    total: ColumnElement[int] = case(access, value=P.access, else_=0)
    for code in amenities:
        one = _texts([code])
        total = total + case((P.has.contains(one), 0), (P.inferred.contains(one), inferred), else_=unknown)
    return total


def matching(q: str) -> ColumnElement[bool]:
    """Return whether the words of a search stand in names or address, as written or as read aloud."""
    found: list[ColumnElement[bool]] = []
    for word in filter(None, map(plain, q.split())):
        ways = [written_in(P, word)]
        if word.isascii():
            ways += [sounding(P, cut) for cut in syllables(word, unfinished=True)]
        else:
            ways += [sounding(P, reading) for reading in readings(word)]
        found.append(or_(*ways))
    # Signs alone name nothing.
    return and_(*found) if found else false()


def written_in(entry: Names, word: str) -> ColumnElement[bool]:
    """Return whether a word, written as ``reading.plain`` does, stands in names or address.

    A single character is looked for in names alone.
    """
    pairs = bigrams(word).split()
    if word.isascii() or len(word) == 1:
        return named(entry, word)
    return holds_pairs(entry, pairs)


def named(entry: Names, pattern: str) -> ColumnElement[bool]:
    """Return whether the search text holds a pattern: ``|`` is where a name begins or ends, ``_`` any one character."""
    return entry.search_text.like(f"%{pattern}%")


def holds_pairs(entry: Names, pairs: Sequence[str]) -> ColumnElement[bool]:
    """Return whether all these pairs, of characters or of sounds, stand in names or address."""
    return entry.search_bigrams.contains(_texts(pairs))


def holds_pairs_of(entry: Names, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether all pairs of a column, with spaces between them, stand in names or address."""
    return entry.search_bigrams.contains(func.string_to_array(column, " ", type_=ARRAY(Text)))


def sounding(entry: Names, syllables: Sequence[str]) -> ColumnElement[bool]:
    """Return whether a name is read with these syllables in a row, the last one perhaps only begun."""
    spoken = " ".join(syllables)
    return or_(named(entry, f"|{spoken}"), named(entry, f" {spoken}"))


def in_regions(codes: Sequence[str], entry: Names = P) -> ColumnElement[bool]:
    """Return whether a station, or an entry of the gazetteer, lies in one of the regions or below it."""
    found: ColumnElement[bool] = entry.lineage.overlap(_texts(codes))
    return found


def conditions(
    query: StationQuery, moment: datetime, computed: dict[State, list[str]]
) -> list[ColumnElement[bool]]:
    """Return what a station must meet to be in the answer to a query.

    moment: what ``open=now`` means, and the day of ``jobs`` and ``events``. computed: see ``in_state``. ``limit``, ``cursor`` and the order are the caller's.
    """
    include = query.unknown is Unknown.INCLUDE
    found: list[ColumnElement[bool]] = [P.listed.is_(True)]
    if set(query.lifecycle) != set(words.LIFECYCLE):
        found.append(P.lifecycle.in_(query.lifecycle))
    if query.kinds:
        found.append(P.kind.in_(query.kinds))
    if query.classes:
        found.append(P.station_class.in_(query.classes))
    if query.amenities:
        wanted = _texts(query.amenities)
        found.append(~P.lacks.overlap(wanted) if include else P.has.contains(wanted))
    if query.access:
        found.append(_known_or_unknown(P.access, query.access, query.unknown))
    if query.fee:
        found.append(_known_or_unknown(P.fee, query.fee, query.unknown))
    if query.jobs:
        found.append(P.station_id.in_(hiring(query.jobs, moment)))
    if query.events:
        found.append(P.station_id.in_(holding(query.events, moment)))
    if query.regions:
        found.append(in_regions(query.regions))
    if query.bbox is not None:
        found.append(in_bbox(query.bbox))
    if query.near is not None:
        found.append(P.location.is_not(None))
        if query.within_m is not None:
            found.append(within(query.near, query.within_m))
    if query.q:
        found.append(matching(query.q))
    if query.open is Open.NOW:
        is_open = in_state(moment, State.OPEN, computed[State.OPEN])
        maybe = in_state(moment, State.UNKNOWN, computed[State.UNKNOWN])
        found += [P.lifecycle == "open", or_(is_open, maybe) if include else is_open]
    elif query.open is Open.ALWAYS:
        always = P.schedule_key.in_(select(Schedule.key).where(Schedule.always_open))
        nobody_knows = P.schedule_key.in_(select(Schedule.key).where(Schedule.expression.is_(None)))
        found += [P.lifecycle == "open", or_(always, nobody_knows) if include else always]
    return found
