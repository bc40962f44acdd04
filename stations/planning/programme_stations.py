"""The stations that a programme counts today, one by one: for its map, its files and its list of what is not dated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from stations.models import Programme, Station
from stations.planning.programme_progress import chosen
from stations.registry import queries

__all__ = ["CountedStation", "counted_stations"]


@dataclass(frozen=True, slots=True)
class CountedStation:
    """One station. lon, lat: WGS 84; None where it has no position."""

    code: str
    name: str
    kind: str
    lifecycle: str
    region: str
    address: str | None
    opened_on: date | None
    expected_on: date | None
    lon: float | None
    lat: float | None

    def late_days(self, today: date) -> int:
        """Return by how many days it is past its date; 0 where it is not, or has none."""
        if self.lifecycle not in {"planned", "building"} or self.expected_on is None:
            return 0
        return max(0, (today - self.expected_on).days)


def counted_stations(session: Session, programme: Programme) -> list[CountedStation]:
    """Return the stations that a programme counts, by code."""
    rows = session.execute(
        chosen(
            programme,
            Station.code,
            Station.names["zh"].astext,
            Station.kind,
            Station.lifecycle,
            Station.region_code,
            Station.address,
            Station.opened_on,
            Station.expected_on,
            queries.x(Station.location),
            queries.y(Station.location),
        ).order_by(Station.code)
    )
    return [CountedStation(*row) for row in rows]
