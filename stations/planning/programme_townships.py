"""The townships of a programme: their list, and the points that are found for them.

Functions take a session and never commit; they are called inside ``acting`` by who plans in all regions of the programme.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from geoalchemy2.shape import from_shape
from shapely.geometry import Point as Shape
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from geo.datum import Datum, to_wgs84
from stations.errors import Conflict, Invalid, NotFound
from stations.models import Programme, ProgrammeTownship, Region
from stations.planning.programmes import held
from stations.planning.township_lists import TownshipRow
from stations.planning.township_matching import Judged, Point, Where, judge, match
from stations.planning.township_names import named
from stations.registry import queries
from stations.registry.areas import Areas
from stations.registry.regions import mainland_of

__all__ = ["Told", "add_points", "from_registry", "ground", "listed", "replace_list"]

#: Rows that are kept to be told apart by hand; a gazetteer of a whole province has more that mean nothing here.
_MOST_STRAYS: Final = 2000
#: What a township keeps when its list is brought anew.
_KEPT: Final = ("station_id", "location", "original_lon", "original_lat", "original_datum", "point_by")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a list: how many rows there were, how many were taken, and how many wait, by problem."""

    rows: int
    taken: int
    waiting: Mapping[str, int]


def listed(session: Session, programme: Programme, *, stray: bool = False) -> Sequence[ProgrammeTownship]:
    """Return the townships of a programme in the order of their list, or the rows that are none of them."""
    return session.scalars(
        select(ProgrammeTownship)
        .where(ProgrammeTownship.programme_id == programme.id, ProgrammeTownship.stray.is_(stray))
        .order_by(ProgrammeTownship.number, ProgrammeTownship.id)
    ).all()


def replace_list(
    session: Session, code: str, rows: Sequence[TownshipRow], *, datum: Datum | None, actor: int
) -> Told:
    """Make these rows the townships of a programme in place of those before.

    datum: of their coordinates, needed where there are any. A township that was there before, by code or by county and
    name, keeps the point and the station that it had where the list has none. Raises Invalid, Conflict, NotAllowed.
    """
    programme = held(session, code, actor=actor)
    where, points = ground(session, programme, rows, datum)
    kept: dict[Any, dict[str, Any]] = {}
    for old in listed(session, programme):
        held_back = {name: getattr(old, name) for name in _KEPT}
        kept.setdefault((old.region_code, named(old.name).stem), held_back)
        if old.code:
            kept[old.code] = held_back
    session.execute(delete(ProgrammeTownship).where(ProgrammeTownship.programme_id == programme.id))
    session.expire_all()
    judged = judge(rows, points, where)
    for one in judged:
        row = _row(programme, one, datum, by="list")
        before = kept.get(one.code) or kept.get((one.county, one.name.stem))
        if before is not None and not row.stray:
            row.station_id = before["station_id"]
            if row.location is None and one.problem in {None, "bad_point", "no_county"}:
                for name, value in before.items():
                    setattr(row, name, value)
        session.add(row)
    session.flush()
    return _told(judged)


def from_registry(session: Session, code: str, *, actor: int) -> Told:
    """Make the townships that the registry's own regions hold, below those of the programme, its list.

    A point inside the outline is each one's point. Raises NotFound where the registry has no townships there.
    """
    programme = held(session, code, actor=actor)
    inner = queries.inner_point(Region.geom)
    found = session.execute(
        select(Region.code, Region.names["zh"].astext, queries.x(inner), queries.y(inner))
        .where(
            Region.level == "township",
            Region.merged_into.is_(None),
            Region.lineage.overlap(list(programme.regions)),
        )
        .order_by(Region.code)
    ).all()
    if not found:
        raise NotFound(
            f"the registry has no townships in {', '.join(programme.regions)}; bring a list, or load them with "
            "yizhan regions load --file"
        )
    rows = [
        TownshipRow(number, region, name, "", lon, lat)
        for number, (region, name, lon, lat) in enumerate(found, 1)
    ]
    return replace_list(session, code, rows, datum=Datum.WGS84, actor=actor)


def add_points(session: Session, code: str, rows: Sequence[TownshipRow], *, datum: Datum, actor: int) -> Told:
    """Find points for the townships of a programme in a list that has them; what fits none waits for a person.

    Rows of other counties mean nothing here and are left out. Raises Conflict where the programme has no townships yet.
    """
    programme = held(session, code, actor=actor)
    there = listed(session, programme)
    if not there:
        raise Conflict(f"programme {programme.code} has no list of townships yet; bring that first")
    where, points = ground(session, programme, rows, datum)
    found = match(judge(rows, points, where), [_as_judged(one) for one in there])
    session.execute(
        delete(ProgrammeTownship).where(
            ProgrammeTownship.programme_id == programme.id, ProgrammeTownship.stray
        )
    )
    waiting: Counter[str] = Counter()
    for one in found:
        if one.at is not None and one.by is not None:
            _put(there[one.at], one.row, datum, by=one.by)
        elif one.problem is not None:
            waiting[one.problem] += 1
            if one.problem != "outside_programme" and waiting.total() <= _MOST_STRAYS:
                row = _row(programme, one.row, datum, by="list")
                row.problem, row.stray = one.problem, True
                row.candidates = [str(there[at].id) for at in one.candidates]
                session.add(row)
    session.flush()
    return Told(len(rows), sum(one.at is not None for one in found), dict(waiting))


def ground(
    session: Session, programme: Programme, rows: Sequence[TownshipRow], datum: Datum | None
) -> tuple[Where, dict[int, Point | None]]:
    """Return what the registry knows of places, and the points of the rows in WGS 84."""
    areas = Areas.load(session)
    lon = np.array([np.nan if row.lon is None else row.lon for row in rows])
    lat = np.array([np.nan if row.lat is None else row.lat for row in rows])
    sound = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    sound &= (lon != 0) | (lat != 0)
    if sound.any():
        if datum is None:
            raise Invalid(
                "the list has coordinates: say in which datum they are (wgs84, gcj02, bd09)",
                field="datum",
                reason="needed",
            )
        lon[sound], lat[sound] = to_wgs84(lon[sound], lat[sound], datum, mainland=mainland_of(session))
    at = areas.at(np.where(sound, lon, np.nan), np.where(sound, lat, np.nan))
    points: dict[int, Point | None] = {}
    counties: dict[Point, str | None] = {}
    for row, fine, x, y, here in zip(rows, sound, lon.tolist(), lat.tolist(), at, strict=True):
        points[row.number] = (x, y) if fine else None
        if fine:
            counties[x, y] = here

    def county_named(text: str) -> str | None:
        found = areas.named(text)
        return found if found is not None and areas.areas[found].level == "county" else None

    below = {
        area.code
        for area in areas.areas.values()
        if area.level == "county" and set(programme.regions) & set(area.lineage)
    } | set(programme.regions)
    return Where(county_named, counties.get, below), points


def _row(programme: Programme, one: Judged, datum: Datum | None, *, by: str) -> ProgrammeTownship:
    made = ProgrammeTownship(
        programme_id=programme.id,
        number=one.row.number,
        code=one.code,
        name=one.row.name[:120] or one.row.code[:40],
        county_received=one.row.county[:120] or None,
        region_code=one.county,
        problem=one.problem,
        candidates=list(one.candidates),
        stray=one.stray,
    )
    _put(made, one, datum, by=by)
    return made


def _put(row: ProgrammeTownship, one: Judged, datum: Datum | None, *, by: str) -> None:
    if one.point is None:
        return
    row.location, row.point_by = from_shape(Shape(*one.point), srid=4326), by
    row.original_lon, row.original_lat = one.row.lon, one.row.lat
    row.original_datum = None if datum is None else str(datum)
    row.problem = None if row.problem in {"bad_point", "no_point"} else row.problem


def _as_judged(one: ProgrammeTownship) -> Judged:
    row = TownshipRow(one.number, one.code or "", one.name, one.county_received or "", None, None)
    # Where it is matters to nobody here: only whether it is known.
    point = None if one.location is None else (0.0, 0.0)
    return Judged(row, one.code, named(one.name), one.region_code, point)


def _told(judged: Sequence[Judged]) -> Told:
    waiting = Counter(one.problem for one in judged if one.problem is not None)
    return Told(len(judged), sum(not one.stray for one in judged), dict(waiting))
