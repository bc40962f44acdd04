"""A group of reports as values for the queue: what is said, what the registry holds, what can be done about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for

from stations import vocabulary as words
from stations.keeping.deciding import REMEDIES, Remedy
from stations.keeping.queue import Decided, Group
from stations.registry.schedules import to_hours
from web.desk.history_values import label, standing_word
from web.finder import sheet
from web.finder.opening import usual_week
from web.finder.words import said_words
from web.ground import name_in
from web.i18n import lang, plural, say
from web.pages.when import ago_words

__all__ = ["Card", "Done", "card", "count_words", "done_card", "edit_url", "outcome_words", "remedy_words"]


@dataclass(frozen=True, slots=True)
class Card:
    """A group as the page shows it. ``now``: what the registry holds of what was reported."""

    group: Group
    what: str
    #: How many reports there are, and how many people lately said so.
    said: str
    where: str
    ago: str
    now: str
    phones: tuple[sheet.Phone, ...]
    #: What one tap does; None where it is the form of the station.
    first: Remedy | None
    others: tuple[Remedy, ...]
    edit: str | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Done:
    """Reports that were decided: what came of them, who decided, and whether the reader may take it back."""

    decided: Decided
    what: str
    outcome: str
    by: str
    mine: bool


def card(group: Group, now: datetime, mine: bool) -> Card:
    """Lay a group out. mine: whether the reader may decide it."""
    known = REMEDIES[group.choice]
    possible = tuple(one for one in known if one is not Remedy.EDITED and _is_possible(one, group))
    edit = None if group.withdrawn or Remedy.EDITED not in known else edit_url(group.code, group.ids)
    by_hand = known[0] is Remedy.EDITED and edit is not None
    return Card(
        group=group,
        what=said_words(group.choice, group.amenity),
        said=count_words(group),
        where=name_in(group.region) if group.region else say("没有区县"),
        ago=ago_words(group.oldest, now),
        now="" if group.facts is None else _now(group.choice, group.amenity, group.facts),
        phones=tuple(sheet.phones(group.facts["phone"])) if group.facts else (),
        first=None if by_hand or not possible else possible[0],
        others=possible if by_hand else possible[1:],
        edit=edit,
        mine=mine,
    )


def count_words(group: Group) -> str:
    """Say how many reports there are, and how many people lately said so where that is known."""
    said = plural("{n} 条反映", "{n} 条反映", group.count).format(n=group.count)
    people = plural("近日 {n} 人", "近日 {n} 人", group.devices).format(n=group.devices)
    return " · ".join([said, people]) if group.devices else said


def done_card(decided: Decided, by: str, mine: bool) -> Done:
    """Lay decided reports out."""
    outcome = say("未采纳") if decided.outcome is None else outcome_words(decided.outcome)
    return Done(decided, said_words(decided.choice, decided.amenity), outcome, by, mine)


def remedy_words() -> dict[str, str]:
    """Say on a button what it does."""
    return {
        "closed_today": say("属实，登记今天停业"),
        "suspended": say("属实，暂停服务…"),
        "out_of_order": say("属实，登记故障"),
        "amenity_absent": say("属实，登记没有这项设施"),
        "noted": say("记下，不改登记"),
    }


def outcome_words(outcome: str) -> str:
    """Say what came of an accepted report."""
    return {
        "closed_today": say("登记当天停业"),
        "suspended": say("登记暂停服务"),
        "out_of_order": say("登记设施故障"),
        "amenity_absent": say("登记没有这项设施"),
        "edited": say("修改了站点信息"),
        "noted": say("记下，不改登记"),
    }[outcome]


def edit_url(code: str, ids: Collection[int]) -> str:
    """Return the form of a station with these reports beside it."""
    return url_for("desk.station_edit", code=code, reports=",".join(map(str, ids)))


def _is_possible(remedy: Remedy, group: Group) -> bool:
    """Tell whether a remedy can be done to the station as it is: only what is open is suspended, or shut for a day."""
    if remedy is Remedy.NOTED:
        return True
    if group.withdrawn:
        return False
    if remedy in {Remedy.SUSPENDED, Remedy.CLOSED_TODAY}:
        return group.lifecycle == words.Lifecycle.OPEN
    return True


def _now(choice: str, amenity: str | None, facts: Mapping[str, Any]) -> str:
    """Say what the registry holds of what was reported."""
    if amenity is not None:
        row = next((row for row in facts["amenities"] if row["amenity"] == amenity), None)
        if row is None:
            return say("未知")
        seen = row["verified_at"]
        return standing_word(row) + (say("（{date} 核实）", date=seen) if seen else "")
    if facts["lifecycle"] != words.Lifecycle.OPEN:
        return label(words.LIFECYCLE, facts["lifecycle"])
    if choice in {"closed_now", "hours_wrong"}:
        held = facts["hours"]
        hours = to_hours(held["expression"], held["calendar"], held["exceptions"], held["words"])
        return usual_week(hours) or held["words"] or say("时间未知")
    if choice == "access_differs":
        return words.ACCESS[facts["access"] or "unknown"].label(lang())
    if choice == "moved":
        return facts["address"] or say("没有登记地址")
    return ""
