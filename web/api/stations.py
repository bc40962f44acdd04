"""Stations as GeoJSON: a page of them, the nearest to a point, one by its code, and what changed since."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import Invalid
from stations.keeping.inspecting import telling
from stations.query import StationQuery
from stations.registry import public
from web.api.blueprint import blueprint
from web.db import now, session

__all__ = ["changes", "station", "stations"]

_GEOJSON = "application/geo+json; charset=utf-8"
_MAX_CHANGES = 1000


def _standing() -> dict[str, object]:
    """Return what every answer says of itself."""
    about = public.info(session())
    return {
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "registry": about.name,
        "demonstration": about.demonstration,
        **(
            {"notice": "演示数据，并非真实站点 Demonstration data: these stations do not exist"}
            if about.demonstration
            else {}
        ),
        "datum": "WGS 84",
    }


def _geojson(text: str) -> AnyResponse:
    answer = Response(text, content_type=_GEOJSON)
    answer.headers["Cache-Control"] = "public, max-age=30"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/stations")
def stations() -> AnyResponse:
    """Answer a query: by code and page by page, or nearest first where it has a point."""
    query = StationQuery.parse(request.args.items(multi=True))
    if query.near is not None and query.cursor is not None:
        raise Invalid(
            "an answer by distance has one page; leave the cursor out and raise the limit", field="cursor"
        )
    found = public.page(session(), query, now=now(), count=True)
    return _geojson(_collection(query, found))


def _collection(query: StationQuery, found: public.Page) -> str:
    base = url_for("api.stations", _external=True)
    links = [{"rel": "self", "type": "application/geo+json", "href": _address(base, query.items())}]
    if found.next_cursor is not None:
        rest = [(name, value) for name, value in query.items() if name != "cursor"]
        links.append(
            {
                "rel": "next",
                "type": "application/geo+json",
                "href": _address(base, [*rest, ("cursor", found.next_cursor)]),
            }
        )
    head = {
        "type": "FeatureCollection",
        **_standing(),
        "moment": found.moment.isoformat(timespec="minutes"),
        "numberMatched": found.matched,
        "numberReturned": len(found.features),
        "links": links,
    }
    # The features are complete JSON texts already; parsing them to print them again would be most of the time.
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": [{", ".join(found.features)}]}}'


def _address(base: str, items: list[tuple[str, str]]) -> str:
    return f"{base}?{urlencode(items, safe=',:')}" if items else base


@blueprint.get("/stations/<code>")
def station(code: str) -> AnyResponse:
    """Answer one station, whatever its lifecycle, at the moment asked about."""
    query = StationQuery.parse(request.args.items(multi=True))
    feature = public.station(session(), code, now=query.at or now())
    return _geojson(public.with_members(feature, telling.as_json(telling.told(session(), code))))


@blueprint.get("/changes")
def changes() -> Response:
    """Answer what changed in the public view since a commit, in the order of commits, with tombstones."""
    for name in request.args:
        if name != "since":
            raise Invalid(f"{name!r} is not a parameter here; known is since", field=name)
    since = request.args.get("since", "0")
    if not (since.isascii() and since.isdigit() and len(since) <= 18):
        raise Invalid(f"since: {since!r} is no number of a commit; begin with 0", field="since", value=since)
    upto, told = public.changes(session(), int(since), limit=_MAX_CHANGES)
    rows = ", ".join(
        f'{{"seq": {seq}, "code": {json.dumps(code)}, "feature": {feature or "null"}}}'
        for seq, code, feature in told
    )
    head = {**_standing(), "since": int(since), "upto": upto}
    return Response(
        f'{json.dumps(head, ensure_ascii=False)[:-1]}, "changes": [{rows}]}}',
        content_type="application/json; charset=utf-8",
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"},
    )
