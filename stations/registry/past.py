"""What stations were: the present rows with later changes taken back, commit by commit.

Nothing is stored twice, so the past is worked out: the walk begins at the present and takes back one commit after the
other, newest first. A row that a commit added is gone before it; one that it removed is there again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Change, Commit, CommitCounter, Station
from stations.registry.kept import KEPT, OF_STATION, as_held

__all__ = ["Changed", "Key", "Row", "StationThen", "Step", "last_seq", "seq_at", "station_at", "walk_back"]

Row: TypeAlias = dict[str, Any]


class Key(NamedTuple):
    """What names one row of one table."""

    table: str
    values: tuple[Any, ...]


class Changed(NamedTuple):
    """One row that a commit changed: None before for one that it added, None after for one that it removed.

    ``history``: the ids under which the history holds the change; none for a row that was only added.
    """

    key: Key
    station_id: int
    before: Row | None
    after: Row | None
    history: tuple[int, ...]


class Step(NamedTuple):
    """One commit and the rows that differ because of it. ``seq`` is None while it is not ended."""

    commit_id: int
    seq: int | None
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class StationThen:
    """A station as it was: its own row, and by table the rows that belonged to it, as the history spells values."""

    station: Row
    rows: Mapping[str, tuple[Row, ...]]


def last_seq(session: Session) -> int:
    """Return the number of the last commit: as long as it is the same, so is everything in the registry."""
    return session.scalar(select(CommitCounter.last)) or 0


def seq_at(session: Session, at: datetime) -> int:
    """Return the number of the last commit that was made by then; 0 before the first."""
    found = session.scalar(
        select(Commit.seq)
        .where(Commit.at <= at, Commit.seq.is_not(None))
        .order_by(Commit.at.desc(), Commit.seq.desc())
        .limit(1)
    )
    return found or 0


def station_at(
    session: Session, code: str, *, seq: int | None = None, at: datetime | None = None
) -> StationThen | None:
    """Return a station as it was after the commit numbered ``seq``, or at a moment; None where it was not yet there.

    With neither it is told as it is. Raises NotFound for a code that was never given.
    """
    if at is not None:
        seq = seq_at(session, at)
    station_id = session.scalar(select(Station.id).where(Station.code == code))
    if station_id is None:
        raise NotFound(f"no station has the code {code!r}")
    past = _Past.of(session, [station_id])
    for _ in past.back(down_to=seq):
        pass
    held = past.rows
    own = held.get(Key("stations", (station_id,)))
    if own is None:
        return None
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for key in sorted(held, key=str):
        if key.table != "stations":
            rows[key.table].append(held[key])
    return StationThen(own, {table: tuple(found) for table, found in rows.items()})


def walk_back(session: Session, station_ids: Sequence[int], *, down_to: int | None = 0) -> Iterator[Step]:
    """Yield the commits that touched these stations, newest first, down to and without the one numbered ``down_to``."""
    yield from _Past.of(session, station_ids).back(down_to=down_to)


@dataclass(slots=True)
class _Past:
    """The rows of some stations at one moment, and what has to be taken back to go on."""

    rows: dict[Key, Row]
    #: By commit, each newest first.
    changes: Mapping[int, Sequence[Any]]
    #: Every commit that touched these rows, newest first, with its number.
    commits: Sequence[tuple[int, int | None]]

    @classmethod
    def of(cls, session: Session, station_ids: Sequence[int]) -> _Past:
        rows: dict[Key, Row] = {}
        ids = list(station_ids)
        for kept in OF_STATION:
            for (row,) in session.execute(select(as_held(kept)).where(kept.station_id.in_(ids))):
                rows[Key(kept.name, kept.key_of(row))] = row
        found = session.execute(
            select(Change.id, Change.commit_id, Change.table_name, Change.row_key, Change.op, Change.held)
            .where(Change.station_id.in_(ids), Change.table_name.in_([kept.name for kept in OF_STATION]))
            .order_by(Change.id.desc())
        ).all()
        changes: defaultdict[int, list[Any]] = defaultdict(list)
        added: set[int] = {row["added_in"] for row in rows.values()}
        for change in found:
            changes[change.commit_id].append(change)
            if change.op == "delete":
                added.add(change.held["added_in"])
        numbers = session.execute(
            select(Commit.id, Commit.seq)
            .where(Commit.id.in_(added.union(changes)))
            .order_by(Commit.seq.desc().nulls_first(), Commit.id.desc())
        )
        return cls(rows, changes, [(row.id, row.seq) for row in numbers])

    def back(self, *, down_to: int | None) -> Iterator[Step]:
        """Take back every commit after the one numbered ``down_to``; none where that is None."""
        added: defaultdict[int, set[Key]] = defaultdict(set)
        for key, row in self.rows.items():
            added[row["added_in"]].add(key)
        for commit_id, seq in self.commits:
            if down_to is None or (seq is not None and seq <= down_to):
                return
            after: dict[Key, Row | None] = {}
            known: defaultdict[Key, list[int]] = defaultdict(list)
            for change in self.changes.get(commit_id, ()):
                key = Key(change.table_name, tuple(change.row_key[k] for k in KEPT[change.table_name].keys))
                after.setdefault(key, self.rows.get(key))
                known[key].append(change.id)
                self._take_back(key, change)
                added[self.rows[key]["added_in"]].add(key)
            for key in added.pop(commit_id, ()):
                # A row of the same key may have been added once more since.
                if (there := self.rows.get(key)) is not None and there["added_in"] == commit_id:
                    after.setdefault(key, there)
                    del self.rows[key]
            changed = [
                Changed(
                    key, _station_of(key, self.rows.get(key), now), self.rows.get(key), now, tuple(known[key])
                )
                for key, now in after.items()
                if self.rows.get(key) != now
            ]
            yield Step(commit_id, seq, tuple(changed))

    def _take_back(self, key: Key, change: Any) -> None:
        if change.op == "delete":
            self.rows[key] = {
                name: value for name, value in change.held.items() if name not in KEPT[key.table].untold
            }
        else:
            was = {name: pair[0] for name, pair in change.held.items() if name not in KEPT[key.table].untold}
            self.rows[key] = self.rows.get(key, {}) | was


def _station_of(key: Key, *rows: Row | None) -> int:
    station: int = next(row for row in rows if row is not None)[KEPT[key.table].station or "id"]
    return station
