"""The riders' pages of work and of events: what holds now, first what is nearest or soonest; whole without JavaScript.

Both read the one query string; ``day`` (today, tomorrow) is their own. A phone keeps the last page that it saw, and takes
out by its own clock what is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request, url_for

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping.community import shown
from stations.keeping.community.shown import EventQuestion, NoticeQuestion
from stations.query import StationQuery
from stations.registry import base_map, public
from web.db import now, session
from web.finder.blueprint import blueprint
from web.finder.community import EventCard, NoticeCard, event_card, notice_card
from web.finder.notices import told_of
from web.finder.page import Asked
from web.finder.sheet import is_foreign
from web.ground import name_in
from web.i18n import LANGUAGES, lang, say
from web.origin import absolute
from web.pages.map_view import metres_words

__all__ = ["DAYS", "Wish", "events_page", "jobs_page"]

DAYS: Final = ("today", "tomorrow")
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page was asked: the one query, the day, what the point is called, and sentences about what was not read."""

    query: StationQuery
    day: str
    place: str
    told: tuple[str, ...]

    @classmethod
    def read(cls) -> Wish:
        """Read the address; what cannot be read is told and left out."""
        asked = Asked.read(request.args.items(multi=True))
        day = request.args.get("day", "").strip()
        told = told_of(asked.problems)
        if asked.typed:
            told.append(say("没有找到“{name}”。", name=asked.typed))
        if day and day not in DAYS:
            told.append(say("“{value}”看不懂，没有用它筛选。", value=day[:40]))
            day = ""
        return cls(asked.query, day, asked.place, tuple(told))

    def on(self, moment: datetime) -> date | None:
        """Return the day of Beijing's calendar that was asked for."""
        today = moment.astimezone(SHANGHAI).date()
        return {"today": today, "tomorrow": today + timedelta(days=1)}.get(self.day)

    def near(self) -> dict[str, Any]:
        """Return where was asked about, as the questions of the registry take it."""
        query = self.query
        return {"regions": query.regions, "near": query.near, "within_m": query.within_m}

    def items(self, **changed: str) -> list[tuple[str, str]]:
        """Return the address of this page, with some names changed; an empty one is left out."""
        kept = [item for item in self.query.items() if item[0] != "lang"]
        given = dict(kept) | {"day": self.day, "place": self.place}
        given |= {"lang": lang()} if "lang" in request.args else {}
        return [(name, value) for name, value in (given | changed).items() if value]


@blueprint.get("/jobs")
def jobs_page() -> Response:
    """Show the notices of day labour that hold, and the job fairs to come."""
    wish, moment = Wish.read(), now()
    trades = () if wish.query.jobs == ("any",) else wish.query.jobs
    asked = NoticeQuestion(trades=trades, day=wish.on(moment), **wish.near())
    found = shown.notices(session(), asked, now=moment, limit=_MOST)
    fairs = shown.events(session(), EventQuestion(kinds=("job_fair",), **wish.near()), now=moment, limit=20)
    return _page(
        "jobs.html",
        wish,
        moment,
        cards=[(notice_card(one, moment), one) for one in found],
        fairs=[(event_card(one, moment), one) for one in fairs],
        choices=[("", say("所有工种")), *((code, term.label(lang())) for code, term in words.TRADES.items())],
        chosen=trades,
    )


@blueprint.get("/events")
def events_page() -> Response:
    """Show the events to come."""
    wish, moment = Wish.read(), now()
    kinds = () if wish.query.events == ("any",) else wish.query.events
    day = wish.on(moment)
    begins = None if day is None else datetime.combine(day, datetime.min.time(), SHANGHAI)
    asked = EventQuestion(
        kinds=kinds,
        after=begins,
        before=None if begins is None else begins + timedelta(days=1),
        **wish.near(),
    )
    found = shown.events(session(), asked, now=moment, limit=_MOST)
    offered = [(code, kind.label(lang())) for code, kind in words.EVENT_KINDS.items() if not kind.counts_only]
    return _page(
        "events.html",
        wish,
        moment,
        cards=[(event_card(one, moment), one) for one in found],
        choices=[("", say("所有活动")), *offered],
        chosen=kinds,
    )


def _page(
    template: str,
    wish: Wish,
    moment: datetime,
    *,
    cards: Sequence[tuple[NoticeCard | EventCard, Any]],
    **values: Any,
) -> Response:
    endpoint = request.endpoint or ""
    fairs = values.pop("fairs", ())
    other = "en" if lang() == "zh" else "zh"
    feed = [("region", ",".join(wish.query.regions)), ("jobs", "any" if "jobs" in endpoint else "")]
    calendar = absolute(f"{url_for('finder.calendar')}?{_encoded(feed)}").removesuffix("?")
    page = render_template(
        template,
        wish=wish,
        near="" if wish.query.near is None else ",".join(f"{part:.4f}" for part in wish.query.near),
        cards=[_with_distance(*one) for one in cards],
        fairs=[_with_distance(*one) for one in fairs],
        regions=[(area.code, area.level, name_in(area.names)) for area in base_map.regions(session())],
        days=[
            (day, words, f"{url_for(endpoint)}?{_encoded(wish.items(day=day))}".removesuffix("?"))
            for day, words in (("", say("都看")), ("today", say("今天")), ("tomorrow", say("明天")))
        ],
        told=" ".join(wish.told),
        made=moment.astimezone(SHANGHAI),
        calendar=calendar,
        # Calendars of phones subscribe to this scheme.
        subscribe=calendar.replace("https://", "webcal://", 1).replace("http://", "webcal://", 1),
        is_foreign=is_foreign,
        demonstration=public.info(session()).demonstration,
        clear_url=url_for(endpoint, lang=request.args.get("lang")),
        other_language={
            "lang": other,
            "tag": LANGUAGES[other],
            "label": "English" if other == "en" else "中文",
            "url": f"{url_for(endpoint)}?{_encoded(wish.items(lang=other))}",
        },
        **values,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _with_distance(card: NoticeCard | EventCard, row: Any) -> dict[str, Any]:
    over = getattr(row, "until", None) or row.ends
    metres = card.metres
    return {
        "card": card if metres is None else replace(card, distance=metres_words(round(metres))),
        "over": over.isoformat(),
    }


def _encoded(items: Sequence[tuple[str, str]]) -> str:
    return urlencode([item for item in items if item[1]], safe=",:")
