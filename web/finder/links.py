"""Ways to hand a station to a navigation app: web links that open inside messengers, each in the app's own datum.

The links are for a reader to tap; no page asks these addresses by itself. Outside mainland China no datum is offset
and every app gets the same numbers.

Formats: Amap "URI API" (navigation), Baidu "URI API" (marker), Tencent "URI API" (routeplan), Apple "Map Links",
RFC 5870 for ``geo:`` with the ``q`` that Android reads.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from geo.datum import Datum, from_wgs84
from geo.mainland import Mainland
from stations.query import By

__all__ = ["APPS", "Link", "Spot", "go_there", "in_datum"]

#: Asked of a page by Amap, Baidu and Tencent to tell whose link it is.
_SOURCE = "yizhan-map"
_LONGEST_NAME = 60
_AMAP = {By.WALK: "walk", By.EBIKE: "ride"}
_TENCENT = {By.WALK: "walk", By.EBIKE: "bike"}
_APPLE = {By.WALK: "w", By.EBIKE: "w"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a link leads: WGS 84 degrees, a name and an address as they were received, and how one travels."""

    lon: float
    lat: float
    name: str
    address: str = ""
    by: By = By.WALK


@dataclass(frozen=True, slots=True)
class Link:
    """One app: its code, the datum of the numbers in the address, and the address."""

    app: str
    datum: Datum
    url: str


def go_there(spot: Spot, mainland: Mainland) -> tuple[Link, ...]:
    """Return a link for each app, in the order of ``APPS``.

    Raises ValueError where the position is no position; a station that is not located has no links.
    """
    if not (math.isfinite(spot.lon) and math.isfinite(spot.lat) and abs(spot.lat) <= 90):
        raise ValueError(f"{spot.lon!r}, {spot.lat!r} is no position; an unlocated station has no links")
    return tuple(
        Link(app, datum, write(spot, *in_datum(spot.lon, spot.lat, datum, mainland)))
        for app, (datum, write) in APPS.items()
    )


def in_datum(lon: float, lat: float, datum: Datum, mainland: Mainland) -> tuple[str, str]:
    """Return longitude and latitude in ``datum``, written to six decimals (about a decimetre)."""
    x, y = from_wgs84(lon, lat, datum, mainland=mainland)
    return f"{float(x):.6f}", f"{float(y):.6f}"


def _text(words: str, spare: str = "") -> str:
    """Make words fit for a link: one line, no control characters, none of ``spare``, not too long, escaped."""
    kept = "".join(" " if char in spare or unicodedata.category(char)[0] in "CZ" else char for char in words)
    return quote(" ".join(kept.split())[:_LONGEST_NAME], safe="")


def _amap(spot: Spot, lon: str, lat: str) -> str:
    # The name is the third part of a list with commas: a comma in it would be read as another part.
    to = f"{lon},{lat},{_text(spot.name, ',')}"
    return (
        f"https://uri.amap.com/navigation?to={to}&mode={_AMAP[spot.by]}&coordinate=gaode"
        f"&src={_SOURCE}&callnative=1"
    )


def _baidu(spot: Spot, lon: str, lat: str) -> str:
    # Its route page wants a starting point that we do not have; the marker page has a button that goes there.
    content = _text(spot.address or spot.name)
    return (
        f"https://api.map.baidu.com/marker?location={lat},{lon}&title={_text(spot.name)}&content={content}"
        f"&coord_type=bd09ll&output=html&src=webapp.{_SOURCE}"
    )


def _tencent(spot: Spot, lon: str, lat: str) -> str:
    return (
        f"https://apis.map.qq.com/uri/v1/routeplan?type={_TENCENT[spot.by]}&to={_text(spot.name)}"
        f"&tocoord={lat},{lon}&referer={_SOURCE}"
    )


def _apple(spot: Spot, lon: str, lat: str) -> str:
    return f"https://maps.apple.com/?daddr={lat},{lon}&dirflg={_APPLE[spot.by]}&q={_text(spot.name)}"


def _geo(spot: Spot, lon: str, lat: str) -> str:
    return f"geo:{lat},{lon}?q={lat},{lon}({_text(spot.name, '()')})"


_Writer = Callable[[Spot, str, str], str]

APPS: Mapping[str, tuple[Datum, _Writer]] = MappingProxyType(
    {
        "amap": (Datum.GCJ02, _amap),
        "baidu": (Datum.BD09, _baidu),
        "tencent": (Datum.GCJ02, _tencent),
        # Apple's maps of the mainland are Amap's and take its numbers as they are.
        "apple": (Datum.GCJ02, _apple),
        "geo": (Datum.WGS84, _geo),
    }
)
"""Apps in the order they are offered, with the datum each takes and what writes its address."""
