"""Pages of features by key: no row is lost or told twice while others write.

The key of a row never changes and is never given again. What is asked for again and again — a box, what the finder's
query string says — is a statement written down once for each shape of question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from geo.bbox import BBox
from stations.errors import Conflict, Invalid
from stations.query import StationQuery
from stations.registry import queries
from stations.registry.crs import CRS84, Crs
from stations.registry.feature_memory import FeatureMemory
from stations.registry.features import CHANGED_AT, Source, standing, utf8
from stations.registry.written import Reader, Written, write

__all__ = ["FeaturePage", "Question", "page"]

_CURSOR: Final = re.compile(r"(?:([0-9]{1,9})-)?([0-9]{1,18})", re.ASCII)
_EDGES: Final = ("west", "south", "east", "north")
#: Where nobody asks who is open, no moment decides anything.
_NO_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """Which features, how many, from where on, and in which reference system.

    stations: of the finder's query string what no moment and no place decides; only for the collection of stations.
    conditions: whatever else must hold.
    """

    limit: int
    after: str | None = None
    crs: Crs = CRS84
    box: BBox | None = None
    stations: StationQuery | None = None
    conditions: tuple[ColumnElement[bool], ...] = ()


@dataclass(frozen=True, slots=True)
class FeaturePage:
    """Some features, each a complete GeoJSON text in UTF-8, how to go on, and when the registry last changed.

    versions: of the rows they were made from, with their keys; the features differ where these do. Empty for a
    collection that has none.
    """

    features: tuple[bytes, ...]
    next_cursor: str | None
    changed_at: datetime | None
    versions: tuple[tuple[Any, int], ...] = ()


def page(
    reader: Reader, source: Source, question: Question, *, memory: FeatureMemory | None = None
) -> FeaturePage:
    """Return the next features by key. after: ``next_cursor`` of the page before.

    memory: where the texts of features are kept between questions. Raises Invalid for a cursor that no page gave,
    Conflict where all rows were replaced since.
    """
    edition, key = _after(reader, source, question.after)
    remembered = memory is not None and source.version is not None and question.crs is CRS84
    rows = _rows(reader, source, question, key, texts=not remembered)
    told = rows[: question.limit]
    if memory is not None and remembered:
        features = _remembered(reader, source, memory, [(key, version) for key, version, _, _ in told])
        if features is None:
            # Somebody wrote between the two questions: one that reads everything at once.
            rows = _rows(reader, source, question, key, texts=True)
            told = rows[: question.limit]
            features = [text for _, _, text, _ in told]
    else:
        features = [text for _, _, text, _ in told]
    following = None
    if len(rows) > question.limit:
        edition = _edition(reader, source) if edition is None else edition
        following = f"{told[-1][0]}" if edition is None else f"{edition}-{told[-1][0]}"
    return FeaturePage(
        tuple(features),
        following,
        rows[0][3] if rows else standing(reader),
        () if source.version is None else tuple((key, version) for key, version, _, _ in told),
    )


def _remembered(
    reader: Reader, source: Source, memory: FeatureMemory, wanted: Sequence[tuple[Any, int]]
) -> list[bytes] | None:
    """Return the texts of these versions of rows; None where one is there no more."""
    found = memory.find(wanted)
    missing = [pair for pair, text in zip(wanted, found, strict=True) if text is None]
    if missing:
        read = _by_keys(source).rows(reader, {"keys": [key for key, _ in missing]})
        memory.keep([(key, version, text) for key, version, text in read])
        by_pair = {(key, version): text for key, version, text in read}
        if any(pair not in by_pair for pair in missing):
            return None
        return [by_pair[pair] if text is None else text for pair, text in zip(wanted, found, strict=True)]
    return [text for text in found if text is not None]


@lru_cache(maxsize=8)
def _by_keys(source: Source) -> Written:
    keys = bindparam("keys", [], type_=ARRAY(BigInteger))
    return write(
        select(source.key, _version(source), utf8(source.feature(CRS84)))
        .select_from(source.table)
        .where(*source.base, source.key == any_(keys))
    )


def _rows(
    reader: Reader, source: Source, question: Question, after: int | str | None, *, texts: bool
) -> Sequence[Sequence[Any]]:
    """Return key, version, feature and the time of the last change of one row more than are asked for."""
    parts = () if question.box is None else question.box.parts()
    values: dict[str, Any] = {"most": question.limit + 1}
    for number, part in enumerate(parts):
        edges = (part.west, part.south, part.east, part.north)
        values |= {f"{name}{number}": edge for name, edge in zip(_EDGES, edges, strict=True)}
    if after is not None:
        values["after"] = after
    shape = _Shape(source, question.crs, len(parts), question.stations, after is not None, texts)
    if not question.conditions:
        return _written(shape).rows(reader, values)
    return reader.execute(_statement(shape).where(*question.conditions), values).all()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a statement depends on.

    boxes: how many the box of a question is. after: whether one goes on from a key. texts: whether features are told, or
    the versions of their rows alone.
    """

    source: Source
    crs: Crs
    boxes: int
    stations: StationQuery | None
    after: bool
    texts: bool


@lru_cache(maxsize=512)
def _written(shape: _Shape) -> Written:
    return write(_statement(shape))


def _statement(shape: _Shape) -> Select[Any]:
    """Write the statement of a shape of question; its numbers are parameters."""
    source = shape.source
    conditions = list(source.base)
    if shape.stations is not None:
        conditions += queries.conditions(shape.stations, _NO_MOMENT, {})
    if shape.boxes:
        edges = [
            [bindparam(f"{name}{number}", 0.0, type_=Float) for name in _EDGES]
            for number in range(shape.boxes)
        ]
        conditions.append(queries.intersects_box(source.location, edges))
    if shape.after:
        kind = Text() if source.key_is_text else BigInteger()
        conditions.append(source.key > bindparam("after", type_=kind))
    return (
        select(
            source.key.label("key"),
            _version(source).label("version"),
            (utf8(source.feature(shape.crs)) if shape.texts else null()).label("feature"),
            CHANGED_AT,
        )
        .select_from(source.table)
        .where(*conditions)
        .order_by(source.key)
        .limit(bindparam("most", 0, type_=Integer))
    )


def _version(source: Source) -> ColumnElement[int]:
    return literal(0) if source.version is None else source.version


def _edition(reader: Reader, source: Source) -> int | None:
    return None if source.edition is None else reader.scalar(source.edition)


def _after(reader: Reader, source: Source, cursor: str | None) -> tuple[int | None, int | str | None]:
    if cursor is None:
        return None, None
    found = _CURSOR.fullmatch(cursor)
    if found is None or (found[1] is None) != (source.edition is None):
        raise Invalid(f"{cursor[:80]!r} is not from a 'next' link", field="cursor", value=cursor)
    now = _edition(reader, source)
    if found[1] is not None and int(found[1]) != now:
        raise Conflict("these features were replaced by others since the first page; begin again")
    return now, found[2] if source.key_is_text else int(found[2])
