"""Inspections and findings as they are read: lists by region and time, one with all its answers, a station's last ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Checklist as ChecklistRow
from stations.models import Finding, Inspection, InspectionPhoto, Region, Staff, Station
from stations.registry import queries

__all__ = [
    "Due",
    "Seen",
    "due",
    "due_count",
    "findings_of",
    "inspections",
    "metres_from_door",
    "one",
    "station_seen",
]

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """One inspection in a list. photos: (come, awaited)."""

    id: int
    station_code: str
    station: str
    region_code: str | None
    checklist: str
    version: int
    title: Mapping[str, str]
    rating: str | None
    rating_title: Mapping[str, str] | None
    passes: bool
    earned: int
    possible: int
    observed: str
    posted: str
    posted_hours: str | None
    made_at: datetime
    received_at: datetime
    inspector: str
    withdrawn_reason: str | None
    photos: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be mended. days_late: how long its day has passed, 0 where it has not or it is mended."""

    id: int
    inspection_id: int
    station_code: str
    station: str
    region_code: str | None
    item: str
    what: str
    due: date
    status: str
    mended_on: date | None
    mended_note: str | None
    checked_on: date | None
    checked_note: str | None
    days_late: int


def inspections(
    session: Session,
    *,
    regions: Sequence[str] | None = None,
    station_code: str | None = None,
    checklist: str | None = None,
    passes: bool | None = None,
    before: int | None = None,
    withdrawn: bool = True,
    limit: int = 30,
) -> list[Seen]:
    """Return inspections, the newest first. before: only those whose number is smaller, for the next page."""
    conditions: list[ColumnElement[bool]] = []
    if regions is not None:
        conditions.append(_in(regions))
    if station_code is not None:
        conditions.append(Station.code == station_code)
    if checklist is not None:
        conditions.append(ChecklistRow.code == checklist)
    if passes is not None:
        conditions.append(Inspection.passes.is_(passes))
    if not withdrawn:
        conditions.append(Inspection.withdrawn_reason.is_(None))
    if before is not None:
        conditions.append(Inspection.id < before)
    return _seen(
        session, _wanted().where(*conditions).order_by(Inspection.id.desc()).limit(min(limit, _MOST))
    )


def one(session: Session, inspection_id: int) -> tuple[Seen, Inspection]:
    """Return one inspection, as in a list and with its answers. Raises NotFound."""
    row = session.get(Inspection, inspection_id)
    if row is None:
        raise NotFound(f"there is no inspection {inspection_id}")
    (seen,) = _seen(session, _wanted().where(Inspection.id == inspection_id))
    return seen, row


def metres_from_door(session: Session, inspection: Inspection) -> float | None:
    """Return how far from the registered door the phone was; None where one of both is not known."""
    if inspection.lon is None or inspection.lat is None:
        return None
    return session.scalar(
        select(queries.metres_between(Station.location, inspection.lon, inspection.lat)).where(
            Station.id == inspection.station_id
        )
    )


def station_seen(session: Session, station_code: str) -> list[Seen]:
    """Return the last inspection of a station under each checklist, the newest first."""
    last = (
        select(Inspection.id)
        .join(ChecklistRow, ChecklistRow.id == Inspection.checklist_id)
        .join(Station, Station.id == Inspection.station_id)
        .where(Station.code == station_code, Inspection.withdrawn_reason.is_(None))
        .ext(distinct_on(ChecklistRow.code))
        .order_by(ChecklistRow.code, Inspection.made_at.desc(), Inspection.id.desc())
    )
    return _seen(session, _wanted().where(Inspection.id.in_(last)).order_by(Inspection.made_at.desc()))


def due(
    session: Session,
    *,
    today: date,
    regions: Sequence[str] | None = None,
    statuses: Sequence[str] = ("open", "mended"),
    late: bool = False,
    limit: int = _MOST,
) -> list[Due]:
    """Return what is to be mended, the day that comes first first. late: only what is past its day and not mended."""
    wanted = _findings().where(Finding.status.in_(statuses)).order_by(Finding.due, Finding.id).limit(limit)
    if regions is not None:
        wanted = wanted.where(_in(regions))
    if late:
        wanted = wanted.where(Finding.status == "open", Finding.due < today)
    return _due(session, wanted, today)


def due_count(session: Session, *, today: date, regions: Sequence[str] | None = None) -> tuple[int, int, int]:
    """Count what is open, of that what is past its day, and what is mended and waits to be checked."""
    wanted = (
        select(
            func.count().filter(Finding.status == "open"),
            func.count().filter(Finding.status == "open", Finding.due < today),
            func.count().filter(Finding.status == "mended"),
        )
        .select_from(Finding)
        .join(Station, Station.id == Finding.station_id)
        .where(Finding.status.in_(("open", "mended")))
    )
    if regions is not None:
        wanted = wanted.where(_in(regions))
    open_, late, mended = session.execute(wanted).one()
    return open_, late, mended


def findings_of(session: Session, inspection_id: int, *, today: date) -> list[Due]:
    """Return what an inspection put down to be mended, whatever became of it."""
    return _due(
        session, _findings().where(Finding.inspection_id == inspection_id).order_by(Finding.id), today
    )


def _in(regions: Sequence[str]) -> ColumnElement[bool]:
    return Station.region_code.in_(select(Region.code).where(Region.lineage.overlap(list(regions))))


def _wanted() -> Select[Any]:
    of = InspectionPhoto.inspection_id == Inspection.id
    come = select(func.count()).where(of, InspectionPhoto.sha256.is_not(None)).correlate(Inspection)
    awaited = (
        select(func.count())
        .where(of, InspectionPhoto.sha256.is_(None), ~InspectionPhoto.left_out)
        .correlate(Inspection)
    )
    return (
        select(
            Inspection,
            Station.code,
            Station.names["zh"].astext,
            Station.region_code,
            ChecklistRow,
            Staff.display_name,
            come.scalar_subquery(),
            awaited.scalar_subquery(),
        )
        .join(Station, Station.id == Inspection.station_id)
        .join(ChecklistRow, ChecklistRow.id == Inspection.checklist_id)
        .join(Staff, Staff.id == Inspection.inspector_id)
    )


def _seen(session: Session, wanted: Select[Any]) -> list[Seen]:
    return [
        Seen(
            id=row.id,
            station_code=code,
            station=name,
            region_code=region,
            checklist=checklist.code,
            version=checklist.version,
            title=checklist.title,
            rating=row.rating,
            rating_title=next(
                (held["title"] for held in checklist.document["ratings"] if held["code"] == row.rating), None
            ),
            passes=row.passes,
            earned=row.earned,
            possible=row.possible,
            observed=row.observed,
            posted=row.posted,
            posted_hours=row.posted_hours,
            made_at=row.made_at,
            received_at=row.received_at,
            inspector=inspector,
            withdrawn_reason=row.withdrawn_reason,
            photos=(come, awaited),
        )
        for row, code, name, region, checklist, inspector, come, awaited in session.execute(wanted)
    ]


def _findings() -> Select[Any]:
    return select(Finding, Station.code, Station.names["zh"].astext, Station.region_code).join(
        Station, Station.id == Finding.station_id
    )


def _due(session: Session, wanted: Select[Any], today: date) -> list[Due]:
    return [
        Due(
            id=row.id,
            inspection_id=row.inspection_id,
            station_code=code,
            station=name,
            region_code=region,
            item=row.item,
            what=row.what,
            due=row.due,
            status=row.status,
            mended_on=row.mended_on,
            mended_note=row.mended_note,
            checked_on=row.checked_on,
            checked_note=row.checked_note,
            days_late=max(0, (today - row.due).days) if row.status == "open" else 0,
        )
        for row, code, name, region in session.execute(wanted)
    ]
