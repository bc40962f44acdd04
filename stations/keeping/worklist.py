"""What needs a keeper now: everything that waits, is missing or grows old in some regions, the oldest first.

Each heap says how much there is, counted no further than ``COUNTED``, and shows its first items. All is read from
indexes and cut off early, so that the list opens as fast over two hundred thousand stations as over twenty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping import queue
from stations.keeping.freshness import stale
from stations.keeping.special_days import SpecialDays, days_ahead
from stations.models import (
    Amenity,
    Batch,
    BatchRow,
    Commit,
    Finding,
    HoursException,
    Photo,
    Region,
    Source,
    Station,
)

__all__ = ["AHEAD_DAYS", "COUNTED", "Heap", "ImportItem", "Item", "Job", "heap", "imports", "work"]

COUNTED = 1000
AHEAD_DAYS = 10
_SHOWN = 5


class Job(StrEnum):
    """What there may be to do, in the order in which it is told."""

    REPORTS = "reports"
    FINDINGS = "findings"
    IMPORTS = "imports"
    HELD = "held"
    UNLOCATED = "unlocated"
    DUE = "due"
    EXCEPTIONS = "exceptions"
    HOLIDAYS = "holidays"
    STALE = "stale"
    NO_AMENITIES = "no_amenities"
    NO_PHOTO = "no_photo"


@dataclass(frozen=True, slots=True)
class Item:
    """One station that something is to be done about. ``since``: how long it has been so; ``on``: the day it matters."""

    code: str
    name: str
    region_code: str | None
    since: datetime | None = None
    on: date | None = None
    #: ``starts``, ``ends`` of an exception; the lifecycle of one that is due.
    what: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """A batch of an import with rows that nobody has decided, by verdict."""

    batch_id: int
    file_name: str
    source: str
    status: str
    since: datetime
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Heap:
    """One job: how much of it there is (``COUNTED`` + 1 means more), and its first items."""

    job: Job
    count: int
    items: tuple[Item, ...] = ()
    imports: tuple[ImportItem, ...] = ()
    groups: tuple[queue.Group, ...] = ()
    #: The days that ``holidays`` is about.
    days: tuple[SpecialDays, ...] = ()

    @property
    def oldest(self) -> datetime:
        """Since when its first item waits; the end of time where nothing waits."""
        found = [one.since for one in self.items[:1] if one.since is not None]
        found += [batch.since for batch in self.imports[:1]] + [group.oldest for group in self.groups[:1]]
        return min(found, default=datetime.max.replace(tzinfo=UTC))


def work(
    session: Session, *, regions: tuple[str, ...] | None, actor: int, now: datetime, shown: int = _SHOWN
) -> tuple[Heap, ...]:
    """Return what needs somebody now, without the heaps that are empty.

    regions: None for the whole registry. actor: whose imports are meant.
    """
    found = [heap(session, job, regions=regions, actor=actor, now=now, shown=shown) for job in Job]
    return tuple(one for one in found if one.count)


def heap(
    session: Session,
    job: Job,
    *,
    regions: tuple[str, ...] | None,
    actor: int,
    now: datetime,
    shown: int = _SHOWN,
) -> Heap:
    """Return one job's heap."""
    if job is Job.REPORTS:
        wanted = queue.Filter(regions=regions)
        count = queue.waiting_count(session, wanted, now, most=COUNTED)
        page = queue.waiting(session, wanted, now, limit=shown) if count else queue.Page((), None)
        return Heap(job, count, groups=page.groups)
    if job is Job.IMPORTS:
        batches = imports(session, actor=actor, everybody=regions is None, limit=COUNTED + 1)
        return Heap(job, len(batches), imports=batches[:shown])
    today = now.astimezone(SHANGHAI).date()
    days = days_ahead(today, days=AHEAD_DAYS) if job is Job.HOLIDAYS else ()
    if job is Job.HOLIDAYS and not days:
        return Heap(job, 0)
    asked = _ASKED[job](_Asking(session, now, today, days)).where(*_in(regions))
    capped = asked.order_by(None).limit(COUNTED + 1).subquery()
    count = session.scalar(select(func.count()).select_from(capped)) or 0
    items = tuple(Item(**row) for row in session.execute(asked.limit(shown)).mappings()) if count else ()
    return Heap(job, count, items=items, days=days)


def imports(session: Session, *, actor: int, everybody: bool, limit: int = 50) -> tuple[ImportItem, ...]:
    """Return the batches with rows that wait for a decision, or that were judged and not applied, the oldest first."""
    waiting = and_(
        BatchRow.batch_id == Batch.id,
        BatchRow.verdict.in_(["suspect", "conflict", "absent"]),
        BatchRow.accepted_at.is_(None),
        BatchRow.decision.is_(None),
    )
    rows = session.execute(
        select(Batch.id, Batch.file_name, Source.name, Batch.status, Batch.started_at)
        .join(Source, Source.id == Batch.source_id)
        .where(
            or_(Batch.status == "judged", and_(Batch.status == "applied", exists().where(waiting))),
            *([] if everybody else [Batch.actor_id == actor]),
        )
        .order_by(Batch.started_at, Batch.id)
        .limit(limit)
    ).all()
    counted = session.execute(
        select(BatchRow.batch_id, BatchRow.verdict, func.count())
        .join(Batch, Batch.id == BatchRow.batch_id)
        .where(waiting, Batch.id.in_([row.id for row in rows]))
        .group_by(BatchRow.batch_id, BatchRow.verdict)
        .order_by(BatchRow.batch_id, BatchRow.verdict)
    ).all()
    return tuple(
        ImportItem(*row, rows=tuple((verdict, n) for batch, verdict, n in counted if batch == row.id))
        for row in rows
    )


class _Asking(NamedTuple):
    """What the questions below are asked with."""

    session: Session
    now: datetime
    today: date
    days: tuple[SpecialDays, ...]


_COLUMNS = (Station.code, Station.names["zh"].astext.label("name"), Station.region_code)
_THERE = (Station.withdrawn_reason.is_(None), Station.lifecycle != words.Lifecycle.CLOSED)
_OPEN = (Station.withdrawn_reason.is_(None), Station.lifecycle == words.Lifecycle.OPEN)


def _in(regions: tuple[str, ...] | None) -> list[ColumnElement[bool]]:
    if regions is None:
        return []
    return [Station.region_code.in_(select(Region.code).where(Region.lineage.overlap(list(regions))))]


def _added(*more: Any) -> Select[Any]:
    """Stations by age in the registry."""
    return (
        select(*_COLUMNS, Commit.at.label("since"), *more)
        .join(Commit, Commit.id == Station.added_in)
        .order_by(Station.id)
    )


def _held(_: _Asking) -> Select[Any]:
    return _added().where(Station.location.is_(None), Station.position_hold.is_not(None), *_THERE)


def _unlocated(_: _Asking) -> Select[Any]:
    return _added().where(Station.location.is_(None), Station.position_hold.is_(None), *_THERE)


def _stale(asking: _Asking) -> Select[Any]:
    return (
        select(*_COLUMNS, Station.verified_at.label("since"))
        .where(*_OPEN, stale(asking.session, asking.now))
        .order_by(Station.verified_at.asc().nulls_first(), Station.id)
    )


def _no_photo(_: _Asking) -> Select[Any]:
    return _added().where(*_OPEN, ~exists().where(Photo.station_id == Station.id))


def _no_amenities(_: _Asking) -> Select[Any]:
    known = exists().where(Amenity.station_id == Station.id, Amenity.value != words.Value.UNKNOWN)
    return _added().where(*_OPEN, ~known)


def _due(asking: _Asking) -> Select[Any]:
    """A day that was promised is near or past: a station should open, or be back."""
    return (
        select(
            *_COLUMNS,
            Station.expected_on.label("on"),
            Station.lifecycle.label("what"),
            func.coalesce(Station.lifecycle_reason, "").label("why"),
        )
        .where(
            Station.withdrawn_reason.is_(None),
            Station.lifecycle.in_(["planned", "building", "suspended"]),
            Station.expected_on <= asking.today + timedelta(days=AHEAD_DAYS),
        )
        .order_by(Station.expected_on, Station.id)
    )


def _exceptions(asking: _Asking) -> Select[Any]:
    """Dated exceptions that begin soon, or that end soon and lasted more than a day: is it so, and is it over?"""
    last = asking.today + timedelta(days=AHEAD_DAYS)
    begins = HoursException.starts.between(asking.today, last)
    on = case((begins, HoursException.starts), else_=HoursException.ends)
    return (
        select(
            *_COLUMNS,
            on.label("on"),
            case((begins, literal("starts")), else_=literal("ends")).label("what"),
            HoursException.reason.label("why"),
        )
        .select_from(HoursException)
        .join(Station, Station.id == HoursException.station_id)
        .where(
            *_OPEN,
            or_(
                begins,
                and_(
                    HoursException.ends.between(asking.today, last),
                    HoursException.ends > HoursException.starts,
                ),
            ),
        )
        .order_by(on, Station.id)
    )


def _holidays(asking: _Asking) -> Select[Any]:
    """Stations by plain weekdays whose hours say nothing of a holiday or a make-up day just ahead."""
    silent = [
        ~exists().where(
            HoursException.station_id == Station.id,
            HoursException.starts <= one.last,
            HoursException.ends >= one.first,
        )
        for one in asking.days
    ]
    first = min(one.first for one in asking.days)
    return (
        select(*_COLUMNS, literal(first).label("on"), func.coalesce(Station.hours_words, "").label("why"))
        .where(
            *_OPEN,
            Station.hours_expression.is_not(None),
            Station.hours_expression != "24/7",
            ~Station.hours_expression.contains("PH"),
            Station.hours_calendar == "plain",
            or_(*silent),
        )
        .order_by(Station.id)
    )


def _findings(asking: _Asking) -> Select[Any]:
    """What inspections found and is past its day or due soon, or was mended and waits to be looked at again."""
    return (
        select(
            *_COLUMNS,
            Finding.due.label("on"),
            Finding.status.label("what"),
            Finding.what.label("why"),
        )
        .select_from(Finding)
        .join(Station, Station.id == Finding.station_id)
        .where(
            *_THERE,
            Finding.status.in_(("open", "mended")),
            or_(Finding.due <= asking.today + timedelta(days=AHEAD_DAYS), Finding.status == "mended"),
        )
        .order_by(Finding.due, Finding.id)
    )


_ASKED = {
    Job.FINDINGS: _findings,
    Job.HELD: _held,
    Job.UNLOCATED: _unlocated,
    Job.STALE: _stale,
    Job.NO_PHOTO: _no_photo,
    Job.NO_AMENITIES: _no_amenities,
    Job.DUE: _due,
    Job.EXCEPTIONS: _exceptions,
    Job.HOLIDAYS: _holidays,
}
