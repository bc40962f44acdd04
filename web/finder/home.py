"""The finder's addresses: the page, the rows its scripts ask for, suggestions of places, the code of a link.

The page is whole without JavaScript: a form, and the nearest from a typed place. With it the same question is asked for
as rows, and the page draws them itself.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlencode

import orjson
import segno
from flask import Response, render_template, request, url_for

from stations.errors import Invalid
from stations.finding import STAY, Found, find, named
from stations.query import Problem, StationQuery
from stations.registry.public import moment_of
from web.db import now, session
from web.finder import listing
from web.finder.blueprint import blueprint
from web.finder.notices import is_outside, told_of
from web.finder.page import LIMIT, Asked, finder_page
from web.finder.places import places
from web.finder.voices import voices_of
from web.i18n import lang
from web.origin import absolute
from web.streets import travel

__all__ = ["OTHERS"]

#: Names of the finder's address that are not of the query string: what a place is called, and the favourites.
OTHERS = frozenset({"place", "star", "codes"})
_CODE = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)
_MOST_CODES = 100


@blueprint.get("/")
def home() -> str:
    """Show the finder with the list that the address asks for."""
    asked = Asked.read(request.args.items(multi=True))
    found = (
        None
        if asked.query.near is None
        else find(session(), asked.query, now=now(), limit=LIMIT, travel=travel())
    )
    return render_template("finder.html", **finder_page(asked, found))


@blueprint.get("/offline")
def shell() -> str:
    """Show the finder without a list: what a phone keeps for the time without a network."""
    return render_template("finder.html", **finder_page(Asked(StationQuery()), None, for_offline=True))


@blueprint.get("/find.json")
def rows_json() -> Response:
    """Answer with the list as rows of ``listing.ROW_COLUMNS``, in their order."""
    query, problems, _ = StationQuery.read(request.args.items(multi=True), others=OTHERS)
    codes = _codes()
    if query.near is None and codes is None:
        raise _no_point(problems)
    query = replace(query, q="")
    if codes is None:
        found = find(session(), query, now=now(), limit=LIMIT, travel=travel())
    else:
        rows = named(session(), codes, query, now=now(), travel=travel())
        located = query.near is not None
        found = Found(moment_of(query, now()), query.by, query.stay or STAY, located, False, False, (), rows)
    said = voices_of(session(), found.rows, now())
    outside = found.nothing_near and is_outside(query.near)
    return _json(listing.answer(found, query, said) | {"problems": told_of(problems), "outside": outside})


@blueprint.get("/find/places.json")
def places_json() -> Response:
    """Answer with the places, addresses and stations that a typed name can mean, best first."""
    query, _, _ = StationQuery.read(request.args.items(multi=True))
    found = places(query.q, near=query.near, lang=lang())
    return _json({"hits": [hit.as_dict() for hit in found]})


@blueprint.get("/find/code.svg")
def code_svg() -> Response:
    """Draw the code that leads to the list of this address."""
    query, _, _ = StationQuery.read(request.args.items(multi=True), others=OTHERS)
    place = request.args.get("place", "")[:40]
    items = query.items() + ([("place", place)] if place else [])
    drawn = io.BytesIO()
    link = absolute(f"{url_for('finder.home')}?{urlencode(items, safe=',:')}")
    segno.make(link, error="m").save(
        drawn, kind="svg", border=2, scale=4, dark="#16211d", light="#ffffff", xmldecl=False
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


def _no_point(problems: Iterable[Problem]) -> Invalid:
    bad = next((problem for problem in problems if problem.name == "near"), None)
    if bad is None:
        return Invalid("near is missing; write near=longitude,latitude", field="near")
    return Invalid(f"near={bad.value!r}: {bad.reason}", field="near")


def _codes() -> tuple[str, ...] | None:
    text = request.args.get("codes")
    if text is None:
        return None
    codes = [code for code in text.split(",") if _CODE.fullmatch(code)]
    return tuple(codes[:_MOST_CODES])


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-store"})
