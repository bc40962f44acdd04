"""Where invented stations may stand: counties, how many people live in them, and the places in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Place
from stations.registry import queries
from stations.registry.areas import Area, Areas

__all__ = ["Anchor", "Ground", "grounds", "share_out"]

_SMALL_PLACE: Final = 1_500
_LEAST_SHARE: Final = 5
_TOWN_KM: Final = 0.7
_TRIES: Final = 200
_KM_A_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that stations gather around; ``people`` weighs it against the others of its county."""

    name: str
    lon: float
    lat: float
    people: int

    def near(self, random: Random) -> tuple[float, float]:
        """Return a position around the place: the bigger the place, the farther."""
        spread = _TOWN_KM * math.sqrt(max(1.0, self.people / 30_000)) / _KM_A_DEGREE
        return (
            self.lon + random.gauss(0, spread) / math.cos(math.radians(self.lat)),
            self.lat + random.gauss(0, spread),
        )


@dataclass(frozen=True, slots=True)
class Ground:
    """One county with its outline, its names and the places in it."""

    code: str
    name: str
    prefecture_code: str
    prefecture: str
    people: float
    shape: BaseGeometry
    anchors: tuple[Anchor, ...]

    @property
    def seat(self) -> Anchor:
        """The place with the most people."""
        return max(self.anchors, key=lambda anchor: anchor.people)

    def spot(self, random: Random, anchor: Anchor) -> tuple[float, float]:
        """Return a position near the place and inside the county, to six decimals as lists have it."""
        for _ in range(_TRIES):
            lon, lat = anchor.near(random)
            if shapely.contains_xy(self.shape, lon, lat):
                return round(lon, 6), round(lat, 6)
        point = self.shape.representative_point()
        return round(point.x, 6), round(point.y, 6)


def grounds(session: Session, areas: Areas) -> list[Ground]:
    """Return the counties of the registry, by code, each with at least one place to gather around."""
    places: dict[str, list[Anchor]] = {}
    for row in session.execute(
        select(
            Place.names, Place.region_code, Place.population,
            queries.x(Place.location).label("lon"), queries.y(Place.location).label("lat"),
        ).where(Place.names.has_key("zh")).order_by(Place.source, Place.source_id)
    ):  # fmt: skip
        if row.region_code is not None:
            anchor = Anchor(row.names["zh"], row.lon, row.lat, row.population or _SMALL_PLACE)
            places.setdefault(row.region_code, []).append(anchor)
    counties = [areas.areas[code] for code in sorted(areas.shapes) if areas.areas[code].level == "county"]
    people = _people(areas, counties)
    return [_ground(areas, county, people[county.code], places) for county in counties]


def _ground(areas: Areas, county: Area, people: float, places: dict[str, list[Anchor]]) -> Ground:
    prefecture = areas.areas[county.lineage[-2]]
    shape = areas.shapes[county.code]
    anchors = list(places.get(county.code, ()))
    if county.names["zh"].endswith("区"):
        # A city's districts share its centre, which a gazetteer puts into one of them.
        siblings = [a for code in places if code[:4] == county.code[:4] for a in places[code]]
        city = max(siblings, key=lambda anchor: anchor.people, default=None)
        if city is not None and city not in anchors:
            anchors += [Anchor(county.names["zh"], city.lon, city.lat, city.people)]
    if not anchors:
        point = shape.representative_point()
        anchors = [Anchor(county.names["zh"], point.x, point.y, _SMALL_PLACE)]
    shapely.prepare(shape)
    return Ground(
        county.code, county.names["zh"], prefecture.code, prefecture.names["zh"], people, shape, tuple(anchors)
    )  # fmt: skip


def _people(areas: Areas, counties: Sequence[Area]) -> dict[str, float]:
    """Return how many people live in each county: as counted, else an even share of what its prefecture has left."""
    found = {county.code: float(county.population) for county in counties if county.population}
    for county in counties:
        if county.code in found and county.population:
            continue
        siblings = [other for other in counties if other.lineage[-2] == county.lineage[-2]]
        total = areas.areas[county.lineage[-2]].population or 0
        left = total - sum(other.population or 0 for other in siblings)
        found[county.code] = max(1.0, left / sum(not other.population for other in siblings))
    return found


def share_out(grounds: Sequence[Ground], count: int) -> list[int]:
    """Divide ``count`` stations among the counties: a few each, the rest by people, largest remainders first."""
    least = min(_LEAST_SHARE, count // len(grounds))
    rest = count - least * len(grounds)
    total = sum(ground.people for ground in grounds)
    exact = [rest * ground.people / total for ground in grounds]
    shares = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(grounds)), key=lambda at: (shares[at] - exact[at], at))
    for at in by_remainder[: rest - sum(shares)]:
        shares[at] += 1
    return [least + share for share in shares]
