"""The map of a plan of sites: its numbered sites over the base map, whom they reach, and what stands and could stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "SitingPlans", "siting_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/siting_map.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/symbols.css", "css/on-map.css")


class SitingPlans(ScriptElement):
    """One plan, or two over each other.

    plans: for each its ``number``, ``url`` (answers with ``web.planner.siting_drawing.drawn``) and ``title``. stations:
    address of the stations by state; station: of one, with CODE in it; moment: whose open stations count, or None. loss:
    address that tells what moving a site would lose, or None where nothing can be moved. focus: west, south, east, north.
    """

    factory = "sitingPlans"


def siting_map(
    bounds: Sequence[float],
    plans: SitingPlans,
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
    """Build the map of a plan, or of two.

    bounds: west, south, east, north of all that may be looked at. links: addresses of ``regions`` and ``places``.
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
        plans,
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
