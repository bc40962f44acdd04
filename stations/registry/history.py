"""Who changed what, when and why: commits, newest first, and what each of them did.

A commit is what somebody did at once: one reason, one actor, perhaps one batch of an import. What it did is in the
history (rows changed and removed) and in ``added_in`` (rows added); both are asked. Pages go on after the ``seq`` or
the station that the last one ended with, so nothing is lost or told twice while others write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Change, Commit, Staff, Station
from stations.registry.commit_counts import Doing, doings, first_touched
from stations.registry.commit_search import ADDED_IN_OF_REMOVED, Asked, by_index, conditions
from stations.registry.kept import KEPT, OF_PEOPLE, OF_STATION, Kept, as_held
from stations.registry.past import Changed, walk_back

__all__ = [
    "Asked",
    "Doing",
    "Elsewhere",
    "Entry",
    "History",
    "commit",
    "commits",
    "done_elsewhere",
    "done_to",
    "of_station",
    "touched",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit: its number, when, who, why; what it did in numbers, and the first stations that it touched."""

    id: int
    seq: int
    at: datetime
    actor_id: int
    actor: str
    #: By which the parts of the system are known.
    login: str
    reason: str
    batch_id: int | None
    doings: tuple[Doing, ...] = ()
    #: (code, Chinese name) of up to three.
    stations: tuple[tuple[str, str], ...] = ()
    #: Stations touched in all, as far as they were counted.
    station_count: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one station, newest first: each commit with the rows that it changed."""

    entries: tuple[tuple[Entry, tuple[Changed, ...]], ...]
    #: What to go on before; None at the end.
    before: int | None
    #: How many commits touched the station in all.
    commits: int


class Elsewhere(NamedTuple):
    """A row of no station that a commit changed; None before for one that it added, None after for a removed one."""

    table: str
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def commits(session: Session, asked: Asked, *, limit: int = 30) -> tuple[tuple[Entry, ...], int | None]:
    """Return the commits asked for, newest first, with what they did in numbers; and what to go on before."""
    with by_index(session):
        found = session.scalars(
            select(Commit.id)
            .where(Commit.seq.is_not(None), *conditions(session, asked))
            .order_by(Commit.seq.desc())
            .limit(limit + 1)
        ).all()
    entries = _entries(session, found[:limit], asked.tables)
    return entries, (entries[-1].seq if len(found) > limit else None)


def commit(session: Session, seq: int, *, people: bool = False) -> Entry:
    """Return one commit by its number. Raises NotFound."""
    asked = Asked(people=people, public=True)
    found = session.scalars(select(Commit.id).where(Commit.seq == seq)).all()
    if not found:
        raise NotFound(f"there is no commit number {seq}")
    return _entries(session, found, asked.tables)[0]


def touched(
    session: Session, entry: Entry, *, after: int = 0, limit: int = 30
) -> tuple[tuple[int, ...], bool]:
    """Return the ids of the stations that a commit touched, in their order after one; and whether there are more."""
    parts: list[Select[Any]] = [
        select(kept.station_id.label("station_id")).where(kept.added_in == entry.id) for kept in OF_STATION
    ]
    parts += [
        select(Change.station_id.label("station_id")).where(Change.commit_id == entry.id),
        # Added by this commit and removed since.
        select(Change.station_id.label("station_id")).where(
            Change.op == "delete", ADDED_IN_OF_REMOVED.in_([entry.id])
        ),
    ]
    # Each part ends early: a commit that brought a hundred thousand stations is told a page at a time.
    heads = []
    for part in parts:
        station_id = part.selected_columns.station_id
        head = part.where(station_id > after).distinct().order_by(station_id).limit(limit + 1)
        heads.append(select(head.subquery().c.station_id))
    found = union(*heads).subquery()
    ids = session.scalars(select(found.c.station_id).order_by(found.c.station_id).limit(limit + 1)).all()
    return tuple(ids[:limit]), len(ids) > limit


def done_to(session: Session, entry: Entry, station_ids: Collection[int]) -> dict[int, list[Changed]]:
    """Return the rows of these stations that a commit changed, by station, before and after it."""
    found: dict[int, list[Changed]] = {}
    if station_ids:
        for step in walk_back(session, list(station_ids), down_to=entry.seq - 1):
            if step.commit_id == entry.id:
                for changed in step.changed:
                    found.setdefault(changed.station_id, []).append(changed)
    return found


def done_elsewhere(
    session: Session, entry: Entry, *, people: bool = False, limit: int = 200
) -> tuple[Elsewhere, ...]:
    """Return what a commit did to rows of no station, as far as ``limit``. Rows that it added are told as they are now."""
    tables = [kept for kept in KEPT.values() if people or kept.name not in OF_PEOPLE]
    rows = session.execute(
        # Outlines are megabytes, and nobody reads them.
        select(Change.table_name, Change.row_key, Change.op, Change.held.op("-")("geom").label("held"))
        .where(
            Change.commit_id == entry.id,
            Change.station_id.is_(None),
            Change.table_name.in_([kept.name for kept in tables]),
        )
        .order_by(Change.id)
        .limit(limit)
    ).all()
    found = []
    for row in rows:
        held = {name: value for name, value in row.held.items() if name not in KEPT[row.table_name].untold}
        if row.op == "delete":
            found.append(Elsewhere(row.table_name, row.row_key, held, None))
        else:
            was, now = ({name: pair[side] for name, pair in held.items()} for side in (0, 1))
            found.append(Elsewhere(row.table_name, row.row_key, row.row_key | was, row.row_key | now))
    for kept in tables:
        if kept.station is None or kept.table.c[kept.station].nullable:
            alone = [kept.station_id.is_(None)] if kept.station else []
            added = session.scalars(
                select(as_held(kept)).where(kept.added_in == entry.id, *alone).limit(limit - len(found))
            )
            found += [Elsewhere(kept.name, {key: row[key] for key in kept.keys}, None, row) for row in added]
    return tuple(found)


def of_station(session: Session, code: str, *, before: int | None = None, limit: int = 30) -> History:
    """Return what happened to a station, newest first. Raises NotFound; closed and withdrawn ones are told like any."""
    station_id = session.scalar(select(Station.id).where(Station.code == code))
    if station_id is None:
        raise NotFound(f"no station has the code {code!r}")
    steps = [step for step in walk_back(session, [station_id]) if step.changed and step.seq is not None]
    wanted = [step for step in steps if before is None or (step.seq or 0) < before]
    shown = wanted[:limit]
    entries = {entry.id: entry for entry in _entries(session, [step.commit_id for step in shown], ())}
    told = tuple((entries[step.commit_id], step.changed) for step in shown)
    return History(told, shown[-1].seq if len(wanted) > limit else None, len(steps))


def _entries(session: Session, ids: Sequence[int], tables: Sequence[Kept]) -> tuple[Entry, ...]:
    rows = session.execute(
        select(
            Commit.id,
            Commit.seq,
            Commit.at,
            Commit.actor_id,
            func.coalesce(Staff.display_name, "").label("actor"),
            func.coalesce(Staff.login, "").label("login"),
            Commit.reason,
            Commit.batch_id,
        )
        .outerjoin(Staff, Staff.id == Commit.actor_id)
        .where(Commit.id.in_(ids), Commit.seq.is_not(None))
        .order_by(Commit.seq.desc())
    ).all()
    with by_index(session):
        counted, first = doings(session, ids, tables), first_touched(session, ids, tables)
    return tuple(
        Entry(
            row.id,
            row.seq or 0,
            row.at,
            row.actor_id,
            row.actor,
            row.login,
            row.reason,
            row.batch_id,
            counted.get(row.id, ()),
            named,
            count,
        )
        for row in rows
        for named, count in [first.get(row.id, ((), 0))]
    )
