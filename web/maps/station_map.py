"""The map of stations: base map, names, stations, gaps, key and controls, put together from options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from web.maps.base import OWN, BaseMap
from web.maps.layers import Gaps, Legend, Locate, Page, ReviewMark, Stations
from web.maps.lean import LeanMap
from web.maps.symbols import symbols

__all__ = ["SCRIPTS", "STYLES", "MapOptions", "station_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/stations.js",
    "js/detail.js",
    "js/gaps.js",
    "js/filters.js",
    "js/panel.js",
    "js/locate.js",
    "js/page.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/base.css", "css/symbols.css", "css/on-map.css", "css/map.css")


@dataclass(frozen=True, slots=True)
class MapOptions:
    """Everything a station map is made from; no request and no database stands behind it.

    bounds: west, south, east, north in degrees. links: addresses of the data, see ``station_map``.
    words: sentences by key. looks, kinds: labels by code. static: turns a path below the static folder into an
    address. review: the review number, or that there is none. credits: sources of what is drawn. base: what lies below.
    """

    bounds: tuple[float, float, float, float]
    links: Mapping[str, str]
    words: Mapping[str, object]
    looks: Mapping[str, str]
    kinds: Mapping[str, str]
    vocabulary: Mapping[str, object]
    legend: Mapping[str, str]
    label: str
    review: str
    credits: Sequence[str | Mapping[str, str]]
    static: Callable[[str], str]
    title: str = ""
    lang: str = "zh-Hans"
    base: BaseMap = OWN
    languages: Sequence[Mapping[str, str]] = field(default=())


def station_map(options: MapOptions) -> LeanMap:
    """Build the map page's map.

    ``options.links`` must name ``regions``, ``places``, ``stations``, ``gaps``, and ``station`` and ``feature`` with
    ``CODE`` where a station's code goes. Raises KeyError for a missing link or label.
    """
    links = options.links
    drawn = symbols(options.looks, options.kinds, sprite=options.static("icons.svg"))
    result = LeanMap(
        options.bounds,
        label=options.label,
        js=[options.static(path) for path in (*SCRIPTS, *options.base.scripts)],
        css=[options.static(path) for path in STYLES],
        title=options.title,
        lang=options.lang,
        sheet="#panel",
        datum=options.base.datum,
    )
    stations = Stations(symbols=drawn, words=options.words)
    gaps = Gaps(url=links["gaps"])
    locate = Locate()
    for layer in (
        *options.base.ground(links),
        stations,
        gaps,
        locate,
        Legend(words=options.legend),
        ReviewMark(text=options.review, credits=tuple(options.credits)),
    ):
        result.add_child(layer)
    result.add_child(
        Page(
            stations=stations,
            gaps=gaps,
            locate=locate,
            form="filters",
            links={name: links[name] for name in ("stations", "station", "feature")},
            vocabulary=options.vocabulary,
            languages=options.languages,
        )
    )
    return result
