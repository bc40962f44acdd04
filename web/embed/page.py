"""The embed itself: a light page for a frame on somebody else's site, which sets nothing and asks nobody else.

It may stand in a sandbox without an origin: there is no cookie, no storage and no service worker, icons stand in the page,
and every link leaves the frame.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from markupsafe import Markup

from stations import vocabulary
from stations.errors import NotFound
from stations.query import StationQuery
from stations.registry import base_map, public
from web.assets import STATIC, static_url
from web.db import session
from web.embed.blueprint import blueprint
from web.embed.links import embed_address, full_map, map_query
from web.embed.listing import Listed, listed
from web.embed.offers import offered
from web.embed.parameters import Embed, Reading
from web.embed.words import embed_words, region_asked
from web.ground import EVERYWHERE, base, credits_of_the_map, name_in, review_words
from web.i18n import lang, say, tag
from web.maps import MapOptions
from web.maps.embed_map import embed_map
from web.maps.lean import when_ready
from web.origin import absolute
from web.pages.words import look_labels, vocabulary_labels

__all__ = ["FILTERS", "page"]

#: Filters that the row of chips offers besides those of the doors: what riders ask for most.
FILTERS = ("drinking_water", "microwave", "phone_charging", "toilet")
_NO_SCAN = StationQuery.read([("access", "no_scan")])[0].access
_MOST_TOLD = 12


@blueprint.get("/embed")
def page() -> Response:
    """Show the map that the address asks for; what it says wrongly is told in the console and left out."""
    reading = Embed.read(request.args.items(multi=True))
    embed = reading.embed
    rows: list[Listed] = []
    matched, feature, missing = 0, None, False
    try:
        rows, matched, feature = listed(embed)
    except NotFound:
        missing = True
    region_name = _region_name(embed)
    drawn = embed_map(
        _options(embed, region_name),
        wish=_wish(reading, feature, missing=missing),
        wheel=embed.wheel,
        touch=embed.touch,
        legend="legend" in embed.controls,
        locate=embed.locate,
        gap=embed.gap,
        dark=embed.theme == "dark",
    ).parts()
    answer = make_response(
        render_template(
            "embed/embed.html",
            embed=embed,
            map=drawn,
            start_script=when_ready(drawn.script),
            sprite=_sprite(),
            heading=embed.title or say("{region}户外劳动者服务站点地图", region=region_name),
            rows=rows,
            matched=matched,
            missing=missing,
            offers=offered(embed),
            full=full_map(embed),
            canonical=absolute(full_map(embed).partition("#")[0]),
            discovery=absolute(embed_address(embed)),
            no_scan=embed.query.access == _NO_SCAN,
            amenities=vocabulary.AMENITIES,
            filters=FILTERS,
            kept=[item for item in embed.items() if item[0] not in {"open", "access", "amenities"}],
            review=review_words(),
            credits=credits_of_the_map(),
            demonstration=public.info(session()).demonstration,
        ),
        404 if missing else 200,
    )
    # A frame's own policy: without the embedder's ``allow`` a browser gives no position whatever this says.
    answer.headers["Permissions-Policy"] = (
        f"geolocation=({'self' if embed.locate else ''}), camera=(), microphone=(), payment=()"
    )
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@cache
def _sprite() -> Markup:
    """Return the icons for the page itself: a sandboxed page may not draw from a file of another origin, even ours."""
    text = (STATIC / "icons.svg").read_text(encoding="utf-8")
    return Markup(text.replace("<svg ", '<svg hidden aria-hidden="true" ', 1))  # noqa: S704 - a file of our own


def _region_name(embed: Embed) -> str:
    """Name the one region that is asked for, else the registry's."""
    registry = public.info(session())
    code = registry.province_code.ljust(6, "0")
    names = next((area.names for area in base_map.regions(session()) if area.code == code), {})
    return region_asked(embed) or name_in(names) or registry.name


def _options(embed: Embed, region_name: str) -> MapOptions:
    code = lang()
    return MapOptions(
        bounds=base_map.extent(session()) or EVERYWHERE,
        label=say("{region}的站点地图", region=region_name),
        title=embed.title or region_name,
        lang=tag(),
        links={
            # Names of the base map are asked for in the page's language, which the browser's need not be.
            "regions": url_for("pages.regions_json", lang=code),
            "places": url_for("pages.places_json", lang=code),
            "stations": url_for("pages.stations_json"),
            "gaps": url_for("pages.gaps_json"),
            "station": url_for("finder.station_page", code="CODE", lang=embed.lang),
            "feature": url_for("api.station", code="CODE"),
            "full": full_map(embed).partition("?")[0].partition("#")[0],
        },
        words=embed_words(),
        looks=look_labels(),
        kinds={kind.code: kind.label(code) for kind in vocabulary.KINDS.values()},
        vocabulary=vocabulary_labels(code),
        legend={
            "legend": say("图例"),
            "states": say("状态"),
            "kinds": say("种类"),
            "shapes": say("圆形是休息站点，方形是服务点。圆环里的数字是站点个数。"),
        },
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    )


def _wish(reading: Reading, feature: dict[str, Any] | None, *, missing: bool) -> dict[str, Any]:
    """Return what the scripts need of the wish. Names that nobody knows are told as they came, as data."""
    embed = reading.embed
    told = [f"{name[:40]}" for name in reading.unknown] + [
        problem.reason[:200] for problem in reading.problems
    ]
    return {
        "query": map_query(embed),
        "only": embed.station,
        "feature": feature,
        "missing": missing,
        "near": embed.query.near,
        "place": embed.place or None,
        "view": None if embed.center is None else [*embed.center, embed.zoom],
        "fit": embed.fit,
        "regions": list(embed.query.regions),
        "zoom": "zoom" in embed.controls,
        "lang": embed.lang,
        "told": told[:_MOST_TOLD],
        "where": absolute(url_for("embed.builder")),
    }
