"""How stations stand in a tile: the places of tiles, the cells that they are gathered in, and a layer encoded of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
)

from stations.models import PublicStation

__all__ = ["BITS", "EXTENT", "NAMED_ZOOM", "Tile", "cells", "encoded"]

P = PublicStation
#: Units along the side of a tile.
EXTENT: Final = 4_096
#: Bits of a coordinate in ``tile_x`` and ``tile_y``.
BITS: Final = 31
_EXTENT_BITS: Final = 12
#: From this zoom on cells are so small that a station has one of its own unless another stands beside it.
_SINGLE_ZOOM: Final = 14
#: Cells along the side of a tile, as bits: 32 where stations are gathered, 256 where they are shown.
_GATHERED, _SHOWN = 5, 8
#: From this zoom on a station has its name.
NAMED_ZOOM: Final = 13


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of WebMercatorQuad: zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int

    @property
    def keys(self) -> tuple[int, int]:
        """The first and the last ``tile_key`` in it."""
        steps = 2 * (BITS - self.z)
        first = _turns(self.x, self.y) << steps
        return first, first + (1 << steps) - 1


def _turns(x: int, y: int) -> int:
    """Return the bits of x and y in turns, those of y first."""
    return sum(((x >> bit & 1) | (y >> bit & 1) << 1) << 2 * bit for bit in range(BITS))


def cells(zoom: int, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Write the statement for the tiles of a zoom; ``first``, ``last``, ``west`` and ``north`` say which."""
    west, north = (bindparam(name, 0, type_=Integer) for name in ("west", "north"))
    bits = _SHOWN if zoom >= _SINGLE_ZOOM else _GATHERED
    inside = (
        select(
            _right(P.tile_key, 2 * (BITS - zoom - bits)).label("cell"),
            P.tile_x,
            P.tile_y,
            P.station_id,
            P.station_class,
        )
        .where(
            P.tile_key.between(
                bindparam("first", 0, type_=BigInteger), bindparam("last", 0, type_=BigInteger)
            ),
            *conditions,
        )
        # A fence: the planner would expect as many cells as stations and sort them all, in place of counting.
        .offset(0)
        .subquery("inside")
    )
    count = func.count()
    cells = (
        select(
            inside.c.cell,
            count.label("count"),
            count.filter(inside.c.station_class == "rest").label("rest"),
            (func.sum(inside.c.tile_x) // count).label("x"),
            (func.sum(inside.c.tile_y) // count).label("y"),
            func.min(inside.c.station_id).label("station_id"),
        )
        .group_by(inside.c.cell)
        .subquery("cells")
    )
    alone = cells.c.count == 1
    unit = BITS - zoom - _EXTENT_BITS
    named = [P.name.label("name")] if zoom >= NAMED_ZOOM else []
    features = (
        select(
            case((alone, cells.c.station_id), else_=null()).label("id"),
            cells.c.count,
            case((alone, null()), else_=cells.c.rest).label("rest"),
            P.code,
            *named,
            P.kind,
            P.station_class.label("class"),
            P.lifecycle,
            func.ST_MakePoint(
                _right(cells.c.x - west, unit),
                _right(cells.c.y - north, unit),
            ).label("geom"),
        )
        .select_from(cells)
        .outerjoin(P, and_(alone, P.station_id == cells.c.station_id))
        .order_by(cells.c.cell)
        .subquery("stations")
    )
    return encoded(features, "stations")


def _right(number: Any, bits: int) -> ColumnElement[int]:
    """Return a number without its last bits."""
    # The database has no shift by anything but an integer of four bytes.
    found: ColumnElement[int] = number.op(">>")(literal(bits, Integer))
    return found


def encoded(features: Subquery, layer: str, *, identified: bool = True) -> Select[Any]:
    """Return a layer of the rows of ``features`` in their order."""
    rows: ColumnElement[Any] = literal_column(layer)
    identity = ["id"] if identified else []
    return select(func.ST_AsMVT(rows, layer, EXTENT, "geom", *identity)).select_from(features)
