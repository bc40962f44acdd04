"""How well the stations serve, in public: the page, its files, the pictures of the months, and the plate at the door."""

from __future__ import annotations

from web.quality import files, page
from web.quality.blueprint import blueprint

__all__ = ["blueprint", "files", "page"]
