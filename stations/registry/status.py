"""What a registry holds, in numbers: for whoever looks after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from stations.models import Commit, Place, PublicStation, Region, RegistryInfo, Schedule, Source, Station

__all__ = ["RegionRow", "Status", "region_rows", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a registry. ``name`` and ``province`` are None before regions were loaded."""

    name: str | None
    province: str | None
    demonstration: bool
    regions_loaded_at: datetime | None
    regions: Mapping[str, int]
    places: int
    sources: int
    stations: Mapping[str, int]
    unlocated: int
    held: int
    doubted: int
    last_seq: int | None
    last_at: datetime | None
    #: Up to when every schedule is laid out for the filter ``open``; None without schedules.
    hours_until: datetime | None


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region as a list shows it, with the stations in it and below it."""

    code: str
    level: str
    names: Mapping[str, str]
    population: int | None
    population_year: int | None
    stations: int
    publishable: bool
    credit: str | None
    merged_into: str | None


def status(session: Session) -> Status:
    """Count what the registry holds."""
    info = session.get(RegistryInfo, 1)
    last = session.execute(
        select(Commit.seq, Commit.at).where(Commit.seq.is_not(None)).order_by(Commit.seq.desc()).limit(1)
    ).one_or_none()
    located = select(
        func.count().filter(Station.location.is_(None)),
        func.count().filter(Station.position_hold.is_not(None)),
        func.count().filter(Station.doubts.is_not(None)),
    ).where(Station.withdrawn_reason.is_(None))
    unlocated, held, doubted = session.execute(located).one()
    return Status(
        name=info.name if info else None,
        province=info.province_code if info else None,
        demonstration=bool(info and info.demonstration),
        regions_loaded_at=info.regions_loaded_at if info else None,
        regions=_counts(session, Region.level, Region.merged_into.is_(None)),
        places=_count(session, Place),
        sources=_count(session, Source),
        stations=_counts(session, Station.lifecycle, Station.withdrawn_reason.is_(None)),
        unlocated=unlocated,
        held=held,
        doubted=doubted,
        last_seq=last.seq if last else None,
        last_at=last.at if last else None,
        hours_until=session.scalar(select(func.min(func.upper(Schedule.covers)))),
    )


def region_rows(session: Session, *, level: str | None = None) -> list[RegionRow]:
    """Return the regions by code, merged ones too, with how many public stations are in each and below it."""
    counted = (
        select(func.unnest(PublicStation.lineage).label("region"), func.count().label("stations"))
        .where(PublicStation.listed)
        .group_by("region")
        .subquery()
    )
    rows = session.execute(
        select(
            Region.code,
            Region.level,
            Region.names,
            Region.population,
            Region.population_year,
            func.coalesce(counted.c.stations, 0).label("stations"),
            Region.publishable,
            Region.credit,
            Region.merged_into,
        )
        .outerjoin(counted, counted.c.region == Region.code)
        .where(*([Region.level == level] if level else []))
        .order_by(Region.code)
    )
    return [RegionRow(*row) for row in rows]


def _count(session: Session, model: type[Place | Source]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _counts(session: Session, by: Any, condition: ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(select(by, func.count()).where(condition).group_by(by).order_by(by))
    return {row[0]: row[1] for row in rows}
