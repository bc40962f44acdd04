"""The base map of the registry that is served: what pictures draw, read once and kept, and what maps lie on.

Pictures are always drawn from our own base map; interactive maps lie on the one that the operator configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import current_app

from geo.mainland import Mainland
from stations.registry import base_map, public, regions
from stations.registry.place_names import written
from web.base_maps import elsewhere
from web.db import session
from web.i18n import lang, say
from web.maps.base import BaseMap
from web.maps.lakes import lakes
from web.maps.outlines import Area
from web.maps.picture import Ground, Name

__all__ = [
    "EVERYWHERE",
    "base",
    "credits_of_pictures",
    "credits_of_the_map",
    "ground",
    "mainland",
    "name_in",
    "review_words",
]

#: West, south, east, north of a registry without regions.
EVERYWHERE = (73.0, 18.0, 135.0, 54.0)
_KEY = "yizhan.ground"
_MAINLAND = "yizhan.mainland"
_BASE = "yizhan.base"
#: Degrees around the registry that a reader may look at.
_AROUND = 3.0


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


def base() -> BaseMap:
    """Return what lies below the stations of an interactive map, with where its datum does not hold."""
    configured: BaseMap = current_app.config["YIZHAN_BASE_MAP"]
    if not configured.shifted:
        return configured
    registry = public.info(session())
    kept: dict[object, BaseMap] = current_app.extensions.setdefault(_BASE, {})
    key = (registry.name, registry.regions_loaded_at)
    if key not in kept:
        west, south, east, north = base_map.extent(session()) or EVERYWHERE
        around = (west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND)
        kept.clear()
        kept[key] = replace(configured, elsewhere=elsewhere(mainland(), around))
    return kept[key]


def credits_of_the_map() -> tuple[str | dict[str, str], ...]:
    """Return whose an interactive map is: the base map's, then those of what is drawn over it."""
    configured = base()
    theirs: tuple[str | dict[str, str], ...] = tuple(
        credit.text if credit.url is None else {"text": credit.text, "url": credit.url}
        for credit in configured.credits
    )
    return (*theirs, *(_ours() if configured.kind == "own" else _ours()[:1]))


def credits_of_pictures() -> tuple[str, ...]:
    """Return whose a picture is: it is drawn from our own base map alone."""
    configured = base()
    return (*(credit.text for credit in configured.credits if configured.kind == "own"), *_ours())


def _ours() -> tuple[str, str, str]:
    return say("区划 © 天地图"), say("地名 GeoNames"), say("湖泊 Natural Earth")


def mainland() -> Mainland:
    """Return the mask of the datums of this registry, read once a process."""
    registry = public.info(session())
    kept: dict[object, Mainland] = current_app.extensions.setdefault(_MAINLAND, {})
    key = (registry.name, registry.regions_loaded_at)
    if key not in kept:
        kept.clear()
        kept[key] = regions.mainland_of(session())
    return kept[key]


def name_in(names: Mapping[str, str]) -> str:
    """Return a name in the reader's language, else in Chinese, else any: a gazetteer may have only one."""
    return names.get(lang()) or names.get("zh") or next(iter(names.values()), "")


def _short(names: Mapping[str, str]) -> str:
    given = None if lang() == "zh" else names.get(lang())
    return given or written(names["zh"]).stem
