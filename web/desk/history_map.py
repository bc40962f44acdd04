"""The map beside a history: the pins that were moved, drawn where they stood and where they stand since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from markupsafe import Markup

from stations import vocabulary as words
from stations.registry.differences import Move
from web.assets import static_url
from web.desk.history_words import Line
from web.ground import base, credits_of_the_map, review_words
from web.i18n import lang, say
from web.maps.lean import MapParts, when_ready
from web.maps.moved_map import moved_map
from web.maps.symbols import symbols
from web.pages.words import look_labels

__all__ = ["DrawnMap", "Movement", "map_of"]


@dataclass(frozen=True, slots=True)
class Movement:
    """One move of a page: its number on the map, where from and where to, and the line that tells it."""

    number: str
    move: Move
    line: Line


@dataclass(frozen=True, slots=True)
class DrawnMap:
    """A map for a page that has its own frame; ``start`` runs once its files are there."""

    parts: MapParts
    start: Markup


def map_of(movements: Sequence[Movement], label: str) -> DrawnMap | None:
    """Return the map of the moves; None where there is none to draw."""
    if not movements:
        return None
    kinds = {kind.code: kind.label(lang()) for kind in words.KINDS.values()}
    parts = moved_map(
        [(one.number, one.move.old, one.move.new) for one in movements],
        symbols=symbols(look_labels(), kinds, sprite=static_url("icons.svg")),
        words={
            "failed": say("服务器没有给出可用的回答，请稍后再试。"),
            "offline": say("连不上服务器，请检查网络。"),
        },
        label=label,
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    ).parts()
    return DrawnMap(parts, when_ready(parts.script))
