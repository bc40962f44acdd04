"""Events that a union holds: planned, then held with its numbers, or called off; people's own cases as numbers alone.

Mediation and interviews are counts and nothing else: no title, no place, no word in which a case could be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotFound
from stations.hours import SHANGHAI
from stations.keeping.community.checks import Problems, station_for, today
from stations.keeping.community.counts import COLUMNS, Count, check_count
from stations.keeping.community.saving import save
from stations.models import Event, Region, Station

__all__ = ["LENGTHS", "STATUSES", "EventDraft", "add", "as_draft", "call_off", "change", "get", "next_week"]

STATUSES: Final = ("planned", "held", "cancelled")
#: Characters of each text.
LENGTHS: Final = {"title": 60, "place": 120, "organiser": 80, "note": 500}
_LONGEST: Final = timedelta(days=62)
#: Counts of cases are given for a period, a year at most.
_LONGEST_PERIOD: Final = timedelta(days=366)
_FARTHEST: Final = timedelta(days=366)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as somebody wants it. ``station`` or ``region`` is its code, the other one is empty; moments are aware."""

    kind: str
    status: str
    starts: datetime | None
    ends: datetime | None
    station: str = ""
    region: str = ""
    title: str | None = None
    place: str | None = None
    organiser: str | None = None
    note: str | None = None
    counts: Mapping[str, Count | None] = field(default_factory=dict)


def add(session: Session, draft: EventDraft, *, now: datetime) -> Event:
    """Add an event, within ``acting``. Raises BadFields with everything that is wrong."""
    event = Event(**_checked(session, draft, now))
    session.add(event)
    session.flush()
    return event


def change(session: Session, event_id: int, draft: EventDraft, *, version: int, now: datetime) -> Event:
    """Change an event that was read as ``version``, within ``acting``.

    Raises BadFields, NotFound, Conflict where somebody else changed it meanwhile, NotAllowed outside one's regions.
    """
    return _write(session, event_id, version, _checked(session, draft, now))


def call_off(session: Session, event_id: int) -> Event:
    """Call a planned event off: it is shown no more, and calendars take it out. Raises Conflict where it was held."""
    event = get(session, event_id)
    if event.status == "cancelled":
        return event
    if event.status != "planned":
        raise Conflict(f"event {event_id} was {event.status}; only what is planned can be called off")
    return _write(session, event_id, event.version, {"status": "cancelled"})


def get(session: Session, event_id: int) -> Event:
    """Return an event. Raises NotFound."""
    found = session.get(Event, event_id)
    if found is None:
        raise NotFound(f"there is no event {event_id}")
    return found


def as_draft(session: Session, event: Event) -> EventDraft:
    """Return an event as it would be written again."""
    code = session.scalar(select(Station.code).where(Station.id == event.station_id))
    given = {name: getattr(event, name) for name in COLUMNS}
    return EventDraft(
        kind=event.kind,
        status=event.status,
        starts=event.starts,
        ends=event.ends,
        station=code or "",
        region=event.region_code or "",
        title=event.title,
        place=event.place,
        organiser=event.organiser,
        note=event.note,
        counts={
            name: None if value is None else Count(value, name in event.at_least)
            for name, value in given.items()
        },
    )


def next_week(draft: EventDraft, *, now: datetime) -> EventDraft:
    """Return the same event, planned for the coming week, or for the first week that is not yet over; without counts."""
    if draft.starts is None or draft.ends is None:
        raise Invalid("starts: an event without a time cannot be moved to another week", field="starts")
    weeks = max(1, -((draft.ends - now).days // 7))
    ahead = timedelta(weeks=weeks)
    return replace(draft, status="planned", starts=draft.starts + ahead, ends=draft.ends + ahead, counts={})


def _write(session: Session, event_id: int, version: int, columns: Mapping[str, Any]) -> Event:
    return save(session, get(session, event_id), version, columns, refused="is outside your regions")


def _checked(session: Session, draft: EventDraft, now: datetime) -> dict[str, Any]:
    """Return the columns of a draft in which nothing is wrong."""
    problems = Problems()
    kind = words.EVENT_KINDS.get(draft.kind)
    if kind is None:
        known = ", ".join(words.EVENT_KINDS)
        problems.add("kind", "not_known", f"{draft.kind[:40]!r} is none of {known}", value=draft.kind[:40])
    if draft.status not in STATUSES:
        known = ", ".join(STATUSES)
        problems.add(
            "status", "not_known", f"{draft.status[:40]!r} is none of {known}", value=draft.status[:40]
        )
    only_counts = kind is not None and kind.counts_only
    columns: dict[str, Any] = {
        name: problems.text(
            getattr(draft, name), field=name, most=most, needed=name == "title" and not only_counts
        )
        for name, most in LENGTHS.items()
    }
    if only_counts:
        for name, text in columns.items():
            if text is not None:
                problems.add(name, "counts_only", "cases are counted and not described; leave it empty")
    status = "held" if only_counts else draft.status
    _check_times(problems, draft, now, status=status, longest=_LONGEST_PERIOD if only_counts else _LONGEST)
    counts = _counts(problems, draft, status=status, only_counts=only_counts)
    where: dict[str, Any] = problems.taken(lambda: _where(session, draft, now), {})
    problems.tell()
    return {
        **where,
        **columns,
        **counts,
        "kind": draft.kind,
        "status": status,
        "starts": draft.starts,
        "ends": draft.ends,
    }


def _check_times(
    problems: Problems, draft: EventDraft, now: datetime, *, status: str, longest: timedelta
) -> None:
    starts, ends = draft.starts, draft.ends
    for name in ("starts", "ends"):
        if getattr(draft, name) is None:
            problems.add(name, "needed", "is empty")
    if starts is None or ends is None:
        return
    if ends <= starts:
        problems.add(
            "ends", "days_swapped", f"{ends:%Y-%m-%d %H:%M} is not after {starts:%Y-%m-%d %H:%M}", value=ends
        )
    elif ends - starts > longest:
        problems.add("ends", "too_many_days", f"longer than {longest.days} days", value=longest.days)
    elif status == "planned" and ends <= now:
        problems.add("ends", "in_past", f"{ends:%Y-%m-%d %H:%M} is over; was it held?", value=ends)
    elif status == "held" and starts > now:
        problems.add("starts", "in_future", f"{starts:%Y-%m-%d %H:%M} is still to come", value=starts)
    elif starts > now + _FARTHEST or starts < _EARLIEST:
        problems.add("starts", "too_far", f"{starts:%Y-%m-%d} is too far away", value=_FARTHEST.days)


def _counts(problems: Problems, draft: EventDraft, *, status: str, only_counts: bool) -> dict[str, Any]:
    given = {name: draft.counts.get(name) for name in COLUMNS}
    for name, count in given.items():
        if count is not None:
            problems.taken(partial(check_count, count.value, field=name), None)
            if status != "held":
                problems.add(name, "not_held_yet", "numbers are of what was held", value=count.value)
    if only_counts and not any(given.values()):
        problems.add("people", "nothing_counted", "give one number at least")
    if status == "held" and not only_counts and given["sessions"] is None:
        # What was held was held once, unless somebody says otherwise.
        given["sessions"] = Count(1)
    return {
        **{name: None if count is None else count.value for name, count in given.items()},
        "at_least": [name for name, count in given.items() if count is not None and count.at_least],
    }


def _where(session: Session, draft: EventDraft, now: datetime) -> dict[str, Any]:
    if bool(draft.station.strip()) == bool(draft.region.strip()):
        raise Invalid(
            "station: name a station or a region, one of the two", field="station", reason="no_region"
        )
    if draft.station.strip():
        on = today(draft.starts or now)
        return {"station_id": station_for(session, draft.station, on=on).id, "region_code": None}
    region = session.get(Region, draft.region.strip()[:20])
    if region is None or region.merged_into is not None:
        raise Invalid(f"region: there is no region {draft.region[:20]!r}", field="region", reason="not_known")
    return {"station_id": None, "region_code": region.code}
