"""What is seen of a station before it is opened: the words of a shared link, its card, and the picture of its map.

Pictures are drawn by ``web.maps.picture``. A messenger keeps a card for days, so it says nothing that holds for an
hour: the weekly hours, and never whether the door is open now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

from stations import vocabulary as words
from stations.errors import NotFound
from stations.hours import Hours
from stations.registry import public
from stations.registry.schedules import to_hours
from web import pictures
from web.db import now, session
from web.finder import sheet
from web.finder.blueprint import blueprint
from web.finder.facts import standings
from web.finder.opening import usual_week
from web.ground import credits_of_pictures, ground, review_words
from web.i18n import lang, say
from web.maps import fonts
from web.maps.picture import Panel, PictureSpec, Pin
from web.maps.symbols import SHAPES

__all__ = ["description", "has_pictures", "station_card", "station_map_picture"]

_CARD_ZOOM, _MAP_ZOOM = 9.6, 10.5


def has_pictures() -> bool:
    """Tell whether this machine can draw them."""
    return fonts.is_installed()


def description(p: Mapping[str, Any], hours: Hours) -> str:
    """Say in one line what a station is: kind, hours, what it has, where."""
    parts = [words.KINDS[p["kind"]].label(lang()), _lasting(p, hours), _has(p), p["address"] or ""]
    return " · ".join(part for part in parts if part)


@blueprint.get("/s/<code>/card.png")
def station_card(code: str) -> Response:
    """Answer with the picture that messengers show beside a shared link, 1200 × 630."""
    feature = orjson.loads(public.station(session(), code, now=now()))
    p = feature["properties"]
    hours = to_hours(p["hours"]["expression"], p["hours"]["calendar"], p["hours"]["exceptions"])
    panel = Panel(
        kicker=words.KINDS[p["kind"]].label(lang()),
        title=sheet.title(p)[0],
        lines=tuple(part for part in (p["address"] or "", _lasting(p, hours), _has(p)) if part),
        tag=say("演示数据") if p["demonstration"] else "",
        foot=f"{sheet.code_groups(code)} · {say('驿站地图')}",
    )
    return pictures.answer(_spec(feature, 600, 315, _CARD_ZOOM, panel))


@blueprint.get("/s/<code>/map.png")
def station_map_picture(code: str) -> Response:
    """Answer with the map around a station as a picture; ``theme=dark`` for a dark page."""
    feature = orjson.loads(public.station(session(), code, now=now()))
    if feature["geometry"] is None:
        raise NotFound(f"station {code} is not located, so there is no map of it")
    return pictures.answer(_spec(feature, 420, 240, _MAP_ZOOM, None))


def _spec(
    feature: Mapping[str, Any], width: int, height: int, zoom: float, panel: Panel | None
) -> PictureSpec:
    p, shape = feature["properties"], feature["geometry"]
    pins: tuple[Pin, ...] = ()
    if shape is not None:
        lon, lat = shape["coordinates"]
        look = None if p["lifecycle"] == words.Lifecycle.OPEN else sheet.mark(p).look
        form = SHAPES[words.KINDS[p["kind"]].station_class]
        pins = (Pin(lon, lat, "round" if form == "round" else "square", look),)
    return PictureSpec(
        review=review_words(),
        credits=credits_of_pictures(),
        width=width,
        height=height,
        center=(pins[0].lon, pins[0].lat) if pins else _middle(p["region"]),
        zoom=zoom if pins else zoom - 1,
        theme="dark" if request.args.get("theme") == "dark" else "light",
        pins=pins,
        panel=panel,
        title=sheet.title(p)[0],
        unit_words=(say("{n} 米"), say("{n} 公里")),
    )


def _middle(region: str | None) -> tuple[float, float]:
    """Return a point inside a region, for a station that is not located."""
    areas = {area.code: area.label for area in ground().areas if area.label is not None}
    levels = (region or "", f"{(region or '')[:4]}00", f"{(region or '')[:2]}0000")
    return next((areas[code] for code in levels if code in areas), next(iter(areas.values()), (104.0, 36.0)))


def _lasting(p: Mapping[str, Any], hours: Hours) -> str:
    if p["lifecycle"] != words.Lifecycle.OPEN:
        return words.LIFECYCLE[p["lifecycle"]].label(lang())
    return usual_week(hours) or p["hours"]["words"] or say("开放时间未知")


def _has(p: Mapping[str, Any]) -> str:
    return say("、").join(
        words.AMENITIES[code].label(lang()) for code in standings(p["amenities"])["yes"][:8]
    )
