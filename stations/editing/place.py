"""Whether a pin can be where somebody put it: on land, in the province, in the region that it should be in.

A pin that is elsewhere is told where it is, and whether another datum, or the numbers the other way round, would put it
right: Amap's numbers taken for GPS are a few hundred metres off, which near a border is another county.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.datum import Datum, to_wgs84
from geo.mainland import Mainland
from stations.editing.draft import Position
from stations.imports.names import alike
from stations.models import PublicStation, Region, RegistryInfo, Station
from stations.registry import queries

__all__ = ["NEAR_M", "TWIN_M", "Neighbour", "Offer", "Placed", "neighbours", "placed", "region_at"]

#: Within this distance a station of a like name is taken for the same one until somebody says that it is not.
TWIN_M: Final = 50.0
#: How far around a pin other stations are shown.
NEAR_M: Final = 500.0
_MOST_NEAR: Final = 12
#: CGCS2000 is WGS 84 within a metre, so only these can fit better than one another.
_DISTINCT: Final = (Datum.WGS84, Datum.GCJ02, Datum.BD09)


@dataclass(frozen=True, slots=True)
class Offer:
    """Another way to read the same numbers, under which the pin is in the region named."""

    position: Position
    region: str
    swapped: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a pin is: WGS 84, and the code of the lowest region there.

    ``problem`` is None or ``at_sea`` (outside the mainland), ``outside_province``, ``outside_region`` (not where it was
    expected). ``offers``: readings that would be right.
    """

    lon: float
    lat: float
    region: str | None
    problem: str | None
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A station near a pin; ``twin``: so near and so like in name that it may be the same one."""

    code: str
    name: str
    kind: str
    lifecycle: str
    lon: float
    lat: float
    metres: float
    twin: bool


def region_at(session: Session, lon: float, lat: float) -> tuple[str, tuple[str, ...]] | None:
    """Return the lowest region but townships that holds a point (WGS 84), with its lineage; None outside all."""
    row = session.execute(
        select(Region.code, Region.lineage)
        .where(
            Region.merged_into.is_(None),
            Region.level.in_(("province", "prefecture", "county")),
            queries.covers(Region.geom, lon, lat),
        )
        .order_by(func.cardinality(Region.lineage).desc(), Region.code)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.code, tuple(row.lineage))


def placed(
    session: Session, position: Position, *, mainland: Mainland, expected: Sequence[str] = ()
) -> Placed:
    """Judge a pin. expected: the codes of the regions that it should be in one of; none is the whole province."""
    lon, lat = _wgs84(position, mainland)
    found = region_at(session, lon, lat)
    if found is not None and _fits(found, expected):
        return Placed(lon, lat, found[0], None)
    on_land = bool(mainland.contains(lon, lat).all())
    problem = "outside_region" if found is not None else "outside_province" if on_land else "at_sea"
    offers = []
    for other in _readings(position):
        region = region_at(session, *_wgs84(other, mainland))
        if region is not None and _fits(region, expected):
            offers.append(Offer(other, region[0], other[:2] != position[:2]))
    return Placed(lon, lat, found[0] if found else None, problem, tuple(offers))


def neighbours(
    session: Session, lon: float, lat: float, *, name: str = "", besides: str = "", within_m: float = NEAR_M
) -> list[Neighbour]:
    """Return the stations around a pin (WGS 84), nearest first, twelve at most.

    name: what the station at the pin is called. besides: the code of a station to leave out.
    """
    metres = queries.metres_between(Station.location, lon, lat)
    rows = session.execute(
        select(
            Station.code, Station.names, Station.kind, Station.lifecycle,
            queries.x(Station.location).label("x"), queries.y(Station.location).label("y"), metres.label("metres"),
        )
        .where(
            queries.around(Station.location, lon, lat, within_m),
            Station.withdrawn_reason.is_(None),
            Station.code != besides,
        )
        .order_by(metres, Station.code)
        .limit(_MOST_NEAR)
    )  # fmt: skip
    return [
        Neighbour(
            row.code,
            row.names["zh"],
            row.kind,
            row.lifecycle,
            row.x,
            row.y,
            row.metres,
            bool(name) and row.metres <= TWIN_M and alike(name, row.names["zh"]),
        )
        for row in rows
    ]


def namesakes(session: Session, name: str, region: str, *, besides: str = "") -> list[str]:
    """Return the codes of public stations of the very same name in a region: an unlocated twin has no pin to be near."""
    rows = session.scalars(
        select(PublicStation.code)
        .where(
            PublicStation.listed,
            PublicStation.name == name,
            queries.in_regions([region]),
            PublicStation.code != besides,
        )
        .order_by(PublicStation.station_id)
        .limit(_MOST_NEAR)
    )
    return list(rows)


def province_of(session: Session) -> str | None:
    """Return the code of the province that this registry is of."""
    return session.scalar(select(RegistryInfo.province_code))


def _wgs84(position: Position, mainland: Mainland) -> tuple[float, float]:
    lons, lats = to_wgs84(position.lon, position.lat, Datum.parse(position.datum), mainland=mainland)
    return float(lons), float(lats)


def _readings(position: Position) -> list[Position]:
    """Return the other ways to read the numbers: in the other datums, then the other way round in its own."""
    own = Datum.parse(position.datum)
    found = [position._replace(datum=str(datum), held=False) for datum in _DISTINCT if datum is not own]
    if abs(position.lon) <= 90:
        found.append(Position(position.lat, position.lon, position.datum))
    return found


def _fits(region: tuple[str, tuple[str, ...]], expected: Sequence[str]) -> bool:
    return not expected or bool(set(region[1]).intersection(expected))
