"""The map of a batch: where its rows put their stations, over the base map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "import_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/import_map.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/on-map.css")


class ImportPins(ScriptElement):
    """New pins, moved ones with a line from the old place, and held ones."""

    factory = "importPins"


def import_map(
    bounds: Sequence[float],
    *,
    places: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, str],
    row: str,
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    label: str,
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> LeanMap:
    """Build the map of a batch.

    bounds: west, south, east, north of the first view. places: number, kind, verdict, name, at and was (longitude,
    latitude, WGS 84), out. kinds: what each kind of place is called. row: address of the page of the batch. links: addresses of
    ``regions`` and ``places``.
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
        ImportPins(places=list(places), kinds=dict(kinds), row=row),
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
