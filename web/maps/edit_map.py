"""The map beside a station's form: the base map, its county's border, its pin to drag, and the stations around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from web.maps.base import OWN, BaseMap
from web.maps.layers import ReviewMark
from web.maps.lean import LeanMap, ScriptElement
from web.maps.spot_map import Knows

__all__ = ["SCRIPTS", "STYLES", "edit_map"]

#: Our own files, below the static folder, in the order in which they need each other.
SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/core.js",
    "js/symbols.js",
    "js/ground.js",
    "js/desk/edit_map.js",
)
STYLES = ("vendor/leaflet/leaflet.css", "css/symbols.css", "css/on-map.css")


class EditPin(ScriptElement):
    """The pin, where there is one, and what is drawn around it; ``region`` is the code of the border to draw."""

    factory = "editPin"


def edit_map(
    bounds: Sequence[float],
    *,
    pin: tuple[float, float] | None,
    region: str | None,
    mark: Mapping[str, str],
    symbols: Mapping[str, object],
    words: Mapping[str, object],
    label: str,
    links: Mapping[str, str],
    review: str,
    credits: Sequence[str | Mapping[str, str]],
    static: Callable[[str], str],
    base: BaseMap = OWN,
) -> LeanMap:
    """Build the map of a form.

    bounds: west, south, east, north of all that may be looked at. pin: longitude and latitude, WGS 84, None for a
    station that is not located. mark: ``kind`` and ``look`` of the pin. links: addresses of ``regions`` and ``places``.
    """
    result = LeanMap(
        bounds,
        label=label,
        js=[static(path) for path in (*SCRIPTS, *base.scripts)],
        css=[static(path) for path in STYLES],
        datum=base.datum,
    )
    lon, lat = pin if pin is not None else (None, None)
    for layer in (
        Knows(symbols=symbols, words=words),
        *base.ground(links),
        EditPin(lon=lon, lat=lat, region=region, **mark),
        ReviewMark(text=review, credits=tuple(credits)),
    ):
        result.add_child(layer)
    return result
