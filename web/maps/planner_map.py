"""The maps of the planner: one run, or two beside each other that move together, over the base map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanFigure, LeanMap, MapParts, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "PlannerRun", "planner_maps"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/planner_map.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/symbols.css", "css/on-map.css")


class PlannerRun(ScriptElement):
    """The layers of a run.

    number: of the run. url: answers with ``web.planner.drawing.drawn``. cells: address of a tile of cells, with {z}, {x}
    and {y}; cell: answers with what is known of the cell at a place. stations: address of the stations by state.
    figures: selector of the element whose ``data-shades`` colours the areas. title: shown on the map where there are
    two. layers: those that are on at first. at: longitude, latitude, zoom of the first view, or None.
    """

    factory = "plannerRun"


def planner_maps(
    bounds: Sequence[float],
    runs: Sequence[PlannerRun],
    *,
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    labels: Sequence[str],
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> MapParts:
    """Build one map for each run and return the pieces of them all, their markup one after the other.

    bounds: west, south, east, north of all that may be looked at. labels: what each map is called for a screen
    reader. links: addresses of ``regions`` and ``places``.
    """
    figure = LeanFigure()
    for run, label in zip(runs, labels, strict=True):
        drawn = LeanMap(
            bounds,
            label=label,
            js=[static(path) for path in (*SCRIPTS, *base.scripts)],
            css=[static(path) for path in STYLES],
            datum=base.datum,
        )
        for layer in (
            Knows(symbols=symbols, words=words),
            *base.ground(links),
            run,
            ReviewMark(text=review, credits=tuple(credits)),
        ):
            drawn.add_child(layer)
        figure.add_child(drawn)
    return figure.parts()
