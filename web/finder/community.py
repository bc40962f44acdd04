"""Notices of work and events in the reader's words: the days, the wage, who to call, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import url_for

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.keeping.community import shown
from stations.keeping.community.shown import EventQuestion, NoticeQuestion, ShownEvent, ShownNotice
from web.db import now, session
from web.finder.sheet import Phone, phones
from web.i18n import lang, say
from web.pages.words import weekdays

__all__ = ["EventCard", "NoticeCard", "at_station", "day_words", "event_card", "notice_card"]


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """A notice as pages write it."""

    id: int
    trade: str
    title: str
    pay: str
    days: str
    gather: str
    headcount: str
    employer: str
    phones: list[Phone]
    note: str
    until: str
    is_today: bool
    station: str
    station_url: str
    metres: float | None
    distance: str = ""


@dataclass(frozen=True, slots=True)
class EventCard:
    """An event as pages write it."""

    id: int
    kind: str
    icon: str
    title: str
    when: str
    where: str
    organiser: str
    note: str
    is_today: bool
    station: str
    station_url: str
    metres: float | None
    distance: str = ""


_EVENT_ICONS = {
    "health_check": "amenity-blood_pressure",
    "legal_education": "amenity-legal_aid",
    "training": "amenity-reading",
    "job_fair": "amenity-job_board",
    "condolence": "hands",
}


def at_station(code: str) -> tuple[list[NoticeCard], list[EventCard]]:
    """Return what is offered at one station now."""
    moment = now()
    found = shown.notices(session(), NoticeQuestion(station=code), now=moment)
    held = shown.events(session(), EventQuestion(station=code), now=moment)
    return [notice_card(one, moment) for one in found], [event_card(one, moment) for one in held]


def notice_card(notice: ShownNotice, moment: datetime) -> NoticeCard:
    """Put a notice into words."""
    today = moment.astimezone(SHANGHAI).date()
    amount = (
        str(notice.pay_from) if notice.pay_from == notice.pay_to else f"{notice.pay_from}–{notice.pay_to}"
    )
    return NoticeCard(
        id=notice.id,
        trade=words.TRADES[notice.trade].label(lang()),
        title=notice.title,
        pay=say("{pay} 元/天", pay=amount),
        days=_days(notice.starts, notice.ends, today),
        gather=say(
            "{time} 在{place}集合",
            time=f"{notice.assemble_at:%H:%M}",
            place=notice.assemble_where or say("站点门口"),
        ),
        headcount=say("要 {n} 人", n=notice.headcount),
        employer=notice.employer,
        phones=phones(notice.phone),
        note=notice.note or "",
        until=say("{time} 撤下", time=_clock(notice.until, today)),
        is_today=notice.starts <= today <= notice.ends,
        station=notice.station.name,
        station_url=url_for("finder.station_page", code=notice.station.code),
        metres=notice.station.metres,
    )


def event_card(event: ShownEvent, moment: datetime) -> EventCard:
    """Put an event into words."""
    today = moment.astimezone(SHANGHAI).date()
    starts, ends = event.starts.astimezone(SHANGHAI), event.ends.astimezone(SHANGHAI)
    last = (ends - timedelta(microseconds=1)).date()
    if starts.date() == last:
        when = f"{day_words(starts.date(), today)} {starts:%H:%M}–{ends:%H:%M}"
    else:
        when = f"{day_words(starts.date(), today)} {starts:%H:%M} – {_clock(ends, today)}"
    return EventCard(
        id=event.id,
        kind=words.EVENT_KINDS[event.kind].label(lang()),
        icon=_EVENT_ICONS.get(event.kind, "clock"),
        title=event.title,
        when=when,
        where=event.place or ("" if event.station is None else event.station.name),
        organiser=event.organiser or "",
        note=event.note or "",
        is_today=starts.date() <= today <= last,
        station="" if event.station is None else event.station.name,
        station_url="" if event.station is None else url_for("finder.station_page", code=event.station.code),
        metres=None if event.station is None else event.station.metres,
    )


def day_words(day: date, today: date) -> str:
    """Name a day: today, tomorrow, the day of the week within six days, else its date."""
    ahead = (day - today).days
    if ahead == 0:
        return say("今天")
    if ahead == 1:
        return say("明天")
    dated = say("{month}月{day}日", month=day.month, day=day.day)
    return f"{dated} {weekdays()[day.isoweekday() % 7]}" if 0 < ahead < 7 else dated


def _days(starts: date, ends: date, today: date) -> str:
    first = max(starts, today) if starts <= ends else starts
    if starts == ends:
        return day_words(starts, today)
    count = (ends - first).days + 1
    return say(
        "{first}至{last}，{n} 天",
        first=day_words(first, today),
        last=say("{month}月{day}日", month=ends.month, day=ends.day),
        n=count,
    )


def _clock(moment: datetime, today: date) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{day_words(local.date(), today)} {local:%H:%M}"
