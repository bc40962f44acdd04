"""What tells of the tiles, as pages for people: which tilesets there are, what a tileset holds, how the world is divided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import request, url_for

from web.ogc.links import Link
from web.ogc.pages import page

__all__ = ["doors", "matrix_set", "tileset"]


def doors(
    title: str, about: str, listed: Iterable[tuple[str, Mapping[str, Any], str, str]], links: Sequence[Link]
) -> str:
    """Write a list. listed: of each its endpoint, what stands in its path, its name and what it is."""
    found = [
        {
            "href": url_for(endpoint, **place, f="html", lang=request.args.get("lang")),
            "name": name,
            "about": told,
        }
        for endpoint, place, name, told in listed
    ]
    return page("tilesets.html", links, title, about=about, doors=found)


def tileset(body: Mapping[str, Any], links: Sequence[Link], tiles: str) -> str:
    """Write what a tileset holds. tiles: the address of its tiles, with {tileMatrix}, {tileRow} and {tileCol}."""
    return page("tileset.html", links, body["title"], body=body, tiles=tiles)


def matrix_set(body: Mapping[str, Any], links: Sequence[Link]) -> str:
    """Write how a tile matrix set divides the world."""
    return page("matrix_set.html", links, body["id"], body=body)
