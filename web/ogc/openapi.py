"""The interface as an OpenAPI 3.0 document: every address, parameter and answer, put together from the parts."""

from __future__ import annotations

from typing import Any, Final

from flask import url_for
from werkzeug.wrappers import Response

from web.i18n import say
from web.ogc import pages, parts
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.landing import both_forms
from web.ogc.negotiation import HTML, OPENAPI, Form, asked_form, only
from web.ogc.openapi_features import paths
from web.ogc.openapi_schemas import COMPONENTS
from web.origin import absolute

__all__ = ["document"]

#: Raised when what the API promises changes; the changelog of the API says how.
VERSION: Final = "1.0.0"


@blueprint.get("/api")
def openapi() -> Response:
    """Answer the description of this interface."""
    only("f", "lang")
    form = asked_form(OPENAPI)
    links = both_forms("ogc.openapi", form, OPENAPI)
    body = document()
    if form is Form.HTML:
        return answer(pages.api(body, links), HTML, links=links)
    return answer(as_json(body), OPENAPI, links=links)


def document() -> dict[str, Any]:
    """Return the OpenAPI document, in the reader's language where it speaks to people."""
    found: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {
            "title": say("驿站地图开放接口"),
            "version": VERSION,
            "description": say("户外劳动者服务站点，按 OGC API 标准公开：WGS 84，未知的写未知。"),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": absolute(url_for("ogc.landing")).rstrip("/")}],
        "paths": dict(paths()),
        "components": {section: dict(named) for section, named in COMPONENTS.items()},
    }
    for part in parts.parts():
        found["paths"] |= part.paths()
        for section, named in part.components().items():
            found["components"].setdefault(section, {}).update(named)
    return found
