"""Vector tiles of the open collections (MVT 2.1, Web Mercator), made by the database: always the same bytes.

A station's ``tile_key`` holds the bits of its place in turns, so that every tile, at every zoom, is one range of an
index, and so is every cell of a tile. A tile tells at most one feature for each of its cells: a station, or how many
there are and where on average. No station is told twice and none is left out, at any zoom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    func,
    select,
)
from sqlalchemy.orm import Session

from stations.models import CommitCounter, Region
from stations.query import Open, StationQuery
from stations.registry import public, queries
from stations.registry.collections import GAPS, REGIONS
from stations.registry.tile_cells import BITS, EXTENT, NAMED_ZOOM, Tile, cells, encoded
from stations.registry.written import Reader, Written, write

__all__ = ["EXTENT", "LAYERS", "MAX_ZOOM", "FieldOf", "Layer", "Tile", "encode", "last_change"]

#: The deepest zoom; a cell is then some two metres wide, and maps draw deeper zooms from it.
MAX_ZOOM: Final = 16
#: Where nobody asks who is open, no moment decides anything.
_ANY_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Level of regions: from which zoom on they are drawn.
_LEVELS: Final = {"province": 0, "prefecture": 5, "county": 7, "township": 10}
#: What of an area beyond a tile's edge is told, so that its border does not run along the edge.
_BUFFER: Final = 64


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One attribute of a layer's features: its name, its JSON type, what it tells."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a tile: what its features are, and what encodes those of a tile; None where there are none."""

    name: str
    geometry: str
    fields: tuple[FieldOf, ...]
    encode: Callable[[Reader, Tile, StationQuery, datetime], bytes | None]


def last_change(reader: Reader) -> int:
    """Return the number of the last commit: while it stays, every tile does."""
    return reader.scalar(select(CommitCounter.last)) or 0


def encode(
    reader: Reader, names: Sequence[str], tile: Tile, query: StationQuery, *, now: datetime | None = None
) -> bytes:
    """Return a tile with these layers; no bytes at all where nothing lies in it.

    query: which stations; the other layers do not ask it. Layers stand one after the other in the order given, which
    is what a tile is.
    """
    moment = public.moment_of(query, now)
    found = [LAYERS[name].encode(reader, tile, query, moment) for name in names]
    return b"".join(part for part in found if part)


def _stations(reader: Reader, tile: Tile, query: StationQuery, moment: datetime) -> bytes | None:
    first, last = tile.keys
    corner = {
        "first": first,
        "last": last,
        "west": tile.x << (BITS - tile.z),
        "north": tile.y << (BITS - tile.z),
    }
    if query.open is Open.NOW:
        with Session(reader.connection() if isinstance(reader, Session) else reader) as session:
            computed = public.computed(session, query, moment)
        return _bytes(reader.scalar(cells(tile.z, queries.conditions(query, moment, computed)), corner))
    # A moment decides nothing here.
    rows = _written(tile.z, replace(query, at=None, lang="zh")).rows(reader, corner)
    return _bytes(rows[0][0])


def _bytes(content: Any) -> bytes | None:
    return None if content is None else bytes(content)


@lru_cache(maxsize=512)
def _written(zoom: int, query: StationQuery) -> Written:
    """Write the statement of a zoom and a query down, for every tile."""
    return write(cells(zoom, queries.conditions(query, _ANY_MOMENT, {})))


def _regions(reader: Reader, tile: Tile, __: StationQuery, ___: datetime) -> bytes | None:
    levels = [level for level, zoom in _LEVELS.items() if tile.z >= zoom]
    features = (
        select(
            Region.code,
            Region.level,
            Region.names["zh"].astext.label("name"),
            _in_tile(Region.geom, tile, buffer=_BUFFER).label("geom"),
        )
        .where(
            *REGIONS.base,
            Region.level.in_(levels),
            _near_tile(Region.geom, tile, margin=_BUFFER / EXTENT),
        )
        .order_by(Region.code)
        .subquery("regions")
    )
    return _bytes(reader.scalar(encoded(features, "regions", identified=False)))


def _gaps(reader: Reader, tile: Tile, __: StationQuery, ___: datetime) -> bytes | None:
    told = GAPS.queryables
    features = (
        select(
            GAPS.key.label("id"),
            told["people"].column.label("people"),
            told["region"].column.label("region"),
            func.round(told["nearest_s"].column).label("nearest_s"),
            _in_tile(GAPS.location, tile, buffer=0).label("geom"),
        )
        .where(_near_tile(GAPS.location, tile, margin=0.0))
        .order_by(GAPS.key)
        .subquery("gaps")
    )
    return _bytes(reader.scalar(encoded(features, "gaps")))


def _in_tile(shape: Any, tile: Tile, *, buffer: int) -> ColumnElement[Any]:
    """Return a shape (WGS 84) in the units of a tile, cut some units beyond its edge; null where nothing is left."""
    # By number: PostGIS looks up a reference system that is named by a text again and again.
    moved = func.ST_Transform(shape, 3857)
    return func.ST_AsMVTGeom(moved, func.ST_TileEnvelope(tile.z, tile.x, tile.y), EXTENT, buffer, True)


def _near_tile(shape: Any, tile: Tile, *, margin: float) -> ColumnElement[bool]:
    """Return whether the box of a shape (WGS 84) meets a tile, widened by a part of itself on each side."""
    # The tile is moved and not the shapes, so that their index is of use.
    around = func.ST_TileEnvelope(tile.z, tile.x, tile.y, _WORLD, margin)
    found: ColumnElement[bool] = shape.bool_op("&&")(func.ST_Transform(around, 4326))
    return found


#: The square that the tiles divide, as PostGIS has it for itself; a margin can only be given after it.
_WORLD: Final = func.ST_MakeEnvelope(
    -20037508.342789244, -20037508.342789244, 20037508.342789244, 20037508.342789244, 3857
)


#: The layers by name; the first is what a map is about.
LAYERS: Final = {
    layer.name: layer
    for layer in (
        Layer(
            "stations",
            "points",
            (
                FieldOf("count", "integer", "how many stations stand here; 1 for a station"),
                FieldOf("rest", "integer", "of several stations, how many are places to rest"),
                FieldOf("code", "string", "of a station: its code"),
                FieldOf("name", "string", f"of a station, from zoom {NAMED_ZOOM} on: its name in Chinese"),
                FieldOf("kind", "string", "of a station: its kind"),
                FieldOf("class", "string", "of a station: rest or service"),
                FieldOf("lifecycle", "string", "of a station: open, suspended …"),
            ),
            _stations,
        ),
        Layer(
            "regions",
            "polygons",
            (
                FieldOf("code", "string", "GB/T 2260"),
                FieldOf("level", "string", "province, prefecture, county or township"),
                FieldOf("name", "string", "in Chinese"),
            ),
            _regions,
        ),
        Layer(
            "gaps",
            "points",
            (
                FieldOf("people", "number", "how many live there"),
                FieldOf("region", "string", "GB/T 2260"),
                FieldOf(
                    "nearest_s",
                    "number",
                    "seconds to the nearest station that counted; absent beyond the search",
                ),
            ),
            _gaps,
        ),
    )
}
