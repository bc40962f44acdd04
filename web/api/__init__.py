"""The programs' face: stations as GeoJSON under /api/v1, by the one query string."""

from __future__ import annotations

from web.api import description, offers, quality, stations
from web.api.blueprint import blueprint

__all__ = ["blueprint", "description", "offers", "quality", "stations"]
