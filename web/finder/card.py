"""What is seen of a station before it is opened: the words of a shared link, its card, and the picture of its map.

Pictures are drawn by ``web.maps.picture``. A messenger keeps a card for days, so it says nothing that holds for an
hour: the weekly hours, and never whether the door is open now.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

import orjson
from flask import Response, current_app, request

from stations import vocabulary as words
from stations.errors import NotFound
from stations.hours import Hours
from stations.registry import public
from stations.registry.schedules import to_hours
from web.db import now, session
from web.finder import sheet
from web.finder.blueprint import blueprint
from web.finder.facts import standings
from web.finder.opening import usual_week
from web.ground import credits_of_pictures, ground, review_words
from web.i18n import lang, say
from web.maps import fonts
from web.maps.picture import Ground, Panel, PictureSpec, Pin, render
from web.maps.symbols import SHAPES

__all__ = ["description", "has_pictures", "station_card", "station_map_picture"]

_KEPT = 256
_KEY = "yizhan.pictures"
#: Part of every tag: raise it when the same wish is drawn otherwise.
_DRAWING = 1
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
    return _picture(_spec(feature, 600, 315, _CARD_ZOOM, panel))


@blueprint.get("/s/<code>/map.png")
def station_map_picture(code: str) -> Response:
    """Answer with the map around a station as a picture; ``theme=dark`` for a dark page."""
    feature = orjson.loads(public.station(session(), code, now=now()))
    if feature["geometry"] is None:
        raise NotFound(f"station {code} is not located, so there is no map of it")
    return _picture(_spec(feature, 420, 240, _MAP_ZOOM, None))


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


def _picture(spec: PictureSpec) -> Response:
    base = ground()
    wish = repr((_DRAWING, base.version, spec))
    tag = hashlib.sha256(wish.encode()).hexdigest()[:20]
    response = Response(mimetype="image/png")
    response.set_etag(tag)
    response.cache_control.public = True
    response.cache_control.max_age = 3600
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(_drawn(tag, spec, base))
    return response


def _drawn(tag: str, spec: PictureSpec, base: Ground) -> bytes:
    """Draw a picture once and keep the last few."""
    kept: _Kept = current_app.extensions.setdefault(_KEY, _Kept())
    found = kept.get(tag)
    if found is None:
        found = render(spec, base)
        kept.put(tag, found)
    return found


class _Kept:
    """The pictures that were asked for last, by tag."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, tag: str) -> bytes | None:
        with self._lock:
            found = self._pictures.get(tag)
            if found is not None:
                self._pictures.move_to_end(tag)
            return found

    def put(self, tag: str, picture: bytes) -> None:
        with self._lock:
            self._pictures[tag] = picture
            while len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)


def _lasting(p: Mapping[str, Any], hours: Hours) -> str:
    if p["lifecycle"] != words.Lifecycle.OPEN:
        return words.LIFECYCLE[p["lifecycle"]].label(lang())
    return usual_week(hours) or p["hours"]["words"] or say("开放时间未知")


def _has(p: Mapping[str, Any]) -> str:
    return say("、").join(
        words.AMENITIES[code].label(lang()) for code in standings(p["amenities"])["yes"][:8]
    )
