"""The queue of reports: what waits for a decision and how many say so, and what was decided last.

Reports of one station that say the same stand as one group and are decided as one (``stations.keeping.deciding``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from stations.keeping.reports import CONFIRMATION
from stations.keeping.voices import Agreement, public_voice
from stations.models import PublicStation, Region, Report, Station

__all__ = [
    "Decided",
    "Filter",
    "Group",
    "Page",
    "Waiting",
    "decided",
    "waiting",
    "waiting_count",
]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports are wanted. regions: None for all; a station of no region is everybody's who keeps them all.

    region: only there and below, within ``regions``. older_than: received so long ago. after: (oldest, its id) of the last group of the page before.
    """

    regions: tuple[str, ...] | None = None
    region: str | None = None
    choice: str | None = None
    older_than: timedelta | None = None
    station: str | None = None
    after: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One report, as staff see it: its words and its photo too."""

    id: int
    made_at: datetime
    received_at: datetime
    words: str | None
    photo: str | None
    words_shown: bool
    photo_shown: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Reports of one station that say the same. ``devices``: how many said it lately, as the public is counted."""

    station_id: int
    code: str
    name: str
    lifecycle: str
    region: Mapping[str, str] | None
    region_code: str | None
    withdrawn: bool
    #: What the public reads of the station; None for one that was withdrawn.
    facts: Mapping[str, Any] | None
    choice: str
    amenity: str | None
    oldest: datetime
    first_id: int
    count: int
    ids: tuple[int, ...]
    reports: tuple[Waiting, ...]
    devices: int
    #: Enough devices and networks for the public to be told.
    told: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some groups, oldest first, and what to go on after; None at the end."""

    groups: tuple[Group, ...]
    after: tuple[datetime, int] | None


@dataclass(frozen=True, slots=True)
class Decided:
    """Reports that were decided alike, in one commit."""

    ids: tuple[int, ...]
    code: str
    name: str
    region_code: str | None
    choice: str
    amenity: str | None
    status: str
    outcome: str | None
    note: str | None
    at: datetime
    by: int
    reports: tuple[Waiting, ...]


def waiting(
    session: Session, wanted: Filter, now: datetime, *, agreement: Agreement | None = None, limit: int = 20
) -> Page:
    """Return the groups of reports that wait, by the oldest report of each."""
    oldest, first_id = func.min(Report.received_at), func.min(Report.id)
    grouped = (
        select(
            Report.station_id,
            Report.choice,
            Report.amenity,
            oldest.label("oldest"),
            first_id.label("first_id"),
            func.array_agg(aggregate_order_by(Report.id, Report.received_at, Report.id)).label("ids"),
        )
        .join(Station, Station.id == Report.station_id)
        .where(*_conditions(wanted, now))
        .group_by(Report.station_id, Report.choice, Report.amenity)
        .having(*([tuple_(oldest, first_id) > tuple_(*wanted.after)] if wanted.after else []))
        .order_by(oldest, first_id)
        .limit(limit + 1)
    )
    rows = session.execute(grouped).all()
    page = rows[:limit]
    stations = _stations(session, {row.station_id for row in page})
    said = _said(session, [id_ for row in page for id_ in row.ids[:_SHOWN]])
    asked = agreement or Agreement()
    heard = public_voice(
        session,
        {row.station_id for row in page},
        now,
        agreement=Agreement(devices=1, networks=1, hours=asked.hours),
    )
    loud = public_voice(session, {row.station_id for row in page}, now, agreement=asked)
    groups = []
    for row in page:
        what = (row.choice, row.amenity)
        station = stations[row.station_id]
        devices = {(one.choice, one.amenity): one.devices for one in heard[row.station_id].agreeing}
        groups.append(
            Group(
                station_id=row.station_id,
                code=station.code,
                name=station.name,
                lifecycle=station.lifecycle,
                region=station.region,
                region_code=station.region_code,
                withdrawn=station.withdrawn_reason is not None,
                facts=None if station.feature is None else orjson.loads(station.feature)["properties"],
                choice=row.choice,
                amenity=row.amenity,
                oldest=row.oldest,
                first_id=row.first_id,
                count=len(row.ids),
                ids=tuple(row.ids),
                reports=tuple(said[id_] for id_ in row.ids[:_SHOWN]),
                devices=devices.get(what, 0),
                told=what in {(one.choice, one.amenity) for one in loud[row.station_id].agreeing},
            )
        )
    after = (page[-1].oldest, page[-1].first_id) if len(rows) > limit else None
    return Page(tuple(groups), after)


def waiting_count(session: Session, wanted: Filter, now: datetime, *, most: int = 1000) -> int:
    """Return how many reports wait, counted no further than one more than ``most``."""
    found = (
        select(Report.id)
        .join(Station, Station.id == Report.station_id)
        .where(*_conditions(wanted, now))
        .limit(most + 1)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(found)) or 0


def decided(session: Session, wanted: Filter, *, limit: int = 20) -> tuple[Decided, ...]:
    """Return what was decided last, newest first, as it was decided together."""
    rows = session.execute(
        select(
            Report.station_id,
            Report.choice,
            Report.amenity,
            Report.status,
            Report.outcome,
            Report.decided_note,
            Report.decided_by,
            Report.decided_at,
            func.array_agg(aggregate_order_by(Report.id, Report.id)).label("ids"),
        )
        .join(Station, Station.id == Report.station_id)
        .where(Report.status != "waiting", *_where(wanted))
        .group_by(
            Report.station_id,
            Report.choice,
            Report.amenity,
            Report.status,
            Report.outcome,
            Report.decided_note,
            Report.decided_by,
            Report.decided_at,
            Report.decided_in,
        )
        .order_by(Report.decided_at.desc(), func.min(Report.id))
        .limit(limit)
    ).all()
    stations = _stations(session, {row.station_id for row in rows})
    said = _said(session, [id_ for row in rows for id_ in row.ids[:_SHOWN]])
    return tuple(
        Decided(
            ids=tuple(row.ids),
            code=stations[row.station_id].code,
            name=stations[row.station_id].name,
            region_code=stations[row.station_id].region_code,
            choice=row.choice,
            amenity=row.amenity,
            status=row.status,
            outcome=row.outcome,
            note=row.decided_note,
            at=row.decided_at,
            by=row.decided_by,
            reports=tuple(said[id_] for id_ in row.ids[:_SHOWN]),
        )
        for row in rows
    )


def _conditions(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Report.status == "waiting", Report.choice != CONFIRMATION]
    if wanted.older_than is not None:
        found.append(Report.received_at <= now - wanted.older_than)
    return [*found, *_where(wanted)]


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.choice is not None:
        found.append(Report.choice == wanted.choice)
    if wanted.station is not None:
        found.append(Station.code == wanted.station)
    for codes in (wanted.regions, None if wanted.region is None else (wanted.region,)):
        if codes is not None:
            inside = select(Region.code).where(Region.lineage.overlap(list(codes)))
            found.append(Station.region_code.in_(inside))
    return found


def _stations(session: Session, ids: Collection[int]) -> dict[int, Any]:
    rows = session.execute(
        select(
            Station.id,
            Station.code,
            Station.names["zh"].astext.label("name"),
            Station.lifecycle,
            Station.region_code,
            Station.withdrawn_reason,
            Region.names.label("region"),
            PublicStation.feature,
        )
        .outerjoin(PublicStation, PublicStation.station_id == Station.id)
        .outerjoin(Region, Region.code == Station.region_code)
        .where(Station.id.in_(ids))
    )
    return {row.id: row for row in rows}


def _said(session: Session, ids: Sequence[int]) -> dict[int, Waiting]:
    rows = session.execute(
        select(
            Report.id,
            Report.made_at,
            Report.received_at,
            Report.words,
            Report.photo_sha256,
            Report.words_shown,
            Report.photo_shown,
        ).where(Report.id.in_(ids))
    )
    return {row.id: Waiting(*row) for row in rows}
