"""Folium maps: builders that take features and options and return ``folium.Map``."""

from __future__ import annotations

from web.maps.station_map import MapOptions, TileSource, station_map

__all__ = ["MapOptions", "TileSource", "station_map"]
