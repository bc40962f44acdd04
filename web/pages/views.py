"""What each page's address answers: parse, ask, answer."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask.sansio.blueprints import BlueprintSetupState

from stations import vocabulary
from stations.query import StationQuery
from stations.registry import base_map, gaps, public
from web.assets import static_url
from web.db import now, session
from web.ground import EVERYWHERE, base, credits_of_pictures, credits_of_the_map, ground, name_in
from web.i18n import lang, say, tag
from web.maps import station_map
from web.maps.lean import when_ready
from web.maps.outlines import drawing
from web.origin import absolute
from web.pages.map_view import (
    DISTANCES_M,
    PAGE_ROWS,
    GapSwitch,
    language_link,
    listed_rows,
    local_value,
    map_options,
    metres_words,
)
from web.pages.published import is_published, published_gaps
from web.pages.words import map_words

__all__ = ["blueprint"]

blueprint = Blueprint("pages", __name__)


@blueprint.record_once
def _know_static(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["static"] = static_url


_NO_SCAN = StationQuery.read([("access", "no_scan")])[0].access
_LIVES = tuple(vocabulary.LIFECYCLE)
_FOLDED = ("kinds", "regions", "at", "fee")


@blueprint.get("/map")
def map_page() -> str:
    """Show the map, and beside it the list that reads without JavaScript."""
    query, problems, _ = StationQuery.read(request.args.items(multi=True))
    gap = GapSwitch.read(request.args)
    answer = public.map_rows(session(), query, now=now())
    registry = public.info(session())
    areas = base_map.regions(session())
    names = {area.code: name_in(area.names) for area in areas}
    region_name = names.get(registry.province_code.ljust(6, "0"), registry.name)
    start = _start()
    drawn = station_map(
        map_options(
            bounds=base_map.extent(session()) or EVERYWHERE,
            lang=lang(),
            tag=tag(),
            region_name=region_name,
            review_number=current_app.config["YIZHAN_SETTINGS"].review_number,
            credits=credits_of_the_map(),
            base=base(),
            query_lang=request.args.get("lang"),
        )
    ).parts()
    return render_template(
        "map.html",
        here=absolute(request.full_path.rstrip("?")),
        map=drawn,
        start_script=when_ready(drawn.script),
        query=query,
        problems=[say("“{value}”看不懂，没有用它筛选。", value=p.value) for p in problems],
        gap=gap.on,
        gaps=_gap_body(query, gap) if gap.on else None,
        published=is_published(),
        distance_m=gap.distance_m,
        distance_words=metres_words(gap.distance_m),
        distances=[(metres, metres_words(metres)) for metres in DISTANCES_M],
        metres=metres_words,
        words=map_words(),
        matched=answer.matched,
        unlocated=answer.unlocated,
        rows=listed_rows(answer, query, start=start, lang=lang(), region_names=names),
        next_url=_next(query, gap, start) if start + PAGE_ROWS < len(answer.rows) else None,
        kinds=vocabulary.KINDS,
        amenities=vocabulary.AMENITIES,
        filter_amenities=vocabulary.FILTER_AMENITIES,
        no_scan=query.access == _NO_SCAN,
        every_life=query.lifecycle == _LIVES,
        at_value=local_value(query.at),
        folded=_folded(query),
        areas=[
            {"code": area.code, "name": names[area.code], "level": area.level}
            for area in areas
            if area.level in {"prefecture", "county"}
        ],
        region_name=region_name,
        demonstration=registry.demonstration,
        other_language=language_link(query, gap, lang()),
    )


@blueprint.get("/map/stations.json")
def stations_json() -> Response:
    """Answer with every located station of a query, compact, for drawing."""
    query, problems, _ = StationQuery.read(request.args.items(multi=True))
    answer = public.map_rows(session(), query, now=now())
    return _json(
        {
            "columns": public.MAP_COLUMNS,
            "rows": answer.rows,
            "amenities": answer.amenities,
            "timeStamp": answer.moment.isoformat(),
            "at": query.at.isoformat() if query.at else None,
            "counts": {"matched": answer.matched, "unlocated": answer.unlocated},
            "demonstration": public.info(session()).demonstration,
            "problems": [say("“{value}”看不懂，没有用它筛选。", value=p.value) for p in problems],
        }
    )


@blueprint.get("/map/regions.json")
def regions_json() -> Response:
    """Answer with the outlines of the base map, in a format for drawing."""
    drawn = ground()
    made: dict[str, bytes] = current_app.extensions.setdefault("yizhan.regions", {})
    if drawn.version not in made:
        made[drawn.version] = orjson.dumps(drawing(drawn.areas, drawn.lakes))
    return _lasting(Response(made[drawn.version], mimetype="application/json"))


@blueprint.get("/map/places.json")
def places_json() -> Response:
    """Answer with the names of settlements; a population that nobody knows is null."""
    places = [
        {"name": place.text, "lon": place.lon, "lat": place.lat, "population": place.population}
        for place in ground().names
    ]
    return _lasting(_json({"places": places}))


@blueprint.get("/map/gaps.json")
def gaps_json() -> Response:
    """Answer with the places that no station is near, by county: those of the published run where there is one."""
    query, _, _ = StationQuery.read(request.args.items(multi=True))
    return _json(_gap_body(query, GapSwitch.read(request.args)))


@blueprint.get("/about")
def about() -> str:
    """Tell whose the data are, what they are worth and under which licence."""
    other, tag_, label = ("en", "en", "English") if lang() == "zh" else ("zh", "zh-Hans", "中文")
    return render_template(
        "about.html",
        demonstration=public.info(session()).demonstration,
        review_number=current_app.config["YIZHAN_SETTINGS"].review_number,
        credits=credits_of_pictures(),
        other_language={
            "lang": other,
            "tag": tag_,
            "label": label,
            "url": url_for("pages.about", lang=other),
        },
    )


def _gap_body(query: StationQuery, gap: GapSwitch) -> dict[str, Any]:
    """Return the layer that a planner has published, else what lies beyond a straight line."""
    return published_gaps() or gaps.gaps(session(), query, radius_m=gap.distance_m, now=now()).as_dict(lang())


def _start() -> int:
    text = request.args.get("from", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _next(query: StationQuery, gap: GapSwitch, start: int) -> str:
    arguments: dict[str, Any] = dict(query.items() + gap.items()) | {"from": start + PAGE_ROWS}
    return url_for("pages.map_page", **arguments)


def _folded(query: StationQuery) -> int:
    other = [code for code in query.amenities if code not in vocabulary.FILTER_AMENITIES]
    return sum(bool(getattr(query, name)) for name in _FOLDED) + len(other) + (query.lifecycle == _LIVES)


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")


def _lasting(response: Response) -> Response:
    response.cache_control.public = True
    response.cache_control.max_age = 3600
    response.add_etag()
    response.make_conditional(request)
    return response
