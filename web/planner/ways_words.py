"""What is said of the ways that a run was measured along: the straight line, or whose streets and how well they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stations.planning import Along, CoverageQuestion
from web.i18n import say

__all__ = ["asked_words", "source_words", "ways_words"]

#: A share below this is not worth a word.
_WORTH_TELLING = 0.005


def ways_words(basis: Mapping[str, Any]) -> list[str]:
    """Say how the minutes of a run were measured, sentence by sentence."""
    if basis.get("estimated_ways"):
        return [
            say(
                "分钟为估算（直线×系数）：直线距离 × {detour}，每秒 {speed} 米。河流、山和围墙都没有算进去。",
                detour=f"{basis['detour']:g}",
                speed=f"{basis['speed_ms']:.2f}",
            )
        ]
    told = [say("分钟按街道网络计算：{source}。", source=source_words(basis))]
    told.append(
        say("坡度按高程模型 {name} 计算。", name=basis["elevation"])
        if basis.get("elevation")
        else say("没有高程，坡度没有算进去。")
    )
    if (without := basis.get("places_without_street") or 0.0) >= _WORTH_TELLING:
        told.append(say("{share} 的格子附近没有街道，算作到不了。", share=f"{without:.1%}"))
    if (cut_off := basis.get("places_cut_off") or 0.0) >= _WORTH_TELLING:
        told.append(say("{share} 的格子所在的街道不通任何站点。", share=f"{cut_off:.1%}"))
    return told


def source_words(basis: Mapping[str, Any]) -> str:
    """Name what ways come from: whose streets, of which file and day, how many segments."""
    if basis.get("estimated_ways"):
        return say("估算（直线×系数）")
    parts = [str(basis.get("ways") or "")]
    if basis.get("streets_file"):
        parts.append(str(basis["streets_file"]))
    if basis.get("streets_date"):
        parts.append(str(basis["streets_date"]))
    if basis.get("segments"):
        parts.append(say("{n} 段", n=f"{basis['segments']:,}"))
    return say("，").join(parts)


def asked_words(question: CoverageQuestion) -> list[tuple[str, str]]:
    """Tell along what a question asks for its minutes, as labels and values."""
    if question.ways is Along.STREETS:
        return [(say("分钟沿着"), say("街道"))]
    return [(say("分钟沿着"), say("直线")), (say("绕行系数"), f"{question.detour:g}")]
