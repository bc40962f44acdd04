"""What an inspector takes along on a round: the stations of one's regions, so that one is found without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.models import Inspection, PublicStation, Station
from stations.registry import queries

__all__ = ["MOST", "OnRound", "on_round"]

#: Stations that a phone takes along; more than one person visits in a month, and 200 kB on the wire.
MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class OnRound:
    """A station as one looks for it: where it is, what its door says, and when somebody inspected it last."""

    code: str
    name: str | None
    lon: float | None
    lat: float | None
    address: str | None
    hours: str | None
    lifecycle: str | None
    inspected_at: datetime | None


def on_round(
    session: Session, *, regions: Sequence[str] | None, near: tuple[float, float] | None = None
) -> tuple[list[OnRound], bool]:
    """Return the stations that may be inspected, and whether there are more than are told.

    regions: None for all. near: (lon, lat) to begin with; without it they come by code. What is closed or only planned is
    not there to be inspected.
    """
    last = (
        select(func.max(Inspection.made_at))
        .where(Inspection.station_id == PublicStation.station_id, Inspection.withdrawn_reason.is_(None))
        .correlate(PublicStation)
        .scalar_subquery()
    )
    wanted = (
        select(
            PublicStation.code,
            PublicStation.name,
            queries.x(PublicStation.location),
            queries.y(PublicStation.location),
            Station.address,
            func.coalesce(Station.hours_words, Station.hours_expression),
            PublicStation.lifecycle,
            last,
        )
        .join(Station, Station.id == PublicStation.station_id)
        .where(
            PublicStation.listed,
            PublicStation.lifecycle.not_in((words.Lifecycle.PLANNED, words.Lifecycle.CLOSED)),
        )
        .order_by(PublicStation.code if near is None else queries.roughly_nearest_first(near))
        .limit(MOST + 1)
    )
    if regions is not None:
        wanted = wanted.where(PublicStation.lineage.overlap(list(regions)))
    rows = [OnRound(*row) for row in session.execute(wanted).all()]
    return rows[:MOST], len(rows) > MOST
