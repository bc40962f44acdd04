"""Sample requests of the pages about notices of work and events, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from desk_samples import Sample, World
from sqlalchemy import text

from stations.keeping.community import events, notices
from stations.keeping.community.events import EventDraft
from stations.keeping.community.notices import NoticeDraft
from stations.registry.writing import acting


def _day(ahead: int) -> date:
    return (datetime.now(UTC) + timedelta(days=ahead)).date()


def next_commit(world: World) -> None:
    """Let the next writer begin a commit of its own."""
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))


def notice_fields(world: World) -> dict[str, str]:
    """Return the form of a notice at a new station of the county."""
    code = world.station().code
    next_commit(world)
    return {
        "station": code,
        "trade": "mason",
        "title": "砌墙",
        "starts": _day(3).isoformat(),
        "assemble_at": "07:30",
        "pay_from": "260",
        "headcount": "5",
        "employer": "样板公司",
        "until": f"{_day(2)}T20:00",
        "version": "1",
    }


def notice(world: World) -> int:
    """Add a notice at a new station of the county; returns its id."""
    form = notice_fields(world)
    draft = NoticeDraft(
        station=form["station"],
        trade="mason",
        title="砌墙",
        starts=_day(3),
        ends=_day(3),
        assemble_at=time(7, 30),
        pay_from=260,
        pay_to=260,
        headcount=5,
        employer="样板公司",
        until=datetime.now(UTC) + timedelta(days=2),
    )
    with acting(world.session, world.operator, reason="sample"):
        made = notices.add(world.session, draft, now=datetime.now(UTC)).id
    next_commit(world)
    return made


def _of_notice(world: World) -> Mapping[str, Any]:
    return {"notice_id": notice(world)}


def event_fields(world: World) -> dict[str, str]:
    """Return the form of an event at a new station of the county."""
    code = world.station().code
    next_commit(world)
    return {
        "station": code,
        "kind": "training",
        "status": "planned",
        "title": "电工培训",
        "starts": f"{_day(3)}T09:00",
        "ends": f"{_day(3)}T12:00",
        "version": "1",
    }


def _of_event(world: World) -> Mapping[str, Any]:
    starts = datetime.now(UTC) + timedelta(days=3)
    draft = EventDraft(
        kind="training",
        status="planned",
        starts=starts,
        ends=starts + timedelta(hours=2),
        region=world.county,
        title="电工培训",
    )
    with acting(world.session, world.operator, reason="sample"):
        made = events.add(world.session, draft, now=datetime.now(UTC)).id
    next_commit(world)
    return {"event_id": made}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/notices/new"): Sample(form=lambda world, _: notice_fields(world), bound=True),
    ("GET", "/desk/notices/<int:notice_id>"): Sample(values=_of_notice),
    ("POST", "/desk/notices/<int:notice_id>"): Sample(
        values=_of_notice, form=lambda world, _: notice_fields(world), bound=True
    ),
    ("POST", "/desk/notices/<int:notice_id>/end"): Sample(values=_of_notice, bound=True),
    ("POST", "/desk/events/new"): Sample(form=lambda world, _: event_fields(world), bound=True),
    ("GET", "/desk/events/<int:event_id>"): Sample(values=_of_event),
    ("POST", "/desk/events/<int:event_id>"): Sample(
        values=_of_event, form=lambda world, _: event_fields(world), bound=True
    ),
    ("POST", "/desk/events/<int:event_id>/end"): Sample(values=_of_event, bound=True),
    ("GET", "/desk/events/totals.<any('csv', 'xlsx'):form>"): Sample(values=lambda _: {"form": "csv"}),
}
