"""Where one begins: the landing page, what the API conforms to, and which collections there are."""

from __future__ import annotations

import math
from typing import Any

from flask import current_app
from werkzeug.wrappers import Response

from stations.registry import features, public
from stations.registry.crs import CRS84, SERVED
from web.db import session
from web.i18n import say
from web.ogc import pages, parts
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.collections import COLLECTIONS, Collection, get
from web.ogc.links import Link, address
from web.ogc.negotiation import GEOJSON, HTML, JSON, OPENAPI, Form, asked_form, only

__all__ = ["CORE", "both_forms", "described"]

_CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_CRS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
_EXTENTS = "yizhan.ogc.extents"


def both_forms(endpoint: str, form: Form, json_type: str = JSON, **values: str) -> list[Link]:
    """Return the links of an answer to itself and to its other form."""
    forms = {Form.JSON: (json_type, "JSON"), Form.HTML: (HTML, "HTML")}
    return [
        Link(
            "self" if each is form else "alternate",
            address(endpoint, [("f", each)], **values),
            media,
            say("本页") if each is form else say("另一种格式：{name}", name=name),
        )
        for each, (media, name) in forms.items()
    ]


@blueprint.get("")
def landing() -> Response:
    """Answer what this API is and where its parts are."""
    only("f", "lang")
    form = asked_form()
    links = both_forms("ogc.landing", form)
    for part in parts.parts():
        links += part.landing()
    about = public.info(session())
    body: dict[str, Any] = {
        "title": say("驿站地图开放接口"),
        "description": say("户外劳动者服务站点，按 OGC API 标准公开：WGS 84，未知的写未知。"),
        "registry": about.name,
        "demonstration": about.demonstration,
        "links": [link.as_dict() for link in links],
    }
    if form is Form.HTML:
        return answer(pages.landing(body, links), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


@blueprint.get("/conformance")
def conformance() -> Response:
    """Answer which conformance classes are met; each is tested by the assertions of the standard's abstract tests."""
    only("f", "lang")
    form = asked_form()
    links = both_forms("ogc.conformance", form)
    body = {"conformsTo": parts.classes(), "links": [link.as_dict() for link in links]}
    if form is Form.HTML:
        return answer(pages.conformance(body, links), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


@blueprint.get("/collections")
def collections() -> Response:
    """Answer which collections there are."""
    only("f", "lang")
    form = asked_form()
    links = both_forms("ogc.collections", form)
    body = {
        "links": [link.as_dict() for link in links],
        "crs": list(SERVED),
        "collections": [
            described(each, _links_of(each)) | {"crs": ["#/crs"]} for each in COLLECTIONS.values()
        ],
    }
    if form is Form.HTML:
        return answer(pages.collections(body, links), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


@blueprint.get("/collections/<collection>")
def collection(collection: str) -> Response:
    """Answer what one collection is."""
    found = get(collection)
    only("f", "lang")
    form = asked_form()
    links = [*both_forms("ogc.collection", form, collection=collection), *_links_of(found)]
    body = described(found, links)
    if form is Form.HTML:
        return answer(pages.collection(body, links), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


def _links_of(collection: Collection) -> list[Link]:
    return [link for part in parts.parts() for link in part.of_collection(collection)]


def described(collection: Collection, links: list[Link]) -> dict[str, Any]:
    """Return what Part 1 and Part 2 say of a collection."""
    box = _extent(collection)
    return {
        "id": collection.id,
        "title": say(collection.title),
        "description": say(collection.description),
        "itemType": "feature",
        **(
            {}
            if box is None
            else {
                "extent": {
                    "spatial": {"bbox": [box], "crs": CRS84.uri},
                    "temporal": {"interval": [[None, None]]},
                }
            }
        ),
        "crs": list(SERVED),
        "storageCrs": CRS84.uri,
        "links": [link.as_dict() for link in links],
    }


def _extent(collection: Collection) -> list[float] | None:
    """Return the extent of a collection, looked up once for each state of the registry."""
    kept: dict[str, tuple[Any, list[float] | None]] = current_app.extensions.setdefault(_EXTENTS, {})
    standing = features.standing(session())
    found = kept.get(collection.id)
    if found is None or found[0] != standing:
        box = features.extent(session(), collection.source)
        found = kept[collection.id] = (standing, None if box is None else _rounded_outwards(box))
    return found[1]


def _rounded_outwards(box: tuple[float, float, float, float]) -> list[float]:
    """Return a box of seven decimals that holds all of another."""
    west, south, east, north = (edge * 1e7 for edge in box)
    whole = (math.floor(west), math.floor(south), math.ceil(east), math.ceil(north))
    return [edge / 1e7 for edge in whole]


def _landing() -> list[Link]:
    return [
        Link(
            "service-desc", address("ogc.openapi", [("f", "json")]), OPENAPI, say("接口定义（OpenAPI 3.0）")
        ),
        Link("service-doc", address("ogc.openapi", [("f", "html")]), HTML, say("接口说明")),
        Link("conformance", address("ogc.conformance"), JSON, say("符合哪些标准")),
        Link("data", address("ogc.collections"), JSON, say("有哪些数据")),
    ]


def _of_collection(collection: Collection) -> list[Link]:
    items = {"collection": collection.id}
    return [
        Link("items", address("ogc.items", [("f", "json")], **items), GEOJSON, say("要素（GeoJSON）")),
        Link("items", address("ogc.items", [("f", "html")], **items), HTML, say("要素（网页）")),
    ]


CORE = parts.Part(
    "features",
    (*(f"{_CORE}{name}" for name in ("core", "oas30", "html", "geojson")), _CRS),
    _landing,
    _of_collection,
)
parts.add(CORE)
