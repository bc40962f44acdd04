"""The words of an embed's scripts, in the reader's language."""

from __future__ import annotations

from web.i18n import say
from web.pages.words import map_words

__all__ = ["embed_words"]


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
