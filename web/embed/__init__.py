"""Maps on other people's pages: the embed, its builder, oEmbed, and the map as a picture."""

from __future__ import annotations

from web.embed import builder, oembed, page, static_map
from web.embed.blueprint import blueprint

__all__ = ["blueprint", "builder", "oembed", "page", "static_map"]
