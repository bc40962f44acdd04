"""Sites of a plan that become planned stations of a programme, each once, and which plan a station came from.

Functions take a session and never commit; those that write are called inside ``acting``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations.editing.draft import Position
from stations.errors import Conflict, Invalid, NotFound
from stations.models import Organisation, Partner, Programme, SitingAdoption, SitingPlan, Station
from stations.planning.programme_members import bind
from stations.planning.programme_planned import NewStation, plan_station
from stations.planning.programmes import counted_kinds
from stations.planning.siting.wants import Source
from stations.registry.areas import Areas

__all__ = ["Adopted", "adopted", "plan_of_station", "to_programme"]


@dataclass(frozen=True, slots=True)
class Adopted:
    """A site that became a station. withdrawn: the station was taken back, so the site can become another one."""

    key: str
    code: str
    name: str
    programme: str
    lifecycle: str
    withdrawn: bool


def to_programme(
    session: Session,
    plan: SitingPlan,
    programme: Programme,
    keys: Sequence[str],
    *,
    actor: int,
    kind: str | None = None,
    expected_on: date | None = None,
    names: Mapping[str, str] | None = None,
    insist: bool = False,
) -> list[Adopted]:
    """Add chosen sites to the registry as planned stations of a programme, all or none; return them in the order asked.

    kind: of the stations, the first that the programme counts where None. names: of sites by key; else what a list of
    candidates calls a site, or its place with 驿站 after it. The host that a list names becomes the host of the station.
    insist: also where the region has a station of the same name.
    Raises Conflict for a plan without an answer, a site that is a station already or a namesake, NotFound for a site that
    the plan does not have, BadFields for what a station cannot be, NotAllowed outside the actor's regions.
    """
    if not plan.sites:
        raise Conflict(f"plan {plan.id} has no sites to plan stations at")
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        raise Invalid("which sites? choose one at least", field="keys", reason="needed")
    rows = {row["key"]: row for row in plan.sites}
    if strangers := [key for key in wanted if key not in rows]:
        raise NotFound(f"plan {plan.id} has no site {strangers[0][:100]!r}")
    # Two who adopt at once come one after the other, and the second is told.
    session.execute(select(SitingPlan.id).where(SitingPlan.id == plan.id).with_for_update())
    there = {each.key: each for each in adopted(session, plan.id) if not each.withdrawn}
    if again := [key for key in wanted if key in there]:
        one = there[again[0]]
        raise Conflict(
            f"site {again[0]} of plan {plan.id} is the station {one.code} ({one.name}) of programme {one.programme} already"
        )
    source = Source(plan.question.get("offer", {}).get("source", Source.PLACES))
    areas = Areas.load(session)
    found = []
    for key in wanted:
        row = rows[key]
        if source is Source.PLANNED:
            # Such a candidate is a planned station already, and its key is its code.
            bind(session, programme, [key], actor=actor)
            code = key
        else:
            new = NewStation(
                name=(names or {}).get(key) or _name(row, areas, listed=source is Source.LIST),
                kind=kind or counted_kinds(programme)[0],
                region=row["region"],
                position=Position(row["lon"], row["lat"], "wgs84"),
                address=row.get("address"),
                expected_on=expected_on,
            )
            code = plan_station(session, programme, new, actor=actor, insist=insist)
        station = session.scalars(select(Station).where(Station.code == code)).one()
        session.add(
            SitingAdoption(plan_id=plan.id, site_key=key, station_id=station.id, programme_id=programme.id)
        )
        if row.get("host") and source is not Source.PLANNED:
            _host(session, station.id, row["host"], row["region"])
        session.flush()
        found.append(
            Adopted(key, code, station.names["zh"], programme.code, station.lifecycle, withdrawn=False)
        )
    return found


def adopted(session: Session, plan_id: int) -> list[Adopted]:
    """Return the sites of a plan that became stations, by key; a site whose station was withdrawn may stand there twice."""
    rows = session.execute(
        select(
            SitingAdoption.site_key,
            Station.code,
            Station.names["zh"].astext,
            Programme.code,
            Station.lifecycle,
            Station.withdrawn_reason.is_not(None),
        )
        .join(Station, Station.id == SitingAdoption.station_id)
        .join(Programme, Programme.id == SitingAdoption.programme_id)
        .where(SitingAdoption.plan_id == plan_id)
        .order_by(SitingAdoption.site_key, Station.id)
    )
    return [Adopted(*row) for row in rows]


def plan_of_station(session: Session, code: str) -> tuple[int, str] | None:
    """Return the plan and the site that a station came from, the first of several; None where it came from none."""
    row = session.execute(
        select(SitingAdoption.plan_id, SitingAdoption.site_key)
        .join(Station, Station.id == SitingAdoption.station_id)
        .where(Station.code == code)
        .order_by(SitingAdoption.plan_id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.plan_id, row.site_key)


def _name(row: Mapping[str, Any], areas: Areas, *, listed: bool) -> str:
    if listed and (known := row["name"] or row.get("host")):
        # A list calls its candidates by what stands there.
        return str(known)
    return f"{row['name'] or areas.name(row['region']) + str(row['order']) + '号'}驿站"


def _host(session: Session, station_id: int, name: str, region: str) -> None:
    session.execute(
        insert(Organisation)
        .values(name=name, region_code=region)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    organisation = session.scalars(select(Organisation.id).where(Organisation.name == name)).one()
    session.add(Partner(station_id=station_id, organisation_id=organisation, role="host"))
