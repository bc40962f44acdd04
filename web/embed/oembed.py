"""oEmbed 1.0 (oembed.com): a program gives an address of this site and gets the code of an embed of the same.

Everything that an address says is kept: the map page's, the finder's, a station's and an embed's own all become the embed
that shows what they show. A station's page keeps nothing but its station.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit
from xml.sax.saxutils import escape

import orjson
from flask import Response, request, url_for
from markupsafe import escape as attribute

from stations.errors import NotFound
from stations.registry import public
from web.db import now, session
from web.embed.blueprint import blueprint
from web.embed.links import embed_address
from web.embed.parameters import Embed
from web.embed.words import title_of
from web.finder.page import Asked
from web.i18n import lang, say
from web.origin import absolute, origin
from web.problems import problem

__all__ = ["HEIGHT", "WIDTH", "code", "embed_of", "oembed"]

WIDTH: Final = 640
HEIGHT: Final = 480
_CACHE_AGE_S: Final = 3600
_LONGEST: Final = 4000
_PRIVATE: Final = ("/desk", "/sandbox")
#: The map page's view: ``#zoom/longitude/latitude`` and perhaps a station.
_VIEW: Final = re.compile(
    r"([0-9.]{1,5})/(-?[0-9.]{1,12})/(-?[0-9.]{1,12})(?:/([0-9A-Za-z-]{1,40}))?", re.ASCII
)
#: Not allowed in XML 1.0, however they are written.
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@blueprint.get("/oembed")
def oembed() -> Response:
    """Answer with the code of the embed that an address of ours stands for."""
    form = request.args.get("format", "json")
    if form not in {"json", "xml"}:
        return problem(501, f"format {form[:20]!r} is not made here; json and xml are")
    try:
        widest, highest = (_pixels(name) for name in ("maxwidth", "maxheight"))
    except ValueError as error:
        return problem(400, str(error))
    given = request.args.get("url", "")
    if not given:
        return problem(400, "url is missing; give the whole address of a page of this site", parameter="url")
    if is_private(given):
        return problem(401, "that page is for staff who are logged in, and is not shown elsewhere")
    try:
        embed = embed_of(given)
        title = _title(embed)
    except NotFound as error:
        return problem(404, str(error))
    width, height = min(WIDTH, widest or WIDTH), min(HEIGHT, highest or HEIGHT)
    body = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": say("驿站地图"),
        "provider_url": f"{origin()}/",
        "cache_age": _CACHE_AGE_S,
        "width": width,
        "height": height,
        "html": code(embed, title, width=width, height=height),
        **_thumbnail(embed, widest, highest),
    }
    answer = Response(
        orjson.dumps(body) if form == "json" else _xml(body),
        content_type="application/json; charset=utf-8" if form == "json" else "text/xml; charset=utf-8",
    )
    answer.headers["Cache-Control"] = f"public, max-age={_CACHE_AGE_S}"
    return answer


@blueprint.app_context_processor
def _links() -> dict[str, Any]:
    return {"oembed_link": oembed_link}


def oembed_link(address: str, form: str) -> str:
    """Return the whole address that answers for a whole address of ours."""
    return absolute(f"{url_for('embed.oembed')}?{urlencode({'url': address, 'format': form})}")


def is_private(address: str) -> bool:
    """Tell whether an address is of this site, and of a page that is for staff."""
    parts = _ours(address)
    return parts is not None and re.match(rf"({'|'.join(_PRIVATE)})(/|$)", unquote(parts.path)) is not None


def embed_of(address: str) -> Embed:
    """Return the embed that shows what a page of this site shows. Raises NotFound for any other address."""
    parts = _ours(address)
    if parts is None:
        raise NotFound(f"{address[:200]!r} is no address of this site ({origin()})")
    path = unquote(parts.path).rstrip("/") or "/"
    items = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    if path in {url_for("embed.page"), url_for("pages.map_page")}:
        return _viewed(Embed.read(items).embed, parts.fragment)
    if path == url_for("finder.home"):
        # A typed name of a place becomes its point there, and so here.
        asked = Asked.read(items)
        lang_asked = next((value for name, value in items if name == "lang"), "")
        embed = Embed.read([("lang", lang_asked)]).embed
        return replace(embed, query=replace(asked.query, lang="zh"), place=asked.place, list_at="below")
    if found := re.fullmatch(r"/s/([0-9A-Za-z-]{1,40})(/plate)?", path, re.ASCII):
        shown = [("station", found[1]), *(item for item in items if item[0] == "lang")]
        return Embed.read(shown).embed
    raise NotFound(
        f"{path[:200]!r} is no page that can be embedded; the map, the finder, a station and /embed can"
    )


def code(embed: Embed, title: str, *, width: int | str, height: int) -> str:
    """Write the element that embeds: with a name, loaded when it is scrolled to, a position only where it was wished."""
    allow = ' allow="geolocation"' if embed.locate else ""
    source = attribute(absolute(embed_address(embed)))
    return (
        f'<iframe src="{source}" title="{attribute(title)}" width="{width}" height="{height}" loading="lazy"'
        f'{allow} referrerpolicy="strict-origin-when-cross-origin" style="border:0"></iframe>'
    )


def _ours(address: str) -> SplitResult | None:
    if len(address) > _LONGEST:
        return None
    try:
        parts, here = urlsplit(address), urlsplit(origin())
        # A proxy that ends TLS leaves us with http where readers have https: without ports the two are one site.
        same = parts.hostname == here.hostname and _port(parts) == _port(here)
    except ValueError:
        return None
    return parts if same and parts.scheme in {"http", "https"} and parts.username is None else None


def _port(parts: SplitResult) -> int:
    """Return the port; 0 for that of the scheme, whichever it is."""
    return 0 if parts.port in {None, {"http": 80, "https": 443}.get(parts.scheme)} else parts.port or 0


def _viewed(embed: Embed, fragment: str) -> Embed:
    found = _VIEW.fullmatch(unquote(fragment))
    if found is None or embed.center is not None:
        return embed
    zoom, lon, lat, station = found.groups()
    try:
        rounded = min(18.0, max(4.0, round(float(zoom) * 2) / 2))
    except ValueError:
        return embed
    view = Embed.read([("center", f"{lon},{lat}"), ("zoom", f"{rounded:g}")]).embed
    return replace(embed, center=view.center, zoom=view.zoom, station=station or embed.station)


def _title(embed: Embed) -> str:
    if embed.station is not None:
        names = orjson.loads(public.station(session(), embed.station, now=now()))["properties"]["names"]
        return str(embed.title or names.get(embed.lang or lang()) or names.get("zh") or embed.station)
    return title_of(embed)


def _pixels(name: str) -> int | None:
    text = request.args.get(name)
    if text is None or text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or int(text) < 1:
        raise ValueError(f"{name} {text[:20]!r} is no number of pixels; write 1 or more")
    return int(text)


def _thumbnail(embed: Embed, widest: int | None, highest: int | None) -> dict[str, object]:
    """Return the picture of the same map, where what is allowed leaves room for one."""
    width, height = min(600, widest or 600), min(315, highest or 315)
    if width < 64 or height < 64:
        return {}
    items = [*embed.items(), ("width", str(width)), ("height", str(height)), ("scale", "1")]
    url = absolute(f"{url_for('embed.static_map', form='png')}?{urlencode(items, safe=',:')}")
    return {"thumbnail_url": url, "thumbnail_width": width, "thumbnail_height": height}


def _xml(body: Mapping[str, object]) -> str:
    rows = "".join(f"<{name}>{escape(_NOT_XML.sub('', str(value)))}</{name}>" for name, value in body.items())
    return f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>{rows}</oembed>\n'
