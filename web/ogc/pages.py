"""The API as pages for people: the same content, a small map of our own, Chinese or English."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlencode

import shapely
from flask import render_template, request
from markupsafe import Markup

from geo.bbox import BBox
from stations import vocabulary as words
from stations.registry import public
from stations.registry.feature_pages import FeaturePage
from web.db import session
from web.ground import credits_of_pictures, ground, name_in, review_words
from web.i18n import LANGUAGES, lang, say
from web.maps.picture import PictureSpec, Pin, render
from web.ogc.collections import Collection
from web.ogc.links import Link
from web.ogc.negotiation import HTML

__all__ = [
    "api",
    "collection",
    "collections",
    "conformance",
    "item",
    "items",
    "landing",
    "page",
    "queryables",
]

_MOST_PINS: Final = 200
_FILLED: Final = "#f7cf9f"
_SMALLEST_DEG: Final = 0.05
_SIZE: Final = (640, 360)


def landing(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write the landing page."""
    return page("landing.html", links, body["title"], body=body)


def conformance(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write which conformance classes are met."""
    return page("conformance.html", links, say("符合哪些标准"), body=body)


def collections(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write the list of collections."""
    return page("collections.html", links, say("有哪些数据"), body=body)


def collection(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write what one collection is."""
    box = body.get("extent", {}).get("spatial", {}).get("bbox", [None])[0]
    return page(
        "collection.html", links, body["title"], body=body, pictures=_pictures(_wider(*box)) if box else None
    )


def queryables(found: Collection, body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write what a filter may ask."""
    return page("queryables.html", links, say("可以筛选的属性"), found=found, body=body)


def api(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write the interface: every address with its parameters."""
    return page("api.html", links, say("接口说明"), body=body)


def items(
    found: Collection, told: FeaturePage, head: Mapping[str, Any], links: Sequence[Link], box: BBox | None
) -> str:
    """Write a page of features as a map and a table."""
    features = [json.loads(feature) for feature in told.features]
    return page(
        "items.html",
        links,
        say(found.title),
        found=found,
        head=head,
        features=[_row(feature) for feature in features],
        following=next((link.href for link in links if link.rel == "next"), None),
        pictures=_of_features(features, box),
    )


def item(found: Collection, text: bytes, links: Sequence[Link]) -> str:
    """Write one feature: where it is, and all that is known of it."""
    feature = json.loads(text)
    return page(
        "item.html",
        links,
        _row(feature)["name"],
        found=found,
        feature=feature,
        facts=[(name, _told(value)) for name, value in feature["properties"].items()],
        pictures=_of_features([feature], None),
    )


def page(template: str, links: Sequence[Link], title: str, **values: Any) -> str:
    """Write a page of the API in a template below ``ogc/``."""
    about = public.info(session())
    return render_template(
        f"ogc/{template}",
        title=title,
        links=[link for link in links if not link.templated],
        json_link=next((link.href for link in links if link.rel == "alternate" and link.type != HTML), None),
        demonstration=about.demonstration,
        other_language=_other_language(),
        review=review_words(),
        **values,
    )


def _other_language() -> dict[str, str]:
    other = "en" if lang() == "zh" else "zh"
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return {
        "lang": other,
        "tag": LANGUAGES[other],
        "label": "English" if other == "en" else "中文",
        "url": f"{request.script_root}{request.path}?{urlencode([*query, ('lang', other)], safe=',:/')}",
    }


def _row(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table tells of a feature."""
    properties = feature["properties"]
    names = properties.get("names") or {}
    kind = properties.get("kind")
    return {
        "id": feature["id"],
        "name": name_in(names) or str(feature["id"]),
        "kind": words.KINDS[kind].label(lang()) if kind in words.KINDS else properties.get("level") or "",
        "place": properties.get("address") or "",
        "people": properties.get("people"),
        "located": feature["geometry"] is not None,
    }


def _told(value: Any) -> str:
    if value is None:
        # Nobody knows, or there is none: the two are not told apart here.
        return "—"
    if isinstance(value, bool):
        return say("是") if value else say("否")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of_features(features: Iterable[Mapping[str, Any]], box: BBox | None) -> dict[str, Markup] | None:
    """Return the pictures of a page's features; None where none of them has a place."""
    located = [feature for feature in features if feature["geometry"] is not None]
    if not located:
        return None
    points = [f["geometry"]["coordinates"] for f in located if f["geometry"]["type"] == "Point"]
    if box is None or box.crosses_antimeridian:
        box = _around(located)
    pins = tuple(Pin(float(lon), float(lat)) for lon, lat in points[:_MOST_PINS])
    fills = tuple((str(f["id"]), _FILLED) for f in located if f["geometry"]["type"] != "Point")
    return _pictures(box, pins, fills)


def _around(features: Sequence[Mapping[str, Any]]) -> BBox:
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return _wider(*(float(edge) for edge in shapely.total_bounds(shapes)))


def _wider(west: float, south: float, east: float, north: float) -> BBox:
    """Return a box with a margin; what is around says where one is."""
    aside = max(_SMALLEST_DEG, (east - west) / 10)
    above = max(_SMALLEST_DEG, (north - south) / 10)
    return BBox(
        max(-180.0, west - aside),
        max(-85.0, south - above),
        min(180.0, east + aside),
        min(85.0, north + above),
    )


def _pictures(
    box: BBox, pins: tuple[Pin, ...] = (), fills: tuple[tuple[str, str], ...] = ()
) -> dict[str, Markup]:
    """Return a map as two pictures, for light and for dark pages, as addresses that hold them."""
    return {theme: _picture(theme, box, pins, fills) for theme in ("light", "dark")}


def _picture(
    theme: Literal["light", "dark"], box: BBox, pins: tuple[Pin, ...], fills: tuple[tuple[str, str], ...]
) -> Markup:
    spec = PictureSpec(
        review=review_words(),
        credits=credits_of_pictures(),
        width=_SIZE[0],
        height=_SIZE[1],
        scale=1,
        bbox=box,
        theme=theme,
        pins=pins,
        fills=fills,
        title=say("地图"),
        unit_words=(say("{n} 米"), say("{n} 公里")),
        form="svg",
    )
    drawn = base64.b64encode(render(spec, ground())).decode()
    return Markup(f"data:image/svg+xml;base64,{drawn}")  # noqa: S704
