"""The map of an embed: the same ground and pins as the map page's, as small as somebody else's page wants it."""

from __future__ import annotations

from collections.abc import Mapping

from folium.template import Template

from web.maps.layers import Gaps, Legend, Locate, ReviewMark, Stations
from web.maps.lean import LeanMap, ScriptElement
from web.maps.station_map import MapOptions
from web.maps.symbols import symbols

__all__ = ["SCRIPTS", "STYLES", "embed_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/stations.js",
    "js/detail.js",
    "js/embed/gestures.js",
    "js/embed/embed.js",
)
STYLES = (
    "vendor/leaflet/leaflet.css",
    "css/base.css",
    "css/symbols.css",
    "css/on-map.css",
    "css/map.css",
    "css/embed.css",
)
#: What only some embeds need.
_GAPS, _LOCATE, _DARK = "js/gaps.js", "js/locate.js", "css/embed-dark.css"


class Gestures(ScriptElement):
    """Who the wheel and one finger belong to: the map or the page around it. ``wheel``, ``touch``: as the parameters."""

    factory = "gestures"


class Embedded(ScriptElement):
    """The glue between the layers, the list and the links of an embed; goes last."""

    factory = "embed"
    _template = Template(
        """
        {% macro script(this, kwargs) %}
yizhan.embed({{ this._parent.get_name() }}, Object.assign({{ this.json(this.options) }}, { stations: {{
    this.stations.get_name() }}, gaps: {{ this.gaps.get_name() if this.gaps else "null" }}, locate: {{
    this.locate.get_name() if this.locate else "null" }} }));
        {% endmacro %}
        """
    )

    def __init__(
        self, *, stations: Stations, gaps: Gaps | None, locate: Locate | None, **options: object
    ) -> None:
        super().__init__(**options)
        self.stations, self.gaps, self.locate = stations, gaps, locate


def embed_map(
    options: MapOptions,
    *,
    wish: Mapping[str, object],
    wheel: str,
    touch: str,
    legend: bool,
    locate: bool,
    gap: bool,
    dark: bool,
) -> LeanMap:
    """Build an embed's map.

    ``options.links`` must name ``regions``, ``places``, ``stations``, ``gaps``, ``full``, and ``station`` and ``feature``
    with ``CODE`` where a station's code goes. wish: what ``embed.js`` is told of the wish itself. dark: whether the page is dark
    whatever the reader's system is.
    """
    scripts = [*SCRIPTS[:-2], *([_GAPS] if gap else []), *([_LOCATE] if locate else []), *SCRIPTS[-2:]]
    drawn = symbols(options.looks, options.kinds, sprite="")
    result = LeanMap(
        options.bounds,
        label=options.label,
        js=[options.static(path) for path in (*scripts, *options.base.scripts)],
        css=[options.static(path) for path in (*STYLES, *([_DARK] if dark else []))],
        title=options.title,
        lang=options.lang,
        datum=options.base.datum,
    )
    stations = Stations(symbols=drawn, words=options.words)
    layers: list[ScriptElement] = [*options.base.ground(options.links), stations]
    gaps = Gaps(url=options.links["gaps"]) if gap else None
    position = Locate() if locate else None
    layers += [layer for layer in (gaps, position) if layer is not None]
    if legend:
        layers.append(Legend(words=options.legend))
    layers.append(ReviewMark(text=options.review, credits=tuple(options.credits)))
    layers.append(Gestures(wheel=wheel, touch=touch))
    layers.append(
        Embedded(
            stations=stations,
            gaps=gaps,
            locate=position,
            links={name: options.links[name] for name in ("stations", "station", "feature", "full")},
            vocabulary=options.vocabulary,
            **wish,
        )
    )
    for layer in layers:
        result.add_child(layer)
    return result
