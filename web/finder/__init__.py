"""The riders' pages: finding a station, and the station itself."""

from __future__ import annotations

from web.finder import card, door, home, offline, plate, station
from web.finder.blueprint import blueprint

__all__ = ["blueprint", "card", "door", "home", "offline", "plate", "station"]
