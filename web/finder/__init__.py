"""The riders' pages: finding a station, and the station itself."""

from __future__ import annotations

from web.finder import card, community_feeds, community_page, door, home, offline, plate, station
from web.finder.blueprint import blueprint

__all__ = [
    "blueprint",
    "card",
    "community_feeds",
    "community_page",
    "door",
    "home",
    "offline",
    "plate",
    "station",
]
