"""What staff see of notices and events: all of their regions, over or not, with where each takes place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Notice, PublicStation, Region, Station

__all__ = ["ListedNotice", "notices"]

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
