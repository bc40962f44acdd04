"""Which township has a station, and how anybody knows: chosen by hand, by its code, by its name in the words, or by distance.

A station belongs to one township at most. Distance is the straight line to the nearest listed point of the same county,
so what it says is an estimate and is told as one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.spheroid import metres_between
from stations.models import Programme, ProgrammeTownship, Region, Station
from stations.planning.programme_progress import chosen
from stations.planning.township_names import named
from stations.registry import queries
from stations.registry.place_names import cleaned

__all__ = ["HOW", "NEAR_M", "STANDINGS", "Has", "Standing", "standing"]

#: How far from its township's point a station may be and still be taken for it, in straight metres.
NEAR_M: Final = 3000.0
#: The best that a township has, the best first; ``unknown``: it has no point, so nobody can tell.
STANDINGS: Final = ("open", "suspended", "building", "planned", "none", "unknown")
HOW: Final = ("hand", "code", "name", "near")


@dataclass(frozen=True, slots=True)
class Has:
    """A station that a township has. how: see ``HOW``; metres: straight, where distance told."""

    code: str
    name: str
    lifecycle: str
    how: str
    metres: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A township and what it has, the best first."""

    id: int
    number: int
    code: str | None
    name: str
    county: str | None
    lon: float | None
    lat: float | None
    point_by: str | None
    problem: str | None
    best: str
    has: tuple[Has, ...]


def standing(session: Session, programme: Programme, *, near_m: float = NEAR_M) -> list[Standing]:
    """Return the townships of a programme with the stations that it counts in each, in the order of their list."""
    towns = session.execute(
        select(
            ProgrammeTownship.id,
            ProgrammeTownship.number,
            ProgrammeTownship.code,
            ProgrammeTownship.name,
            ProgrammeTownship.region_code,
            queries.x(ProgrammeTownship.location).label("lon"),
            queries.y(ProgrammeTownship.location).label("lat"),
            ProgrammeTownship.point_by,
            ProgrammeTownship.problem,
            ProgrammeTownship.station_id,
        )
        .where(ProgrammeTownship.programme_id == programme.id, ~ProgrammeTownship.stray)
        .order_by(ProgrammeTownship.number, ProgrammeTownship.id)
    ).all()
    if not towns:
        return []
    has = _assigned(towns, _stations(session, programme), near_m)
    return [
        Standing(
            id=town.id,
            number=town.number,
            code=town.code,
            name=town.name,
            county=town.region_code,
            lon=town.lon,
            lat=town.lat,
            point_by=town.point_by,
            problem=town.problem,
            best=_best(town, has[town.id]),
            has=tuple(sorted(has[town.id], key=lambda one: (STANDINGS.index(one.lifecycle), one.code))),
        )
        for town in towns
    ]


def _stations(session: Session, programme: Programme) -> Sequence[Any]:
    return session.execute(
        chosen(
            programme,
            Station.id,
            Station.code,
            Station.names["zh"].astext.label("name"),
            Station.address,
            Station.lifecycle,
            Station.region_code,
            Region.lineage,
            queries.x(Station.location).label("lon"),
            queries.y(Station.location).label("lat"),
        ).order_by(Station.id)
    ).all()


def _assigned(towns: Sequence[Any], stations: Sequence[Any], near_m: float) -> Mapping[int, list[Has]]:
    by_hand = {town.station_id: town.id for town in towns if town.station_id is not None}
    by_code = {town.code: town.id for town in towns if town.code}
    by_county: dict[str | None, list[Any]] = defaultdict(list)
    for town in towns:
        by_county[town.region_code].append(town)
    found: dict[int, list[Has]] = defaultdict(list)
    for station in stations:
        here = [town for code in station.lineage for town in by_county.get(code, ())]
        town, how, metres = None, "", None
        if station.id in by_hand:
            town, how = by_hand[station.id], "hand"
        elif station.region_code[:9] in by_code:
            town, how = by_code[station.region_code[:9]], "code"
        elif (named_ := _in_words(station, here)) is not None:
            town, how = named_, "name"
        elif station.lon is not None:
            near = _nearest(station, here, near_m)
            if near is not None:
                (town, metres), how = near, "near"
        if town is not None:
            found[town].append(Has(station.code, station.name, station.lifecycle, how, metres))
    return found


def _in_words(station: Any, towns: Sequence[Any]) -> int | None:
    """Return the one township of the county whose full name stands in a station's name or address."""
    words = cleaned(f"{station.name}{station.address or ''}")
    met = {town.id: named(town.name).full for town in towns if named(town.name).full in words}
    # 东川镇 stands in 大东川镇: the longer name is the one that is meant.
    longest = [
        id_ for id_, name in met.items() if not any(name != other and name in other for other in met.values())
    ]
    return longest[0] if len(longest) == 1 else None


def _nearest(station: Any, towns: Sequence[Any], near_m: float) -> tuple[int, int] | None:
    placed = [town for town in towns if town.lon is not None]
    if not placed:
        return None
    metres = metres_between(
        station.lon,
        station.lat,
        np.array([town.lon for town in placed]),
        np.array([town.lat for town in placed]),
    )
    at = int(np.argmin(metres))
    return (placed[at].id, round(float(metres[at]))) if metres[at] <= near_m else None


def _best(town: Any, has: Sequence[Has]) -> str:
    states = Counter(one.lifecycle for one in has)
    best = next((state for state in STANDINGS if states[state]), None)
    return best or ("none" if town.lon is not None else "unknown")
