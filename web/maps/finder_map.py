"""The finder's map: the same ground and the same pins as the map page, handed to the list that it stands beside."""

from __future__ import annotations

from folium.template import Template

from web.maps.layers import Legend, ReviewMark, Stations
from web.maps.lean import LeanMap, ScriptElement
from web.maps.station_map import MapOptions

__all__ = ["SCRIPTS", "STYLES", "finder_map"]

#: Loaded after the list, in this order; core.js and symbols.js are there already.
SCRIPTS = ("vendor/leaflet/leaflet.js", "js/ground.js", "js/stations.js")
STYLES = ("vendor/leaflet/leaflet.css", "css/on-map.css")


class Beside(ScriptElement):
    """Hands the map and its stations to the finder's list; goes last."""

    factory = "beside"
    _template = Template(
        """
        {% macro script(this, kwargs) %}
yizhan.beside({{ this._parent.get_name() }}, {{ this.stations.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, *, stations: Stations) -> None:
        super().__init__()
        self.stations = stations


def finder_map(options: MapOptions) -> LeanMap:
    """Build the finder's map from the options of a station map; symbols and words are already on the page.

    ``options.links`` must name ``regions`` and ``places``.
    """
    result = LeanMap(
        options.bounds,
        label=options.label,
        js=[options.static(path) for path in (*SCRIPTS, *options.base.scripts)],
        css=[options.static(path) for path in STYLES],
        title=options.title,
        lang=options.lang,
        datum=options.base.datum,
    )
    stations = Stations()
    layers = (
        *options.base.ground(options.links),
        stations,
        Legend(words=options.legend),
        ReviewMark(text=options.review, credits=tuple(options.credits)),
        Beside(stations=stations),
    )
    for layer in layers:
        result.add_child(layer)
    return result
