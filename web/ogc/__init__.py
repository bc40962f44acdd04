"""OGC API: Features and Tiles at /ogc, put together from parts (``parts.py``); each part adds itself when it is imported here."""

from __future__ import annotations

from web.ogc import items, landing, matrix_sets, openapi, queryables, styles, tiles, tilesets
from web.ogc.blueprint import blueprint

__all__ = [
    "blueprint",
    "items",
    "landing",
    "matrix_sets",
    "openapi",
    "queryables",
    "styles",
    "tiles",
    "tilesets",
]
