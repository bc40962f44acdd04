"""Coverage gaps: the people and places of each county that are far from every open rest station.

People and places are counted apart. A place whose population nobody knows counts as a place and not as nobody: the
number of such places stands beside every sum of people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from geo import coverage
from stations.models import Place, PublicStation, Region
from stations.query import StationQuery
from stations.registry import public, queries
from stations.vocabulary import Lifecycle, StationClass

__all__ = ["AreaGap", "Basis", "Gaps", "PlaceGap", "Tally", "gaps"]

#: What of a query says which stations serve a worker; the rest says where to look.
_SERVING: Final = ("kinds", "amenities", "open", "at", "access", "fee", "unknown")


@dataclass(frozen=True, slots=True)
class Tally:
    """Places and people, all and uncovered. People are None where no place's population is known."""

    places: int = 0
    places_uncovered: int = 0
    people_known: int | None = None
    people_uncovered: int | None = None
    places_population_unknown: int = 0
    places_uncovered_population_unknown: int = 0
    #: The longest straight way from a place to its nearest station; None without places or stations.
    farthest_m: int | None = None


@dataclass(frozen=True, slots=True)
class AreaGap:
    """One county, or what stands for one where a prefecture has none, and its tally."""

    code: str
    names: Mapping[str, str]
    tally: Tally


@dataclass(frozen=True, slots=True)
class PlaceGap:
    """One place, WGS 84, longitude first, and how far its nearest station is."""

    names: Mapping[str, str]
    lon: float
    lat: float
    region: str | None
    region_names: Mapping[str, str]
    population: int | None
    nearest_m: int | None
    covered: bool


@dataclass(frozen=True, slots=True)
class Basis:
    """What the answer stands on: how many stations, which of them were asked for, whose places, at which moment."""

    stations: int
    filters: str
    unknown: str
    places_source: str
    moment: datetime
    straight_line: bool = True


@dataclass(frozen=True, slots=True)
class Gaps:
    """The answer: every area, every place (the farthest first), and what the counting stands on."""

    radius_m: float
    areas: tuple[AreaGap, ...]
    places: tuple[PlaceGap, ...]
    totals: Tally
    basis: Basis
    #: The language of names that the query asked for.
    lang: str

    def as_dict(self, lang: str | None = None, *, covered: bool = False) -> dict[str, Any]:
        """Return the answer for JSON: the uncovered places, or all if ``covered``. What is unknown is None, never 0.

        lang: of names; by default what the query asked. A name that is not given in it is the Chinese one.
        """
        lang = lang or self.lang
        return {
            "radius_m": self.radius_m,
            "areas": [
                {"code": area.code, "name": _called(area.names, lang)} | asdict(area.tally)
                for area in self.areas
            ],
            "places": [
                {
                    "name": _called(place.names, lang),
                    "lon": place.lon,
                    "lat": place.lat,
                    "region": place.region,
                    "region_name": _called(place.region_names, lang),
                    "population": place.population,
                    "nearest_m": place.nearest_m,
                    "covered": place.covered,
                }
                for place in self.places
                if covered or not place.covered
            ],
            "totals": asdict(self.totals),
            "basis": asdict(self.basis) | {"moment": self.basis.moment.isoformat(timespec="minutes")},
        }


def gaps(
    session: Session, query: StationQuery, *, radius_m: float = 5_000.0, now: datetime | None = None
) -> Gaps:
    """Find the places farther than ``radius_m`` from every rest station in service.

    query: its regions restrict the areas and places looked at, but stations across the border count too. Its kinds,
    amenities, access, fee and ``open`` say which stations serve, with what ``unknown`` says of those that nobody
    knows it of. Its words, box and point are for lists and maps and have no part here.
    radius_m: straight geodesic metres, 0 or more, the boundary covered.
    Areas come by code, those without any place too; a place in no region is in the totals alone. Raises
    CoordinateError for a radius that is no number.
    """
    moment = public.moment_of(query, now)
    asked = replace(StationQuery(), **{name: getattr(query, name) for name in _SERVING})
    serving = replace(asked, lifecycle=(str(Lifecycle.OPEN),), classes=(str(StationClass.REST),))
    lon, lat = _positions(session, serving, moment)
    places = _places(session, query.regions)
    found = coverage.gaps(places, (lon, lat), radius_m=radius_m)
    names = _areas(session, query.regions)
    tallies = {code: _tally(row) for code, row in found.areas.to_dict("index").items()}
    by_distance = places.join(found.places).sort_values("nearest_m", ascending=False, kind="stable")
    return Gaps(
        radius_m,
        tuple(AreaGap(code, names[code], tallies.get(code, Tally())) for code in sorted(names)),
        tuple(_place(row, names) for row in by_distance.to_dict("records")),
        _total(found.areas),
        Basis(
            stations=len(lon),
            filters=asked.encode(),
            unknown=str(query.unknown),
            places_source="; ".join(sorted(set(places["credit"].dropna()))),
            moment=moment,
        ),
        query.lang,
    )


def _positions(
    session: Session, query: StationQuery, moment: datetime
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rows = session.execute(
        select(queries.x(PublicStation.location), queries.y(PublicStation.location)).where(
            *queries.conditions(query, moment, public.computed(session, query, moment)),
            PublicStation.location.is_not(None),
        )
    ).all()
    lon, lat = np.array(rows, dtype=np.float64).reshape(-1, 2).T
    return lon, lat


def _places(session: Session, regions: Sequence[str]) -> pd.DataFrame:
    rows = session.execute(
        select(
            Place.names,
            queries.x(Place.location).label("lon"),
            queries.y(Place.location).label("lat"),
            Place.region_code.label("area"),
            Place.population,
            Place.credit,
        )
        .outerjoin(Region, Region.code == Place.region_code)
        .where(*([Region.lineage.overlap(list(regions))] if regions else []))
        .order_by(Place.id)
    )
    frame = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    return frame.astype({"lon": "float64", "lat": "float64", "area": "object", "population": "float64"})


def _areas(session: Session, regions: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Return the names of the counties, and of larger regions that have no county or places in none."""
    below = aliased(Region)
    nothing_below = ~exists().where(
        below.parent_code == Region.code, below.merged_into.is_(None), below.level != "township"
    )
    rows = session.execute(
        select(Region.code, Region.names).where(
            or_(
                and_(nothing_below, Region.merged_into.is_(None), Region.level != "township"),
                exists().where(Place.region_code == Region.code),
            ),
            *([Region.lineage.overlap(list(regions))] if regions else []),
        )
    )
    return {row.code: row.names for row in rows}


def _called(names: Mapping[str, str], lang: str) -> str | None:
    return names.get(lang) or names.get("zh") or next(iter(names.values()), None)


def _tally(row: Mapping[Any, Any]) -> Tally:
    return Tally(
        places=int(row["places"]),
        places_uncovered=int(row["places_uncovered"]),
        people_known=_whole(row["people_known"]),
        people_uncovered=_whole(row["people_uncovered"]),
        places_population_unknown=int(row["places_population_unknown"]),
        places_uncovered_population_unknown=int(row["places_uncovered_population_unknown"]),
        farthest_m=_whole(row["farthest_m"]),
    )


def _total(areas: pd.DataFrame) -> Tally:
    if areas.empty:
        return Tally()
    # Where no area knows its people the sum is unknown too, and not 0.
    return _tally({**areas.sum(min_count=1), "farthest_m": areas["farthest_m"].max()})


def _whole(value: float) -> int | None:
    return round(value) if np.isfinite(value) else None


def _place(row: Mapping[Any, Any], names: Mapping[str, Mapping[str, str]]) -> PlaceGap:
    region = row["area"] if isinstance(row["area"], str) else None
    return PlaceGap(
        row["names"],
        row["lon"],
        row["lat"],
        region,
        names.get(region or "", {}),
        _whole(row["population"]),
        _whole(row["nearest_m"]),
        bool(row["covered"]),
    )
