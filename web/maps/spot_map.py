"""The map of one station: the base map, its pin, and a circle where the pin is only rough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from folium.template import Template

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement

__all__ = ["SCRIPTS", "STYLES", "spot_map"]

#: Loaded when the reader asks for the map, in this order.
SCRIPTS = ("vendor/leaflet/leaflet.js", "js/core.js", "js/symbols.js", "js/ground.js", "js/spot.js")
STYLES = ("vendor/leaflet/leaflet.css", "css/on-map.css")
#: Degrees to each side of the station that the first view shows: about fifteen kilometres.
_AROUND_LON, _AROUND_LAT = 0.16, 0.08


class Knows(ScriptElement):
    """Gives the scripts the symbols and words that they draw and speak with; goes before every layer."""

    factory = "know"
    _template = Template(
        """
        {% macro script(this, kwargs) %}yizhan.know({{ this.json(this.options) }});{% endmacro %}
        """
    )

    def __init__(self, *, symbols: Mapping[str, object], words: Mapping[str, object]) -> None:
        super().__init__(symbols=dict(symbols), words=dict(words))


class Spot(ScriptElement):
    """The station's pin; ``reach`` is the radius in metres of the circle in which the place lies, if it is rough."""

    factory = "spot"


def spot_map(
    lon: float,
    lat: float,
    *,
    station: Mapping[str, object],
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    label: str,
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> LeanMap:
    """Build the map of a station at ``lon``, ``lat`` (WGS 84).

    station: ``kind``, ``look`` and ``reach``. symbols: see ``web.maps.symbols.symbols``. words: what is said when
    the base map does not come. links: addresses of ``regions`` and ``places``.
    """
    result = LeanMap(
        (lon - _AROUND_LON, lat - _AROUND_LAT, lon + _AROUND_LON, lat + _AROUND_LAT),
        label=label,
        js=[static(path) for path in (*SCRIPTS, *base.scripts)],
        css=[static(path) for path in STYLES],
        datum=base.datum,
    )
    for layer in (
        Knows(symbols=symbols, words=words),
        *base.ground(links),
        Spot(lon=lon, lat=lat, **station),
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
