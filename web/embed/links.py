"""Where an embed leads: the full map with everything that the embed says, and its own addresses."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import url_for

from web.embed.parameters import Embed

__all__ = ["embed_address", "full_map", "map_query"]


def map_query(embed: Embed) -> str:
    """Return the query string that the data of the map are asked for with: the finder's, and the gaps'."""
    return urlencode([*embed.query.items(), *embed.gap_switch.items(), *_lang(embed)], safe=",:")


def full_map(embed: Embed) -> str:
    """Return the map page's address: filters, coverage layer, language, view and station, as the embed has them."""
    query = map_query(embed)
    address = url_for("pages.map_page") + (f"?{query}" if query else "")
    if embed.center is None or embed.zoom is None:
        return address
    view = [f"{embed.zoom:g}", *(f"{part:g}" for part in embed.center)]
    return f"{address}#{'/'.join([*view, *([embed.station] if embed.station else [])])}"


def embed_address(embed: Embed) -> str:
    """Return the path and query string of an embed."""
    return f"{url_for('embed.page')}?{embed.encode()}"


def _lang(embed: Embed) -> list[tuple[str, str]]:
    return [("lang", embed.lang)] if embed.lang else []
