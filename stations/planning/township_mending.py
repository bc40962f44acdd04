"""What a person settles where no rule can tell: a point, a county, which township a row means, which station it has.

Functions take a session and never commit; they are called inside ``acting`` by who plans in all regions of the programme.
"""

from __future__ import annotations

from typing import Final

from geoalchemy2.shape import from_shape
from shapely.geometry import Point as Shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Invalid, NotFound
from stations.models import Programme, ProgrammeTownship, Region, Station
from stations.planning.programme_townships import ground, listed
from stations.planning.programmes import held
from stations.planning.township_lists import TownshipRow

__all__ = ["MENDS", "mend", "set_station"]

#: What a person can do with a row.
MENDS: Final = ("point", "take", "keep", "drop", "county")


def mend(
    session: Session,
    code: str,
    row_id: int,
    act: str,
    *,
    actor: int,
    point: tuple[float, float] | None = None,
    datum: Datum | None = None,
    township: int | None = None,
    county: str | None = None,
) -> None:
    """Settle one row by hand.

    act: ``point`` gives a township its point (``point``, ``datum``); ``take`` gives the point of a stray row to a
    ``township``; ``keep`` makes a stray row a township; ``county`` says which county it lies in; ``drop`` takes the row
    out. Raises Invalid where what is needed is missing or cannot be, NotFound for a row that is not there.
    """
    programme = held(session, code, actor=actor)
    row = _one(session, programme, row_id)
    if act not in MENDS:
        raise Invalid(f"act {act!r}: one of {', '.join(MENDS)}", field="act", value=act, reason="not_known")
    if act == "drop":
        session.delete(row)
    elif act == "county":
        row.region_code = _county(session, programme, county)
        row.problem = (
            None if row.problem in {"no_county", "county_differs", "outside_programme"} else row.problem
        )
    elif act == "point":
        _put_by_hand(session, programme, row, point, datum)
    elif act == "keep":
        if row.region_code is None or not _below(session, programme, row.region_code):
            raise Invalid(
                f"{row.name}: say first which county it lies in", field="county", reason="no_county"
            )
        if row.code and any(row.code == one.code for one in listed(session, programme)):
            row.code = None
        row.stray, row.problem, row.candidates = False, None, []
    else:
        if township is None or row.location is None or not row.stray:
            raise Invalid(
                f"{row.name}: choose the township that this point is of", field="township", reason="needed"
            )
        target = _one(session, programme, township)
        target.location, target.point_by = row.location, "hand"
        target.original_lon, target.original_lat = row.original_lon, row.original_lat
        target.original_datum = row.original_datum
        target.problem = None
        session.delete(row)
    session.flush()


def set_station(session: Session, code: str, row_id: int, station: str | None, *, actor: int) -> None:
    """Say by hand which station a township has, or with None that nobody says. Raises NotFound for either."""
    programme = held(session, code, actor=actor)
    row = _one(session, programme, row_id)
    found = None
    if station:
        found = session.scalar(
            select(Station.id).where(Station.code == station.strip(), Station.withdrawn_reason.is_(None))
        )
        if found is None:
            raise NotFound(f"no station has the code {station[:60]!r}")
    row.station_id = found
    session.flush()


def _one(session: Session, programme: Programme, row_id: int) -> ProgrammeTownship:
    found = session.get(ProgrammeTownship, row_id)
    if found is None or found.programme_id != programme.id:
        raise NotFound(f"programme {programme.code} has no township of the number {row_id}")
    return found


def _below(session: Session, programme: Programme, region: str) -> bool:
    lineage = session.scalar(select(Region.lineage).where(Region.code == region))
    return bool(set(lineage or ()) & set(programme.regions))


def _county(session: Session, programme: Programme, county: str | None) -> str:
    level = session.scalar(select(Region.level).where(Region.code == county, Region.merged_into.is_(None)))
    if county is None or level != "county" or not _below(session, programme, county):
        raise Invalid(
            f"county {county!r} is no county of programme {programme.code}",
            field="county",
            value=county,
            reason="no_county",
        )
    return county


def _put_by_hand(
    session: Session,
    programme: Programme,
    row: ProgrammeTownship,
    point: tuple[float, float] | None,
    datum: Datum | None,
) -> None:
    if point is None or datum is None:
        raise Invalid("give longitude, latitude and their datum", field="point", reason="needed")
    given = TownshipRow(row.number, row.code or "", row.name, "", *point)
    where, points = ground(session, programme, [given], datum)
    found = points[given.number]
    here = where.county_at(found) if found else None
    if found is None or here is None or here != (row.region_code or here) or here not in where.counties:
        raise Invalid(
            f"{point[0]}, {point[1]} ({datum}) lies in {here or 'no county of this registry'}, not in {row.region_code}",
            field="point",
            value=point,
            reason="point_elsewhere",
        )
    row.region_code = here
    row.location, row.point_by = from_shape(Shape(*found), srid=4326), "hand"
    row.original_lon, row.original_lat, row.original_datum = *point, str(datum)
    row.problem = None
