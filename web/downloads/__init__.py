"""Files to take along: exactly the stations that a query string asks for, what changed since, and a dump of each day."""

from __future__ import annotations

from web.downloads import page, routes
from web.downloads.blueprint import blueprint

__all__ = ["blueprint", "page", "routes"]
