"""The stations of an embed in words: what a reader without JavaScript gets, nearest first where the wish has a point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from flask import url_for

from stations import vocabulary
from stations.query import StationQuery
from stations.registry import base_map, public
from web.db import now, session
from web.embed.parameters import Embed
from web.finder import sheet
from web.ground import name_in
from web.i18n import lang
from web.pages.map_view import metres_words

__all__ = ["ROWS", "Listed", "listed"]

#: Rows of the list: the page is light, and the full map has the rest.
ROWS = 30
Listed = dict[str, Any]


def listed(embed: Embed) -> tuple[list[Listed], int, dict[str, Any] | None]:
    """Return the first rows, how many stations there are in all, and the one station where only it is asked for.

    Raises NotFound for a station that is not in the register.
    """
    names = {area.code: name_in(area.names) for area in base_map.regions(session())}
    if embed.station is not None:
        feature: dict[str, Any] = orjson.loads(public.station(session(), embed.station, now=now()))
        return [_row(feature, names, public.moment_of(StationQuery(), now()), embed)], 1, feature
    found = public.page(session(), replace(embed.query, limit=ROWS), now=now(), count=True)
    rows = [_row(orjson.loads(text), names, found.moment, embed) for text in found.features]
    return rows, found.matched or 0, None


def _row(feature: Mapping[str, Any], names: Mapping[str, str], moment: datetime, embed: Embed) -> Listed:
    p = feature["properties"]
    metres = p.get("distance_m")
    facts = (
        p["address"] or names.get(p["region"] or "", ""),
        vocabulary.KINDS[p["kind"]].label(lang()),
        "" if metres is None else metres_words(metres),
    )
    return {
        "name": sheet.title(p)[0],
        "url": url_for("finder.station_page", code=p["code"], lang=embed.lang),
        "look": sheet.mark(p).look,
        "state": sheet.state_line(p, moment),
        "facts": [fact for fact in facts if fact],
    }
