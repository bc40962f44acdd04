"""The registry's rows as features of open collections: a page by key, one by its id, how far they reach.

A collection is a ``Source``: which rows, what orders them for ever, what each is as a feature, what a filter may ask of
it. Pages go by a key that a row never changes, so that no row is lost or told twice while others write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, bindparam, make_url, select
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotFound
from stations.models import Commit
from stations.registry import queries
from stations.registry.crs import CRS84, Crs

__all__ = ["FeaturePage", "Kind", "Queryable", "Source", "Span", "extent", "item", "page", "standing"]

_DIALECT: Final = make_url("postgresql+psycopg://").get_dialect()()
_IDENTITY: Final = "identity"
_CURSOR: Final = re.compile(r"(?:([0-9]{1,9})-)?([0-9]{1,18})", re.ASCII)


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
    now; a page of others is refused.
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


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """Some features, each a complete GeoJSON text, how to go on, and when the registry last changed."""

    features: tuple[str, ...]
    next_cursor: str | None
    changed_at: datetime | None


_LAST_COMMIT = select(Commit.at).where(Commit.seq.is_not(None)).order_by(Commit.seq.desc()).limit(1)
_CHANGED_AT = _LAST_COMMIT.scalar_subquery().label("changed_at")


def standing(session: Session) -> datetime | None:
    """Return when the registry last changed; None for one that nobody wrote into."""
    return session.scalar(_LAST_COMMIT)


def page(
    session: Session,
    source: Source,
    conditions: Sequence[ColumnElement[bool]],
    *,
    limit: int,
    after: str | None = None,
    crs: Crs = CRS84,
) -> FeaturePage:
    """Return the next ``limit`` features by key. after: ``next_cursor`` of the page before.

    Raises Invalid for a cursor that no page gave, Conflict where all rows were replaced since.
    """
    edition, key = _after(session, source, after)
    conditions = [*source.base, *conditions, *([source.key > key] if key is not None else [])]
    rows = session.execute(
        select(source.key.label("key"), source.feature(crs).label("feature"), _CHANGED_AT)
        .select_from(source.table)
        .where(*conditions)
        .order_by(source.key)
        .limit(limit + 1)
    ).all()
    told = rows[:limit]
    following = None
    if len(rows) > limit:
        edition = _edition(session, source) if edition is None else edition
        following = f"{told[-1].key}" if edition is None else f"{edition}-{told[-1].key}"
    return FeaturePage(
        tuple(row.feature for row in told), following, rows[0].changed_at if rows else standing(session)
    )


def _edition(session: Session, source: Source) -> int | None:
    return None if source.edition is None else session.scalar(source.edition)


def _after(session: Session, source: Source, cursor: str | None) -> tuple[int | None, int | str | None]:
    if cursor is None:
        return None, None
    found = _CURSOR.fullmatch(cursor)
    if found is None or (found[1] is None) != (source.edition is None):
        raise Invalid(f"{cursor[:80]!r} is not from a 'next' link", field="cursor", value=cursor)
    now = _edition(session, source)
    if found[1] is not None and int(found[1]) != now:
        raise Conflict("these features were replaced by others since the first page; begin again")
    return now, found[2] if source.key_is_text else int(found[2])


def item(session: Session, source: Source, identity: str, *, crs: Crs = CRS84) -> tuple[str, datetime | None]:
    """Return one feature by its id, and when the registry last changed. Raises NotFound."""
    row = None
    if "\x00" not in identity:  # which PostgreSQL does not take even to compare
        text, values = _item_text(source, crs)
        row = session.connection().exec_driver_sql(text, {**values, _IDENTITY: identity}).one_or_none()
    if row is None:
        raise NotFound(f"there is no feature {identity[:80]!r} in {source.name}")
    feature, changed_at = row
    return feature, changed_at


@cache
def _item_text(source: Source, crs: Crs) -> tuple[str, Mapping[str, Any]]:
    """Return the statement for one feature and its own values.

    Made once: making it takes longer than the database takes to answer.
    """
    statement = (
        select(source.feature(crs), _CHANGED_AT)
        .select_from(source.table)
        .where(*source.base, source.identified(bindparam(_IDENTITY, type_=Text)))
    )
    made = statement.compile(dialect=_DIALECT)
    return str(made), made.params


def extent(session: Session, source: Source) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of a collection in degrees (WGS 84); None where nothing has a place."""
    west, south, east, north = session.execute(
        select(*queries.extent(source.location)).select_from(source.table).where(and_(True, *source.base))
    ).one()
    return None if west is None else (west, south, east, north)
