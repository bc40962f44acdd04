"""The words of an embed in the reader's language: those of its scripts, and what it is called."""

from __future__ import annotations

from stations.registry import base_map, public
from web.db import session
from web.embed.parameters import Embed
from web.ground import name_in
from web.i18n import say
from web.pages.words import map_words

__all__ = ["embed_words", "region_asked", "title_of"]


def region_asked(embed: Embed) -> str:
    """Return the name of the one region that is asked for; empty where there is none, or several."""
    codes = embed.query.regions
    if len(codes) != 1:
        return ""
    return next((name_in(area.names) for area in base_map.regions(session()) if area.code == codes[0]), "")


def title_of(embed: Embed) -> str:
    """Return what an embed is called where it is put: its own title, else whose stations it shows."""
    shown = region_asked(embed) or public.info(session()).name
    return embed.title or say("{registry}站点地图", registry=shown)


def embed_words() -> dict[str, object]:
    """Return every sentence that the scripts of an embed say, by the key they ask for it with."""
    return map_words() | {
        "wheel_hint": say("按住 Ctrl 键滚动，可以缩放地图"),
        "wheel_hint_mac": say("按住 ⌘ 键滚动，可以缩放地图"),
        "touch_hint": say("用两个手指移动地图"),
        "more_on_map": say("另有 {n} 个，在完整地图上看"),
        "not_read": say("嵌入地图的参数没有全部读懂：{names}。说明见 {where}"),
        "gaps": say("覆盖空白"),
    }
