"""The finder's page as values: from what the address asks to what the template writes and the scripts start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import request, url_for
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from stations import vocabulary
from stations.finding import HOUR, STAY, Found
from stations.finding.rank import ACCESS_MINUTES, INFERRED_MINUTES, UNKNOWN_MINUTES
from stations.finding.travel import DETOUR, METRES_A_MINUTE
from stations.models import RegistryInfo
from stations.query import By, Problem, StationQuery
from stations.registry import base_map, pack, public
from web.assets import static_url
from web.db import now, session
from web.finder import listing, offline
from web.finder.notices import aside_labels, notices, told_of
from web.finder.places import Hit, places
from web.finder.voices import voices_of
from web.finder.words import (
    TOO_FAR,
    choice_words,
    finder_words,
    heading_words,
    verdict_words,
    vocabulary_words,
)
from web.ground import EVERYWHERE, base, credits_of_the_map, name_in, review_words
from web.i18n import LANGUAGES, lang, say, tag
from web.maps import MapOptions
from web.maps.finder_map import finder_map
from web.maps.symbols import symbols
from web.pages.map_view import local_value
from web.pages.words import look_labels
from web.streets import basis_words

__all__ = ["LIMIT", "Asked", "finder_page"]

#: Rows of a list; and of the nearest where nothing is near.
LIMIT = 20
_NEAREST = 10
_STAYS = (10, 20, 30, 60)
_NO_SCAN = StationQuery.read([("access", "no_scan")])[0].access
_OTHERS = frozenset({"place", "star", "codes"})
_LONGEST_PLACE = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks: the query with its point, what the point is called, and what else a name can mean.

    ``typed`` is what a form sent that no place was found for.
    """

    query: StationQuery
    place: str = ""
    typed: str = ""
    others: tuple[Hit, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]]) -> Asked:
        """Read an address; a typed name (``q``, or ``place`` without ``near``) becomes the point of its best meaning."""
        given = list(items)
        query, problems, _ = StationQuery.read(given, others=_OTHERS)
        place = next((value.strip()[:_LONGEST_PLACE] for name, value in given if name == "place"), "")
        typed = query.q or ("" if query.near else place)
        query = replace(query, q="")
        if not typed:
            return cls(query, place, "", (), problems)
        found = places(typed, near=query.near, lang=lang())
        if not found:
            return cls(query, place if query.near else "", typed, (), problems)
        best = found[0]
        return cls(replace(query, near=best.point), best.name, "", tuple(found[1:4]), problems)


def finder_page(asked: Asked, found: Found | None, *, for_offline: bool = False) -> dict[str, Any]:
    """Return everything that the template writes. found: None without a place. for_offline: the page that a phone keeps."""
    query, registry = asked.query, public.info(session())
    region_name = _region_name(registry)
    drawn = finder_map(_map_options(region_name)).parts()
    near = "" if query.near is None else f"{query.near[0]:.4f},{query.near[1]:.4f}"
    carried = [item for item in query.items() if item[0] not in {"near", "q", "lang", "cursor", "limit"}]
    explicit = [("lang", lang())] if "lang" in request.args else []
    said = {} if found is None else voices_of(session(), found.rows, now())
    return {
        "title": _heading(asked, found) if found else say("找最近的、开着门的驿站"),
        "heading": _heading(asked, found),
        "styles": offline.STYLES,
        "scripts": offline.SCRIPTS,
        "map": drawn,
        "for_offline": for_offline,
        "query": query,
        "near": near,
        "place": asked.place,
        "typed": asked.typed,
        "told": say("没有找到“{name}”。换个写法，或者从下面的地方开始。", name=asked.typed)
        if asked.typed
        else "",
        "others": [
            {"name": hit.name, "where": hit.where, "url": _link(hit, carried + explicit)}
            for hit in asked.others
        ],
        "carried": carried + explicit,
        "rows": [] if found is None else listing.shown(found, query.amenities, said),
        "notice": " ".join(notices(asked.query, asked.problems, found)),
        "basis": basis_words((row.minutes for row in found.rows) if found else (), query.by),
        "starts": _starts(explicit),
        "kinds": vocabulary.KINDS,
        "amenities": vocabulary.AMENITIES,
        "filter_amenities": vocabulary.FILTER_AMENITIES,
        "no_scan": query.access == _NO_SCAN,
        "trades": vocabulary.TRADES,
        "event_kinds": [kind for kind in vocabulary.EVENT_KINDS.values() if not kind.counts_only],
        "stays": _STAYS,
        "at_value": local_value(query.at),
        "folded": _folded(query),
        "clear_url": _at("finder.home", [("near", near), ("place", asked.place), *explicit]),
        "map_url": _at("pages.map_page", [*carried, *explicit]),
        "demonstration": registry.demonstration,
        "other_language": _other_language(asked),
        "setup": _setup(
            asked,
            None if found is None else listing.answer(found, query, said),
            near,
            drawn.scripts,
            drawn.styles,
        ),
    }


def _region_name(registry: RegistryInfo) -> str:
    code = registry.province_code.ljust(6, "0")
    names = next((area.names for area in base_map.regions(session()) if area.code == code), {})
    return name_in(names) or registry.name


def _heading(asked: Asked, found: Found | None) -> str:
    if found is None:
        return say("从哪里找？")
    key = ("nearest" if found.nothing_near else "near") + ("_place" if asked.place else "_here")
    n = len(found.rows)
    return heading_words(n)[key].format(place=asked.place, n=n)


def _folded(query: StationQuery) -> int:
    other = [code for code in query.amenities if code not in vocabulary.FILTER_AMENITIES]
    set_ones = (
        query.kinds,
        query.jobs,
        query.events,
        query.at,
        query.fee,
        query.stay,
        query.by is not By.WALK,
    )
    return sum(map(bool, set_ones)) + len(other)


def _at(endpoint: str, items: Iterable[tuple[str, str]]) -> str:
    given = [(name, value) for name, value in items if value]
    return url_for(endpoint) + (f"?{urlencode(given, safe=',:')}" if given else "")


def _link(hit: Hit, rest: list[tuple[str, str]]) -> str:
    return _at("finder.home", [("near", hit.near), ("place", hit.name), *rest])


def _starts(rest: list[tuple[str, str]]) -> list[dict[str, str]]:
    found = []
    for place in base_map.prefectures(session()):
        hit = Hit(name_in(place.names), "", (place.lon, place.lat), "layers")
        found.append({"name": hit.name, "near": hit.near, "url": _link(hit, rest)})
    return found


def _other_language(asked: Asked) -> dict[str, str]:
    other = "en" if lang() == "zh" else "zh"
    items = [item for item in asked.query.items() if item[0] != "lang"]
    items += [("place", asked.place)] if asked.place else []
    return {
        "lang": other,
        "tag": LANGUAGES[other],
        "label": "English" if other == "en" else "中文",
        "url": _at("finder.home", [*items, ("lang", other)]),
    }


def _map_options(region_name: str) -> MapOptions:
    return MapOptions(
        bounds=base_map.extent(session()) or EVERYWHERE,
        label=say("{region}的站点地图", region=region_name),
        title=region_name,
        lang=tag(),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        words={},
        looks={},
        kinds={},
        vocabulary={},
        legend={
            "legend": say("图例"),
            "states": say("状态"),
            "kinds": say("种类"),
            "shapes": say("圆形是休息站点，方形是服务点。圆环里的数字是站点个数。"),
        },
        review=review_words(),
        credits=list(credits_of_the_map()),
        static=static_url,
        base=base(),
    )


def _setup(
    asked: Asked, found: dict[str, Any] | None, near: str, scripts: Iterable[str], styles: Iterable[str]
) -> Markup:
    code = lang()
    kinds = {kind.code: kind.label(code) for kind in vocabulary.KINDS.values()}
    given = {
        "lang": code,
        "near": near,
        "place": asked.place,
        "problems": told_of(asked.problems),
        "found": found,
        "symbols": symbols(look_labels(), kinds, sprite=static_url("icons.svg")),
        "words": finder_words(),
        "asides": aside_labels(),
        "vocabulary": vocabulary_words(code),
        "verdicts": verdict_words(),
        "choices": choice_words(code),
        "links": {
            "find": url_for("finder.rows_json"),
            "places": url_for("finder.places_json"),
            "pack": url_for("finder.pack_json"),
            "code": url_for("finder.code_svg"),
            "station": url_for("finder.station_page", code="CODE", lang=request.args.get("lang")),
            "challenge": url_for("reports.make_challenge"),
            "confirmations": url_for("reports.confirm", code="CODE"),
            "reports": url_for("reports.report", code="CODE"),
            "solve": static_url("js/finder/solve.js"),
        },
        "map": {"scripts": list(scripts), "styles": list(styles)},
        "rank": {
            "stay": STAY,
            "hour": HOUR,
            "limit": LIMIT,
            "nearest": _NEAREST,
            "inferred": INFERRED_MINUTES,
            "unknown": UNKNOWN_MINUTES,
            "access": ACCESS_MINUTES,
            "no_scan": list(_NO_SCAN),
            "detour": DETOUR,
            "metres_a_minute": {str(by): metres for by, metres in METRES_A_MINUTE.items()},
        },
        "languages": [other for other in LANGUAGES if other != code],
        "worker": url_for("finder.service_worker"),
        "too_far": TOO_FAR,
        "pack_ms": 12 * 3600 * 1000,
        "format": pack.FORMAT,
    }
    # In the order given, which is that of the vocabulary; Flask's own filter would sort the names.
    return htmlsafe_json_dumps(
        given, dumps=lambda value, **_: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    )
