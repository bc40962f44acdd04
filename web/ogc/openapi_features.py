"""What the OpenAPI document says of features: addresses, parameters, schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stations import vocabulary as words
from stations.registry.crs import SERVED
from web.ogc.asking import DEFAULT_LIMIT, MAX_LIMIT, OF_ITEM, OF_ITEMS, OF_STATIONS
from web.ogc.collections import COLLECTIONS
from web.ogc.negotiation import GEOJSON, HTML, JSON, OPENAPI, PROBLEM, SCHEMA

__all__ = ["COMPONENTS", "metadata", "parameter", "paths", "responses"]

_CRS: Final = {"type": "string", "format": "uri", "enum": list(SERVED), "default": next(iter(SERVED))}
_NUMBERS: Final = {
    "type": "array",
    "items": {"type": "number"},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
}


def _codes(*codes: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(codes)}}


def _texts(pattern: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": pattern}}


def parameter(name: str, description: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a parameter of the query string; lists are written with commas."""
    listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {
        "name": name, "in": "query", "required": False, "description": description, "schema": dict(schema),
        **listed, **more,
    }  # fmt: skip


_PARAMETERS: Final = {
    each["name"]: each
    for each in (
        parameter("f", "Form of the answer; without it the Accept header decides.", {"type": "string", "enum": ["json", "html"]}),
        parameter("lang", "Language of titles and pages.", {"type": "string", "enum": ["zh", "en"]}),
        parameter(
            "limit",
            f"How many features at most. A larger number than {MAX_LIMIT} means {MAX_LIMIT}.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        parameter("cursor", "Where the page begins; taken from a next link, never made by hand.", {"type": "string", "pattern": "^([0-9]{1,9}-)?[0-9]{1,18}$"}),
        parameter(
            "bbox",
            "Only features that meet this box: four numbers, or six with heights, in the axis order of bbox-crs "
            "(longitude first without it). West may be greater than east: the box crosses the antimeridian.",
            _NUMBERS,
        ),
        parameter("bbox-crs", "Reference system of bbox.", _CRS),
        parameter("crs", "Reference system of the coordinates in the answer, with its authority's axis order.", _CRS),
        parameter(
            "datetime",
            "An instant or an interval of RFC 3339; one end may be open (.. or nothing). Stations: there at some time "
            "of it, from the day they opened to the day they closed. Gaps: computed in it. What has no time stays.",
            {"type": "string", "minLength": 1},
        ),
        parameter("filter", "A condition in CQL2; /collections/{collectionId}/queryables lists what it may ask for.", {"type": "string", "minLength": 1, "maxLength": 8000}),
        parameter("filter-lang", "How the filter is written.", {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}),
        parameter("filter-crs", "Reference system of coordinates in the filter.", _CRS),
        parameter("kind", "One of several kinds.", _codes(*words.KINDS)),
        parameter("class", "Places to rest, or service points.", _codes(*words.StationClass)),
        parameter("amenities", "All of these.", _codes(*words.AMENITIES)),
        parameter("open", "Open at the moment asked about, or always.", {"type": "string", "enum": ["now", "24h"]}),
        parameter("at", "The moment asked about, ISO 8601; without an offset it is Beijing time.", {"type": "string", "minLength": 1}),
        parameter("access", "How one gets in; no_scan is all but scanning a code or an app.", _codes("no_scan", *(code for code in words.ACCESS if code != "unknown"))),
        parameter("fee", "Free or not.", _codes(*(code for code in words.FEE if code != "unknown"))),
        parameter("lifecycle", "Which lives; every one without it.", _codes("all", *words.LIFECYCLE)),
        parameter("region", "In these regions or below: codes of GB/T 2260.", _texts("^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$")),
        parameter(
            "near",
            "longitude,latitude: with within_m a circle. The order stays that of pages.",
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        ),
        parameter("within_m", "Metres from near.", {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1_000_000}),
        parameter("by", "How one travels; decides nothing here.", {"type": "string", "enum": ["walk", "ebike"]}),
        parameter("stay", "Minutes that one wants to stay; decides nothing here.", {"type": "integer", "minimum": 1, "maximum": 240}),
        parameter("q", "Words in names and addresses, or their pinyin.", {"type": "string", "minLength": 1, "maxLength": 100}),
        parameter("unknown", "What a filter does with a station whose answer nobody knows.", {"type": "string", "enum": ["include", "exclude"], "default": "include"}),
    )
}  # fmt: skip
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
_SCHEMAS: Final[dict[str, Any]] = {
    "link": _LINK,
    "landingPage": {"type": "object", "required": ["links"], "properties": {"title": {"type": "string"}, "description": {"type": "string"}, "links": _LINKS}},
    "confClasses": {"type": "object", "required": ["conformsTo"], "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}}},
    "collection": _COLLECTION,
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {"links": _LINKS, "crs": {"type": "array", "items": {"type": "string"}}, "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}}},
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
    "queryables": {"type": "object", "required": ["$schema", "$id", "type", "properties"], "properties": {"properties": {"type": "object"}}},
    "problem": {
        "type": "object",
        "required": ["status", "title", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object", "required": ["parameter", "value", "detail"], "properties": {name: {"type": "string"} for name in ("parameter", "value", "detail")}}},
        },
    },
}  # fmt: skip


def _refused(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
    }


COMPONENTS: Final[dict[str, dict[str, Any]]] = {
    "parameters": {
        "collectionId": {
            "name": "collectionId", "in": "path", "required": True, "description": "Which collection.",
            "schema": {"type": "string", "enum": list(COLLECTIONS)},
        },
        "featureId": {
            "name": "featureId", "in": "path", "required": True, "description": "The feature's id.",
            "schema": {"type": "string"},
        },
        **_PARAMETERS,
    },
    "schemas": _SCHEMAS,
    "responses": {
        "NotModified": {"description": "What the reader has is what there is."},
        "BadRequest": _refused("A parameter is unknown or has a bad value; errors names each."),
        "NotFound": _refused("There is no such collection or feature."),
        "NotAcceptable": _refused("The Accept header takes none of the forms."),
        "Conflict": _refused("All features were replaced since the first page; begin again."),
        "TooMany": _refused("Too many requests; Retry-After says when to ask again."),
        "Unavailable": _refused("The question took longer than five seconds, or the database does not answer."),
        "Broken": _refused("Something went wrong on our side."),
    },
}  # fmt: skip
_REFUSALS: Final = {
    "304": "NotModified", "400": "BadRequest", "404": "NotFound", "406": "NotAcceptable", "409": "Conflict",
    "429": "TooMany", "500": "Broken", "503": "Unavailable",
}  # fmt: skip


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


def metadata(
    operation: str, summary: str, schema: str, *also: str, media: str = JSON, path: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the path item of a description that is read as JSON or as a page."""
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["Capabilities"],
            "parameters": [_ref(name) for name in (*path, "f", "lang")],
            "responses": responses(
                summary,
                {media: {"$ref": f"#/components/schemas/{schema}"}, HTML: {"type": "string"}},
                *also,
            ),
        }
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def paths() -> dict[str, Any]:
    """Return the addresses of features, from /ogc on; each collection's features have an address of their own."""
    found: dict[str, Any] = {
        "/": metadata("landing", "Where one begins", "landingPage"),
        "/conformance": metadata("conformance", "Which standards are met", "confClasses"),
        "/api": {
            "get": {
                "operationId": "api",
                "summary": "This document",
                "tags": ["Capabilities"],
                "parameters": [_ref("f"), _ref("lang")],
                "responses": responses(
                    "This document", {OPENAPI: {"type": "object"}, HTML: {"type": "string"}}
                ),
            }
        },
        "/collections": metadata("collections", "Which collections there are", "collections"),
        "/collections/{collectionId}": metadata(
            "collection", "What one collection is", "collection", "404", path=("collectionId",)
        ),
        "/collections/{collectionId}/queryables": metadata(
            "queryables", "What a filter may ask", "queryables", "404", media=SCHEMA, path=("collectionId",)
        ),
    }
    for name, collection in COLLECTIONS.items():
        names = (*OF_ITEMS, *(OF_STATIONS if collection.one_query else ()))
        found[f"/collections/{name}/items"] = _items(
            name, names, replaced=collection.source.edition is not None
        )
        found[f"/collections/{name}/items/{{featureId}}"] = _one(name)
    return found


_CONTENT_CRS: Final = {
    "Content-Crs": {
        "schema": {"type": "string"},
        "description": "Reference system of the coordinates, in <>.",
    },
    "Last-Modified": {"schema": {"type": "string"}},
}


def _items(name: str, names: tuple[str, ...], *, replaced: bool) -> dict[str, Any]:
    return {
        "get": {
            "operationId": f"{name}.items",
            "summary": f"Features of {name}, page by page",
            "tags": ["Data"],
            "parameters": [_ref(each) for each in names],
            "responses": responses(
                "A page of features",
                {GEOJSON: {"$ref": "#/components/schemas/featureCollection"}, HTML: {"type": "string"}},
                *(["409"] if replaced else []),
                headers=_CONTENT_CRS,
            ),
        }
    }


def _one(name: str) -> dict[str, Any]:
    return {
        "get": {
            "operationId": f"{name}.item",
            "summary": f"One feature of {name}",
            "tags": ["Data"],
            "parameters": [_ref("featureId"), *(_ref(each) for each in OF_ITEM)],
            "responses": responses(
                "The feature",
                {GEOJSON: {"$ref": "#/components/schemas/feature"}, HTML: {"type": "string"}},
                "404",
                headers=_CONTENT_CRS,
            ),
        }
    }
