"""What a filter may ask of a collection, as a JSON Schema; and which parts of CQL2 are understood."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from stations.registry.features import Kind, Queryable
from web.i18n import say
from web.ogc import pages, parts
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.collections import Collection, get
from web.ogc.landing import both_forms
from web.ogc.links import Link, address
from web.ogc.negotiation import HTML, SCHEMA, Form, asked_form, only

__all__ = ["FILTERING", "schema"]

_FEATURES: Final = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
_CQL2: Final = "http://www.opengis.net/spec/cql2/1.0/conf/"
_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_DIALECT: Final = "https://json-schema.org/draft/2019-09/schema"
_TYPES: Final[dict[Kind, dict[str, Any]]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIMESTAMP: {"type": "string", "format": "date-time"},
}


@blueprint.get("/collections/<collection>/queryables")
def queryables(collection: str) -> Response:
    """Answer what a filter may ask of the features of a collection."""
    found = get(collection)
    only("f", "lang")
    form = asked_form(SCHEMA)
    links = both_forms("ogc.queryables", form, SCHEMA, collection=collection)
    body = schema(found)
    if form is Form.HTML:
        return answer(pages.queryables(found, body, links), HTML, links=links)
    return answer(as_json(body), SCHEMA, links=links)


def schema(collection: Collection) -> dict[str, Any]:
    """Return the JSON Schema of a collection's queryables."""
    return {
        "$schema": _DIALECT,
        "$id": address("ogc.queryables", collection=collection.id),
        "type": "object",
        "title": say(collection.title),
        "properties": {
            name: _typed(queryable, collection.source.shape)
            for name, queryable in collection.source.queryables.items()
        },
        "additionalProperties": False,
    }


def _typed(queryable: Queryable, shape: str) -> dict[str, Any]:
    if queryable.kind is Kind.GEOMETRY:
        return {"$ref": f"https://geojson.org/schema/{shape}.json", "format": f"geometry-{shape.lower()}"}
    return {
        **_TYPES[queryable.kind],
        **({"enum": list(queryable.codes)} if queryable.codes else {}),
    }


def _of_collection(collection: Collection) -> list[Link]:
    return [Link(_REL, address("ogc.queryables", collection=collection.id), SCHEMA, say("可以筛选的属性"))]


FILTERING = parts.Part(
    "filtering",
    (
        *(f"{_FEATURES}{name}" for name in ("queryables", "filter", "features-filter")),
        *(
            f"{_CQL2}{name}"
            for name in (
                "cql2-text",
                "cql2-json",
                "basic-cql2",
                "advanced-comparison-operators",
                "case-insensitive-comparison",
                "basic-spatial-functions",
                "basic-spatial-functions-plus",
                "temporal-functions",
                "property-property",
            )
        ),
    ),
    of_collection=_of_collection,
)
parts.add(FILTERING)
