"""What a station's page tells of inspections and of honours that were taken back, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stations.hours import SHANGHAI
from stations.keeping.inspecting.listing import Seen
from stations.keeping.inspecting.telling import told
from web.db import session
from web.i18n import lang, say

__all__ = ["Inspected", "InspectedLine", "inspected"]


@dataclass(frozen=True, slots=True)
class InspectedLine:
    """One checklist: what the last inspection under it came to, and what the door was like then."""

    standard: str
    rating: str
    passes: bool
    on: str
    door: str
    is_shut: bool


@dataclass(frozen=True, slots=True)
class Inspected:
    """All of it. revoked: honours that were taken back, each as title and sentence."""

    lines: tuple[InspectedLine, ...]
    revoked: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.lines or self.revoked)


def inspected(code: str) -> Inspected:
    """Return what is told of a station."""
    found = told(session(), code)
    return Inspected(
        tuple(_line(one) for one in found.inspections),
        tuple(
            (
                " · ".join(filter(None, [one.title, str(one.year), one.standard])),
                say("{day} 撤销：{reason}", day=one.revoked_on.isoformat(), reason=one.revoked_reason),
            )
            for one in found.revoked
            if one.revoked_on is not None
        ),
    )


def _line(one: Seen) -> InspectedLine:
    return InspectedLine(
        standard=f"{_in_language(one.title)} {one.version}",
        rating=_in_language(one.rating_title) if one.rating_title else say("未达标"),
        passes=one.passes,
        on=one.made_at.astimezone(SHANGHAI).date().isoformat(),
        door=_door(one),
        is_shut=one.observed == "shut" and one.posted == "open",
    )


def _door(one: Seen) -> str:
    if one.observed == "unseen":
        return ""
    return {
        ("open", "open"): say("到达时开着门，与公示时间相符。"),
        ("open", "closed"): say("到达时开着门，虽然不在公示时间内。"),
        ("open", "unknown"): say("到达时开着门；公示时间不明。"),
        ("shut", "open"): say("到达时关着门，按公示时间应当开门。"),
        ("shut", "closed"): say("到达时关着门，不在公示时间内。"),
        ("shut", "unknown"): say("到达时关着门；公示时间不明。"),
    }[one.observed, one.posted]


def _in_language(words: Mapping[str, str]) -> str:
    return words.get(lang()) or words.get("zh", "")
