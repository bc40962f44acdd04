"""The map as a picture, for pages and messages that take no frame: the parameters of an embed, and a size.

It is drawn by the module that draws the share cards, from our own base map. It says nothing that holds for an hour: pins
tell the class of a station and never whether its door is open now.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import orjson
from flask import Response, request

from geo.bbox import BBox
from stations.errors import Invalid, NotFound
from stations.registry import base_map, public
from stations.vocabulary import KINDS, StationClass
from web import pictures
from web.db import now, session
from web.embed.blueprint import blueprint
from web.embed.parameters import Embed
from web.embed.words import title_of
from web.ground import EVERYWHERE, credits_of_pictures, ground, review_words
from web.i18n import say
from web.maps.picture import Dot, PictureSpec, Pin

__all__ = ["static_map"]

#: Beyond so many, stations are dots.
_MOST_PINS: Final = 80
_MAX_AGE_S: Final = 600
_ONE_ZOOM, _NEAR_ZOOM = 14.0, 12.0
_SIZES: Final = {"width": (64, 2048, 600), "height": (64, 2048, 315), "scale": (1, 3, 2)}
_Spot = tuple[float, float, Literal["round", "square"]]
_View = tuple[tuple[float, float] | None, float, BBox | None]


@blueprint.get("/static-map.<any(png, svg):form>")
def static_map(form: Literal["png", "svg"]) -> Response:
    """Draw the map that the address asks for."""
    embed = Embed.read(request.args.items(multi=True)).embed
    width, height, scale = (_size(name) for name in _SIZES)
    spots = _spots(embed)
    center, zoom, bbox = _view(embed, spots)
    many = len(spots) > _MOST_PINS
    try:
        spec = PictureSpec(
            review=review_words(),
            credits=credits_of_pictures(),
            width=width,
            height=height,
            scale=1 if form == "svg" else scale,
            center=center,
            zoom=zoom,
            bbox=bbox,
            theme="dark" if embed.theme == "dark" else "light",
            pins=() if many else tuple(Pin(*spot) for spot in spots),
            dots=tuple(Dot(*spot) for spot in spots) if many else (),
            title=title_of(embed),
            unit_words=(say("{n} 米"), say("{n} 公里")),
            form=form,
        )
    except ValueError as error:
        raise Invalid(str(error)) from error
    return pictures.answer(spec, max_age_s=_MAX_AGE_S)


def _size(name: str) -> int:
    lowest, highest, usual = _SIZES[name]
    text = request.args.get(name, "")
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not lowest <= int(text) <= highest:
        raise Invalid(f"{name} {text[:20]!r} of a picture must be {lowest} to {highest}", field=name)
    return int(text)


def _spots(embed: Embed) -> list[_Spot]:
    if embed.station is not None:
        feature = orjson.loads(public.station(session(), embed.station, now=now()))
        if feature["geometry"] is None:
            raise NotFound(f"station {embed.station} is not located, so there is no map of it")
        lon, lat = feature["geometry"]["coordinates"]
        return [(lon, lat, _shape(feature["properties"]["kind"]))]
    columns = {name: place for place, name in enumerate(public.MAP_COLUMNS)}
    lon, lat, kind = (columns[name] for name in ("lon", "lat", "kind"))
    rows = public.map_rows(session(), embed.query, now=now()).rows
    return [(row[lon], row[lat], _shape(row[kind])) for row in rows]


def _shape(kind: str) -> Literal["round", "square"]:
    return "round" if KINDS[kind].station_class is StationClass.REST else "square"


def _view(embed: Embed, spots: list[_Spot]) -> _View:
    if embed.center is not None and embed.zoom is not None:
        return embed.center, embed.zoom, None
    if embed.station is not None:
        return spots[0][:2], _ONE_ZOOM, None
    if embed.query.near is not None:
        return embed.query.near, _NEAR_ZOOM, None
    if embed.fit == "region" and embed.query.regions:
        bounds = [area.geometry.bounds for area in ground().areas if area.code in embed.query.regions]
        if bounds:
            return None, 0.0, _around(bounds)
    if embed.fit == "stations" and spots:
        return None, 0.0, _around([(lon, lat, lon, lat) for lon, lat, _ in spots])
    return None, 0.0, BBox(*(base_map.extent(session()) or EVERYWHERE))


def _around(boxes: list[tuple[float, float, float, float]]) -> BBox:
    west, south, east, north = zip(*boxes, strict=True)
    return BBox(min(west), min(south), max(east), max(north))
