"""What staff see of notices and events: all of their regions, over or not, with where each takes place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.models import Event, Notice, PublicStation, Region, Station

__all__ = ["ListedEvent", "ListedNotice", "events", "notices"]

#: So long ago what is over is still listed, to be copied to another week.
_LATELY: Final = timedelta(days=60)
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice in the list of the desk."""

    id: int
    title: str
    trade: str
    starts: date
    ends: date
    pay_from: int
    pay_to: int
    headcount: int
    employer: str
    until: datetime
    code: str
    station: str
    region: str | None


def notices(session: Session, regions: Sequence[str] | None, *, now: datetime) -> list[ListedNotice]:
    """Return the notices of stations in these regions or below, the next to end last; None for all."""
    wanted: Any = (
        select(
            Notice.id, Notice.title, Notice.trade, Notice.starts, Notice.ends, Notice.pay_from, Notice.pay_to,
            Notice.headcount, Notice.employer, Notice.until, Station.code, PublicStation.name, Station.region_code,
        )
        .join(Station, Station.id == Notice.station_id)
        .outerjoin(PublicStation, PublicStation.station_id == Station.id)
        .where(Notice.until > now - _LATELY)
        .order_by(Notice.until.desc(), Notice.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    if regions is not None:
        below = select(Region.code).where(Region.lineage.overlap(list(regions)))
        wanted = wanted.where(Station.region_code.in_(below))
    return [ListedNotice(*row) for row in session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event in the list of the desk. ``counts`` by column, with those that are lower bounds."""

    id: int
    kind: str
    status: str
    title: str | None
    starts: datetime
    ends: datetime
    sessions: int | None
    firms: int | None
    people: int | None
    leaflets: int | None
    at_least: list[str]
    code: str | None
    station: str | None
    region: str | None

    @property
    def is_uncounted(self) -> bool:
        """Tell whether it was held and nobody has given a number but that of its sessions."""
        return self.status == "held" and self.firms is None and self.people is None and self.leaflets is None


def events(
    session: Session, regions: Sequence[str] | None, *, now: datetime, year: int | None = None
) -> list[ListedEvent]:
    """Return the events of these regions or below, the latest first; None for all.

    year: those that began in it; without one, those planned, and those that began within a year.
    """
    region = func.coalesce(Event.region_code, Station.region_code)
    wanted: Any = (
        select(
            Event.id, Event.kind, Event.status, Event.title, Event.starts, Event.ends, Event.sessions, Event.firms,
            Event.people, Event.leaflets, Event.at_least, Station.code, PublicStation.name, region,
        )
        .outerjoin(Station, Station.id == Event.station_id)
        .outerjoin(PublicStation, PublicStation.station_id == Event.station_id)
        .order_by(Event.starts.desc(), Event.id.desc())
        .limit(_MOST)
    )  # fmt: skip
    if year is None:
        wanted = wanted.where(or_(Event.status == "planned", Event.starts > now - timedelta(days=365)))
    else:
        begins = [datetime(each, 1, 1, tzinfo=SHANGHAI) for each in (year, year + 1)]
        wanted = wanted.where(Event.starts >= begins[0], Event.starts < begins[1])
    if regions is not None:
        wanted = wanted.where(region.in_(select(Region.code).where(Region.lineage.overlap(list(regions)))))
    return [ListedEvent(*row) for row in session.execute(wanted)]
