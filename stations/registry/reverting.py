"""Taking changes back: one change, some commits or a whole import, field by field, with the ledger as the truth.

What somebody else has changed since stays and is told. A station that was added is withdrawn, never deleted, and one
that somebody has worked on since stays as it is. What is taken back is itself a commit, and can be taken back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.errors import Invalid, NotFound
from stations.registry.kept_rows import TABLES, Asked, KeptRow, KeptStation, kept_stations
from stations.registry.rewriting import put_back, remove, restore
from stations.registry.taking_back import Event, Stay, Step, take_back
from stations.registry.writing import acting

__all__ = ["MOST_TOLD", "Done", "Kept", "Reverted", "revert"]

#: How many steps are told one by one; all are counted.
MOST_TOLD: Final = 1_000
_PAGE: Final = 2_000
#: No policy lets a row of these go; they say how a source called the station, what it was once given or what it offered.
_STAY: Final = frozenset({"station_sources", "honours", "notices", "events"})
#: How a source calls a station is nobody's work on it.
_BOOKS: Final = "station_sources"

_TOUCHED: Final = """
    SELECT station_id FROM history WHERE station_id IS NOT NULL AND (commit_id = ANY (:commits) OR id = :change)
        AND table_name = ANY (:tables)
"""
_ADDED: Final = "SELECT {station} AS station_id FROM {table} WHERE added_in = ANY (:commits)"
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
) -> Asked:
    if sum(given is not None for given in (commit_ids, batch_id, history_id)) != 1:
        raise Invalid("say what to take back: commits, a batch or one change", field="commit_ids")
    if history_id is not None:
        if session.scalar(text("SELECT id FROM history WHERE id = :id"), {"id": history_id}) is None:
            raise NotFound(f"the ledger has no change {history_id}")
        return Asked([], history_id)
    if batch_id is not None:
        found = session.scalars(
            text("SELECT id FROM commits WHERE batch_id = :id ORDER BY id"), {"id": batch_id}
        )
        return Asked(list(found), None)
    wanted = sorted(set(commit_ids or ()))
    known = set(session.scalars(text("SELECT id FROM commits WHERE id = ANY (:ids)"), {"ids": wanted}))
    if missing := [number for number in wanted if number not in known]:
        raise NotFound(f"the ledger has no commit {', '.join(map(str, missing[:10]))}")
    return Asked(wanted, None)


def _pages(session: Session, asked: Asked, reason: str, told: _Told, *, write: bool) -> None:
    added = " UNION ".join(
        _ADDED.format(table=name, station="id" if name == "stations" else "station_id") for name in TABLES
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
        for station in kept_stations(session, asked, page):
            work.decide(station, told)
        if write:
            work.write()


class _Work:
    """What is to be written for a page of stations."""

    def __init__(self, session: Session, reason: str) -> None:
        self._session = session
        self._reason = reason
        self._restores: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._removals: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._returns: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def decide(self, station: KeptStation, told: _Told) -> None:
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

    def _withdraw(self, station: KeptStation, own: KeptRow, told: _Told) -> None:
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

    def _step(self, row: KeptRow, step: Step) -> None:
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
    def _names(row: KeptRow) -> dict[str, Any]:
        # Shared by the steps of one station, so that the last of them holds all.
        names: dict[str, Any] = (row.present or {})["names"]
        return names

    def write(self) -> None:
        """Write the page. Raises NotAllowed where a row policy lets less through than was decided."""
        for table, keys in self._removals.items():
            remove(self._session, TABLES[table], keys)
        for table, changes in self._restores.items():
            restore(self._session, TABLES[table], changes)
        for table, rows in self._returns.items():
            put_back(self._session, TABLES[table], rows)
