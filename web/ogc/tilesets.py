"""What tells programs of the tiles: tile matrix sets, tilesets of the collections and of all together, TileJSON."""

from __future__ import annotations

from typing import Any, Final

from flask import request
from werkzeug.wrappers import Response

from stations.errors import NotFound
from stations.registry import base_map, public
from stations.registry.tiles import LAYERS, MAX_ZOOM, Layer
from web.db import session
from web.i18n import say
from web.ogc import parts
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.collections import COLLECTIONS, Collection, get
from web.ogc.links import Link, address
from web.ogc.negotiation import JSON
from web.ogc.openapi_tiles import MATRIX_SET, MVT, components, paths
from web.ogc.tiles import asked_layers, asked_stations

__all__ = ["TILES"]

_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_MERCATOR: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
_SET_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
_HALF_M: Final = 20_037_508.342789244
#: Metres of a pixel of 256 at zoom 0; a pixel of the standard is 0.28 mm wide.
_CELL_M: Final = 2 * _HALF_M / 256
_PIXEL_M: Final = 0.00028
_SET_ZOOMS: Final = 25
_TILEJSON: Final = "tilejson"
#: The world as far as Web Mercator reaches.
_WORLD: Final = (-180.0, -85.051129, 180.0, 85.051129)


@blueprint.get("/tileMatrixSets")
def matrix_sets() -> Response:
    """Answer which tile matrix sets there are."""
    asked_stations("f", "lang", one_query=False, forms=("json",))
    link = Link("self", address("ogc.matrix_set", matrix_set=MATRIX_SET), JSON, MATRIX_SET)
    body = {
        "tileMatrixSets": [
            {
                "id": MATRIX_SET,
                "title": MATRIX_SET,
                "uri": _SET_URI,
                "crs": _MERCATOR,
                "links": [link.as_dict()],
            }
        ]
    }
    return answer(as_json(body), JSON)


@blueprint.get("/tileMatrixSets/<matrix_set>")
def matrix_set(matrix_set: str) -> Response:
    """Answer the definition of a tile matrix set."""
    _require(matrix_set)
    asked_stations("f", "lang", one_query=False, forms=("json",))
    body = {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": _SET_URI,
        "crs": _MERCATOR,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": _CELL_M / 2**zoom / _PIXEL_M,
                "cellSize": _CELL_M / 2**zoom,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-_HALF_M, _HALF_M],
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 2**zoom,
                "matrixHeight": 2**zoom,
            }
            for zoom in range(_SET_ZOOMS)
        ],
    }
    return answer(as_json(body), JSON)


@blueprint.get("/collections/<collection>/tiles")
def collection_tilesets(collection: str) -> Response:
    """Answer which tilesets a collection has."""
    found = get(collection)
    asked_stations("f", "lang", one_query=False, forms=("json",))
    return _tilesets(say(found.title), "ogc.collection_tileset", collection=found.id)


@blueprint.get("/tiles")
def tilesets() -> Response:
    """Answer which tilesets there are of everything."""
    asked_stations("f", "lang", one_query=False, forms=("json",))
    return _tilesets(say("驿站地图开放接口"), "ogc.tileset")


@blueprint.get("/collections/<collection>/tiles/<matrix_set>")
def collection_tileset(collection: str, matrix_set: str) -> Response:
    """Answer what a collection's tiles hold, as the standard describes it or as TileJSON."""
    found = get(collection)
    _require(matrix_set)
    asked_stations("f", "lang", one_query=found.one_query, forms=("json", _TILEJSON))
    return _tileset([found.id], say(found.title), "tile", collection=found.id)


@blueprint.get("/tiles/<matrix_set>")
def tileset(matrix_set: str) -> Response:
    """Answer what the tiles of everything hold, as the standard describes it or as TileJSON."""
    _require(matrix_set)
    asked_stations("f", "lang", "collections", one_query=True, forms=("json", _TILEJSON))
    return _tileset(asked_layers(), say("驿站地图开放接口"), "dataset_tile")


def _require(matrix_set: str) -> None:
    if matrix_set != MATRIX_SET:
        raise NotFound(f"there is no tile matrix set {matrix_set[:80]!r}; there is {MATRIX_SET}")


def _tilesets(title: str, endpoint: str, **values: str) -> Response:
    own = address(endpoint, [("f", "json")], matrix_set=MATRIX_SET, **values)
    body = {
        "tilesets": [
            {
                "title": title,
                "dataType": "vector",
                "crs": _MERCATOR,
                "tileMatrixSetURI": _SET_URI,
                "links": [
                    Link("self", own, JSON, title).as_dict(),
                    Link(
                        f"{_REL}tiling-scheme", address("ogc.matrix_set", matrix_set=MATRIX_SET), JSON
                    ).as_dict(),
                ],
            }
        ],
        "links": [Link("self", address(f"{endpoint}s", [("f", "json")], **values), JSON, title).as_dict()],
    }
    return answer(as_json(body), JSON)


def _tileset(names: list[str], title: str, endpoint: str, **values: str) -> Response:
    # What the question says of the stations is carried into the address of every tile.
    asked = [(name, value) for name, value in request.args.items(multi=True) if name not in {"f", "lang"}]
    template = _template(endpoint, asked, **values)
    layers = [LAYERS[name] for name in names]
    if request.args.get("f") == _TILEJSON:
        return answer(as_json(_tilejson(layers, title, template)), JSON)
    own = "ogc.collection_tileset" if values else "ogc.tileset"
    links = [
        Link("self", address(own, [*asked, ("f", "json")], matrix_set=MATRIX_SET, **values), JSON, title),
        Link(
            "alternate",
            address(own, [*asked, ("f", _TILEJSON)], matrix_set=MATRIX_SET, **values),
            JSON,
            "TileJSON",
        ),
        Link(
            "item",
            template.format(z="{tileMatrix}", y="{tileRow}", x="{tileCol}"),
            MVT,
            say("矢量瓦片"),
            templated=True,
        ),
        Link(f"{_REL}tiling-scheme", address("ogc.matrix_set", matrix_set=MATRIX_SET), JSON),
    ]
    west, south, east, north = base_map.extent(session()) or _WORLD
    body = {
        "title": title,
        "description": say("站点按网格合并计数，放大后逐个显示；默认只有运营中和暂停的。"),
        "dataType": "vector",
        "crs": _MERCATOR,
        "tileMatrixSetURI": _SET_URI,
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
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": _CRS84},
        "layers": [_described(layer) for layer in layers],
        "links": [link.as_dict() for link in links],
    }
    return answer(as_json(body), JSON, links=links)


_CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


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
        Link(f"{_REL}tilesets-vector", address("ogc.tilesets"), JSON, say("矢量瓦片")),
        Link(f"{_REL}tiling-schemes", address("ogc.matrix_sets"), JSON, say("瓦片的划分")),
    ]


def _of_collection(collection: Collection) -> list[Link]:
    href = address("ogc.collection_tilesets", collection=collection.id)
    return [Link(f"{_REL}tilesets-vector", href, JSON, say("矢量瓦片"))]


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
