"""The map of pins that were moved: where each stood, where it stands since, and the line between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "moved_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/moved.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/on-map.css")
#: Degrees around the pins that are always shown, about two hundred metres.
_MARGIN = 0.002


class Moves(ScriptElement):
    """Pins before and after: ``moves`` are ``{number, old, new}`` with (lon, lat) or null where there is none."""

    factory = "moves"


def moved_map(
    moves: Sequence[tuple[str, tuple[float, float] | None, tuple[float, float] | None]],
    *,
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    label: str,
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> LeanMap:
    """Build the map of moves, at least one of which has a place.

    moves: (number, old, new), longitude first, WGS 84. links: addresses of ``regions`` and ``places``. Raises ValueError
    where no move has a place.
    """
    spots = [spot for _, *ends in moves for spot in ends if spot is not None]
    if not spots:
        raise ValueError("no move has a place to draw")
    lons, lats = [lon for lon, _ in spots], [lat for _, lat in spots]
    result = LeanMap(
        (min(lons) - _MARGIN, min(lats) - _MARGIN, max(lons) + _MARGIN, max(lats) + _MARGIN),
        label=label,
        js=[static(path) for path in (*SCRIPTS, *base.scripts)],
        css=[static(path) for path in STYLES],
        datum=base.datum,
    )
    for layer in (
        Knows(symbols=symbols, words=words),
        *base.ground(links),
        Moves(moves=[{"number": number, "old": old, "new": new} for number, old, new in moves]),
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
