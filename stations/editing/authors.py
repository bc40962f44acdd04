"""Who changed which field of a station since it was read: asked of the ledger when two edits meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from stations.editing.draft import COLUMNS
from stations.models import Amenity, Change, Commit, HoursException, Partner, Staff, Visits

__all__ = ["Author", "changed_by"]

_Part: TypeAlias = type[Amenity] | type[HoursException] | type[Partner] | type[Visits]

#: Columns of a station that are part of a field of another name.
_PART_OF: Final[Mapping[str, str]] = {
    "accepted_cards": "cards",
    **dict.fromkeys(("lifecycle", "lifecycle_since", "lifecycle_reason"), "lifecycle"),
    **dict.fromkeys(
        ("location", "original_lon", "original_lat", "original_datum", "position_hold"), "position"
    ),
    **dict.fromkeys(("hours_words", "hours_expression", "hours_calendar"), "hours"),
    **dict.fromkeys(("withdrawn_reason", "same_as"), "withdrawn"),
    **{name: name for name in COLUMNS},
}
#: Tables whose rows are told apart by days or by names: who touched one of them last is who is told.
_WHOLE: Final[Mapping[_Part, str]] = {HoursException: "exception", Partner: "partner", Visits: "visits"}
_TABLES: Final = {model.__tablename__: part for model, part in _WHOLE.items()}


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something, when, and why."""

    name: str
    at: datetime
    reason: str


def changed_by(session: Session, station_id: int, *, since: int) -> dict[str, Author]:
    """Return the last author of each field that was written after the commit numbered ``since``.

    Keys are those of a draft, but for dated and listed parts, which are told as ``exception``, ``partner``, ``visits``.
    """
    authors: dict[str, Author] = {}
    later = _later(since)
    rows = session.execute(
        select(Change.table_name, Change.row_key, Change.held, Commit.at, Commit.reason, Staff.display_name)
        .join(Commit, Commit.id == Change.commit_id)
        .join(Staff, Staff.id == Commit.actor_id)
        .where(Change.station_id == station_id, later)
        .order_by(Commit.seq.nulls_last(), Change.id)
    )
    for row in rows:
        author = Author(row.display_name, row.at, row.reason)
        authors |= dict.fromkeys(_keys(row.table_name, row.row_key, row.held), author)
    parts: tuple[_Part, ...] = (Amenity, *_WHOLE)
    for model in parts:
        named: Any = Amenity.amenity if model is Amenity else Staff.id
        added = session.execute(
            select(named, Commit.at, Commit.reason, Staff.display_name)
            .select_from(model)
            .join(Commit, Commit.id == model.added_in)
            .join(Staff, Staff.id == Commit.actor_id)
            .where(model.station_id == station_id, later)
            .order_by(Commit.seq.nulls_last())
        ).all()
        for code, at, reason, name in added:
            key = f"amenity.{code}" if model is Amenity else _WHOLE[model]
            if key not in authors or authors[key].at <= at:
                authors[key] = Author(name, at, reason)
    return authors


def _later(since: int) -> ColumnElement[bool]:
    # A commit of this very transaction has no number yet.
    return or_(Commit.seq > since, Commit.seq.is_(None))


def _keys(table: str, row_key: Mapping[str, Any], held: Mapping[str, Any]) -> Iterable[str]:
    if table in _TABLES:
        return (_TABLES[table],)
    if table == Amenity.__tablename__:
        return (f"amenity.{row_key['amenity']}",)
    if table != "stations":
        return ()
    found = {_PART_OF[column] for column in held if column in _PART_OF}
    if "names" in held:
        was, now = held["names"]
        found |= {f"name.{tag}" for tag in {*was, *now} if was.get(tag) != now.get(tag)}
    return found
