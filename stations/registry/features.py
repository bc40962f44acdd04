"""The registry's rows as features of open collections: what a collection is, one feature by its id, how far they reach.

A collection is a ``Source``: which rows, what orders them for ever, what each is as a feature, what a filter may ask of
it. Pages of them are in ``feature_pages``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, LargeBinary, Select, Text, and_, bindparam, func, select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Commit
from stations.registry import queries
from stations.registry.crs import CRS84, Crs
from stations.registry.written import Reader, Written, write

__all__ = ["CHANGED_AT", "Kind", "Queryable", "Source", "Span", "extent", "item", "standing", "utf8"]

_IDENTITY: Final = "identity"


class Kind(StrEnum):
    """What the values of a queryable are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TEXTS = "texts"
    GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Queryable:
    """What a filter may ask of a feature: its name, its kind, the expression behind it, the codes it can be."""

    name: str
    kind: Kind
    column: ColumnElement[Any]
    codes: tuple[str, ...] = ()


#: From and to, both included; None is open.
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The rows of one collection.

    key: orders the rows, is never given again and never changes. identified: what holds of the row with an id.
    feature: the complete GeoJSON text in a reference system. life: what holds of a row whose time meets a span; rows
    without a time meet every one, as Part 1 asks. edition: where all rows are replaced together, the number of those of
    now; a page of others is refused. version: where a feature is made of its row alone, a number that the row has as
    long as it stays as it is and no other state of it ever has.
    """

    name: str
    table: FromClause
    key: ColumnElement[Any]
    key_is_text: bool
    location: ColumnElement[Any]
    shape: str
    feature: Callable[[Crs], ColumnElement[str]]
    identified: Callable[[ColumnElement[str]], ColumnElement[bool]]
    queryables: Mapping[str, Queryable]
    base: tuple[ColumnElement[bool], ...] = ()
    life: Callable[[Span], ColumnElement[bool]] | None = None
    edition: Select[int] | None = field(default=None)
    version: ColumnElement[int] | None = None


_LAST_COMMIT = select(Commit.at).where(Commit.seq.is_not(None)).order_by(Commit.seq.desc()).limit(1)
CHANGED_AT = _LAST_COMMIT.scalar_subquery().label("changed_at")
"""When the registry last changed, beside what is asked for."""


def standing(reader: Reader) -> datetime | None:
    """Return when the registry last changed; None for one that nobody wrote into."""
    return reader.scalar(_LAST_COMMIT)


def utf8(text: ColumnElement[str]) -> ColumnElement[bytes]:
    """Return a text as the bytes that are sent on."""
    return func.convert_to(text, "UTF8", type_=LargeBinary)


def item(reader: Reader, source: Source, identity: str, *, crs: Crs = CRS84) -> tuple[bytes, datetime | None]:
    """Return one feature by its id, and when the registry last changed. Raises NotFound."""
    # NUL is what PostgreSQL does not take even to compare.
    rows = [] if "\x00" in identity else _one(source, crs).rows(reader, {_IDENTITY: identity})
    if not rows:
        raise NotFound(f"there is no feature {identity[:80]!r} in {source.name}")
    feature, changed_at = rows[0]
    return feature, changed_at


@cache
def _one(source: Source, crs: Crs) -> Written:
    return write(
        select(utf8(source.feature(crs)), CHANGED_AT)
        .select_from(source.table)
        .where(*source.base, source.identified(bindparam(_IDENTITY, type_=Text)))
    )


def extent(session: Session, source: Source) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of a collection in degrees (WGS 84); None where nothing has a place."""
    west, south, east, north = session.execute(
        select(*queries.extent(source.location)).select_from(source.table).where(and_(True, *source.base))
    ).one()
    return None if west is None else (west, south, east, north)
