"""The base map of the registry that is served, as pictures want it: read once for each language and kept."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app

from stations.registry import base_map, public
from stations.registry.place_names import written
from web.db import session
from web.i18n import lang, say
from web.maps.lakes import lakes
from web.maps.outlines import Area
from web.maps.picture import Ground, Name

__all__ = ["EVERYWHERE", "credits_of_the_map", "ground", "name_in", "review_words"]

#: West, south, east, north of a registry without regions.
EVERYWHERE = (73.0, 18.0, 135.0, 54.0)
_KEY = "yizhan.ground"


def ground() -> Ground:
    """Return what pictures are drawn on, in the reader's language."""
    registry = public.info(session())
    kept: dict[str, Ground] = current_app.extensions.setdefault(_KEY, {})
    version = f"{registry.name} {registry.regions_loaded_at} {lang()}"
    found = kept.get(lang())
    if found is None or found.version != version:
        west, south, east, north = base_map.extent(session()) or EVERYWHERE
        found = Ground(
            areas=[
                Area(
                    area.code, name_in(area.names), area.level, area.geometry, area.label, _short(area.names)
                )
                for area in base_map.outlines(session())
            ],
            lakes=lakes((west - 1, south - 1, east + 1, north + 1)),
            names=[
                Name(name_in(place.names), place.lon, place.lat, place.population)
                for place in base_map.places(session())
            ],
            version=version,
        )
        kept[lang()] = found
    return found


def review_words() -> str:
    """Return the review number (审图号), or that there is none."""
    number = current_app.config["YIZHAN_SETTINGS"].review_number
    return say("审图号：{number}", number=number) if number else say("演示底图，未送审")


def credits_of_the_map() -> tuple[str, ...]:
    """Return whose the base map is: what the operator says, then our own sources."""
    configured = current_app.config["YIZHAN_SETTINGS"].map_credit
    own = (say("区划 © 天地图"), say("地名 GeoNames"), say("湖泊 Natural Earth"))
    return (configured, *own) if configured else own


def name_in(names: Mapping[str, str]) -> str:
    """Return a name in the reader's language, else in Chinese, else any: a gazetteer may have only one."""
    return names.get(lang()) or names.get("zh") or next(iter(names.values()), "")


def _short(names: Mapping[str, str]) -> str:
    given = None if lang() == "zh" else names.get(lang())
    return given or written(names["zh"]).stem
