"""A station that a programme plans: added to the registry as planned, by a planner, and put into the programme at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.accounts import may
from stations.editing.checks import BadFields, clean
from stations.editing.draft import Position
from stations.editing.place import namesakes, placed
from stations.errors import Conflict, Invalid, NotAllowed
from stations.models import Programme, ProgrammeStation, Region, Station
from stations.planning.programme_members import require_open
from stations.planning.programmes import counted_kinds
from stations.registry.regions import mainland_of

__all__ = ["NewStation", "plan_station"]


@dataclass(frozen=True, slots=True)
class NewStation:
    """A station that a programme plans: where it is to be, by region or by position, and when it should open."""

    name: str
    kind: str
    region: str | None = None
    position: Position | None = None
    address: str | None = None
    expected_on: date | None = None


def plan_station(
    session: Session, programme: Programme, new: NewStation, *, actor: int, insist: bool = False
) -> str:
    """Add a station as planned and put it into a programme; return its code.

    insist: also where the region has one of the same name. Raises BadFields, Conflict for a namesake or a closed
    programme, NotAllowed outside the actor's regions.
    """
    require_open(programme)
    problems: list[Invalid] = []

    def cleaned(key: str, value: object) -> object:
        try:
            return clean(key, value)
        except Invalid as error:
            problems.append(error)
            return None

    name = cleaned("name.zh", new.name)
    address = cleaned("address", new.address) if new.address else None
    if new.kind not in counted_kinds(programme):
        problems.append(
            Invalid(
                f"kind: {new.kind!r} is none that programme {programme.code} counts",
                field="kind", value=new.kind, reason="other_kind",
            )
        )  # fmt: skip
    location, region = _where(session, programme, new, problems)
    if problems:
        raise BadFields(tuple(problems))
    if not may(session, actor, "planner", region):
        raise NotAllowed(f"region {region}: not one that you plan for")
    if not insist and region is not None and (same := namesakes(session, str(name), region)):
        raise Conflict(f"region {region} has a station of the name {name!r} already: {', '.join(same)}")
    station = Station(
        names={"zh": name}, kind=new.kind, lifecycle="planned", region_code=region, address=address,
        expected_on=new.expected_on,
    )  # fmt: skip
    if location is not None and new.position is not None:
        station.location = from_shape(Point(*location), srid=4326)
        station.original_lon, station.original_lat = new.position.lon, new.position.lat
        station.original_datum = "wgs84" if new.position.datum == "cgcs2000" else new.position.datum
        station.position_quality = "approximate"
    session.add(station)
    session.flush()
    session.add(ProgrammeStation(programme_id=programme.id, station_id=station.id))
    session.flush()
    return station.code


def _where(
    session: Session, programme: Programme, new: NewStation, problems: list[Invalid]
) -> tuple[tuple[float, float] | None, str | None]:
    """Return the place (WGS 84) and the region of a new station; what is wrong goes to ``problems``."""
    region = new.region
    lineage: Sequence[str] | None = None
    if region is not None:
        lineage = session.scalar(
            select(Region.lineage).where(Region.code == region, Region.merged_into.is_(None))
        )
        if lineage is None or not set(lineage) & set(programme.regions):
            problems.append(_outside("region_code", region, programme))
            return None, region
    if new.position is None:
        if region is None:
            problems.append(
                Invalid("region_code: name a region or a position", field="region_code", reason="needed")
            )
        return None, region
    try:
        at = Position(*clean("position", list(new.position)))
    except Invalid as error:
        problems.append(error)
        return None, region
    pin = placed(
        session, at, mainland=mainland_of(session), expected=[region] if region else programme.regions
    )
    if pin.problem is not None:
        # A township has no outline of its own, so its county has to do.
        if lineage is not None and pin.region is not None and pin.region in lineage:
            return (pin.lon, pin.lat), region
        problems.append(
            Invalid(
                f"position: {at.lon}, {at.lat} ({at.datum}) is not in {region or ', '.join(programme.regions)}",
                field="position", value=at, reason=pin.problem,
            )
        )  # fmt: skip
    return (pin.lon, pin.lat), region or pin.region


def _outside(name: str, region: str, programme: Programme) -> Invalid:
    return Invalid(
        f"{name}: region {region!r} lies outside {', '.join(programme.regions)}",
        field=name, value=region, reason="outside_region",
    )  # fmt: skip
