"""What tells of the tiles: tilesets of the collections and of all together, as JSON, TileJSON and pages."""

from __future__ import annotations

from typing import Any, Final

from flask import request
from werkzeug.wrappers import Response

from stations.registry import base_map, public
from stations.registry.crs import CRS84
from stations.registry.tiles import LAYERS, MAX_ZOOM, Layer
from web.db import session
from web.i18n import say
from web.ogc import parts, tile_pages
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.collections import COLLECTIONS, Collection, get
from web.ogc.landing import both_forms
from web.ogc.links import Link, address
from web.ogc.matrix_sets import MERCATOR, REL, SET_URI, require
from web.ogc.negotiation import HTML, JSON, Form, asked_form, only
from web.ogc.openapi_tiles import MATRIX_SET, MVT, components, paths
from web.ogc.tiles import asked_layers, asked_stations

__all__ = ["TILES"]

_TILEJSON: Final = "tilejson"
_FORMS: Final = ("json", "html", _TILEJSON)
#: The world as far as Web Mercator reaches.
_WORLD: Final = (-180.0, -85.051129, 180.0, 85.051129)


@blueprint.get("/collections/<collection>/tiles")
def collection_tilesets(collection: str) -> Response:
    """Answer which tilesets a collection has."""
    found = get(collection)
    return _tilesets(say(found.title), say(found.description), collection=found.id)


@blueprint.get("/tiles")
def tilesets() -> Response:
    """Answer which tilesets there are of everything."""
    return _tilesets(say("驿站地图开放接口"), say("所有数据在一套瓦片里，每种数据一个图层。"))


@blueprint.get("/collections/<collection>/tiles/<matrix_set>")
def collection_tileset(collection: str, matrix_set: str) -> Response:
    """Answer what a collection's tiles hold, as the standard describes it or as TileJSON."""
    found = get(collection)
    require(matrix_set)
    asked_stations("f", "lang", one_query=found.one_query, forms=_FORMS)
    return _tileset([found.id], say(found.title), "tile", collection=found.id)


@blueprint.get("/tiles/<matrix_set>")
def tileset(matrix_set: str) -> Response:
    """Answer what the tiles of everything hold, as the standard describes it or as TileJSON."""
    require(matrix_set)
    asked_stations("f", "lang", "collections", one_query=True, forms=_FORMS)
    return _tileset(asked_layers(), say("驿站地图开放接口"), "dataset_tile")


def _tilesets(title: str, about: str, **place: str) -> Response:
    only("f", "lang")
    form = asked_form()
    every, one = (
        ("ogc.collection_tilesets", "ogc.collection_tileset") if place else ("ogc.tilesets", "ogc.tileset")
    )
    links = both_forms(every, form, **place)
    if form is Form.HTML:
        listed = [(one, {**place, "matrix_set": MATRIX_SET}, MATRIX_SET, say("矢量瓦片"))]
        if not place:
            listed += [
                (
                    "ogc.collection_tileset",
                    {"collection": each.id, "matrix_set": MATRIX_SET},
                    f"{MATRIX_SET} · {say(each.title)}",
                    say(each.description),
                )
                for each in COLLECTIONS.values()
            ]
        return answer(tile_pages.doors(say("矢量瓦片"), about, listed, links), HTML, links=links)
    own = address(one, [("f", "json")], matrix_set=MATRIX_SET, **place)
    body = {
        "tilesets": [
            {
                "title": title,
                "dataType": "vector",
                "crs": MERCATOR,
                "tileMatrixSetURI": SET_URI,
                "links": [Link("self", own, JSON, title).as_dict(), _scheme().as_dict()],
            }
        ],
        "links": [link.as_dict() for link in links],
    }
    return answer(as_json(body), JSON, links=links)


def _scheme() -> Link:
    return Link(f"{REL}tiling-scheme", address("ogc.matrix_set", matrix_set=MATRIX_SET), JSON)


def _tileset(names: list[str], title: str, endpoint: str, **place: str) -> Response:
    # What the question says of the stations is carried into the address of every tile.
    asked = [(name, value) for name, value in request.args.items(multi=True) if name not in {"f", "lang"}]
    template = _template(endpoint, asked, **place)
    layers = [LAYERS[name] for name in names]
    if request.args.get("f") == _TILEJSON:
        return answer(as_json(_tilejson(layers, title, template)), JSON)
    form = asked_form()
    one = "ogc.collection_tileset" if place else "ogc.tileset"
    media = {Form.JSON: (JSON, "JSON"), Form.HTML: (HTML, "HTML"), _TILEJSON: (JSON, "TileJSON")}
    links = [
        Link(
            "self" if each == form else "alternate",
            address(one, [*asked, ("f", each)], matrix_set=MATRIX_SET, **place),
            kind,
            title if each == form else name,
        )
        for each, (kind, name) in media.items()
    ]
    tiles = template.format(z="{tileMatrix}", y="{tileRow}", x="{tileCol}")
    links += [Link("item", tiles, MVT, say("矢量瓦片"), templated=True), _scheme()]
    west, south, east, north = base_map.extent(session()) or _WORLD
    body = {
        "title": title,
        "description": say("站点按网格合并计数，放大后逐个显示；默认只有运营中和暂停的。"),
        "dataType": "vector",
        "crs": MERCATOR,
        "tileMatrixSetURI": SET_URI,
        "tileMatrixSetLimits": [
            {
                "tileMatrix": str(zoom),
                "minTileRow": 0,
                "maxTileRow": 2**zoom - 1,
                "minTileCol": 0,
                "maxTileCol": 2**zoom - 1,
            }
            for zoom in range(MAX_ZOOM + 1)
        ],
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84.uri},
        "layers": [_described(layer) for layer in layers],
        "links": [link.as_dict() for link in links],
    }
    if form is Form.HTML:
        return answer(tile_pages.tileset(body, links, tiles), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


def _described(layer: Layer) -> dict[str, Any]:
    collection = COLLECTIONS[layer.name]
    return {
        "id": layer.name,
        "title": say(collection.title),
        "description": say(collection.description),
        "dataType": "vector",
        "geometryDimension": 2 if layer.geometry == "polygons" else 0,
        "minTileMatrix": "0",
        "maxTileMatrix": str(MAX_ZOOM),
        "propertiesSchema": {
            "type": "object",
            "properties": {one.name: {"type": one.type, "description": one.about} for one in layer.fields},
        },
    }


def _tilejson(layers: list[Layer], title: str, template: str) -> dict[str, Any]:
    registry = public.info(session())
    west, south, east, north = base_map.extent(session()) or _WORLD
    return {
        "tilejson": "3.0.0",
        "name": title,
        "attribution": registry.name,
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        # No bounds: beyond them a map asks for no tiles, and a station may lie outside the regions that are loaded.
        "center": [round((west + east) / 2, 4), round((south + north) / 2, 4), 5],
        "vector_layers": [
            {
                "id": layer.name,
                "description": say(COLLECTIONS[layer.name].description),
                "fields": {one.name: one.about for one in layer.fields},
            }
            for layer in layers
        ],
    }


def _template(endpoint: str, items: list[tuple[str, str]], **values: str) -> str:
    """Return the address of tiles with {z}, {y} and {x} in it."""
    marks = {"z": "000000001", "row": "000000002", "column": "000000003"}
    found = address(f"ogc.{endpoint}", [*items, ("f", "mvt")], matrix_set=MATRIX_SET, **values, **marks)
    for mark, name in zip(marks.values(), ("{z}", "{y}", "{x}"), strict=True):
        found = found.replace(f"/{mark}", f"/{name}", 1)
    return found


def _landing() -> list[Link]:
    return [
        Link(f"{REL}tilesets-vector", address("ogc.tilesets"), JSON, say("矢量瓦片")),
        Link(f"{REL}tiling-schemes", address("ogc.matrix_sets"), JSON, say("瓦片的划分")),
    ]


def _of_collection(collection: Collection) -> list[Link]:
    href = address("ogc.collection_tilesets", collection=collection.id)
    return [Link(f"{REL}tilesets-vector", href, JSON, say("矢量瓦片"))]


_CONF: Final = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
TILES: Final = parts.Part(
    "tiles",
    (
        *(
            f"{_CONF}{name}"
            for name in (
                "core",
                "tileset",
                "tilesets-list",
                "dataset-tilesets",
                "geodata-tilesets",
                "collections-selection",
                "oas30",
                "mvt",
            )
        ),
        *(
            f"http://www.opengis.net/spec/tms/2.0/conf/{name}"
            for name in ("tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata")
        ),
    ),
    _landing,
    _of_collection,
    paths,
    components,
)
parts.add(TILES)
