"""The addresses of features, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any, Final

from web.ogc.asking import OF_ITEM, OF_ITEMS, OF_STATIONS
from web.ogc.collections import COLLECTIONS
from web.ogc.negotiation import GEOJSON, HTML, JSON, OPENAPI, SCHEMA
from web.ogc.openapi_schemas import responses

__all__ = ["metadata", "paths"]


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
