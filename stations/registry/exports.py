"""The whole answer to a query as a stream: features or flat rows in order, and what changed since a commit.

A stream reads within the caller's transaction, some thousands of rows at a time. Where that transaction sees one
snapshot, the answer is whole and of one moment, and ``last_change`` says of which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Select, and_, case, func, literal, select
from sqlalchemy.orm import Session

from stations.errors import Invalid
from stations.hours import Standing
from stations.models import Commit, CommitCounter, PublicStation, Region, Source, Station
from stations.query import Open, StationQuery
from stations.registry import public, queries, schedules
from stations.registry.flat import Cell, Flattener

__all__ = ["Told", "changes", "count", "features", "last_change", "rows", "sources"]

P = PublicStation
#: Rows fetched at a time.
_AT_A_TIME: Final = 2_000


class Told(NamedTuple):
    """One change: the number of its commit, the station, and its feature or None: it is not in the set any more."""

    seq: int
    code: str
    feature: str | None


def last_change(session: Session) -> int:
    """Return the number of the last commit that the transaction sees: everything up to it is seen, nothing after."""
    return session.scalar(select(CommitCounter.last)) or 0


def count(session: Session, query: StationQuery, *, now: datetime | None = None) -> tuple[int, int]:
    """Return how many stations answer a query, and how many of them are located."""
    moment = public.moment_of(query, now)
    found = session.execute(
        select(func.count(), func.count(P.location)).where(*_conditions(session, query, moment))
    ).one()
    return found[0], found[1]


def features(session: Session, query: StationQuery, *, now: datetime | None = None) -> Iterator[str]:
    """Yield the stations that answer a query as complete GeoJSON features, with the state at the moment asked about.

    In the order of codes, or nearest first where the query has a point; its limit counts and its cursor does not.
    """
    moment = public.moment_of(query, now)
    for some in _pages(session, query, moment):
        for row, standing in zip(some, _standings(session, some, moment), strict=True):
            yield public.with_state(row.feature, standing, metres=getattr(row, "metres", None))


def rows(
    session: Session, query: StationQuery, *, lang: str, now: datetime | None = None
) -> Iterator[tuple[Cell, ...]]:
    """Yield the same stations as flat rows, see ``stations.registry.flat``. lang: of labels and names of regions."""
    moment = public.moment_of(query, now)
    flattener = Flattener(lang, _regions(session, lang), moment.isoformat(timespec="minutes"))
    for some in _pages(session, query, moment):
        for row, standing in zip(some, _standings(session, some, moment), strict=True):
            yield flattener.row(orjson.loads(row.feature), row.lineage, standing.state)


def changes(session: Session, since: int, query: StationQuery) -> Iterator[Told]:
    """Yield what changed since a commit, in the order of commits, each station as it is now.

    query: which stations a copy holds. A station that changed and is none of them, because it was withdrawn or left
    them, is told without its feature: the tombstone that the copy needs. Raises Invalid for a question whose answer
    changes without a commit, or that is one page of a larger one.
    """
    for name, given in (
        ("open", query.open is Open.NOW),
        ("at", query.at is not None),
        ("limit", query.limit is not None),
    ):
        if given:
            raise Invalid(f"{name}: changes are told of a set that time alone does not change", field=name)
    wanted = and_(*_conditions(session, query, public.moment_of(query)))
    statement = (
        select(Commit.seq, P.code, case((wanted, P.feature), else_=None).label("feature"))
        .join(Commit, Commit.id == P.commit_id)
        .where(Commit.seq > since)
        .order_by(Commit.seq, P.station_id)
    )
    for row in session.execute(statement, execution_options={"yield_per": _AT_A_TIME}):
        yield Told(row.seq, row.code, row.feature)


def sources(session: Session) -> list[Source]:
    """Return the lists that stations of the public view come from, by code."""
    named = select(Station.source_id).where(Station.source_id.is_not(None))
    return list(session.scalars(select(Source).where(Source.id.in_(named)).order_by(Source.code)))


def _conditions(session: Session, query: StationQuery, moment: datetime) -> list[Any]:
    return queries.conditions(query, moment, public.computed(session, query, moment))


def _pages(session: Session, query: StationQuery, moment: datetime) -> Iterator[Sequence[Any]]:
    columns: list[Any] = [P.station_id, P.feature, P.schedule_key, P.lifecycle, P.lineage]
    statement: Select[Any]
    if query.near is None:
        statement = select(*columns).order_by(P.station_id)
    else:
        statement = select(*columns, queries.metres_to(query.near).label("metres")).order_by(
            queries.nearest_first(query.near), P.station_id
        )
    statement = statement.where(*_conditions(session, query, moment)).limit(query.limit)
    found = session.execute(statement, execution_options={"yield_per": _AT_A_TIME})
    yield from found.partitions()


def _standings(session: Session, some: Sequence[Any], moment: datetime) -> Iterator[Standing]:
    hours = schedules.hours_of(session, [row.schedule_key for row in some])
    known: dict[tuple[str, str], Standing] = {}
    for row in some:
        key = (row.schedule_key, row.lifecycle)
        if key not in known:
            known[key] = public.state_of(hours.get(row.schedule_key), row.lifecycle, moment)
        yield known[key]


def _regions(session: Session, lang: str) -> Mapping[str, tuple[str, str]]:
    name = func.coalesce(Region.names[literal(lang)].astext, Region.names["zh"].astext)
    found = session.execute(select(Region.code, Region.level, name.label("name")))
    return {row.code: (row.level, row.name) for row in found}
