"""An inspection taken in: checked against its checklist, stored once, and what it finds put down to be mended.

What a phone sends is a document made without a network, perhaps days ago; it is taken whole or refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.keeping.inspecting import library
from stations.keeping.inspecting.checklist import Checklist, ItemKind
from stations.keeping.inspecting.following import drop_all, follow_up
from stations.keeping.inspecting.rating import Answer, rate
from stations.keeping.words import clean_words
from stations.models import Inspection, InspectionPhoto, PublicStation, Station
from stations.models.inspections import OBSERVED
from stations.registry import schedules
from stations.registry.public import state_of

__all__ = ["MAX_AGE", "MAX_PHOTOS", "Announced", "Draft", "ItemFound", "Recorded", "record", "withdraw"]

#: A phone may have been without a network for so long: a round through the pastures, and a holiday.
MAX_AGE: Final = timedelta(days=30)
MAX_PHOTOS: Final = 40
_LATEST_DUE: Final = timedelta(days=366)
_NOT_THERE: Final = (words.Lifecycle.PLANNED, words.Lifecycle.CLOSED)


@dataclass(frozen=True, slots=True)
class ItemFound:
    """What was found of one item. due: until when it is to be mended; None asks for no mending."""

    answer: Answer
    remark: str | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """A photo that will come: the number that the phone gave it, and the item that it shows."""

    client_id: UUID
    item: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """An inspection as it was filled in. age: how long ago, when it is sent. position: lon, lat, metres of accuracy."""

    client_id: UUID
    checklist: str
    version: int
    found: Mapping[str, ItemFound]
    observed: str
    remark: str | None = None
    position: tuple[float, float, float] | None = None
    confirms: bool = False
    photos: Sequence[Announced] = field(default_factory=tuple)
    age: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An inspection that is stored. is_new: False where the same was sent before."""

    id: int
    is_new: bool


def record(session: Session, station_code: str, draft: Draft, *, inspector: int, now: datetime) -> Recorded:
    """Store an inspection, once however often it is sent; the caller writes as the inspector.

    Raises NotFound for a station or checklist that is not there; Invalid for answers that the checklist does not know;
    Conflict for a station that was closed then, or a number that was used for something else; NotAllowed elsewhere than in
    the inspector's regions.
    """
    station = session.scalar(select(Station).where(Station.code == station_code))
    if station is None or station.withdrawn_reason is not None:
        raise NotFound(f"no station has the code {station_code[:60]!r}")
    if (known := _known(session, station, draft, inspector)) is not None:
        return known
    made_at = _made_at(draft, now)
    _require_there(station, made_at)
    published = library.get(session, draft.checklist, draft.version)
    checklist = published.checklist
    kept = _checked(checklist, draft, made_at)
    outcome = rate(checklist, {code: one.answer for code, one in kept.items()})
    posted, hours = _posted(session, station, made_at)
    lon, lat, accuracy = draft.position or (None, None, None)
    inspection_id = session.scalar(
        insert(Inspection)
        .values(
            client_id=draft.client_id,
            station_id=station.id,
            checklist_id=published.id,
            inspector_id=inspector,
            made_at=made_at,
            received_at=now,
            answers={code: _as_held(one) for code, one in kept.items()},
            remark=clean_words(draft.remark or "", field="remark"),
            lon=lon,
            lat=lat,
            accuracy_m=accuracy,
            observed=draft.observed,
            posted=posted,
            posted_hours=hours,
            confirms=draft.confirms,
            earned=outcome.earned,
            possible=outcome.possible,
            rating=outcome.rating,
            passes=outcome.passes,
        )
        .on_conflict_do_nothing(index_elements=[Inspection.client_id])
        .returning(Inspection.id)
    )
    if inspection_id is None:
        # The same was sent twice at once, and the other came first.
        again = _known(session, station, draft, inspector)
        if again is None:
            raise Conflict("this number was taken a moment ago; send the inspection again")
        return again
    inspection = session.get_one(Inspection, inspection_id)
    session.add_all(
        InspectionPhoto(
            client_id=one.client_id, inspection_id=inspection.id, station_id=station.id, item=one.item
        )
        for one in draft.photos
    )
    follow_up(session, inspection, checklist, kept, outcome.standings)
    session.flush()
    return Recorded(inspection_id, True)


def withdraw(session: Session, inspection_id: int, *, reason: str, by: int, today: date) -> None:
    """Take an inspection out that was a mistake: it counts no more, and what it found is dropped.

    Raises NotFound, Invalid without a reason, Conflict where it was withdrawn, NotAllowed.
    """
    inspection = session.get(Inspection, inspection_id)
    if inspection is None:
        raise NotFound(f"there is no inspection {inspection_id}")
    if inspection.withdrawn_reason is not None:
        raise Conflict(f"inspection {inspection_id} was withdrawn: {inspection.withdrawn_reason}")
    said = clean_words(reason, field="reason")
    if said is None:
        raise Invalid("reason: say why the inspection does not count", field="reason", reason="needed")
    if not _may_write(session, inspection_id):
        raise NotAllowed(f"inspection {inspection_id} was made outside the regions that you keep")
    inspection.withdrawn_reason = said
    drop_all(session, inspection_id, by=by, today=today, note=said)
    session.flush()


def _may_write(session: Session, inspection_id: int) -> bool:
    # Row policies hide from a writer what is not theirs, without an error; a lock asks the policy.
    wanted = select(Inspection.id).where(Inspection.id == inspection_id).with_for_update()
    return session.scalar(wanted) is not None


def _known(session: Session, station: Station, draft: Draft, inspector: int) -> Recorded | None:
    stored = session.scalar(select(Inspection).where(Inspection.client_id == draft.client_id))
    if stored is None:
        return None
    if (stored.station_id, stored.inspector_id) != (station.id, inspector):
        raise Conflict("another inspection was already sent under this number; make a new one for each")
    return Recorded(stored.id, False)


def _made_at(draft: Draft, now: datetime) -> datetime:
    if not timedelta() <= draft.age <= MAX_AGE:
        raise Invalid(
            f"age_s: the inspection is {draft.age.days} days old; {MAX_AGE.days} days at most are taken",
            field="age_s",
            value=draft.age.total_seconds(),
            reason="too_old",
        )
    return (now - draft.age).astimezone(UTC)


def _require_there(station: Station, made_at: datetime) -> None:
    if station.lifecycle not in _NOT_THERE:
        return
    day, since = made_at.astimezone(SHANGHAI).date(), station.lifecycle_since
    if station.lifecycle == words.Lifecycle.CLOSED and since is not None and day < since:
        return
    if station.lifecycle == words.Lifecycle.PLANNED:
        raise Invalid(
            f"station {station.code} is planned and not built; there is nothing to inspect yet",
            field="station",
            value=station.code,
            reason="planned",
        )
    raise Invalid(
        f"station {station.code} is closed since {since}: {station.lifecycle_reason}; a closed station is not inspected",
        field="station",
        value=station.code,
        reason="closed",
    )


def _checked(checklist: Checklist, draft: Draft, made_at: datetime) -> dict[str, ItemFound]:
    """Return what was found, cleaned, in the order of the checklist. Raises Invalid, naming the item."""
    if draft.observed not in OBSERVED:
        raise Invalid(
            f"observed: {draft.observed[:40]!r} is none of {', '.join(OBSERVED)}",
            field="observed",
            value=draft.observed,
        )
    if len(draft.photos) > MAX_PHOTOS:
        raise Invalid(
            f"photos: {len(draft.photos)} are too many; {MAX_PHOTOS} at most",
            field="photos",
            reason="too_many",
        )
    if len({photo.client_id for photo in draft.photos}) < len(draft.photos):
        raise Invalid("photos: two have the same number", field="photos")
    named = [*draft.found, *(photo.item for photo in draft.photos if photo.item is not None)]
    for code in named:
        if code not in checklist.by_code:
            raise Invalid(
                f"answers: {code[:60]!r} is no item of {checklist.code} version {checklist.version}",
                field="answers",
                value=code[:60],
                reason="unknown_item",
            )
    kept = {}
    for item in checklist.items:
        one = draft.found.get(item.code)
        if one is None:
            continue
        where = f"answers.{item.code}"
        if item.kind is ItemKind.SUM or (item.kind is ItemKind.NOTE and one.answer is not Answer.UNSEEN):
            raise Invalid(f"{where}: a {item.kind} is not answered by itself", field=where)
        if one.answer is Answer.NA and not item.may_skip:
            raise Invalid(
                f"{where}: this item applies to every station; answer yes, no or unseen",
                field=where,
                reason="na",
            )
        day = made_at.astimezone(SHANGHAI).date()
        if one.due is not None and (one.answer is not Answer.NO or not day <= one.due <= day + _LATEST_DUE):
            raise Invalid(
                f"{where}: {one.due} is no day for mending; write one from {day} on, within a year, for what is not met",
                field=where,
                value=str(one.due),
                reason="due",
            )
        kept[item.code] = ItemFound(one.answer, clean_words(one.remark or "", field=where), one.due)
    if not any(one.answer is not Answer.UNSEEN for one in kept.values()):
        raise Invalid(
            "answers: nothing was looked at; answer one item at least", field="answers", reason="empty"
        )
    return kept


def _as_held(found: ItemFound) -> dict[str, Any]:
    return {"answer": str(found.answer)} | ({"remark": found.remark} if found.remark else {})


def _posted(session: Session, station: Station, made_at: datetime) -> tuple[str, str | None]:
    """Return what the posted hours say of a moment, and the hours in words or as their expression."""
    row = session.execute(
        select(PublicStation.schedule_key).where(PublicStation.station_id == station.id)
    ).one_or_none()
    hours = schedules.hours_of(session, [row.schedule_key]) if row is not None else {}
    # One that is closed since was in service then, else it would not be inspected.
    life = station.lifecycle if station.lifecycle == words.Lifecycle.SUSPENDED else words.Lifecycle.OPEN
    state = state_of(hours.get(row.schedule_key) if row else None, life, made_at).state
    return str(state), station.hours_words or station.hours_expression
