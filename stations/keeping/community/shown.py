"""What the public is shown of notices and events: those that hold at this moment, at stations that are in service.

What is over is left out by the question itself, so that nothing has to be switched off in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, func, null, or_, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.models import Event, Notice, NoticeContact, PublicStation, Region
from stations.registry import queries

__all__ = ["AtStation", "EventQuestion", "NoticeQuestion", "ShownEvent", "ShownNotice", "events", "notices"]

P = PublicStation
#: Rows that one question gives at most.
MOST = 1_000
_IN_SERVICE = (words.Lifecycle.OPEN, words.Lifecycle.SUSPENDED)


@dataclass(frozen=True, slots=True)
class AtStation:
    """The station where something takes place. ``point``: (lon, lat) in WGS 84; ``metres``: from the point asked about."""

    code: str
    name: str
    kind: str
    region: str | None
    point: tuple[float, float] | None
    metres: float | None


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice of work that holds. Days are of Beijing's calendar, ``until`` is aware, pay is yuan for a day."""

    id: int
    version: int
    station: AtStation
    trade: str
    title: str
    starts: date
    ends: date
    assemble_at: time
    assemble_where: str | None
    pay_from: int
    pay_to: int
    headcount: int
    employer: str
    phone: str | None
    note: str | None
    until: datetime


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An event that is planned and not over, or that has been called off; at a station or somewhere in a region."""

    id: int
    version: int
    station: AtStation | None
    region: str | None
    region_names: dict[str, str] | None
    kind: str
    status: str
    title: str
    starts: datetime
    ends: datetime
    place: str | None
    organiser: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class NoticeQuestion:
    """Which notices: of these trades, for work on this day, at this station, in these regions, near this point."""

    trades: tuple[str, ...] = ()
    day: date | None = None
    station: str | None = None
    regions: tuple[str, ...] = ()
    near: tuple[float, float] | None = None
    within_m: float | None = None


@dataclass(frozen=True, slots=True)
class EventQuestion:
    """Which events: of these kinds, touching the time from ``after`` to ``before``, at this station, in these regions."""

    kinds: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    station: str | None = None
    regions: tuple[str, ...] = ()
    near: tuple[float, float] | None = None
    within_m: float | None = None
    #: Also those that were called off, so that calendars take them out.
    cancelled: bool = False


def notices(
    session: Session, asked: NoticeQuestion, *, now: datetime, limit: int = MOST
) -> tuple[ShownNotice, ...]:
    """Return the notices that hold at ``now``: by day and hour of assembly, or nearest first where a point was asked."""
    rows = session.execute(_notices(asked, now).limit(limit)).all()
    return tuple(
        ShownNotice(
            station=_station(row),
            phone=row.phone,
            **{name: getattr(row.Notice, name) for name in _NOTICE_FIELDS},
        )
        for row in rows
    )


def events(
    session: Session, asked: EventQuestion, *, now: datetime, limit: int = MOST
) -> tuple[ShownEvent, ...]:
    """Return the events that are planned and not over at ``now``, the next first."""
    rows = session.execute(_events(asked, now).limit(limit)).all()
    return tuple(
        ShownEvent(
            station=None if row.code is None else _station(row),
            region=row.Event.region_code or row.region_code,
            region_names=row.region_names,
            **{name: getattr(row.Event, name) for name in _EVENT_FIELDS},
        )
        for row in rows
    )


_NOTICE_FIELDS = (
    "id", "version", "trade", "title", "starts", "ends", "assemble_at", "assemble_where", "pay_from", "pay_to", "headcount",
    "employer", "note", "until",
)  # fmt: skip
_EVENT_FIELDS = (
    "id", "version", "kind", "status", "title", "starts", "ends", "place", "organiser", "note",
)  # fmt: skip


def _at(near: tuple[float, float] | None) -> list[ColumnElement[Any]]:
    metres: ColumnElement[Any] = null() if near is None else queries.metres_to(near)
    return [
        P.code.label("code"),
        P.name.label("name"),
        P.kind.label("station_kind"),
        P.region_code.label("region_code"),
        queries.x(P.location).label("lon"),
        queries.y(P.location).label("lat"),
        metres.label("metres"),
    ]


def _station(row: Any) -> AtStation:
    return AtStation(
        row.code,
        row.name,
        row.station_kind,
        row.region_code,
        None if row.lon is None else (row.lon, row.lat),
        row.metres,
    )


def _places(
    station: str | None,
    regions: Sequence[str],
    near: tuple[float, float] | None,
    within_m: float | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if station is not None:
        found.append(P.code == station)
    if regions:
        found.append(P.lineage.overlap(list(regions)))
    if near is not None and within_m is not None:
        found.append(queries.metres_to(near) <= within_m)
    return found


def _notices(asked: NoticeQuestion, now: datetime) -> Select[Any]:
    wanted = (
        select(Notice, NoticeContact.phone.label("phone"), *_at(asked.near))
        .join(P, P.station_id == Notice.station_id)
        .outerjoin(NoticeContact, NoticeContact.notice_id == Notice.id)
        .where(
            Notice.until > now,
            P.listed,
            P.lifecycle.in_(_IN_SERVICE),
            *_places(asked.station, asked.regions, asked.near, asked.within_m),
        )
    )
    if asked.trades:
        wanted = wanted.where(Notice.trade.in_(asked.trades))
    if asked.day is not None:
        wanted = wanted.where(Notice.starts <= asked.day, Notice.ends >= asked.day)
    first = [] if asked.near is None else [queries.metres_to(asked.near).nulls_last()]
    return wanted.order_by(*first, Notice.starts, Notice.assemble_at, Notice.id)


def _events(asked: EventQuestion, now: datetime) -> Select[Any]:
    wanted = (
        select(Event, Region.names.label("region_names"), *_at(asked.near))
        .outerjoin(P, P.station_id == Event.station_id)
        .outerjoin(Region, Region.code == func.coalesce(Event.region_code, P.region_code))
        .where(
            Event.ends > now,
            Event.status.in_(("planned", "cancelled") if asked.cancelled else ("planned",)),
            or_(Event.station_id.is_(None), P.listed & P.lifecycle.in_(_IN_SERVICE)),
            *_places(asked.station, (), asked.near, asked.within_m),
        )
    )
    if asked.regions:
        wanted = wanted.where(Region.lineage.overlap(list(asked.regions)))
    if asked.kinds:
        wanted = wanted.where(Event.kind.in_(asked.kinds))
    if asked.after is not None:
        wanted = wanted.where(Event.ends > asked.after)
    if asked.before is not None:
        wanted = wanted.where(Event.starts < asked.before)
    first = [] if asked.near is None else [queries.metres_to(asked.near).nulls_last()]
    return wanted.order_by(*first, Event.starts, Event.id)
