"""Pages for people: the map, a station, what the data are and whose."""

from __future__ import annotations

from web.pages.privacy import filings
from web.pages.views import blueprint

__all__ = ["blueprint", "filings"]
