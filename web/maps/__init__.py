"""Folium maps: builders that take features and options and return ``folium.Map``."""

from __future__ import annotations

from web.maps.base import BaseMap
from web.maps.station_map import MapOptions, station_map

__all__ = ["BaseMap", "MapOptions", "station_map"]
