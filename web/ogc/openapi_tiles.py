"""The addresses of tiles, as the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stations.query import NAMES
from stations.registry.tiles import LAYERS, MAX_ZOOM
from web.ogc.collections import COLLECTIONS
from web.ogc.negotiation import HTML, JSON
from web.ogc.openapi_parameters import parameter
from web.ogc.openapi_schemas import responses

__all__ = ["MATRIX_SET", "MVT", "OF_TILES", "components", "paths"]

MVT: Final = "application/vnd.mapbox-vector-tile"
MATRIX_SET: Final = "WebMercatorQuad"
#: The names of the query string that say which stations; a tile has no pages, no language and nobody who travels.
OF_TILES: Final = tuple(
    name for name in NAMES if name not in {"limit", "cursor", "lang", "by", "stay", "jobs", "events"}
)
#: Parameters that are described otherwise than those of features: the name → its component.
_OWN: Final = {"bbox": "tilesBbox", "lifecycle": "tilesLifecycle"}


def _whole(name: str, description: str, most: int) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "integer", "minimum": 0, "maximum": most},
    }


def components() -> Mapping[str, Any]:
    """Return the parameters and schemas that tiles add to the document."""
    forms = {"type": "string", "enum": ["json", "html"]}
    both = {"type": "string", "enum": ["json", "html", "tilejson"]}
    names = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(LAYERS)}}
    lives = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    return {
        "parameters": {
            "tileMatrixSetId": {
                "name": "tileMatrixSetId",
                "in": "path",
                "required": True,
                "description": "Which tile matrix set.",
                "schema": {"type": "string", "enum": [MATRIX_SET]},
            },
            "tileMatrix": _whole("tileMatrix", "The zoom.", MAX_ZOOM),
            "tileRow": _whole("tileRow", "The row, from the north.", 2**MAX_ZOOM - 1),
            "tileCol": _whole("tileCol", "The column, from the west.", 2**MAX_ZOOM - 1),
            "styleId": {
                "name": "styleId",
                "in": "path",
                "required": True,
                "description": "Which colours.",
                "schema": {"type": "string", "enum": ["light", "dark"]},
            },
            "tilesForm": parameter("f", "Form of the answer.", forms),
            "tilesetForm": parameter("f", "Form of the answer.", both),
            "tileForm": parameter("f", "Form of the tile.", {"type": "string", "enum": ["mvt"]}),
            "tilesCollections": parameter("collections", "Only these layers.", names),
            "tilesBbox": parameter(
                "bbox",
                "Only stations in this box: west,south,east,north in degrees.",
                {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
            ),
            "tilesLifecycle": parameter("lifecycle", "Which lives; open and suspended without it.", lives),
        },
        "schemas": {
            "tileMatrixSets": _object("tileMatrixSets"),
            "tileMatrixSet": _object("id", "crs", "tileMatrices"),
            "tileSets": _object("tilesets"),
            "style": _object("version", "sources", "layers"),
            "tileSet": {"oneOf": [_object("dataType", "crs", "links"), _object("tilejson", "tiles")]},
        },
    }


def _object(*required: str) -> dict[str, Any]:
    return {"type": "object", "required": list(required)}


def paths() -> Mapping[str, Any]:
    """Return the addresses of tiles, from /ogc on."""
    found = {
        "/tileMatrixSets": _get(
            ".getTileMatrixSetsList", "Which tile matrix sets there are", "tileMatrixSets"
        ),
        "/tileMatrixSets/{tileMatrixSetId}": _get(
            ".getTileMatrixSet", "How the tiles divide the world", "tileMatrixSet", "tileMatrixSetId"
        ),
        "/tiles": _get(
            "all.dataset.vector.getTileSetsList", "Which tilesets there are of everything", "tileSets"
        ),
    }
    found |= _of("/tiles", "all.dataset.vector", ["tilesCollections"], one_query=True)
    found["/styles/{styleId}"] = {
        "get": {
            "operationId": "style",
            "summary": "A style for MapLibre, with the tiles of everything as its source",
            "tags": ["Tiles"],
            "parameters": [_ref(name) for name in ("styleId", *(_OWN.get(name, name) for name in OF_TILES))],
            "responses": responses("The style", {JSON: {"$ref": "#/components/schemas/style"}}, "404"),
        }
    }
    for name, collection in COLLECTIONS.items():
        base = f"/collections/{name}/tiles"
        found[base] = _get(
            f"{name}.collection.vector.getTileSetsList", f"Which tilesets {name} has", "tileSets"
        )
        found |= _of(base, f"{name}.collection.vector", [], one_query=collection.one_query)
    return found


def _of(base: str, operation: str, own: list[str], *, one_query: bool) -> dict[str, Any]:
    asked = own + ([_OWN.get(name, name) for name in OF_TILES] if one_query else [])
    place = ["tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"]
    tile = {
        "operationId": f"{operation}.getTile",
        "summary": "One tile; no bytes where nothing lies in it",
        "tags": ["Tiles"],
        "parameters": [_ref(name) for name in (*place, "tileForm", *asked)],
        "responses": responses("The tile", {MVT: {"type": "string", "format": "binary"}}, "404"),
    }
    return {
        f"{base}/{{tileMatrixSetId}}": _get(
            f"{operation}.getTileSet",
            "What the tiles hold",
            "tileSet",
            "tileMatrixSetId",
            *asked,
            form="tilesetForm",
        ),
        f"{base}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {"get": tile},
    }


def _get(
    operation: str, summary: str, schema: str, *parameters: str, form: str = "tilesForm"
) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["Tiles"],
            "parameters": [_ref(name) for name in (*parameters, form, "lang")],
            "responses": responses(
                summary, {JSON: {"$ref": f"#/components/schemas/{schema}"}, HTML: {"type": "string"}}, "404"
            ),
        }
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}
