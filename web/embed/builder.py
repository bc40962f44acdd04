"""The builder of embeds: a form, the map as it will be, and the code to paste, made by the parser that reads it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import segno
from flask import Response, current_app, g, render_template, request, url_for
from markupsafe import escape

from stations import vocabulary
from stations.query import StationQuery
from stations.registry import base_map, public
from web.db import session
from web.embed.blueprint import blueprint
from web.embed.links import embed_address, full_map
from web.embed.oembed import HEIGHT, code, oembed_link
from web.embed.parameters import CONTROLS, FITS, LISTS, LONGEST_TITLE, THEMES, TOUCHES, WHEELS, Embed, Reading
from web.embed.words import title_of
from web.ground import name_in
from web.i18n import LANGUAGES, lang, say
from web.origin import absolute
from web.pages.map_view import DISTANCES_M, metres_words

__all__ = ["builder", "builder_json", "qr_svg"]

#: The frame's own size, which is no parameter of the embed.
_FRAME: Final = frozenset({"width", "height"})
_HEIGHTS: Final = (160, 2000)
_WIDTHS: Final = (160, 4000)
_NO_SCAN = StationQuery.read([("access", "no_scan")])[0].access


@blueprint.get("/embed/builder")
def builder() -> str:
    """Show the form with what the address asks for, the preview and the code."""
    reading, width, height = _asked()
    made = _made(reading, width, height)
    # The preview is the one frame that a page of ours shows.
    g.csp_framing = "'self'"
    embed = reading.embed
    other = "en" if lang() == "zh" else "zh"
    return render_template(
        "embed/builder.html",
        embed=embed,
        made=made,
        width=width,
        height=height,
        ui_lang=request.args.get("ui"),
        closed=current_app.config["YIZHAN_SETTINGS"].embed_ancestors == "none",
        kinds=vocabulary.KINDS,
        amenities=vocabulary.AMENITIES,
        no_scan=embed.query.access == _NO_SCAN,
        areas=[
            {"code": area.code, "name": name_in(area.names), "level": area.level}
            for area in base_map.regions(session())
            if area.level in {"prefecture", "county"}
        ],
        distances=[(metres, metres_words(metres)) for metres in DISTANCES_M],
        choices=_choices(),
        languages=[("zh", "中文"), ("en", "English")],
        longest_title=LONGEST_TITLE,
        demonstration=public.info(session()).demonstration,
        setup={
            "url": url_for("embed.builder_json"),
            "copied": say("已复制"),
            "failed": say("服务器没有给出可用的回答，请稍后再试。"),
        },
        other_language={
            "lang": other,
            "tag": LANGUAGES[other],
            "label": "English" if other == "en" else "中文",
            "url": url_for("embed.builder")
            + "?"
            + urlencode([*_kept(embed, width, height), ("lang", other)], safe=",:"),
        },
    )


@blueprint.get("/embed/builder.json")
def builder_json() -> Response:
    """Answer with the codes of an embed, for the form's script."""
    reading, width, height = _asked()
    return Response(
        orjson.dumps(_made(reading, width, height)),
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )


@blueprint.get("/embed/code.svg")
def qr_svg() -> Response:
    """Draw the QR code of the full map that an embed leads to."""
    embed = Embed.read(request.args.items(multi=True)).embed
    drawn = io.BytesIO()
    segno.make(absolute(full_map(embed)), error="m").save(
        drawn, kind="svg", border=4, scale=4, dark="#16211d", light="#ffffff", xmldecl=False
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


def _asked() -> tuple[Reading, int | None, int]:
    items = list(request.args.items(multi=True))
    # The form's own language is another wish than that of the embed.
    own = [item for item in items if item[0] not in _FRAME and item[0] != "lang"]
    own += [("lang", value) for name, value in items if name == "map_lang"]
    reading = Embed.read([item for item in own if item[0] != "map_lang"])
    return reading, _pixels("width", _WIDTHS), _pixels("height", _HEIGHTS) or HEIGHT


def _pixels(name: str, allowed: tuple[int, int]) -> int | None:
    text = request.args.get(name, "")
    fits = text.isascii() and text.isdigit() and len(text) < 5 and allowed[0] <= int(text) <= allowed[1]
    return int(text) if fits else None


def _kept(embed: Embed, width: int | None, height: int) -> list[tuple[str, str]]:
    items = [("map_lang" if name == "lang" else name, value) for name, value in embed.items()]
    items += [("width", str(width))] if width else []
    return items + ([("height", str(height))] if height != HEIGHT else [])


def _made(reading: Reading, width: int | None, height: int) -> dict[str, Any]:
    """Return every code that can be pasted, and what of the address was not read."""
    embed = reading.embed
    title = title_of(embed)
    path, full = embed_address(embed), absolute(full_map(embed))
    picture = urlencode(
        [*embed.items(), ("width", str(min(width or 640, 1024))), ("height", str(min(height, 1024)))],
        safe=",:",
    )
    image = absolute(f"{url_for('embed.static_map', form='png')}?{picture}")
    return {
        "path": path,
        "page": url_for("embed.builder")
        + "?"
        + urlencode(
            [
                *_kept(embed, width, height),
                *([("lang", request.args["lang"])] if request.args.get("lang") else []),
            ],
            safe=",:",
        ),
        "full": full,
        "qr": f"{url_for('embed.qr_svg')}?{embed.encode()}",
        "picture": f"{url_for('embed.static_map', form='png')}?{picture}",
        "width": width,
        "height": height,
        "codes": {
            "iframe": code(embed, title, width=width or "100%", height=height),
            "address": absolute(path),
            "oembed": oembed_link(absolute(path), "json"),
            "markdown": f"[![{_plain(title)}]({image})]({full})",
            "image": f'<a href="{escape(full)}"><img src="{escape(image)}" alt="{escape(title)}"></a>',
        },
        "told": [say("不认识参数 {name}，没有用它。", name=name[:40]) for name in reading.unknown[:12]]
        + [
            say("参数 {name} 的值“{value}”看不懂，没有用它。", name=p.name, value=p.value[:40])
            for p in reading.problems
        ],
    }


def _plain(title: str) -> str:
    """Write a title so that Markdown takes nothing in it for a sign of its own."""
    return "".join(f"\\{char}" if char in "\\[]()<>*_`!" else char for char in title)


def _choices() -> Mapping[str, list[tuple[str, str]]]:
    """Name what each choice offers, in the order of the parser."""
    words = {
        "fit": (say("所有显示的站点"), say("所选地区"), say("整个范围")),
        "theme": (say("随读者的系统"), say("浅色"), say("深色")),
        "list": (say("不显示"), say("在地图旁边"), say("在地图下面")),
        "wheel": (say("按住 Ctrl 才缩放"), say("直接缩放"), say("不缩放")),
        "touch": (say("两个手指移动地图，一个手指滚动网页"), say("一个手指就移动地图")),
        "controls": (say("缩放按钮"), say("图例"), say("筛选"), say("“打开完整地图”")),
    }
    codes = {
        "fit": FITS,
        "theme": THEMES,
        "list": LISTS,
        "wheel": WHEELS,
        "touch": TOUCHES,
        "controls": CONTROLS,
    }
    return {name: list(zip(codes[name], labels, strict=True)) for name, labels in words.items()}
