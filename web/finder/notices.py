"""What the finder says of a list as a whole: what was not understood, what was set aside, that nothing is near."""

from __future__ import annotations

from collections.abc import Iterable

from stations.finding import Found
from stations.query import Problem, StationQuery
from stations.registry import base_map
from web.db import session
from web.finder.words import finder_words
from web.i18n import say

__all__ = ["aside_labels", "is_outside", "notices", "told_of"]


def notices(query: StationQuery, problems: Iterable[Problem], found: Found | None) -> list[str]:
    """Say, sentence by sentence, what holds for the whole list. found: None without a place."""
    words = finder_words()
    told = told_of(problems)
    if found is None:
        return told
    if found.set_aside:
        told.append(
            say("没有站点符合全部条件，先放宽了：{what}。", what=say("、").join(aside_words(found.set_aside)))
        )
    if found.nothing_near:
        told.append(str(words["nothing_near"]))
        if is_outside(query.near):
            told.append(str(words["outside"]))
    elif found.nothing_open:
        told.append(str(words["nothing_open"]))
    return told


def is_outside(near: tuple[float, float] | None) -> bool:
    """Tell whether a point lies outside the box of the registry's regions: its stations are nowhere near."""
    box = base_map.extent(session())
    if near is None or box is None:
        return False
    west, south, east, north = box
    return not (west <= near[0] <= east and south <= near[1] <= north)


def told_of(problems: Iterable[Problem]) -> list[str]:
    """Say of each value that could not be read what became of it."""
    said = {"near": say("“{value}”不是一个位置：要先写经度、后写纬度，例如 101.78,36.62。")}
    other = say("“{value}”看不懂，没有用它筛选。")
    return [said.get(p.name, other).format(value=p.value) for p in problems]


def aside_words(names: Iterable[str]) -> list[str]:
    """Name filters (attributes of ``StationQuery``) for people, each name once."""
    labels = aside_labels()
    return list(dict.fromkeys(labels[name] for name in names if name in labels))


def aside_labels() -> dict[str, str]:
    """Return what each filter that can be set aside is called."""
    return {
        "within_m": say("距离"),
        "bbox": say("范围"),
        "open": say("营业时间"),
        "unknown": say("只看信息确定的"),
        "access": say("进入方式"),
        "fee": say("费用"),
        "q": say("搜索的字"),
        "amenities": say("设施"),
        "jobs": say("招工"),
        "events": say("活动"),
        "regions": say("地区"),
        "lifecycle": say("站点状态"),
        "kinds": say("种类"),
        "classes": say("种类"),
    }
