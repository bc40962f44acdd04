"""What makes the finder work without a network where a browser allows it: manifest, service worker, region pack.

Nothing depends on it: in a messenger that has no service worker the same page asks the server each time, and keeps the
region's stations itself.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from flask import Response, request, url_for

from stations.errors import Invalid
from stations.query import StationQuery
from stations.registry import pack
from stations.vocabulary import AMENITIES
from web.assets import STATIC, static_url
from web.db import now, session
from web.finder.blueprint import blueprint
from web.finder.facts import COLUMNS, facts
from web.ground import base
from web.i18n import LANGUAGES, lang, say, tag
from web.maps.finder_map import SCRIPTS as MAP_SCRIPTS
from web.maps.finder_map import STYLES as MAP_STYLES

__all__ = ["SCRIPTS", "STYLES", "shell_files"]

SCRIPTS = (
    "js/core.js",
    "js/symbols.js",
    "js/filters.js",
    "js/finder/store.js",
    "js/finder/station.js",
    "js/finder/pack.js",
    "js/finder/rank.js",
    "js/finder/rows.js",
    "js/finder/place.js",
    "js/finder/outbox.js",
    "js/finder/say.js",
    "js/finder/favourites.js",
    "js/finder/sharing.js",
    "js/finder/map.js",
    "js/finder/app.js",
)
STYLES = ("css/base.css", "css/symbols.css", "css/finder.css")
_ICONS = ("app-192.png", "app-512.png")
_MASKABLE = "app-maskable-512.png"


@cache
def shell_files() -> tuple[str, ...]:
    """Return the addresses of all files that the finder is made of, the map's too."""
    paths = (
        *STYLES,
        *SCRIPTS,
        "js/finder/solve.js",
        # Work and events, which a phone keeps as pages.
        "css/community.css",
        "js/community.js",
        *MAP_STYLES,
        *MAP_SCRIPTS,
        "icons.svg",
        "favicon.svg",
        *_ICONS,
    )
    return tuple(dict.fromkeys(static_url(path) for path in paths))


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """Describe the finder to a browser that can keep it on the home screen."""
    icons = [
        {"src": static_url(path), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for path, size, purpose in (
            (_ICONS[0], 192, "any"),
            (_ICONS[1], 512, "any"),
            (_MASKABLE, 512, "maskable"),
        )
    ]
    body: dict[str, Any] = {
        "id": "/",
        "name": say("驿站地图"),
        "short_name": say("驿站地图"),
        "description": say("找最近的、开着门的户外劳动者驿站"),
        "lang": tag(),
        "start_url": url_for("finder.home", lang=request.args.get("lang")),
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0a7a4f",
        "icons": icons,
    }
    return Response(orjson.dumps(body), mimetype="application/manifest+json")


@blueprint.get("/sw.js")
def service_worker() -> Response:
    """Answer with the service worker; its text changes whenever a file of the finder does."""
    text = (STATIC / "sw.js").read_text(encoding="utf-8")
    files = (*shell_files(), *(static_url(path) for path in base().scripts))
    shells = [url_for("finder.shell", lang=code) for code in LANGUAGES]
    digest = hashlib.sha256(repr((files, text)).encode()).hexdigest()[:12]
    setup = {"version": digest, "files": files, "shells": shells}
    response = Response(f"self.yizhan = {orjson.dumps(setup).decode()};\n{text}", mimetype="text/javascript")
    response.cache_control.no_cache = True
    return response


@blueprint.get("/find/pack.json")
def pack_json() -> Response:
    """Answer with the stations around a point and weeks of their hours, for the pocket."""
    query = StationQuery.parse(request.args.items(multi=True))
    if query.near is None:
        raise Invalid("near is missing; write near=longitude,latitude", field="near")
    # Neighbours share a pack: a tenth of a degree is about ten kilometres.
    near = (round(query.near[0], 1), round(query.near[1], 1))
    made = pack.pack(session(), near, now=now())
    body = {
        "made": made.made.isoformat(),
        "start": made.start.isoformat(),
        "minutes": made.minutes,
        "near": near,
        "amenities": tuple(AMENITIES),
        "columns": (*COLUMNS, "schedule"),
        "rows": [[*facts(orjson.loads(one.feature)), one.schedule] for one in made.stations],
        "schedules": made.schedules,
    }
    return Response(orjson.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-cache"})


def manifest_url() -> str:
    """Return the address of the manifest in the reader's language."""
    return url_for("finder.manifest", lang=lang())
