"""How the tiles divide the world: the tile matrix set of Web Mercator, as its standard (OGC 17-083r4) describes it."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from stations.errors import NotFound
from web.i18n import say
from web.ogc import tile_pages
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.landing import both_forms
from web.ogc.links import Link, address
from web.ogc.negotiation import HTML, JSON, Form, asked_form, only
from web.ogc.openapi_tiles import MATRIX_SET

__all__ = ["MERCATOR", "REL", "SET_URI", "require"]

REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
MERCATOR: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"
SET_URI: Final = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{MATRIX_SET}"
_HALF_M: Final = 20_037_508.342789244
#: Metres of a pixel of 256 at zoom 0; a pixel of the standard is 0.28 mm wide.
_CELL_M: Final = 2 * _HALF_M / 256
_PIXEL_M: Final = 0.00028
_ZOOMS: Final = 25


@blueprint.get("/tileMatrixSets")
def matrix_sets() -> Response:
    """Answer which tile matrix sets there are."""
    only("f", "lang")
    form = asked_form()
    links = both_forms("ogc.matrix_sets", form)
    own = Link("self", address("ogc.matrix_set", matrix_set=MATRIX_SET), JSON, MATRIX_SET)
    listed = {
        "id": MATRIX_SET,
        "title": MATRIX_SET,
        "uri": SET_URI,
        "crs": MERCATOR,
        "links": [own.as_dict()],
    }
    if form is Form.HTML:
        page = tile_pages.doors(
            say("瓦片的划分"),
            say("瓦片怎样划分世界：每一级缩放的行数、列数和比例尺。"),
            [("ogc.matrix_set", {"matrix_set": MATRIX_SET}, MATRIX_SET, MERCATOR)],
            links,
        )
        return answer(page, HTML, links=links)
    body = {"tileMatrixSets": [listed], "links": [link.as_dict() for link in links]}
    return answer(as_json(body), JSON, links=links)


@blueprint.get("/tileMatrixSets/<matrix_set>")
def matrix_set(matrix_set: str) -> Response:
    """Answer the definition of a tile matrix set."""
    require(matrix_set)
    only("f", "lang")
    form = asked_form()
    links = both_forms("ogc.matrix_set", form, matrix_set=matrix_set)
    body: dict[str, Any] = {
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": SET_URI,
        "crs": MERCATOR,
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
            for zoom in range(_ZOOMS)
        ],
    }
    if form is Form.HTML:
        return answer(tile_pages.matrix_set(body, links), HTML, links=links)
    return answer(as_json(body), JSON, links=links)


def require(matrix_set: str) -> None:
    """Raise NotFound for a tile matrix set that there is not, with the one that there is."""
    if matrix_set != MATRIX_SET:
        raise NotFound(f"there is no tile matrix set {matrix_set[:80]!r}; there is {MATRIX_SET}")
