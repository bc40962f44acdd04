"""How to get to a station: its position in each datum, the links into navigation apps, the map of the spot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import url_for
from markupsafe import Markup

from geo.datum import Datum
from stations import vocabulary as words
from stations.query import By
from stations.registry import base_map
from web.assets import static_url
from web.db import session
from web.finder import sheet
from web.finder.links import Link, Spot, go_there, in_datum
from web.ground import base, credits_of_the_map, mainland, name_in, review_words
from web.i18n import lang, say
from web.maps.spot_map import spot_map
from web.maps.symbols import symbols
from web.pages.words import look_labels

__all__ = [
    "Position",
    "SpotMap",
    "app_names",
    "position",
    "quality_words",
    "region_words",
    "spot",
]

#: Radius of the circle that is drawn round a pin, by its quality; the words beside it say that it is a rough one.
_REACH_M = {"building": 60.0, "approximate": 500.0, "place": 2000.0}


@dataclass(frozen=True, slots=True)
class Position:
    """Where the station is: the links, the numbers in each datum by label, and what the pin is worth."""

    lon: float
    lat: float
    links: tuple[Link, ...]
    numbers: tuple[tuple[str, str], ...]
    quality: str
    reach_m: float | None


@dataclass(frozen=True, slots=True)
class SpotMap:
    """A Folium map that waits to be asked for: its element, the files that it needs, and the script that starts it."""

    html: Markup
    start: Markup
    files: str


def position(feature: Mapping[str, Any], by: By) -> Position | None:
    """Return where a station is and the ways to go there; None for one that is not located."""
    if feature["geometry"] is None:
        return None
    p = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"]
    mask = mainland()
    labels = {
        Datum.WGS84: say("WGS 84（GPS、天地图）"),
        Datum.GCJ02: say("GCJ-02（高德、腾讯）"),
        Datum.BD09: say("BD-09（百度）"),
    }
    quality = p["position"]["quality"] or ""
    return Position(
        lon,
        lat,
        go_there(Spot(lon, lat, sheet.title(p)[0], p["address"] or "", by), mask),
        tuple((label, ", ".join(in_datum(lon, lat, datum, mask))) for datum, label in labels.items()),
        quality,
        _REACH_M.get(quality),
    )


def region_words(p: Mapping[str, Any]) -> str:
    """Name the regions that a station lies in, the largest first: what is said where nobody wrote an address down."""
    code = p["region"] or ""
    above = {code[:2].ljust(6, "0"), code[:4].ljust(6, "0"), code}
    return " ".join(name_in(area.names) for area in base_map.regions(session()) if area.code in above)


def spot(p: Mapping[str, Any], at: Position) -> SpotMap:
    """Build the map of a located station, to be started by ``window.yizhanSpot()`` once its files are there."""
    kinds = {kind.code: kind.label(lang()) for kind in words.KINDS.values()}
    parts = spot_map(
        at.lon,
        at.lat,
        station={"kind": p["kind"], "look": sheet.mark(p).look, "reach": at.reach_m},
        symbols=symbols(look_labels(), kinds, sprite=static_url("icons.svg")),
        words={
            "failed": say("服务器没有给出可用的回答，请稍后再试。"),
            "offline": say("连不上服务器，请检查网络。"),
        },
        label=say("{name}的位置", name=name_in(p["names"])),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    ).parts()
    return SpotMap(
        parts.html,
        Markup('window.yizhanSpot=function(){"use strict";\n%s\n};') % parts.script,
        orjson.dumps({"styles": parts.styles, "scripts": parts.scripts}).decode(),
    )


def app_names() -> dict[str, str]:
    """Name the apps of ``links.APPS``."""
    return {
        "amap": say("高德地图"),
        "baidu": say("百度地图"),
        "tencent": say("腾讯地图"),
        "apple": say("苹果地图"),
        "geo": say("其他地图应用"),
    }


def quality_words() -> dict[str, str]:
    """Say what a pin is worth, by its quality."""
    return {
        "door": say("坐标在门口。"),
        "building": say("坐标在所在的建筑，门要自己找。"),
        "approximate": say("坐标只是大致位置，可能差几百米。"),
        "place": say("坐标只到地名，可能差几公里。"),
        "": say("没有说明坐标有多准。"),
    }
