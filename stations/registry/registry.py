"""Adding and changing stations: functions that take a session and never commit.

All of them are called inside ``acting(session, actor, reason=…)``. A value that is already there is not written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.datum import Datum, to_wgs84
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotFound
from stations.hours import Hours
from stations.models import Amenity, HoursException, Organisation, Partner, Station

__all__ = [
    "NEXT_STATES",
    "AmenityFact",
    "accept_position",
    "add",
    "get",
    "locate",
    "set_amenities",
    "set_hours",
    "set_lifecycle",
    "set_partners",
    "withdraw",
]

#: From each state to which: planned → building → open ⇄ suspended → closed; a plan may be dropped, a closed one may
#: open again.
NEXT_STATES = {
    "planned": {"building", "open", "closed"},
    "building": {"open", "suspended", "closed"},
    "open": {"suspended", "closed"},
    "suspended": {"open", "closed"},
    "closed": {"open"},
}


@dataclass(frozen=True, slots=True)
class AmenityFact:
    """What is known of one amenity of a station."""

    value: words.Value = words.Value.YES
    basis: words.Basis = words.Basis.LISTED
    out_of_order: bool = False
    verified_at: date | None = None
    note: str | None = None


def get(session: Session, code: str) -> Station:
    """Return a station by its public code. Raises NotFound."""
    found = session.scalar(select(Station).where(Station.code == code))
    if found is None:
        raise NotFound(f"no station has the code {code!r}")
    return found


def add(
    session: Session,
    *,
    names: Mapping[str, str],
    kind: str,
    amenities: Mapping[str, AmenityFact] | None = None,
    hours: Hours | None = None,
    partners: Iterable[tuple[str, str]] = (),
    **facts: Any,
) -> Station:
    """Add a station; its code is given by the database.

    names: by BCP 47 tag, ``zh`` needed. partners: (role, name of the organisation). facts: columns of ``Station``
    but for its position, which ``locate`` sets. Raises Invalid on an unknown kind or an empty name.
    """
    if kind not in words.KINDS:
        raise Invalid(f"{kind!r} is no kind; one of {', '.join(words.KINDS)}", field="kind", value=kind)
    given = {tag: name.strip() for tag, name in names.items() if name.strip()}
    if "zh" not in given:
        raise Invalid("a station needs a Chinese name", field="names", value=dict(names))
    station = Station(names=given, kind=kind, **facts)
    session.add(station)
    session.flush()
    if amenities:
        set_amenities(session, station, amenities)
    if hours is not None:
        set_hours(session, station, hours)
    set_partners(session, station, partners)
    return station


def locate(
    session: Session,
    station: Station,
    lon: float,
    lat: float,
    *,
    datum: Datum,
    mainland: Mainland,
    quality: words.PositionQuality | None = None,
    origin: str | None = None,
) -> None:
    """Put a station on the map: the numbers as they came are kept beside the converted ones.

    Raises Invalid where the numbers are no place on Earth.
    """
    if not (np.isfinite(lon) and np.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise Invalid(
            f"{lon}, {lat} is not on Earth; longitude first, in degrees", field="location", value=(lon, lat)
        )
    lons, lats = to_wgs84(lon, lat, datum, mainland=mainland)
    station.location = from_shape(Point(float(lons), float(lats)), srid=4326)
    station.original_lon, station.original_lat = lon, lat
    station.original_datum = "wgs84" if datum is Datum.CGCS2000 else str(datum)
    station.position_quality = None if quality is None else str(quality)
    station.position_origin = origin
    station.position_hold = None
    session.flush()


def accept_position(session: Session, station: Station, *, mainland: Mainland) -> None:
    """Believe a position that was held. Raises Conflict where none is."""
    if station.position_hold is None or station.original_lon is None or station.original_lat is None:
        raise Conflict(f"station {station.code} has no held position to accept")
    locate(
        session,
        station,
        station.original_lon,
        station.original_lat,
        datum=Datum.parse(station.original_datum or "wgs84"),
        mainland=mainland,
        quality=words.PositionQuality(station.position_quality) if station.position_quality else None,
        origin=station.position_origin,
    )


def set_amenities(session: Session, station: Station, facts: Mapping[str, AmenityFact]) -> None:
    """Write what is known of these amenities; others stay as they are. Raises Invalid on an unknown one."""
    known = {
        row.amenity: row for row in session.scalars(select(Amenity).where(Amenity.station_id == station.id))
    }
    for code, fact in facts.items():
        if code not in words.AMENITIES:
            raise Invalid(f"{code!r} is no amenity of the vocabulary", field="amenities", value=code)
        row = known.get(code)
        if row is None:
            row = Amenity(station_id=station.id, amenity=code)
            session.add(row)
        row.value, row.basis = str(fact.value), str(fact.basis)
        row.out_of_order, row.verified_at, row.note = fact.out_of_order, fact.verified_at, fact.note
    session.flush()


def set_hours(session: Session, station: Station, hours: Hours) -> None:
    """Write a station's hours, their exceptions included. Raises Invalid on an expression nobody can read."""
    hours.validate()
    station.hours_expression = hours.expression
    station.hours_calendar = str(hours.calendar)
    station.hours_words = hours.words or None
    kept = {
        (row.starts, row.ends, row.expression, row.reason): row
        for row in session.scalars(select(HoursException).where(HoursException.station_id == station.id))
    }
    wanted = {(e.starts, e.ends, e.expression, e.reason) for e in hours.exceptions}
    for content, row in kept.items():
        if content not in wanted:
            session.delete(row)
    for starts, ends, expression, reason in sorted(wanted.difference(kept), key=str):
        session.add(
            HoursException(
                station_id=station.id, starts=starts, ends=ends, expression=expression, reason=reason
            )
        )
    session.flush()


def set_partners(session: Session, station: Station, partners: Iterable[tuple[str, str]]) -> None:
    """Write who does what for a station, adding organisations that are not known yet. Others stay."""
    for role, name in partners:
        if role not in words.PARTNER_ROLES:
            raise Invalid(f"{role!r} is no role of a partner", field="partners", value=role)
        organisation = session.scalar(select(Organisation).where(Organisation.name == name))
        if organisation is None:
            organisation = Organisation(name=name, region_code=station.region_code)
            session.add(organisation)
            session.flush()
        known = session.scalar(
            select(Partner.id).where(
                Partner.station_id == station.id,
                Partner.organisation_id == organisation.id,
                Partner.role == role,
            )
        )
        if known is None:
            session.add(Partner(station_id=station.id, organisation_id=organisation.id, role=role))
    session.flush()


def set_lifecycle(session: Session, station: Station, lifecycle: str, *, on: date, reason: str) -> None:
    """Move a station through its life. Raises Conflict where the step is not possible, Invalid without a reason."""
    if lifecycle == station.lifecycle:
        return
    if lifecycle not in NEXT_STATES.get(station.lifecycle, set()):
        raise Conflict(f"station {station.code} is {station.lifecycle} and cannot become {lifecycle}")
    if not reason.strip():
        raise Invalid("a change of lifecycle needs a reason", field="lifecycle_reason", value=reason)
    station.lifecycle, station.lifecycle_since, station.lifecycle_reason = lifecycle, on, reason.strip()
    session.flush()


def withdraw(session: Session, station: Station, *, reason: str, same_as: Station | None = None) -> None:
    """Take a station out of the public view: entered by mistake, or the same place as another."""
    if not reason.strip():
        raise Invalid("a withdrawal needs a reason", field="withdrawn_reason", value=reason)
    station.withdrawn_reason = reason.strip()
    station.same_as = same_as.id if same_as else None
    session.flush()
