"""The map of a programme: its stations by state and its townships by what they have, over the base map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "programme_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/programme_map.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/symbols.css", "css/on-map.css")


class ProgrammeMarks(ScriptElement):
    """Stations and townships. url: answers with them; station: the address of a station's page, with CODE in it."""

    factory = "programmeMarks"


def programme_map(
    bounds: Sequence[float],
    *,
    url: str,
    station: str,
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    label: str,
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> LeanMap:
    """Build the map of a programme.

    bounds: west, south, east, north of the first view. links: addresses of ``regions`` and ``places``.
    """
    result = LeanMap(
        bounds,
        label=label,
        js=[static(path) for path in (*SCRIPTS, *base.scripts)],
        css=[static(path) for path in STYLES],
        datum=base.datum,
    )
    for layer in (
        Knows(symbols=symbols, words=words),
        *base.ground(links),
        ProgrammeMarks(url=url, station=station),
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
