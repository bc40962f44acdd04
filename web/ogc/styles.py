"""Map styles for MapLibre (style specification 8): the tiles in our own colours, light and dark.

Only circles, lines and areas: a style needs no font, no sprite and no other server.
"""

from __future__ import annotations

from typing import Any, Final

from flask import request
from werkzeug.wrappers import Response

from stations.errors import NotFound
from stations.registry import base_map, public
from web.db import session
from web.maps.palette import DARK, LIGHT, Palette
from web.ogc.answers import answer, as_json
from web.ogc.blueprint import blueprint
from web.ogc.links import address
from web.ogc.negotiation import JSON
from web.ogc.openapi_tiles import MATRIX_SET
from web.ogc.tiles import asked_stations

__all__ = ["STYLES", "style"]

STYLES: Final = {"light": LIGHT, "dark": DARK}
_SOURCE: Final = "yizhan"
_MANY: Final = [">", ["get", "count"], 1]


@blueprint.get("/styles/<name>")
def style(name: str) -> Response:
    """Answer a style whose source is the tiles of everything; the question is carried into their address."""
    palette = STYLES.get(name)
    if palette is None:
        raise NotFound(f"there is no style {name[:40]!r}; there are {', '.join(STYLES)}")
    asked_stations(one_query=True)
    asked = [*request.args.items(multi=True), ("f", "tilejson")]
    registry = public.info(session())
    west, south, east, north = base_map.extent(session()) or (73.0, 18.0, 135.0, 54.0)
    body = {
        "version": 8,
        "name": f"{registry.name} {name}",
        "center": [round((west + east) / 2, 4), round((south + north) / 2, 4)],
        "zoom": 5,
        "sources": {_SOURCE: {"type": "vector", "url": address("ogc.tileset", asked, matrix_set=MATRIX_SET)}},
        "layers": _layers(palette),
    }
    return answer(as_json(body), JSON)


def _layers(palette: Palette) -> list[dict[str, Any]]:
    alone: list[Any] = ["!", _MANY]
    return [
        {"id": "ground", "type": "background", "paint": {"background-color": palette.ground}},
        _layer("areas", "fill", "regions", {"fill-color": palette.land}),
        _layer("borders", "line", "regions", {"line-color": palette.line_prefecture, "line-width": 1}),
        _layer(
            "gaps",
            "circle",
            "gaps",
            {
                "circle-color": palette.warn,
                "circle-opacity": 0.35,
                "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "people"]], 0, 3, 300, 30],
            },
        ),
        _layer(
            "gathered",
            "circle",
            "stations",
            {
                "circle-color": palette.accent,
                "circle-opacity": 0.85,
                # The area and not the radius tells how many; the steps of a cell's size keep them apart.
                "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 4, 40, 16],
                "circle-stroke-color": palette.pin_rim,
                "circle-stroke-width": 1,
            },
            _MANY,
        ),
        _layer(
            "stations",
            "circle",
            "stations",
            {
                "circle-color": [
                    "case",
                    ["!=", ["get", "lifecycle"], "open"],
                    palette.quiet,
                    ["==", ["get", "class"], "service"],
                    palette.service,
                    palette.accent,
                ],
                "circle-radius": ["interpolate", ["linear"], ["zoom"], 4, 3, 14, 7],
                "circle-stroke-color": palette.pin_rim,
                "circle-stroke-width": 1.5,
            },
            alone,
        ),
    ]


def _layer(
    name: str, kind: str, source_layer: str, paint: dict[str, Any], only: list[Any] | None = None
) -> dict[str, Any]:
    found = {"id": name, "type": kind, "source": _SOURCE, "source-layer": source_layer, "paint": paint}
    return found if only is None else {**found, "filter": only}
