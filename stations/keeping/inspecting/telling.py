"""What the public is told of a station's inspections: what they came to, what was revoked; no remark, no photo, no name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping.inspecting.honouring import Held, of_station
from stations.keeping.inspecting.listing import Seen, station_seen
from stations.models import Station

__all__ = ["Told", "as_json", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """The last inspection under each checklist, and every honour with those that were revoked; the newest first."""

    inspections: Sequence[Seen]
    honours: Sequence[Held]

    @property
    def revoked(self) -> list[Held]:
        """The honours that were taken back."""
        return [one for one in self.honours if one.revoked_on is not None]


def told(session: Session, station_code: str) -> Told:
    """Return what is told of a station; nothing for one that is not there."""
    station_id = session.scalar(select(Station.id).where(Station.code == station_code))
    if station_id is None:
        return Told((), ())
    return Told(station_seen(session, station_code), of_station(session, station_id))


def as_json(found: Told) -> dict[str, Any]:
    """Return the members that a station's detail has of it in the API."""
    return {
        "inspections": [
            {
                "checklist": one.checklist,
                "version": one.version,
                "title": one.title,
                "on": one.made_at.astimezone(SHANGHAI).date().isoformat(),
                "at": one.made_at.astimezone(SHANGHAI).isoformat(timespec="minutes"),
                "rating": one.rating,
                "rating_title": one.rating_title,
                "passes": one.passes,
                "points": one.earned,
                "points_possible": one.possible,
                "observed": one.observed,
                "posted": one.posted,
                "posted_hours": one.posted_hours,
            }
            for one in found.inspections
        ],
        "honours_revoked": [
            {
                "title": one.title,
                "level": one.level,
                "year": one.year,
                "standard": one.standard,
                "revoked_on": one.revoked_on.isoformat() if one.revoked_on else None,
                "revoked_reason": one.revoked_reason,
            }
            for one in found.revoked
        ],
    }
