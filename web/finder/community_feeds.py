"""Calendars to subscribe to: of one station, and of what a query string asks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary as words
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.keeping.community import ical, shown
from stations.keeping.community.ical import Entry
from stations.keeping.community.shown import EventQuestion, NoticeQuestion, ShownEvent, ShownNotice
from stations.query import StationQuery
from stations.registry import base_map, public
from web.db import now, session
from web.finder.blueprint import blueprint
from web.ground import name_in
from web.i18n import lang, say
from web.origin import absolute, origin

__all__ = ["calendar", "station_calendar"]

#: Of the one query string, what a calendar can be asked for.
_NAMES = frozenset({"jobs", "events", "region", "near", "within_m", "lang"})
#: A notice says when one gathers, and not how long that takes.
_GATHERING = timedelta(minutes=30)


@blueprint.get("/calendar.ics")
def calendar() -> AnyResponse:
    """Answer the events of regions, or around a point, as a calendar; with ``jobs`` the notices of work too."""
    query = StationQuery.parse(request.args.items(multi=True))
    if strange := next((name for name, _ in query.items() if name not in _NAMES), None):
        # Strict, so that a feed never promises to leave out what it does not.
        known = ", ".join(sorted(_NAMES))
        raise Invalid(f"{strange!r} is not a parameter of a calendar; known are {known}", field=strange)
    moment = now()
    where: dict[str, Any] = {"regions": query.regions, "near": query.near, "within_m": query.within_m}
    kinds = () if query.events == ("any",) else query.events
    entries = list(_events(EventQuestion(kinds=kinds, cancelled=True, **where), moment))
    if query.jobs:
        trades = () if query.jobs == ("any",) else query.jobs
        entries += _notices(NoticeQuestion(trades=trades, **where), moment)
    names = {area.code: name_in(area.names) for area in base_map.regions(session())}
    about = (
        say("、").join(names[code] for code in query.regions if code in names) or public.info(session()).name
    )
    return _answer(say("{place}：驿站活动", place=about), entries, moment)


@blueprint.get("/s/<code>/calendar.ics")
def station_calendar(code: str) -> AnyResponse:
    """Answer the events and notices of one station as a calendar."""
    public.station(session(), code, now=now())
    moment = now()
    entries = [
        *_events(EventQuestion(station=code, cancelled=True), moment),
        *_notices(NoticeQuestion(station=code), moment),
    ]
    name = next((entry.location for entry in entries), code)
    return _answer(say("{place}：驿站活动", place=name), entries, moment)


def _events(asked: EventQuestion, moment: datetime) -> Iterable[Entry]:
    return [_event(one) for one in shown.events(session(), asked, now=moment)]


def _notices(asked: NoticeQuestion, moment: datetime) -> Iterable[Entry]:
    return [_notice(one) for one in shown.notices(session(), asked, now=moment)]


def _event(event: ShownEvent) -> Entry:
    at = "" if event.station is None else event.station.name
    return Entry(
        uid=f"event-{event.id}@{_host()}",
        starts=event.starts,
        ends=event.ends,
        summary=event.title,
        description="\n".join(filter(None, [event.organiser, event.note])),
        location=" · ".join(dict.fromkeys(filter(None, [at, event.place]))),
        category=words.EVENT_KINDS[event.kind].label(lang()),
        url=absolute(
            url_for("finder.events_page", _anchor=f"event-{event.id}")
            if event.station is None
            else url_for("finder.station_page", code=event.station.code)
        ),
        point=None if event.station is None else event.station.point,
        revision=event.version - 1,
        cancelled=event.status == "cancelled",
    )


def _notice(notice: ShownNotice) -> Entry:
    starts = datetime.combine(notice.starts, notice.assemble_at, SHANGHAI)
    pay = str(notice.pay_from) if notice.pay_from == notice.pay_to else f"{notice.pay_from}–{notice.pay_to}"
    trade = words.TRADES[notice.trade].label(lang())
    return Entry(
        uid=f"notice-{notice.id}@{_host()}",
        starts=starts,
        ends=starts + _GATHERING,
        summary=f"{trade} · {notice.title} · {say('{pay} 元/天', pay=pay)}",
        description="\n".join(
            filter(None, [say("要 {n} 人", n=notice.headcount), notice.employer, notice.note])
        ),
        location=" · ".join(dict.fromkeys(filter(None, [notice.station.name, notice.assemble_where]))),
        category=trade,
        url=absolute(url_for("finder.station_page", code=notice.station.code)),
        point=notice.station.point,
        days=(notice.ends - notice.starts).days + 1,
        revision=notice.version - 1,
    )


def _host() -> str:
    return origin().partition("://")[2].partition(":")[0] or "yizhan"


def _answer(name: str, entries: Iterable[Entry], moment: datetime) -> AnyResponse:
    answer = Response(
        ical.calendar(name, entries, now=moment),
        content_type="text/calendar; charset=utf-8",
        headers={
            "Cache-Control": "public, max-age=300",
            "Access-Control-Allow-Origin": "*",
            "Content-Disposition": 'inline; filename="yizhan.ics"',
        },
    )
    answer.add_etag()
    return answer.make_conditional(request)
