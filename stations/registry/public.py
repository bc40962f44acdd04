"""What the public reads: pages of features, the nearest, one station, and the compact rows that a map draws.

Every answer is worked out for one moment. A feature comes ready from its public row; only the state at the moment is
put in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import NotFound
from stations.hours import SHANGHAI, Hours, Standing, State, standing
from stations.models import Commit, PublicStation, RegistryInfo
from stations.query import Open, StationQuery
from stations.registry import queries, schedules

__all__ = [
    "DEFAULT_LIMIT",
    "MAP_COLUMNS",
    "MapRows",
    "Page",
    "changes",
    "computed",
    "info",
    "map_rows",
    "moment_of",
    "page",
    "state_of",
    "station",
    "with_members",
    "with_state",
]

DEFAULT_LIMIT = 100
MAP_COLUMNS = (
    "code", "lon", "lat", "name", "kind", "lifecycle", "region", "state", "until", "then", "has", "inferred", "access",
)  # fmt: skip
P = PublicStation
_AMENITY_ORDER = {code: position for position, code in enumerate(words.AMENITIES)}


@dataclass(frozen=True, slots=True)
class Page:
    """Some features, each a complete GeoJSON text, and how to go on."""

    moment: datetime
    features: tuple[str, ...]
    #: How many stations answer the query in all; None where that was not asked.
    matched: int | None
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class MapRows:
    """All located stations that answer a query, as rows of ``MAP_COLUMNS``.

    ``has`` and ``inferred`` are bit sets over ``amenities``; bit 0 is the first. ``then`` is the state after ``until``.
    """

    moment: datetime
    rows: list[list[Any]]
    amenities: tuple[str, ...]
    matched: int
    unlocated: int


def info(session: Session) -> RegistryInfo:
    """Return what this registry is. Raises NotFound where regions were never loaded."""
    found = session.get(RegistryInfo, 1)
    if found is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    return found


def moment_of(query: StationQuery, now: datetime | None = None) -> datetime:
    """Return the moment that a query asks about, to the minute, in Asia/Shanghai."""
    moment = query.at or now or datetime.now(UTC)
    return moment.astimezone(SHANGHAI).replace(second=0, microsecond=0)


def state_of(hours: Hours | None, lifecycle: str, moment: datetime) -> Standing:
    """Return the state of a station at a moment: a station that is not in service is closed whatever its hours."""
    if lifecycle != words.Lifecycle.OPEN:
        return Standing(State.CLOSED, moment, None, None)
    return standing(hours or Hours(None), moment)


def computed(session: Session, query: StationQuery, moment: datetime) -> dict[State, list[str]]:
    """Return the schedules whose state at the moment had to be computed, as ``queries.conditions`` asks for them."""
    if query.open is not Open.NOW:
        return {State.OPEN: [], State.UNKNOWN: []}
    return {state: schedules.open_keys(session, moment, state) for state in (State.OPEN, State.UNKNOWN)}


def page(session: Session, query: StationQuery, *, now: datetime | None = None, count: bool = False) -> Page:
    """Return one page of features, by code, or nearest first where the query has a point.

    The cursor is a key of the last row, so no row is lost or told twice while others write. With ``near`` there is
    one page only. ``count`` asks for the number of all matches.
    """
    moment = moment_of(query, now)
    conditions = queries.conditions(query, moment, computed(session, query, moment))
    limit = query.limit or DEFAULT_LIMIT
    columns = [P.station_id, P.feature, P.schedule_key, P.lifecycle]
    if query.near is not None:
        rows = session.execute(
            select(*columns, queries.metres_to(query.near).label("metres"))
            .where(*conditions)
            .order_by(queries.nearest_first(query.near), P.station_id)
            .limit(limit)
        ).all()
        more = False
    else:
        after = [P.station_id > int(query.cursor)] if query.cursor else []
        rows = session.execute(
            select(*columns).where(*conditions, *after).order_by(P.station_id).limit(limit + 1)
        ).all()
        more, rows = len(rows) > limit, rows[:limit]
    matched = session.scalar(select(func.count()).select_from(P).where(*conditions)) if count else None
    hours = schedules.hours_of(session, [row.schedule_key for row in rows])
    features = tuple(
        with_state(
            row.feature,
            state_of(hours.get(row.schedule_key), row.lifecycle, moment),
            metres=getattr(row, "metres", None),
        )
        for row in rows
    )
    return Page(moment, features, matched, str(rows[-1].station_id) if more else None)


def with_state(feature: str, standing_now: Standing, *, metres: float | None = None) -> str:
    """Put the state at a moment, and the distance where one was asked, into a prebuilt feature."""
    extra = {
        "state": {
            "now": standing_now.state,
            "at": standing_now.at.isoformat(timespec="minutes"),
            "until": standing_now.until.isoformat(timespec="minutes") if standing_now.until else None,
            "then": standing_now.then,
            "plain_weekdays": standing_now.fallback,
        }
    } | ({} if metres is None else {"distance_m": round(metres)})
    return with_members(feature, extra)


def with_members(feature: str, members: Mapping[str, Any]) -> str:
    """Put further members into the properties of a prebuilt feature."""
    # The prebuilt text ends with the closing braces of ``properties`` and of the feature.
    return f"{feature[:-2]}, {json.dumps(members, ensure_ascii=False)[1:-1]}}}}}"


def station(session: Session, code: str, *, now: datetime | None = None) -> str:
    """Return one station as a GeoJSON feature; closed ones too. Raises NotFound, also for withdrawn ones."""
    if "\x00" in code:  # which PostgreSQL does not take even to compare
        raise NotFound(f"no station has the code {code!r}")
    row = session.execute(
        select(P.feature, P.schedule_key, P.lifecycle, P.listed).where(P.code == code)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no station has the code {code!r}")
    if not row.listed:
        raise NotFound(f"station {code} was withdrawn from the public registry")
    moment = moment_of(StationQuery(), now)
    hours = schedules.hours_of(session, [row.schedule_key])
    return with_state(row.feature, state_of(hours.get(row.schedule_key), row.lifecycle, moment))


def map_rows(session: Session, query: StationQuery, *, now: datetime | None = None) -> MapRows:
    """Return all located stations that answer a query, compact, and how many could not be drawn."""
    moment = moment_of(query, now)
    conditions = queries.conditions(query, moment, computed(session, query, moment))
    rows = session.execute(
        select(
            P.code, queries.x(P.location).label("lon"), queries.y(P.location).label("lat"), P.name, P.kind,
            P.lifecycle, P.region_code, P.schedule_key, P.has, P.inferred, P.access,
        )
        .where(*conditions)
        .order_by(P.station_id)
    ).all()  # fmt: skip
    hours = schedules.hours_of(session, [row.schedule_key for row in rows])
    states = {
        key: state_of(hours.get(key[0]), key[1], moment)
        for key in {(row.schedule_key, row.lifecycle) for row in rows}
    }
    drawn = []
    for row in rows:
        if row.lon is None:
            continue
        now_at = states[row.schedule_key, row.lifecycle]
        drawn.append(
            [
                row.code, round(row.lon, 6), round(row.lat, 6), row.name, row.kind, row.lifecycle, row.region_code,
                now_at.state, now_at.until.isoformat(timespec="minutes") if now_at.until else None, now_at.then,
                _bits(row.has), _bits(row.inferred), row.access,
            ]
        )  # fmt: skip
    return MapRows(moment, drawn, tuple(words.AMENITIES), len(rows), len(rows) - len(drawn))


def _bits(codes: Iterable[str]) -> int:
    return sum(1 << _AMENITY_ORDER[code] for code in codes)


def changes(
    session: Session, since: int, *, limit: int = 1000
) -> tuple[int, Sequence[tuple[int, str, str | None]]]:
    """Return what changed in the public view after the commit numbered ``since``.

    Returns the number to ask from next time, and (seq, code, feature) in the order of commits, feature None for a
    tombstone. A commit is always told whole, so an answer may be longer than ``limit``.
    """
    rows = session.execute(
        select(Commit.seq, P.code, P.feature)
        .join(Commit, Commit.id == P.commit_id)
        .where(Commit.seq > since)
        .order_by(Commit.seq, P.station_id)
        .limit(limit)
    ).all()
    if len(rows) == limit:
        last = rows[-1].seq
        rest = session.execute(
            select(Commit.seq, P.code, P.feature)
            .join(Commit, Commit.id == P.commit_id)
            .where(Commit.seq == last)
            .order_by(P.station_id)
        ).all()
        rows = [row for row in rows if row.seq < last] + list(rest)
    return (rows[-1].seq if rows else since), [(row.seq, row.code, row.feature) for row in rows]
