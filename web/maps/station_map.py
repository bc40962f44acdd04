"""The map of stations: base map, names, stations, gaps, key and controls, put together from options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from web.maps.layers import Gaps, Legend, Locate, Page, Places, Regions, ReviewMark, Stations, Tiles
from web.maps.lean import LeanMap
from web.maps.symbols import symbols

__all__ = ["SCRIPTS", "STYLES", "MapOptions", "TileSource", "ground", "station_map"]

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
class TileSource:
    """A raster base map that the operator is licensed for: address template, credit, deepest zoom drawn."""

    url: str
    credit: str
    max_native_zoom: int = 18


@dataclass(frozen=True, slots=True)
class MapOptions:
    """Everything a station map is made from; no request and no database stands behind it.

    bounds: west, south, east, north in degrees. links: addresses of the data, see ``station_map``.
    words: sentences by key. looks, kinds: labels by code. static: turns a path below the static folder into an
    address. review: the review number, or that there is none. credits: sources of what is drawn.
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
    credits: Sequence[str]
    static: Callable[[str], str]
    title: str = ""
    lang: str = "zh-Hans"
    tiles: TileSource | None = None
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
        js=[options.static(path) for path in SCRIPTS],
        css=[options.static(path) for path in STYLES],
        title=options.title,
        lang=options.lang,
        sheet="#panel",
    )
    stations = Stations(symbols=drawn, words=options.words)
    gaps = Gaps(url=links["gaps"])
    locate = Locate()
    for layer in (
        *ground(options),
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


def ground(options: MapOptions) -> tuple[Regions | Places | Tiles, ...]:
    """Make the base map: areas and names drawn from our own files, or the operator's tiles under outlines."""
    links, tiles = options.links, options.tiles
    if tiles is None:
        return Regions(url=links["regions"]), Places(url=links["places"])
    return (
        Tiles(url=tiles.url, credit=tiles.credit, max_native_zoom=tiles.max_native_zoom),
        Regions(url=links["regions"], outlines_only=True),
    )
