"""What stands beside a station on its page, in words: where to go instead, and the rights centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from stations import finding
from stations import vocabulary as words
from stations.finding import Row
from stations.query import By
from web.finder.sheet import Mark, Phone, mark_of, phones
from web.finder.words import minutes_words
from web.i18n import lang, say
from web.pages.map_view import metres_words
from web.pages.when import state_words
from web.streets import hint_words, is_mixed, travel

__all__ = ["Beside", "Instead", "alternatives", "rights_centres"]

_SHOWN = 3
_HOTLINE = "12351"


@dataclass(frozen=True, slots=True)
class Beside:
    """A rights centre or another service: whose it is, where to read about it, how far it is, its numbers."""

    place: str
    name: str
    url: str
    distance: str
    address: str
    phones: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class Instead:
    """Another door: its state now in words, how far, and the minutes there."""

    name: str
    url: str
    mark: Mark
    state: str
    look: str
    distance: str
    minutes: str
    phones: tuple[Phone, ...]


def rights_centres(session: Session, code: str) -> list[Beside]:
    """Return the county's centre and the prefecture's, those that are known."""
    found = finding.rights_centres(session, code)
    return [
        _beside(place, centre)
        for place, centre in ((say("本区县"), found.county), (say("本市州"), found.prefecture))
        if centre is not None and centre.code != code
    ]


def alternatives(
    session: Session, feature: Mapping[str, Any], *, by: By, now: datetime
) -> tuple[bool, Sequence[Instead] | Sequence[Beside], str]:
    """Return whether the nearest doors are places to rest, these, and what their numbers stand on.

    They are ranked as the finder ranks them from this door.

    A service point is answered with the same service, by distance.
    """
    p = feature["properties"]
    if p["class"] != words.StationClass.REST:
        near = None if feature["geometry"] is None else tuple(feature["geometry"]["coordinates"])
        found = finding.nearest_of_kind(
            session, p["kind"], near=near, region=None if near else p["region"], limit=_SHOWN + 1
        )
        others = [_beside("", other) for other in found if other.code != p["code"]][:_SHOWN]
        return False, others, hint_words(())
    rows = finding.alternatives(session, p["code"], now=now, by=by, limit=_SHOWN, travel=travel()).rows
    ways = [row.minutes for row in rows]
    return True, [_instead(row, is_mixed(ways)) for row in rows], hint_words(ways)


def _beside(place: str, other: finding.Neighbour) -> Beside:
    return Beside(
        place,
        _name(other.names, other.code),
        _page(other.code),
        "" if other.distance_m is None else metres_words(other.distance_m),
        other.address or "",
        # The hotline stands on every page already.
        tuple(phone for phone in phones(other.phone) if phone.number != _HOTLINE),
    )


def _instead(row: Row, mixed: bool) -> Instead:
    shape = mark_of(row.kind, row.lifecycle, row.now.state)
    return Instead(
        name=_name(row.names, row.code),
        url=_page(row.code),
        mark=shape,
        state=state_words(
            row.lifecycle, row.now.state, until=row.now.until, then=row.now.then, now=row.now.at
        ),
        look=shape.look,
        distance="" if row.distance_m is None else metres_words(row.distance_m),
        minutes=minutes_words(row.minutes.value, about=mixed and row.minutes.estimated)
        if row.minutes
        else "",
        phones=tuple(phones(row.phone)),
    )


def _name(names: Mapping[str, str], code: str) -> str:
    return names.get(lang()) or names.get("zh") or next(iter(names.values()), code)


def _page(code: str) -> str:
    return url_for("finder.station_page", code=code, lang="en" if lang() == "en" else None)
