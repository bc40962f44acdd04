"""The base map that the operator configured, from the settings: checked once when the application is built.

Tianditu: WMTS in Web Mercator (``_w``), a layer and its labels, eight servers, native to zoom 18, CGCS2000 (WGS 84 within a
metre). Amap: GCJ-02; its tiles are for licensed users, so the address comes from the operator's contract. Nothing of these
is asked by the server, only by the readers' browsers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from flask import Flask, Response, current_app, send_file
from shapely.geometry import Polygon
from werkzeug.exceptions import NotFound

from geo.mainland import Mainland
from web.maps.base import OWN, BaseMap, Credit, Ring, TileLayer
from web.sending import one_of_a_few
from web.settings import Settings, SettingsError

__all__ = ["ADDRESS", "configured", "elsewhere", "init_app"]

#: Where we serve the operator's PMTiles file.
ADDRESS = "/base-map.pmtiles"
_TIANDITU = {
    "tianditu": ("vec", "cva"),
    "tianditu-imagery": ("img", "cia"),
    "tianditu-terrain": ("ter", "cta"),
}
#: About fifty metres, of a border that the mask itself draws two kilometres wide.
_TOLERANCE_DEG = 0.0005


def configured(settings: Settings) -> BaseMap:
    """Return the base map that the settings ask for; where it is shifted, ``elsewhere`` is still empty.

    Raises SettingsError where something that it needs is not set.
    """
    name = settings.base_map
    credits = (Credit(settings.map_credit),) if settings.map_credit else ()
    match name:
        case "own" | "none":
            return replace(OWN, kind=name, credits=credits)
        case "osm":
            osm = TileLayer("https://tile.openstreetmap.org/{z}/{x}/{y}.png", 19)
            whose = Credit("© OpenStreetMap", "https://www.openstreetmap.org/copyright")
            return BaseMap("raster", (osm,), credits=(whose, *credits))
        case "amap":
            layer = TileLayer(_keyed(settings), settings.base_map_zoom)
            return BaseMap("raster", (layer,), credits=(Credit("© 高德地图"), *credits), shifted=True)
        case "xyz":
            if not credits:
                raise _missing(settings, "YIZHAN_MAP_CREDIT", "whose the tiles are")
            layer = TileLayer(_keyed(settings, optional=True), settings.base_map_zoom)
            return BaseMap("raster", (layer,), credits=credits, shifted=settings.base_map_datum == "gcj02")
        case "pmtiles":
            file = settings.base_map_file
            if file is None or not file.is_file():
                raise _missing(
                    settings, "YIZHAN_BASE_MAP_FILE", f"a .pmtiles file that is there, and not {str(file)!r}"
                )
            if not credits:
                raise _missing(settings, "YIZHAN_MAP_CREDIT", "whose the file's data are")
            return BaseMap("vector", file=ADDRESS, credits=credits)
    if settings.base_map_key is None:
        raise _missing(settings, "YIZHAN_BASE_MAP_KEY", "the key for browsers that Tianditu gave")
    layers = tuple(TileLayer(_tianditu(layer, settings.base_map_key)) for layer in _TIANDITU[name])
    return BaseMap("raster", layers, credits=(Credit("© 天地图", "https://www.tianditu.gov.cn/"), *credits))


def _tianditu(layer: str, key: str) -> str:
    return (
        f"https://{{switch:t0,t1,t2,t3,t4,t5,t6,t7}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
    )


def _keyed(settings: Settings, *, optional: bool = False) -> str:
    url = settings.base_map_url
    if url is None:
        raise _missing(settings, "YIZHAN_BASE_MAP_URL", "the address of the tiles")
    if settings.base_map_key is None and ("{key}" in url or not optional):
        raise _missing(settings, "YIZHAN_BASE_MAP_KEY", "the key that the provider gave")
    if "{key}" not in url and settings.base_map_key is not None:
        raise _missing(settings, "YIZHAN_BASE_MAP_URL", "{key} in the address, where the key goes")
    return url.replace("{key}", settings.base_map_key or "")


def _missing(settings: Settings, name: str, what: str) -> SettingsError:
    return SettingsError(f"YIZHAN_BASE_MAP={settings.base_map} needs {name}: {what}.", field=name)


def elsewhere(mainland: Mainland, bounds: tuple[float, float, float, float]) -> tuple[Ring, ...]:
    """Return the rings of a box, WGS 84, that lie outside mainland China; none for an inland province."""
    beyond = shapely.box(*bounds).difference(mainland.geometry).simplify(_TOLERANCE_DEG)
    parts = [part for part in shapely.get_parts(beyond) if isinstance(part, Polygon) and not part.is_empty]
    return tuple(
        tuple((float(x), float(y)) for x, y in np.round(np.asarray(ring.coords)[:-1], 6).tolist())
        for part in parts
        for ring in (part.exterior, *part.interiors)
    )


def init_app(app: Flask, base: BaseMap) -> None:
    """Serve the operator's vector file, in the pieces that browsers ask for."""

    @app.get(ADDRESS, endpoint="base_map_file")
    def file() -> Response:
        """Answer with a range of the file."""
        path = current_app.config["YIZHAN_SETTINGS"].base_map_file
        if base.kind != "vector":
            raise NotFound("this site's base map is no file")
        answer = send_file(path, mimetype="application/vnd.pmtiles", conditional=True, max_age=3600)
        # An embed in a sandbox has no origin of its own, and asks for these pieces all the same.
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Access-Control-Expose-Headers"] = "Content-Range, Content-Length, ETag"
        return one_of_a_few(answer)
