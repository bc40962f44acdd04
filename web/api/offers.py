"""Notices of day labour and events as JSON: what holds at this moment, and nothing that is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.keeping.community import shown
from stations.keeping.community.shown import (
    AtStation,
    EventQuestion,
    NoticeQuestion,
    ShownEvent,
    ShownNotice,
)
from stations.query import StationQuery
from stations.registry import public
from web.api.blueprint import blueprint
from web.db import now, session

__all__ = ["OF_EVENTS", "OF_NOTICES", "events", "notices"]

#: Of the one query string, what says which notices and which events.
_WHERE: Final = ("region", "near", "within_m", "lang", "limit")
OF_NOTICES: Final = ("jobs", *_WHERE)
OF_EVENTS: Final = ("events", *_WHERE)
_DEFAULT: Final = 100
_T = TypeVar("_T")


@blueprint.get("/notices")
def notices() -> AnyResponse:
    """Answer the notices of work that hold: soonest first, or nearest first where a point is given."""
    query, station, day = _asked(OF_NOTICES)
    trades = () if query.jobs == ("any",) else query.jobs
    asked = NoticeQuestion(
        trades=trades,
        day=day,
        station=station,
        regions=query.regions,
        near=query.near,
        within_m=query.within_m,
    )
    limit = query.limit or _DEFAULT
    return _answer("notices", shown.notices(session(), asked, now=now(), limit=limit + 1), limit, notice_json)


@blueprint.get("/events")
def events() -> AnyResponse:
    """Answer the events that are planned and not over: soonest first, or nearest first where a point is given."""
    query, station, day = _asked(OF_EVENTS)
    kinds = () if query.events == ("any",) else query.events
    begins = None if day is None else datetime.combine(day, datetime.min.time(), SHANGHAI)
    asked = EventQuestion(
        kinds=kinds,
        after=begins,
        before=None if begins is None else begins + timedelta(days=1),
        station=station,
        regions=query.regions,
        near=query.near,
        within_m=query.within_m,
    )
    limit = query.limit or _DEFAULT
    return _answer("events", shown.events(session(), asked, now=now(), limit=limit + 1), limit, event_json)


def notice_json(notice: ShownNotice) -> dict[str, Any]:
    """Return a notice as programs read it; pay is in yuan for a day."""
    return {
        "id": notice.id,
        "station": _station(notice.station),
        "trade": notice.trade,
        "title": notice.title,
        "starts": notice.starts,
        "ends": notice.ends,
        "assemble_at": f"{notice.assemble_at:%H:%M}",
        "assemble_where": notice.assemble_where,
        "pay_from_yuan": notice.pay_from,
        "pay_to_yuan": notice.pay_to,
        "headcount": notice.headcount,
        "employer": notice.employer,
        "phone": notice.phone,
        "note": notice.note,
        "valid_until": notice.until.astimezone(SHANGHAI),
    }


def event_json(event: ShownEvent) -> dict[str, Any]:
    """Return an event as programs read it."""
    return {
        "id": event.id,
        "station": None if event.station is None else _station(event.station),
        "region": event.region,
        "kind": event.kind,
        "title": event.title,
        "starts": event.starts.astimezone(SHANGHAI),
        "ends": event.ends.astimezone(SHANGHAI),
        "place": event.place,
        "organiser": event.organiser,
        "note": event.note,
    }


def _asked(names: Sequence[str]) -> tuple[StationQuery, str | None, date | None]:
    """Read the query string strictly: the one query, and beside it a station and a day."""
    given = list(request.args.items(multi=True))
    known = {*names, "station", "day"}
    for name, _ in given:
        if name not in known:
            raise Invalid(
                f"{name!r} is not a parameter here; known are {', '.join(sorted(known))}", field=name
            )
    query = StationQuery.parse(given, others=frozenset({"station", "day"}))
    station = request.args.get("station", "").strip() or None
    if station is not None:
        public.station(session(), station, now=now())
    return query, station, _day(request.args.get("day", "").strip())


def _day(text: str) -> date | None:
    today = now().astimezone(SHANGHAI).date()
    if not text:
        return None
    if text in {"today", "tomorrow"}:
        return today + timedelta(days=int(text == "tomorrow"))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"day: {text[:40]!r} is no day; write today, tomorrow or 2026-01-31", field="day", value=text[:40]
        ) from None


def _station(at: AtStation) -> dict[str, Any]:
    return {
        "code": at.code,
        "name": at.name,
        "kind": at.kind,
        "region": at.region,
        "location": None if at.point is None else [round(part, 6) for part in at.point],
        **({} if at.metres is None else {"distance_m": round(at.metres)}),
    }


def _answer(name: str, found: Sequence[_T], limit: int, spell: Callable[[_T], dict[str, Any]]) -> AnyResponse:
    about = public.info(session())
    body = {
        "registry": about.name,
        "demonstration": about.demonstration,
        **({"notice": "演示数据 Demonstration data"} if about.demonstration else {}),
        "datum": "WGS 84",
        "moment": now().astimezone(SHANGHAI).replace(second=0, microsecond=0),
        "numberReturned": min(len(found), limit),
        "more": len(found) > limit,
        name: [spell(one) for one in found[:limit]],
    }
    answer = Response(orjson.dumps(body), content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=30"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.add_etag()
    return answer.make_conditional(request)
