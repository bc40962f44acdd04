"""Notices of work and events below an embed: of the stations that it shows, while they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for

from stations.keeping.community import shown
from stations.keeping.community.shown import EventQuestion, NoticeQuestion
from web.db import now, session
from web.embed.parameters import Embed
from web.finder.community import EventCard, NoticeCard, event_card, notice_card
from web.i18n import say

__all__ = ["MOST", "Offers", "offered"]

#: Of each sort; the pages have the rest.
MOST = 10


@dataclass(frozen=True, slots=True)
class Offers:
    """One list: its heading, what stands in it, what is said where it is empty, and the page that has all of it."""

    heading: str
    rows: list[tuple[str, str, str]]
    empty: str
    url: str
    more: str


def offered(embed: Embed) -> list[Offers]:
    """Return the lists that the embed asks for; each row is a title, what is to be known of it, and its address."""
    query, moment, found = embed.query, now(), []
    where: dict[str, Any] = {
        "station": embed.station,
        "regions": query.regions,
        "near": query.near,
        "within_m": query.within_m,
    }
    region = ",".join(query.regions) or None
    if "jobs" in embed.offers:
        trades = () if query.jobs == ("any",) else query.jobs
        asked = NoticeQuestion(trades=trades, **where)
        jobs = [notice_card(one, moment) for one in shown.notices(session(), asked, now=moment, limit=MOST)]
        found.append(
            Offers(
                say("正在招工"),
                [
                    (
                        card.title,
                        " · ".join((card.pay, card.days, card.gather, card.station)),
                        _at(card, embed),
                    )
                    for card in jobs
                ],
                say("现在没有招工。"),
                url_for("finder.jobs_page", region=region, lang=embed.lang),
                say("全部招工"),
            )
        )
    if "events" in embed.offers:
        kinds = () if query.events == ("any",) else query.events
        wanted = EventQuestion(kinds=kinds, **where)
        events = [event_card(one, moment) for one in shown.events(session(), wanted, now=moment, limit=MOST)]
        found.append(
            Offers(
                say("近期活动"),
                [
                    (
                        card.title,
                        " · ".join(filter(None, (card.when, card.kind, card.where))),
                        _at(card, embed),
                    )
                    for card in events
                ],
                say("近期没有活动。"),
                url_for("finder.events_page", region=region, lang=embed.lang),
                say("全部活动"),
            )
        )
    return found


def _at(card: NoticeCard | EventCard, embed: Embed) -> str:
    """Return where to read on: the station's page, or the event among all of its region."""
    if card.station_url:
        return card.station_url if embed.lang is None else f"{card.station_url}?lang={embed.lang}"
    return url_for("finder.events_page", lang=embed.lang, _anchor=f"event-{card.id}")
