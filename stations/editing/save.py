"""Saving what somebody edited: merged with what others did meanwhile, checked whole, written whole or not at all.

The functions take a session and never commit. An edit that changes nothing writes nothing, so it leaves no commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.mainland import Mainland
from stations.editing.authors import Author, changed_by
from stations.editing.checks import BadFields, cleaned
from stations.editing.draft import Draft, Life, Position, Value, drafts, empty
from stations.editing.merge import Clash, merge
from stations.editing.place import TWIN_M, Neighbour, namesakes, neighbours, placed
from stations.editing.write import Writing, write
from stations.errors import Invalid, NotAllowed, NotFound
from stations.models import Amenity, Grant, HoursException, Partner, Region, Staff, Station, Visits
from stations.registry.regions import mainland_of
from stations.registry.registry import NEXT_STATES
from stations.registry.writing import acting

__all__ = ["Edit", "MergeNeeded", "Reach", "Saved", "Twins", "add", "reach", "save"]

_WRITERS = ("editor", "administrator")


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants to save. ``fields``: key of the draft → value; keys that are left out stay as they are.

    follow: the region becomes the one that the pin lies in; False keeps the region chosen. verified: how the facts were
    verified just now (words for readers), or None. mainland: the mask of the datums where the caller has it at hand.
    """

    fields: Mapping[str, Value]
    actor: int
    reason: str
    now: datetime
    follow: bool = True
    verified: str | None = None
    mainland: Mainland | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written. ``changed``: keys, empty where nothing differed; ``theirs``: what others changed meanwhile."""

    code: str
    changed: tuple[str, ...]
    theirs: tuple[tuple[str, Author | None], ...] = ()


@dataclass(frozen=True, slots=True)
class MergeNeeded:
    """Nothing was written: these fields were changed by somebody else too, since the edit began.

    ``authors``: who, by key, where the ledger knows. ``current``: what stands there now.
    """

    clashes: tuple[Clash, ...]
    authors: Mapping[str, Author]
    current: Draft

    def rebased(self, base: Draft) -> Draft:
        """Return the base with which the same edit asks no more: whoever saves now has seen their value."""
        fields = {**base.fields, **{clash.key: clash.theirs for clash in self.clashes}}
        return replace(base, fields={key: value for key, value in fields.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Twins:
    """Nothing was added: these stations may be the same one. ``namesakes``: codes of those of the very same name."""

    near: tuple[Neighbour, ...]
    namesakes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Where an actor may change stations: ``regions`` None is everywhere."""

    regions: frozenset[str] | None

    def includes(self, region: str | None) -> bool:
        """Tell whether a station of this region may be changed."""
        return self.regions is None or region in self.regions


def reach(session: Session, actor: int) -> Reach:
    """Return where an actor may change stations, as the row policies of the database decide it."""
    held = session.scalars(
        select(Grant.region_code)
        .join(Staff, Staff.id == Grant.staff_id)
        .where(Grant.staff_id == actor, Staff.active, Grant.role.in_(_WRITERS))
    ).all()
    if None in held:
        return Reach(None)
    below = Region.lineage.overlap([code for code in held if code is not None])
    return Reach(frozenset(session.scalars(select(Region.code).where(below))) if held else frozenset())


def save(session: Session, base: Draft, edit: Edit) -> Saved | MergeNeeded:
    """Save an edit of the station that ``base`` was loaded from.

    Raises NotFound, NotAllowed (a station, or a pin, outside the actor's regions) and BadFields.
    """
    wanted = cleaned({key: value for key, value in edit.fields.items() if value != base.fields.get(key)})
    with acting(session, edit.actor, reason=edit.reason):
        station = locked(session, base.code)
        current = drafts(session, [station.id])[station.id]
        merged = merge(base.fields, current.fields, wanted)
        authors = changed_by(session, station.id, since=base.seq) if merged.clashes or merged.theirs else {}
        if merged.clashes:
            told = {clash.key: found for clash in merged.clashes if (found := author_of(clash.key, authors))}
            return MergeNeeded(merged.clashes, told, current)
        changes = _settled(session, current, merged.changes, edit)
        if changes or edit.verified is not None:
            mainland = edit.mainland or mainland_of(session)
            write(Writing(session, mainland, edit.actor, edit.now, edit.verified), station, changes)
    changed = (*changes, *(("verified",) if edit.verified is not None else ()))
    return Saved(base.code, changed, tuple((key, author_of(key, authors)) for key in merged.theirs))


def add(session: Session, edit: Edit, *, insist: bool = False) -> Saved | Twins:
    """Add a station. insist: also where one of a like name is within fifty metres, or of the same name in its region.

    Raises NotAllowed and BadFields, as ``save``.
    """
    begun = empty()
    wanted = cleaned({"name.zh": None, **begun.fields, **edit.fields})
    changes = {key: value for key, value in wanted.items() if value is not None}
    with acting(session, edit.actor, reason=edit.reason):
        changes = _settled(session, begun, changes, edit)
        if not insist and (twins := _twins(session, changes, edit)) is not None:
            return twins
        station = Station(
            names={"zh": changes["name.zh"]}, kind=changes["kind"], region_code=changes.get("region_code")
        )
        session.add(station)
        session.flush()
        mainland = edit.mainland or mainland_of(session)
        write(Writing(session, mainland, edit.actor, edit.now, edit.verified), station, changes)
        code = station.code
    return Saved(code, tuple(changes))


def locked(session: Session, code: str) -> Station:
    """Return a station that nobody else can save until this transaction ends; asked inside ``acting``.

    Raises NotFound, and NotAllowed where the row policies keep it from the actor.
    """
    station = session.scalar(
        select(Station)
        .where(Station.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if station is None:
        if session.scalar(select(Station.id).where(Station.code == code)) is None:
            raise NotFound(f"no station has the code {code[:60]!r}")
        raise NotAllowed(f"station {code} lies outside the regions that you keep")
    # Whoever changes a part without changing the station waits here too.
    for part in (Amenity, HoursException, Partner, Visits):
        session.execute(select(part.added_in).where(part.station_id == station.id).with_for_update())
    return station


def author_of(key: str, authors: Mapping[str, Author]) -> Author | None:
    """Return who wrote a field, of what ``changed_by`` found."""
    return authors.get(key) or authors.get(key.partition(".")[0])


def settled_life(was: Life, wanted: Life) -> None:
    """Check that one state can follow the other. Raises Invalid."""
    if wanted.state != was.state and wanted.state not in NEXT_STATES[was.state]:
        raise Invalid(
            f"lifecycle: a station that is {was.state} cannot become {wanted.state}",
            field="lifecycle",
            value=wanted.state,
            reason="no_step",
        )


def _settled(session: Session, current: Draft, changes: Mapping[str, Value], edit: Edit) -> dict[str, Value]:
    """Check what only the whole can tell, and let the region follow the pin. Raises BadFields and NotAllowed."""
    found = dict(changes)
    problems: list[Invalid] = []
    if "lifecycle" in found and current.code:
        _note(problems, settled_life, current.life(), Life(*found["lifecycle"]))
    allowed = reach(session, edit.actor)
    if not allowed.includes(current.fields.get("region_code")) and current.code:
        raise NotAllowed(f"station {current.code} lies outside the regions that you keep")
    if found.get("region_code"):
        _note(problems, _known_region, session, found["region_code"])
    if found.get("position"):
        at = Position(*found["position"])._replace(held=False)
        found["position"] = list(at)
        mainland = edit.mainland or mainland_of(session)
        pin = placed(session, at, mainland=mainland)
        if pin.problem is not None:
            problems.append(_off(at, pin.problem))
        elif edit.follow and pin.region is not None:
            found |= _following(session, current, pin.region)
    region = found.get("region_code", current.fields.get("region_code"))
    if not problems and not allowed.includes(region):
        at_pin = "position" in found and edit.follow
        field = "position" if at_pin else "region_code"
        problems.append(
            Invalid(
                f"{field}: region {region} is not one that you keep",
                field=field,
                value=region,
                reason="outside_region" if region else "no_region",
            )
        )
    if problems:
        raise BadFields(tuple(problems))
    return found


def _note(problems: list[Invalid], check: Any, *values: Any) -> None:
    try:
        check(*values)
    except Invalid as error:
        problems.append(error)


def _off(at: Position, problem: str) -> Invalid:
    where = "is not on the mainland" if problem == "at_sea" else "lies outside the province"
    return Invalid(
        f"position: {at.lon}, {at.lat} ({at.datum}) {where}", field="position", value=at, reason=problem
    )


def _known_region(session: Session, code: str) -> None:
    known = session.scalar(select(Region.code).where(Region.code == code, Region.merged_into.is_(None)))
    if known is None:
        raise Invalid(
            f"region_code: {code!r} is no region", field="region_code", value=code, reason="no_region"
        )


def _following(session: Session, current: Draft, region: str) -> dict[str, Value]:
    held = current.fields.get("region_code")
    if held is not None and held != region:
        lineage: Sequence[str] = session.scalar(select(Region.lineage).where(Region.code == held)) or ()
        # A township of this very county says more than the county.
        if region in lineage:
            return {}
    return {} if held == region else {"region_code": region}


def _twins(session: Session, changes: Mapping[str, Value], edit: Edit) -> Twins | None:
    near: Iterable[Neighbour] = ()
    if changes.get("position"):
        mainland = edit.mainland or mainland_of(session)
        pin = placed(session, Position(*changes["position"]), mainland=mainland)
        near = neighbours(session, pin.lon, pin.lat, name=changes["name.zh"], within_m=TWIN_M)
    same = (
        namesakes(session, changes["name.zh"], changes["region_code"]) if changes.get("region_code") else []
    )
    twins = tuple(one for one in near if one.twin)
    return Twins(twins, tuple(same)) if twins or same else None
