"""Taking changes back: one change, some commits or a whole import, field by field, with the ledger as the truth.

What somebody else has changed since stays and is told. A station that was added is withdrawn, never deleted, and one
that somebody has worked on since stays as it is. What is taken back is itself a commit, and can be taken back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from stations.errors import Invalid, NotAllowed, NotFound
from stations.models import (
    Amenity,
    Honour,
    HoursException,
    Partner,
    Photo,
    Station,
    StationSource,
    Visits,
)
from stations.models.base import Base
from stations.registry.taking_back import Event, Stay, Step, take_back
from stations.registry.writing import acting

__all__ = ["MOST_TOLD", "Done", "Kept", "Reverted", "revert"]

#: How many steps are told one by one; all are counted.
MOST_TOLD: Final = 1_000
_PAGE: Final = 2_000
_MODELS: Final[tuple[type[Base], ...]] = (
    Station, StationSource, Amenity, HoursException, Partner, Photo, Visits, Honour,
)  # fmt: skip
_TABLES: Final = {model.__tablename__: model for model in _MODELS}
#: No policy lets a row of these go; they say how a source called the station, or what it was once given.
_STAY: Final = frozenset({"station_sources", "honours"})
#: How a source calls a station is nobody's work on it.
_BOOKS: Final = "station_sources"

_TOUCHED: Final = """
    SELECT station_id FROM history WHERE station_id IS NOT NULL AND (commit_id = ANY (:commits) OR id = :change)
        AND table_name = ANY (:tables)
"""
_ADDED: Final = "SELECT {station} AS station_id FROM {table} WHERE added_in = ANY (:commits)"
_EVENTS: Final = text("""
    SELECT h.table_name, h.row_key, h.station_id, h.op, h.held, k.at, who.display_name AS by,
        h.commit_id = ANY (:commits) OR h.id = :change AS ours, coalesce(b.status = 'undone', false) AS undone
    FROM history h JOIN commits k ON k.id = h.commit_id LEFT JOIN staff who ON who.id = k.actor_id
    LEFT JOIN import_batches b ON b.id = k.batch_id
    WHERE h.station_id = ANY (:ids) AND h.table_name = ANY (:tables)
    ORDER BY h.id
""")
_UNDONE: Final = text("""
    SELECT k.id FROM commits k JOIN import_batches b ON b.id = k.batch_id WHERE b.status = 'undone'
""")
_OTHERS: Final = text("""
    SELECT h.table_name, h.row_key, h.held, h.op FROM history h
    WHERE (h.commit_id = ANY (:commits) OR h.id = :change) AND (h.station_id IS NULL OR h.table_name <> ALL (:tables))
    ORDER BY h.id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Done:
    """One step back. op: withdraw, restore, remove (a row that was added) or put_back (one that was removed)."""

    table: str
    key: Mapping[str, Any]
    station_id: int | None
    op: str
    field: str
    now: Any
    back: Any


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that stays. why: changed_since, removed_since, added_since, worked_on (a station that was added and that
    somebody has changed since) or not_here (a table that is not taken back). wrote: what the change had written.
    """

    table: str
    key: Mapping[str, Any]
    station_id: int | None
    field: str
    wrote: Any
    now: Any
    why: str
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Reverted:
    """What was taken back and what was kept: the first ``MOST_TOLD`` of each.

    ``counts``: all of them, by what was done (withdraw, restore, remove, put_back, kept).
    """

    done: tuple[Done, ...]
    kept: tuple[Kept, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which changes are ours to take back."""

    commits: list[int]
    change: int | None

    def values(self, **more: Any) -> dict[str, Any]:
        return {"commits": self.commits, "change": self.change, "tables": list(_TABLES), **more}


class _Told:
    """Steps and stays, counted whole and kept in part."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.kept: list[Kept] = []
        self.counts: Counter[str] = Counter()

    def step(self, done: Done) -> None:
        self.counts[done.op] += 1
        if len(self.done) < MOST_TOLD:
            self.done.append(done)

    def stay(self, kept: Kept) -> None:
        self.counts["kept"] += 1
        if len(self.kept) < MOST_TOLD:
            self.kept.append(kept)


def revert(
    session: Session,
    *,
    commit_ids: Sequence[int] | None = None,
    batch_id: int | None = None,
    history_id: int | None = None,
    actor: int,
    reason: str,
    dry_run: bool = False,
) -> Reverted:
    """Take back some commits, all commits of an import batch, or one change of ``history``.

    Give exactly one of the three. reason: kept with the commit that takes them back. dry_run: tell what would be done,
    write and lock nothing. Raises Invalid, NotFound where there is no such change, NotAllowed for a station of another
    region.
    """
    asked = _asked(session, commit_ids, batch_id, history_id)
    told = _Told()
    if dry_run:
        _pages(session, asked, reason, told, write=False)
    else:
        session.flush()
        with acting(session, actor, reason=reason, batch=batch_id):
            _pages(session, asked, reason, told, write=True)
        session.expire_all()
    if batch_id is None:
        for row in session.execute(_OTHERS, asked.values(most=MOST_TOLD)):
            told.stay(
                Kept(
                    row.table_name, row.row_key, None, row.table_name, row.held, None, "not_here", None, None
                )
            )
    return Reverted(tuple(told.done), tuple(told.kept), dict(told.counts))


def _asked(
    session: Session, commit_ids: Sequence[int] | None, batch_id: int | None, history_id: int | None
) -> _Asked:
    if sum(given is not None for given in (commit_ids, batch_id, history_id)) != 1:
        raise Invalid("say what to take back: commits, a batch or one change", field="commit_ids")
    if history_id is not None:
        if session.scalar(text("SELECT id FROM history WHERE id = :id"), {"id": history_id}) is None:
            raise NotFound(f"the ledger has no change {history_id}")
        return _Asked([], history_id)
    if batch_id is not None:
        found = session.scalars(
            text("SELECT id FROM commits WHERE batch_id = :id ORDER BY id"), {"id": batch_id}
        )
        return _Asked(list(found), None)
    wanted = sorted(set(commit_ids or ()))
    known = set(session.scalars(text("SELECT id FROM commits WHERE id = ANY (:ids)"), {"ids": wanted}))
    if missing := [number for number in wanted if number not in known]:
        raise NotFound(f"the ledger has no commit {', '.join(map(str, missing[:10]))}")
    return _Asked(wanted, None)


def _pages(session: Session, asked: _Asked, reason: str, told: _Told, *, write: bool) -> None:
    added = " UNION ".join(
        _ADDED.format(table=name, station="id" if name == "stations" else "station_id") for name in _TABLES
    )
    ids = sorted(
        {
            number
            for number in session.scalars(text(f"{_TOUCHED} UNION {added}"), asked.values())
            if number is not None
        }
    )
    for first in range(0, len(ids), _PAGE):
        page = ids[first : first + _PAGE]
        if write:
            # In the order of their ids, as every writer of many stations locks them.
            session.execute(
                text("SELECT id FROM stations WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE"),
                {"ids": page},
            )
        work = _Work(session, reason)
        for station in _stations(session, asked, page):
            work.decide(station, told)
        if write:
            work.write()


@dataclass(slots=True)
class _Row:
    table: str
    key: dict[str, Any]
    present: dict[str, Any] | None
    events: list[Event]
    added: bool = False
    #: Added by an import that was undone since.
    void: bool = False


@dataclass(slots=True)
class _OneStation:
    id: int
    rows: dict[tuple[str, str], _Row]

    def row(self, table: str, key: dict[str, Any]) -> _Row:
        return self.rows.setdefault(_named(table, key), _Row(table, key, None, []))


def _named(table: str, key: Mapping[str, Any]) -> tuple[str, str]:
    return table, orjson.dumps(key, option=orjson.OPT_SORT_KEYS).decode()


def _stations(session: Session, asked: _Asked, ids: Sequence[int]) -> Iterable[_OneStation]:
    found = {number: _OneStation(number, {}) for number in ids}
    # An import that was undone wrote and took back: between us and the present it is as if it had never been.
    first_added: dict[tuple[str, str], int] = {}
    for event in session.execute(_EVENTS, asked.values(ids=list(ids))):
        row = found[event.station_id].row(event.table_name, event.row_key)
        if event.ours or not event.undone:
            row.events.append(Event(event.op, event.held, event.ours, event.by, event.at))
        elif event.op == "delete":
            first_added.setdefault(_named(event.table_name, event.row_key), event.held["added_in"])
    ours, undone = set(asked.commits), set(session.scalars(_UNDONE))
    for name, model in _TABLES.items():
        keys = [column.name for column in inspect(model).primary_key]
        station = "id" if name == "stations" else "station_id"
        rows = session.scalars(
            text(f"SELECT to_jsonb(t) FROM {name} t WHERE t.{station} = ANY (:ids)"),  # noqa: S608 (our own names)
            {"ids": list(ids)},
        )
        for content in rows:
            row = found[content[station]].row(name, {key: content[key] for key in keys})
            since = content["added_in"]
            if since in undone and since not in ours:
                # Taken out and put back: it is still the row that somebody had added before.
                since = first_added.get(_named(name, row.key), since)
            row.present, row.added, row.void = content, since in ours, since in undone
    return found.values()


class _Work:
    """What is to be written for a page of stations."""

    def __init__(self, session: Session, reason: str) -> None:
        self._session = session
        self._reason = reason
        self._restores: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._removals: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._returns: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def decide(self, station: _OneStation, told: _Told) -> None:
        """Decide over a station with all its rows."""
        own = next((row for row in station.rows.values() if row.table == "stations"), None)
        if own is None or own.present is None:
            return
        if own.added:
            self._withdraw(station, own, told)
            return
        kept_hours = False
        # The station first: dated exceptions follow its hours.
        for row in sorted(station.rows.values(), key=lambda row: row.table != "stations"):
            if row.added and row.table in _STAY:
                continue
            steps, stays = take_back(row.table, row.present, row.events, added=row.added)
            if row.table == "hours_exceptions" and kept_hours:
                stays += [Stay(step.field, step.now, step.now, "changed_since", None, None) for step in steps]
                steps = []
            for step in steps:
                self._step(row, step)
                told.step(
                    Done(row.table, row.key, station.id, step.op, step.field, step.now, step.back or None)
                )
            for stay in stays:
                kept_hours |= stay.field == "hours"
                told.stay(
                    Kept(
                        row.table,
                        row.key,
                        station.id,
                        stay.field,
                        stay.wrote,
                        stay.now,
                        stay.why,
                        stay.by,
                        stay.at,
                    )
                )

    def _withdraw(self, station: _OneStation, own: _Row, told: _Told) -> None:
        """Withdraw a station that was added, unless somebody has worked on it since."""
        present = own.present or {}
        others = [
            event
            for row in station.rows.values()
            if row.table != _BOOKS
            for event in row.events
            if not event.ours
        ]
        foreign = [
            row
            for row in station.rows.values()
            if row.present is not None and not (row.added or row.void) and row.table != _BOOKS
        ]
        name = present["names"]["zh"]
        if others or foreign:
            by = others[-1] if others else Event("", {}, False)
            told.stay(Kept("stations", own.key, station.id, "station", name, name, "worked_on", by.by, by.at))
        elif present["withdrawn_reason"] is None:
            back = {"withdrawn_reason": self._reason, "same_as": None}
            self._restores["stations"].append({"key": own.key, "held": back})
            told.step(Done("stations", own.key, station.id, "withdraw", "station", name, None))

    def _step(self, row: _Row, step: Step) -> None:
        if step.op == "remove":
            self._removals[row.table].append(row.key)
        elif step.op == "put_back":
            self._returns[row.table].append(dict(step.back))
        else:
            held = {column: value for column, value in step.back.items() if not column.startswith("names.")}
            tags = {
                column.removeprefix("names."): value
                for column, value in step.back.items()
                if column.startswith("names.")
            }
            if tags:
                names = self._names(row)
                names |= {tag: value for tag, value in tags.items() if value is not None}
                for tag in [tag for tag, value in tags.items() if value is None]:
                    names.pop(tag, None)
                held["names"] = dict(names)
            self._restores[row.table].append({"key": row.key, "held": held})

    @staticmethod
    def _names(row: _Row) -> dict[str, Any]:
        # Shared by the steps of one station, so that the last of them holds all.
        names: dict[str, Any] = (row.present or {})["names"]
        return names

    def write(self) -> None:
        """Write the page. Raises NotAllowed where a row policy lets less through than was decided."""
        for table, keys in self._removals.items():
            self._run(f"DELETE FROM {table} t USING {_recordset(table)} WHERE {_same(table)}", keys)  # noqa: S608
        for table, changes in self._restores.items():
            merged: dict[str, dict[str, Any]] = {}
            for change in changes:
                name = orjson.dumps(change["key"], option=orjson.OPT_SORT_KEYS).decode()
                merged.setdefault(name, {**change["key"], "held": {}})["held"] |= change["held"]
            columns = ", ".join(_columns(table))
            self._run(
                f"UPDATE {table} t SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(t, r.held)) "  # noqa: S608
                f"FROM {_recordset(table, held=True)} WHERE {_same(table)}",
                list(merged.values()),
            )
        for table, rows in self._returns.items():
            columns = ", ".join((*_keys(table), *_columns(table)))
            self._run(
                f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "  # noqa: S608
                f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb)) "
                "ON CONFLICT DO NOTHING",
                rows,
                all_of_them=False,
            )

    def _run(self, statement: str, rows: list[dict[str, Any]], *, all_of_them: bool = True) -> None:
        done: Any = self._session.execute(text(statement), {"rows": orjson.dumps(rows, default=str).decode()})
        if all_of_them and done.rowcount != len(rows):
            raise NotAllowed(
                f"{len(rows) - done.rowcount} of {len(rows)} rows are of stations that you may not change: "
                "nothing was taken back"
            )


def _keys(table: str) -> list[str]:
    return [column.name for column in inspect(_TABLES[table]).primary_key]


def _columns(table: str) -> list[str]:
    """Return the columns that people or imports write."""
    never = {*_keys(table), "code", "added_in"}
    return [
        column.name
        for column in _TABLES[table].__table__.columns
        if column.name not in never and column.computed is None
    ]


def _recordset(table: str, *, held: bool = False) -> str:
    types = {"station_id": "bigint", "source_id": "bigint", "id": "bigint", "amenity": "text"}
    columns = ", ".join(f"{key} {types[key]}" for key in _keys(table)) + (", held jsonb" if held else "")
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r ({columns})"


def _same(table: str) -> str:
    return " AND ".join(f"t.{key} = r.{key}" for key in _keys(table))
