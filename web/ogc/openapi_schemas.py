"""What answers look like, as the OpenAPI document describes them: schemas, and how each address refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from web.ogc.collections import COLLECTIONS
from web.ogc.negotiation import PROBLEM
from web.ogc.openapi_parameters import PARAMETERS

__all__ = ["COMPONENTS", "responses"]

_LINK: Final = {
    "type": "object",
    "required": ["rel", "href"],
    "properties": {
        "rel": {"type": "string"},
        "href": {"type": "string"},
        "type": {"type": "string"},
        "title": {"type": "string"},
        "templated": {"type": "boolean"},
    },
}
_LINKS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_COLLECTION: Final = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "itemType": {"type": "string"},
        "extent": {"type": "object"},
        "crs": {"type": "array", "items": {"type": "string"}},
        "storageCrs": {"type": "string"},
        "links": _LINKS,
    },
}
_FEATURE: Final = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
SCHEMAS: Final[dict[str, Any]] = {
    "link": _LINK,
    "landingPage": {
        "type": "object",
        "required": ["links"],
        "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS},
    },
    "confClasses": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
    },
    "collection": _COLLECTION,
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS,
            "crs": {"type": "array", "items": {"type": "string"}},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
    "feature": _FEATURE,
    "featureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": _LINKS,
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "queryables": {
        "type": "object",
        "required": ["$schema", "$id", "type", "properties"],
        "properties": {"properties": {"type": "object"}},
    },
    "problem": {
        "type": "object",
        "required": ["status", "title", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["parameter", "value", "detail"],
                    "properties": {name: {"type": "string"} for name in ("parameter", "value", "detail")},
                },
            },
        },
    },
}


def _refused(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
    }


COMPONENTS: Final[dict[str, dict[str, Any]]] = {
    "parameters": {
        "collectionId": {
            "name": "collectionId",
            "in": "path",
            "required": True,
            "description": "Which collection.",
            "schema": {"type": "string", "enum": list(COLLECTIONS)},
        },
        "featureId": {
            "name": "featureId",
            "in": "path",
            "required": True,
            "description": "The feature's id.",
            "schema": {"type": "string"},
        },
        **PARAMETERS,
    },
    "schemas": SCHEMAS,
    "responses": {
        "NotModified": {"description": "What the reader has is what there is."},
        "BadRequest": _refused("A parameter is unknown or has a bad value; errors names each."),
        "NotFound": _refused("There is no such collection or feature."),
        "NotAcceptable": _refused("The Accept header takes none of the forms."),
        "Conflict": _refused("All features were replaced since the first page; begin again."),
        "TooMany": _refused("Too many requests; Retry-After says when to ask again."),
        "Unavailable": _refused(
            "The question took longer than five seconds, or the database does not answer."
        ),
        "Broken": _refused("Something went wrong on our side."),
    },
}
_REFUSALS: Final = {
    "304": "NotModified",
    "400": "BadRequest",
    "404": "NotFound",
    "406": "NotAcceptable",
    "409": "Conflict",
    "429": "TooMany",
    "500": "Broken",
    "503": "Unavailable",
}


def responses(
    description: str,
    media: Mapping[str, Mapping[str, Any]],
    *also: str,
    headers: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the answers of an operation: 200 in these media types, and the refusals that each may give.

    also: statuses beside those of every address.
    """
    found: dict[str, Any] = {
        "200": {
            "description": description,
            "headers": {
                "Link": {"schema": {"type": "string"}, "description": "The links of the answer."},
                "ETag": {"schema": {"type": "string"}},
                **(headers or {}),
            },
            "content": {name: {"schema": dict(schema)} for name, schema in media.items()},
        }
    }
    for status in sorted({"304", "400", "406", "429", "500", "503", *also}):
        found[status] = {"$ref": f"#/components/responses/{_REFUSALS[status]}"}
    return found
