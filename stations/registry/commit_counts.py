"""What commits did, in numbers that cost little however much it was: counted so far and no further."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, Text, func, literal, select, true, type_coerce, union_all
from sqlalchemy.orm import Session

from stations.models import Change, Commit, Station
from stations.registry.kept import KEPT, Kept

__all__ = ["COUNTED", "Doing", "doings", "first_touched"]

#: An import may have touched a million rows; more than so many of a table are not counted.
COUNTED = 1000
_SAMPLE = 3


@dataclass(frozen=True, slots=True)
class Doing:
    """How many rows of a table a commit added, changed (update) or removed (delete); ``COUNTED`` may mean more."""

    table: str
    op: str
    rows: int


def doings(
    session: Session, commit_ids: Sequence[int], tables: Sequence[Kept]
) -> dict[int, tuple[Doing, ...]]:
    """Return what each of these commits did to the tables."""
    if not commit_ids or not tables:
        return {}
    wanted = select(Commit.id).where(Commit.id.in_(commit_ids)).subquery("wanted")
    parts: list[Select[Any]] = []
    for kept in tables:
        added = select(literal(1).label("one")).where(kept.added_in == wanted.c.id).limit(COUNTED).lateral()
        parts.append(
            select(
                wanted.c.id,
                literal(kept.name, Text).label("table_name"),
                literal("add", Text).label("op"),
                func.count(),
            )
            .select_from(wanted.join(added, true()))
            .group_by(wanted.c.id)
        )
        changed = (
            select(Change.op)
            .where(Change.commit_id == wanted.c.id, Change.table_name == kept.name)
            .limit(COUNTED)
            .lateral()
        )
        parts.append(
            select(wanted.c.id, literal(kept.name, Text), changed.c.op, func.count())
            .select_from(wanted.join(changed, true()))
            .group_by(wanted.c.id, changed.c.op)
        )
    found: defaultdict[int, list[Doing]] = defaultdict(list)
    for commit_id, table, op, rows in session.execute(union_all(*parts)):
        found[commit_id].append(Doing(table, op, rows))
    order = list(KEPT)
    return {
        commit_id: tuple(sorted(done, key=lambda one: (order.index(one.table), one.op)))
        for commit_id, done in found.items()
    }


def first_touched(
    session: Session, commit_ids: Sequence[int], tables: Sequence[Kept]
) -> dict[int, tuple[tuple[tuple[str, str], ...], int]]:
    """Return for each commit the code and name of up to three stations that it touched, and how many there are."""
    of_stations = [kept for kept in tables if kept.station is not None]
    if not commit_ids or not of_stations:
        return {}
    wanted = select(Commit.id).where(Commit.id.in_(commit_ids)).subquery("wanted")
    changed = (
        select(Change.station_id)
        .where(
            Change.commit_id == wanted.c.id,
            Change.station_id.is_not(None),
            Change.table_name.in_([kept.name for kept in of_stations]),
        )
        .limit(COUNTED)
    )
    laterals = [
        select(kept.station_id.label("station_id")).where(kept.added_in == wanted.c.id).limit(COUNTED)
        for kept in of_stations
    ]
    parts = [
        select(wanted.c.id, found.c.station_id).select_from(wanted.join(found, true()))
        for found in (one.lateral() for one in (changed, *laterals))
    ]
    each = union_all(*parts).subquery()
    ids = type_coerce(func.array_agg(each.c.station_id.distinct()), ARRAY(BigInteger))
    rows = session.execute(
        select(each.c.id, ids[1:_SAMPLE].label("first"), func.count(each.c.station_id.distinct()))
        .where(each.c.station_id.is_not(None))
        .group_by(each.c.id)
    ).all()
    first = {station for row in rows for station in row.first}
    names = {
        row.id: (row.code, row.name)
        for row in session.execute(
            select(Station.id, Station.code, Station.names["zh"].astext.label("name")).where(
                Station.id.in_(first)
            )
        )
    }
    return {row.id: (tuple(names[station] for station in row.first), row[2]) for row in rows}
