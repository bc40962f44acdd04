"""What stands beside a station's page: who defends rights here, and where to go when this door is shut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import null, select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.finding.find import Found, find
from stations.finding.travel import TravelTimes
from stations.models import PublicStation as P
from stations.models import Region
from stations.query import By, StationQuery
from stations.registry import queries
from stations.registry.gazetteer import aliases

__all__ = ["Neighbour", "RightsCentres", "alternatives", "nearest_of_kind", "rights_centres"]

RIGHTS_CENTRE: Final = "rights_centre"
_MOST_CENTRES: Final = 100


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A station beside another; ``distance_m`` is None where one of the two has no position."""

    code: str
    names: Mapping[str, str]
    phone: str | None
    address: str | None
    region: str | None
    lon: float | None
    lat: float | None
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class RightsCentres:
    """Where to go about wages, injuries, contracts: the county's centre and the prefecture's; None where none is known."""

    county: Neighbour | None
    prefecture: Neighbour | None


def nearest_of_kind(
    session: Session,
    kind: str,
    *,
    near: tuple[float, float] | None = None,
    region: str | None = None,
    limit: int = 1,
) -> tuple[Neighbour, ...]:
    """Return the stations of a kind that are in service, nearest first, or by name without a point to measure from.

    near: longitude, latitude. region: only in this region and those below it. What has no position comes last.
    """
    return tuple(_neighbour(row) for row in _of_kind(session, kind, near=near, region=region, limit=limit))


def rights_centres(session: Session, code: str) -> RightsCentres:
    """Return the rights centres that a station's page shows, with their distance. Raises NotFound.

    The prefecture's is the one that is filed under it or bears its name; it stands in some county, and is not taken for
    that county's own.
    """
    station = _station(session, code)
    above = {
        row.level: row for row in session.scalars(select(Region).where(Region.code.in_(station.lineage)))
    }
    prefecture, county = above.get("prefecture"), above.get("county")
    if prefecture is None:
        return RightsCentres(None, None)
    centres = _of_kind(session, RIGHTS_CENTRE, near=station.near, region=prefecture.code, limit=_MOST_CENTRES)
    called = (prefecture.names["zh"], *aliases(prefecture.names["zh"], of_region=True))
    whole = next(
        (row for row in centres if row.region_code == prefecture.code or row.name.startswith(called)), None
    )
    own = next(
        (row for row in centres if row is not whole and county is not None and county.code in row.lineage),
        None,
    )
    return RightsCentres(own and _neighbour(own), whole and _neighbour(whole))


def alternatives(
    session: Session,
    code: str,
    *,
    now: datetime,
    by: By = By.WALK,
    limit: int = 3,
    travel: TravelTimes | None = None,
) -> Found:
    """Return where to go instead of a station: the finder's answer from its door, without it. Raises NotFound.

    A station without a position is answered for its region.
    """
    station = _station(session, code)
    query = StationQuery(near=station.near, by=by, limit=limit)
    if station.near is None and station.region is not None:
        query = replace(query, regions=(station.region,))
    return find(session, query, now=now, travel=travel, without=code)


class _Station(NamedTuple):
    near: tuple[float, float] | None
    region: str | None
    lineage: list[str]


def _station(session: Session, code: str) -> _Station:
    row = session.execute(
        select(
            P.region_code,
            P.lineage,
            queries.x(P.location).label("lon"),
            queries.y(P.location).label("lat"),
        ).where(P.code == code, P.listed)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no public station has the code {code!r}")
    return _Station(None if row.lon is None else (row.lon, row.lat), row.region_code, row.lineage)


def _of_kind(
    session: Session, kind: str, *, near: tuple[float, float] | None, region: str | None, limit: int
) -> Sequence[Any]:
    metres = null() if near is None else queries.metres_to(near)
    found: Sequence[Any] = session.execute(
        select(
            P.name,
            P.region_code,
            P.lineage,
            P.feature,
            queries.x(P.location).label("lon"),
            queries.y(P.location).label("lat"),
            metres.label("metres"),
        )
        .where(
            P.listed,
            P.kind == kind,
            P.lifecycle == "open",
            *([] if region is None else [queries.in_regions([region])]),
        )
        .order_by(*([] if near is None else [queries.nearest_first(near)]), P.name, P.station_id)
        .limit(limit)
    ).all()
    return found


def _neighbour(row: Any) -> Neighbour:
    told = orjson.loads(row.feature)["properties"]
    return Neighbour(
        told["code"],
        told["names"],
        told["phone"],
        told["address"],
        told["region"],
        row.lon,
        row.lat,
        row.metres,
    )
