"""Which commits are meant: by who made them, when, in which batch, in which tables and in which regions.

A commit of an import has put its number into most rows of a table. The planner then takes every number for a common one
and would read whole tables for each commit of a page; ``by_index`` keeps it to the indexes, by which each commit is
looked up, or its first thousand rows, in no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    false,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from stations.models import Change, Commit, Region, Station
from stations.registry.kept import KEPT, OF_PEOPLE, Kept

__all__ = ["ADDED_IN_OF_REMOVED", "Asked", "by_index", "conditions"]

#: The commit that added a row which is gone, written as the index on it is.
ADDED_IN_OF_REMOVED: ColumnElement[int] = literal_column(
    "(history.held ->> 'added_in')::bigint", BigInteger()
)
#: Of a region with no more stations the commits are gathered station by station; else commit by commit, newest first.
_FEW = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """Which commits are wanted. What is left out asks for all.

    regions: commits that touched stations there or below. people: whether changes of accounts are told as well.
    before: those numbered below. public: whether what the public says is told too.
    """

    actor: int | None = None
    table: str | None = None
    regions: tuple[str, ...] = ()
    batch: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    people: bool = False
    public: bool = False

    @property
    def tables(self) -> tuple[Kept, ...]:
        """The tables whose changes are told."""
        return tuple(
            kept
            for kept in KEPT.values()
            if (self.table is None or kept.name == self.table)
            and (self.people or kept.name not in OF_PEOPLE)
            and (self.public or self.table == "reports" or kept.name != "reports")
            and (not self.regions or kept.station is not None)
        )


@contextmanager
def by_index(session: Session) -> Iterator[None]:
    """Keep the planner to index scans for the questions of the block; without an index it reads the table all the same.

    After an error the transaction is over, and the setting with it.
    """
    session.execute(_INDEXES_ONLY, {"on": "off"})
    yield
    session.execute(_INDEXES_ONLY, {"on": "on"})


_INDEXES_ONLY = text(
    "SELECT set_config('enable_seqscan', :on, true), set_config('enable_bitmapscan', :on, true)"
)


def conditions(session: Session, asked: Asked) -> list[ColumnElement[bool]]:
    """Return what a commit must meet."""
    found: list[ColumnElement[bool]] = []
    if asked.actor is not None:
        found.append(Commit.actor_id == asked.actor)
    if asked.batch is not None:
        found.append(Commit.batch_id == asked.batch)
    if asked.since is not None:
        found.append(Commit.at >= asked.since)
    if asked.until is not None:
        found.append(Commit.at < asked.until)
    if asked.before is not None:
        found.append(Commit.seq < asked.before)
    tables = asked.tables
    if not tables:
        return [false()]
    if not asked.regions:
        return [*found, _gathered(tables, None) if asked.table is not None else _tried(tables, None)]
    codes = session.scalars(select(Region.code).where(Region.lineage.overlap(list(asked.regions)))).all()
    some = select(Station.id).where(Station.region_code.in_(codes)).limit(_FEW + 1).subquery()
    few = (session.scalar(select(func.count()).select_from(some)) or 0) <= _FEW
    return [*found, _gathered(tables, codes) if few else _tried(tables, codes)]


def _gathered(tables: Sequence[Kept], codes: Sequence[str] | None) -> ColumnElement[bool]:
    """Return whether a commit is among all that touched these tables, or the stations of these regions in them."""
    parts = [part for part, _ in _ways(tables)]
    if codes is not None:
        inside = aliased(Station)
        stations = select(inside.id).where(inside.region_code.in_(codes))
        parts = [part.where(station_id.in_(stations)) for part, station_id in _ways(tables)]
    return Commit.id.in_(union_all(*parts))


def _tried(tables: Sequence[Kept], codes: Sequence[str] | None) -> ColumnElement[bool]:
    """Return whether a commit touched these tables, or stations of these regions in them, asked of one commit alone.

    Scalar subqueries are looked up for each commit as it comes; EXISTS might be answered by reading everything at once.
    """
    firsts = []
    for part, station_id in _ways(tables):
        (commit_id,) = part.selected_columns
        one = part.with_only_columns(literal(1)).where(commit_id == Commit.id)
        if codes is not None:
            # Looked up row by row: a join might begin with all stations of the region.
            there = aliased(Station)
            region = select(there.region_code).where(there.id == station_id).scalar_subquery()
            one = one.where(region.in_(codes))
        firsts.append(one.limit(1).correlate(Commit).scalar_subquery())
    return func.coalesce(*firsts, None).is_not(None)


def _ways(tables: Sequence[Kept]) -> list[tuple[Select[Any], ColumnElement[Any]]]:
    """Return the questions for the commits that touched tables, each with the station that a row belongs to."""
    names = [kept.name for kept in tables]
    station_id = Change.__table__.c.station_id
    found: list[tuple[Select[Any], ColumnElement[Any]]] = [
        (select(Change.commit_id).where(Change.table_name.in_(names)), station_id),
        (
            select(ADDED_IN_OF_REMOVED)
            .select_from(Change)
            .where(Change.op == "delete", Change.table_name.in_(names)),
            station_id,
        ),
    ]
    found += [
        (select(kept.added_in), kept.station_id if kept.station is not None else literal(None))
        for kept in tables
    ]
    return found
