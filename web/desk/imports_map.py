"""The map of a batch: what is new, what moves and what is held back, before it is applied and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from flask import render_template, url_for

from stations import vocabulary as words
from stations.imports import reviewing
from stations.imports.reviewing import Place
from stations.registry import base_map
from web import db
from web.assets import static_url
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.ground import EVERYWHERE, base, credits_of_the_map, review_words
from web.i18n import lang, say
from web.maps.import_map import import_map
from web.maps.lean import when_ready
from web.maps.symbols import symbols
from web.pages.words import look_labels

__all__ = ["import_map_page"]

_MOST: Final = 3000
#: Degrees around the outermost places: about a kilometre.
_MARGIN: Final = 0.01


@blueprint.get("/imports/<int:batch_id>/map")
@desk_page("viewer", "editor")
def import_map_page(batch_id: int) -> str:
    """Show where the rows of a batch lie."""
    session = db.session()
    batch = reviewing.batch(session, batch_id)
    places = reviewing.places(session, batch_id, limit=_MOST)
    extent = base_map.extent(session) or EVERYWHERE
    counted = Counter(place.kind for place in places)
    parts = import_map(
        _around(places, extent) or extent,
        places=[
            {
                "number": place.number,
                "kind": place.kind,
                "verdict": place.verdict,
                "name": place.name,
                "at": place.at,
                "was": place.was,
                "out": place.left_out,
            }
            for place in places
        ],
        kinds={"new": say("新增"), "moved": say("移动"), "held": say("存疑，暂不上图")},
        row=url_for("desk.import_page", batch_id=batch_id),
        symbols=symbols(
            look_labels(),
            {term.code: term.label(lang()) for term in words.KINDS.values()},
            sprite=static_url("icons.svg"),
        ),
        words={
            "failed": say("服务器没有给出可用的回答，请稍后再试。"),
            "offline": say("连不上服务器，请检查网络。"),
        },
        label=say("第 {n} 批的位置", n=batch_id),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    ).parts()
    return render_template(
        "desk/import_map.html",
        batch=batch,
        map={
            "html": parts.html,
            "start": when_ready(parts.script),
            "styles": parts.styles,
            "scripts": parts.scripts,
        },
        counts={
            "new": counted["new"],
            "moved": counted["moved"],
            "held": counted["held"],
            "cut": len(places) if len(places) == _MOST else 0,
        },
    )


def _around(places: Sequence[Place], extent: Sequence[float]) -> tuple[float, float, float, float] | None:
    """Return the box of the places that lie where the registry does; None where none does."""
    west, south, east, north = extent
    points = [
        (lon, lat)
        for place in places
        for lon, lat in (place.at, place.was or place.at)
        if west <= lon <= east and south <= lat <= north
    ]
    if not points:
        return None
    lons, lats = zip(*points, strict=True)
    return min(lons) - _MARGIN, min(lats) - _MARGIN, max(lons) + _MARGIN, max(lats) + _MARGIN
