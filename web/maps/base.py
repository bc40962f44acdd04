"""What lies under the stations: our own drawing, an operator's tiles or vector file, or nothing at all.

A map of another datum is not moved to ours, ours is moved to it: Leaflet projects every position through the datum of
the base map (``js/base/gcj02.js``), so that pins, borders and clicks all stay WGS 84 and all fit what lies below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from web.maps.layers import Places, Regions, Tiles, VectorTiles
from web.maps.lean import ScriptElement

__all__ = ["OWN", "BaseMap", "Credit", "TileLayer"]

#: A choice of names for one server, as editors of OpenStreetMap write it: ``{switch:a,b,c}``.
_SWITCH = re.compile(r"\{switch:([^{}]+)\}")
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose the base map is, and where that is explained."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class TileLayer:
    """Raster tiles: an address with ``{z}``, ``{x}``, ``{y}`` and at most one ``{switch:a,b,c}``; the deepest zoom there is."""

    url: str
    max_native_zoom: int = 18

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the server; empty where there is one."""
        found = _SWITCH.search(self.url)
        return tuple(name.strip() for name in found[1].split(",")) if found else ()

    @property
    def template(self) -> str:
        """The address as Leaflet wants it."""
        return _SWITCH.sub("{s}", self.url)

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme and host of every server that the address can mean."""
        spelled = [self.template.replace("{s}", name) for name in self.names] or [self.url]
        return tuple(dict.fromkeys(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in spelled))


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A base map as every map of the site gets it.

    kind: ``own`` (areas, lakes and names drawn by us), ``raster`` (``layers``, lowest first), ``vector`` (a PMTiles file
    at ``file``), ``none``. shifted: whether it is in GCJ-02; ``elsewhere`` are then the rings, WGS 84, of where it is not.
    """

    kind: Literal["own", "raster", "vector", "none"] = "own"
    layers: tuple[TileLayer, ...] = ()
    file: str | None = None
    credits: tuple[Credit, ...] = ()
    shifted: bool = False
    elsewhere: tuple[Ring, ...] = ()

    @property
    def scripts(self) -> tuple[str, ...]:
        """Our own files, below the static folder, that this base map needs besides those of every map."""
        shifting = ("js/base/gcj02.js",) if self.shifted else ()
        reading = (
            ("vendor/protomaps-leaflet/protomaps-leaflet.js", "js/base/vector.js")
            if self.kind == "vector"
            else ()
        )
        return (*shifting, *reading)

    @property
    def datum(self) -> dict[str, object] | None:
        """What ``yizhan.map`` is told of the datum: None where it is our own."""
        return {"elsewhere": [list(ring) for ring in self.elsewhere]} if self.shifted else None

    @property
    def image_origins(self) -> tuple[str, ...]:
        """The servers whose pictures the page must be allowed to show."""
        return tuple(dict.fromkeys(origin for layer in self.layers for origin in layer.origins))

    def ground(self, links: Mapping[str, str]) -> tuple[ScriptElement, ...]:
        """Make its layers, lowest first. links: addresses of ``regions`` and ``places``."""
        match self.kind:
            case "own":
                return Regions(url=links["regions"]), Places(url=links["places"])
            case "none":
                return (Regions(url=links["regions"], look="unseen"),)
            case "vector":
                below: tuple[ScriptElement, ...] = (VectorTiles(url=self.file),)
            case "raster":
                below = tuple(
                    Tiles(url=layer.template, names=layer.names, max_native_zoom=layer.max_native_zoom)
                    for layer in self.layers
                )
        return (*below, Regions(url=links["regions"], look="outlines"))


OWN = BaseMap()
"""The base map that needs no network and no key: the default."""
