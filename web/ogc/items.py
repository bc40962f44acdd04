"""Features: a page of a collection, and one by its id."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from flask import current_app, request
from werkzeug.wrappers import Response

from stations.registry import feature_pages, features, public
from stations.registry.crs import Crs
from stations.registry.feature_memory import FeatureMemory
from web.db import connection, session
from web.i18n import lang, say
from web.ogc import pages
from web.ogc.answers import answer, as_json
from web.ogc.asking import asked, asked_crs
from web.ogc.blueprint import blueprint
from web.ogc.collections import COLLECTIONS, Collection, get
from web.ogc.links import Link, address, here, heres
from web.ogc.negotiation import GEOJSON, HTML, JSON, Form, asked_form

__all__ = ["MEMORY", "items", "one_item"]

_GEOJSON = f"{GEOJSON}; charset=utf-8"
_MEDIA = {Form.JSON: (GEOJSON, "GeoJSON"), Form.HTML: (HTML, "HTML")}
_REGISTRY = "yizhan.ogc.registry"
MEMORY = "yizhan.ogc.features"
"""Where the application keeps its ``FeatureMemory``."""
_NEVER = object()


@blueprint.get("/collections/<collection>/items")
def items(collection: str) -> Response:
    """Answer a page of features, by key, so that no row is lost or told twice while others write."""
    found = get(collection)
    form = asked_form(GEOJSON)
    wanted = asked(found)
    memory: FeatureMemory = current_app.extensions.setdefault(MEMORY, FeatureMemory())
    page = feature_pages.page(connection(), found.source, wanted, memory=memory)
    links = _links(found, form, page.next_cursor)
    about = _about(found, page.changed_at)
    head: dict[str, Any] = {"type": "FeatureCollection", **about}
    if page.next_cursor is None and wanted.after is None:
        # Known for nothing where all is told; elsewhere counting would cost more than the page itself.
        head["numberMatched"] = len(page.features)
    head["numberReturned"] = len(page.features)
    head["links"] = [link.as_dict() for link in links]
    if form is Form.HTML:
        body = pages.items(found, page, head, links, wanted.box)
        return answer(body, HTML, links=links, changed_at=page.changed_at)
    # The features are complete JSON texts; parsing them to print them again would be most of the time.
    start = as_json(head)[:-1]
    return answer(
        b"".join([start, b',"features":[', b",\n".join(page.features), b"]}"]),
        _GEOJSON,
        links=links,
        changed_at=page.changed_at,
        headers=_crs_header(wanted.crs),
        told=start + repr(page.versions).encode() if page.versions else None,
    )


@blueprint.get("/collections/<collection>/items/<feature>")
def one_item(collection: str, feature: str) -> Response:
    """Answer one feature, whatever its state."""
    found = get(collection)
    form = asked_form(GEOJSON)
    crs = asked_crs()
    text, changed_at = features.item(connection(), found.source, feature, crs=crs)
    links = [
        *_own_links(form),
        Link(
            "collection", address("ogc.collection", collection=collection), JSON, _said(lang())[found.title]
        ),
    ]
    if form is Form.HTML:
        return answer(pages.item(found, text, links), HTML, links=links, changed_at=changed_at)
    about = as_json({**_about(found, changed_at), "links": [link.as_dict() for link in links]})
    body = b"".join([text[:-1], b",", about[1:]])
    return answer(body, _GEOJSON, links=links, changed_at=changed_at, headers=_crs_header(crs))


def _about(collection: Collection, changed_at: datetime | None) -> dict[str, Any]:
    """Return what an answer says of itself beside its features; read once for each state of the registry."""
    kept: dict[str, Any] = current_app.extensions.setdefault(_REGISTRY, {"changed_at": _NEVER})
    if kept["changed_at"] != changed_at:
        about = public.info(session())
        kept.update(changed_at=changed_at, registry=about.name, demonstration=about.demonstration)
    found = {"registry": kept["registry"], "demonstration": kept["demonstration"]}
    if kept["demonstration"] and collection.one_query:
        found["notice"] = "演示数据，并非真实站点 Demonstration data: these stations do not exist"
    return found


def _crs_header(crs: Crs) -> dict[str, str]:
    return {"Content-Crs": f"<{crs.uri}>"}


def _links(collection: Collection, form: Form, following: str | None) -> list[Link]:
    links = _own_links(form)
    if following is not None:
        rest = [
            *((name, value) for name, value in request.args.items() if name != "cursor"),
            ("cursor", following),
        ]
        links.append(Link("next", here(rest, form), _MEDIA[form][0], _said(lang())["下一页"]))
    links.append(
        Link(
            "collection",
            address("ogc.collection", collection=collection.id),
            JSON,
            _said(lang())[collection.title],
        )
    )
    return links


def _own_links(form: Form) -> list[Link]:
    """Return the links to what was asked, in this form and in the other."""
    said = _said(lang())
    return [
        Link(
            "self" if each is form else "alternate", href, media, said["本页"] if each is form else said[name]
        )
        for (each, (media, name)), href in zip(
            _MEDIA.items(), heres(request.args.items(), _MEDIA), strict=True
        )
    ]


@cache
def _said(_: str) -> dict[str, str]:
    """Return the words of links in a language: looking them up each time would take as long as the rest of a link."""
    return {
        "本页": say("本页"),
        "下一页": say("下一页"),
        **{name: say("另一种格式：{name}", name=name) for _, name in _MEDIA.values()},
        **{collection.title: say(collection.title) for collection in COLLECTIONS.values()},
    }
