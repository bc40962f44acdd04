"""Filling the demonstration registry: once, in its own database, and never over somebody's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84, to_wgs84
from geo.mainland import Mainland
from stations.demo.community import add_community
from stations.demo.ground import grounds
from stations.demo.inspections import add_inspections
from stations.demo.invent import Invented, invent
from stations.demo.programmes import add_programmes
from stations.demo.use import add_use
from stations.errors import Conflict
from stations.imports.names import identity_key, identity_text, place_key
from stations.models import (
    Amenity,
    Base,
    Grant,
    Honour,
    HoursException,
    Organisation,
    Partner,
    RegistryInfo,
    Source,
    Station,
    StationSource,
    Visits,
)
from stations.registry import places, regions
from stations.registry.areas import Areas
from stations.registry.writing import DEMONSTRATION, OPERATOR, acting, actor_id

__all__ = ["PROVINCE", "SOURCE", "fill", "prepare"]

PROVINCE: Final = "63"
SOURCE: Final = "demonstration"

_NAME: Final = "青海省工会驿站（演示数据）"
_COUNT: Final = 800


def prepare(session: Session, *, say: Callable[[str], None]) -> None:
    """Make an empty database a demonstration registry: Qinghai's regions and places. Does nothing a second time.

    Raises Conflict for a registry that is somebody's own.
    """
    info = session.get(RegistryInfo, 1)
    if info is not None:
        _require_demonstration(info)
        return
    operator = actor_id(session, OPERATOR)
    say("Loading the regions of Qinghai …")
    regions.load(session, province=PROVINCE, actor=operator, name=_NAME, demonstration=True)
    say("Loading its places …")
    places.load(session, actor=operator)
    with acting(session, operator, reason="the demonstration has programmes"):
        session.add(Grant(staff_id=actor_id(session, DEMONSTRATION), role="planner", region_code=None))


def fill(session: Session, *, today: date, say: Callable[[str], None], count: int = _COUNT) -> bool:
    """Fill a prepared demonstration registry with invented stations; False where they are there already.

    today: what ages and dated exceptions count from; the same day gives the same registry. It is written by its own
    actor, so not in the transaction that prepared it. Raises Conflict where the registry is not a demonstration or
    holds stations of another source.
    """
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise Conflict("the demonstration has no regions yet: prepare it first")
    _require_demonstration(info)
    if session.scalar(select(Source.id).where(Source.code == SOURCE)) is not None:
        return False
    if session.scalar(select(Station.id).limit(1)) is not None:
        raise Conflict(
            "this demonstration registry holds stations of another source; it is not filled over them"
        )
    areas = Areas.load(session)
    say("Inventing stations …")
    stations = invent(grounds(session, areas), count=count, today=today)
    actor = actor_id(session, DEMONSTRATION)
    with acting(session, actor, reason="demonstration data"):
        _store(session, stations, regions.mainland_of(session), areas, actor=actor, today=today)
        source = session.scalars(select(Source.id).where(Source.code == SOURCE)).one()
        add_use(session, source_id=source, today=today)
        say("Inviting to work and events …")
        add_community(session, today=today)
        say("Planning programmes …")
        add_programmes(session, actor=actor, today=today)
        say(f"Preparing {len(stations)} stations for the map …")
    # What the posted hours say of a moment is read from what was just prepared.
    with acting(session, actor, reason="demonstration inspections"):
        say("Inspecting some of them …")
        add_inspections(session, actor=actor, today=today)
    say(f"The demonstration registry holds {len(stations)} stations.")
    return True


def _require_demonstration(info: RegistryInfo) -> None:
    if not info.demonstration:
        raise Conflict(f"the registry {info.name!r} is not a demonstration: nothing invented goes into it")


def _store(
    session: Session,
    stations: Sequence[Invented],
    mainland: Mainland,
    areas: Areas,
    *,
    actor: int,
    today: date,
) -> None:
    source = Source(
        code=SOURCE,
        name="演示数据（虚构）",
        publisher="驿站地图 Yizhan Map",
        licence="CC BY 4.0",
        retrieved_on=today,
        demonstration=True,
    )
    session.add(source)
    session.flush()
    rows = [
        made.facts
        | position
        | {
            "accepted_cards": made.facts.get("accepted_cards", []),
            "hours_expression": made.hours.expression,
            "hours_calendar": str(made.hours.calendar),
            "hours_words": made.hours.words or None,
            "verified_by": actor if made.facts["verified_at"] else None,
            "source_id": source.id,
        }
        for made, position in zip(stations, _positions(stations, mainland), strict=True)
    ]
    columns = sorted({column for row in rows for column in row})
    ids = _insert_numbered(
        session, Station, [{column: row.get(column) for column in columns} for row in rows]
    )
    of = list(zip(ids, stations, strict=True))
    _insert(
        session,
        StationSource,
        (_identity(id_, at, made, source, areas) for at, (id_, made) in enumerate(of, 1)),
    )
    _insert(
        session,
        Amenity,
        (
            {
                "station_id": id_,
                "amenity": code,
                "value": str(fact.value),
                "basis": str(fact.basis),
                "out_of_order": fact.out_of_order,
                "verified_at": fact.verified_at,
                "source_id": source.id,
            }
            for id_, made in of
            for code, fact in made.amenities.items()
        ),
    )
    _insert(
        session,
        HoursException,
        (
            {
                "station_id": id_,
                "starts": e.starts,
                "ends": e.ends,
                "expression": e.expression,
                "reason": e.reason,
            }
            for id_, made in of
            for e in made.hours.exceptions
        ),
    )
    organisations = _organisations(session, stations)
    _insert(
        session,
        Partner,
        (
            {"station_id": id_, "organisation_id": organisations[name], "role": role}
            for id_, made in of
            for role, name in made.partners
        ),
    )
    _insert(
        session,
        Honour,
        (
            {"station_id": id_, "title": h.title, "level": h.level, "year": h.year, "standard": h.standard}
            for id_, made in of
            for h in made.honours
        ),
    )
    _insert(
        session,
        Visits,
        (
            {
                "station_id": id_,
                "period": Range(use.first, use.after, bounds="[)"),
                "visits": use.visits,
                "at_least": use.at_least,
                "source_id": source.id,
            }
            for id_, made in of
            for use in made.visits
        ),
    )


def _insert(session: Session, model: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Add rows of equal columns. The keys are asked back only because that puts many rows into one statement."""
    if found := list(rows):
        table = Base.metadata.tables[model.__tablename__]
        session.execute(insert(table).returning(*table.primary_key), found)


def _insert_numbered(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Add rows of equal columns and return the ids that they were given, in the same order.

    The table is written and not the model, whose bulk insert makes a statement for every pattern of missing values.
    """
    table = Base.metadata.tables[model.__tablename__]
    return list(session.scalars(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows))


def _organisations(session: Session, stations: Sequence[Invented]) -> dict[str, int]:
    """Store the partners, each in the county of the first station that names it; a prefecture's union in none."""
    regions_of: dict[str, str] = {}
    for made in stations:
        for _, name in made.partners:
            regions_of.setdefault(name, made.facts["region_code"])
    rows = [{"name": name, "region_code": region} for name, region in regions_of.items()]
    return dict(zip(regions_of, _insert_numbered(session, Organisation, rows), strict=True))


def _identity(id_: int, number: int, made: Invented, source: Source, areas: Areas) -> dict[str, Any]:
    host = next((name for role, name in made.partners if role == "host"), "")
    district = areas.name(made.facts["region_code"])
    return {
        "station_id": id_,
        "source_id": source.id,
        "external_id": f"YS{number:05d}",
        "identity_key": identity_key(
            identity_text(made.facts["names"]["zh"]),
            identity_text(district),
            identity_text(host),
            place_key(made.facts["address"], None, None),
        ),
    }


def _positions(stations: Sequence[Invented], mainland: Mainland) -> list[dict[str, Any]]:
    """Return the columns of position: in the datum of its list to six decimals, and converted back as any list is."""
    found: list[dict[str, Any]] = [{} for _ in stations]
    for datum in Datum:
        ours = [at for at, made in enumerate(stations) if made.position is not None and made.datum is datum]
        if not ours:
            continue
        true = np.array([stations[at].position for at in ours])
        lon, lat = (
            np.round(values, 6) for values in from_wgs84(true[:, 0], true[:, 1], datum, mainland=mainland)
        )
        placed = zip(*to_wgs84(lon, lat, datum, mainland=mainland), strict=True)
        for at, x, y, (true_lon, true_lat) in zip(ours, lon, lat, placed, strict=True):
            hold = stations[at].hold
            found[at] = {
                "original_lon": float(x),
                "original_lat": float(y),
                "original_datum": str(datum),
                "location": None if hold else from_shape(Point(float(true_lon), float(true_lat)), srid=4326),
                "position_hold": hold,
            }
    return found
