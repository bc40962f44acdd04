"""What each figure of quality is called, and what exactly it counts: numerator, denominator, what is unknown."""

from __future__ import annotations

from stations.keeping.quality_counts import FACTS
from web.i18n import say

__all__ = ["answer_words", "column_labels", "definitions", "level_labels", "number", "percent", "way_labels"]


def column_labels() -> dict[str, str]:
    """Name the figures, in the order of a table."""
    return {
        "name": say("区域"),
        "stations": say("站点"),
        "on_map": say("线上地图可查"),
        "promised": say("按期核实"),
        "hours": say("有开放时间"),
        "amenities": say("知道设施"),
        "facts": say("主要设施已知"),
        "door": say("定位到门口"),
        "daily": say("日均人次"),
        "answer_hours": say("答复用时"),
        "honours": say("荣誉"),
    }


def level_labels() -> dict[str, str]:
    """Name the levels of regions."""
    return {"province": say("省"), "prefecture": say("市州"), "county": say("区县")}


def way_labels() -> dict[str, str]:
    """Name how visits were counted."""
    return {
        "typed": say("工作人员填报"),
        "imported": say("表格导入"),
        "scanned": say("门口扫码"),
        "noted": say("没有注明"),
    }


def honour_levels() -> dict[str, str]:
    """Name the levels of honours."""
    return {
        "national": say("国家级"),
        "provincial": say("省级"),
        "prefecture": say("市州级"),
        "county": say("区县级"),
        "other": say("其他荣誉"),
    }


def definitions() -> list[tuple[str, str]]:
    """Say of every figure what it counts, of how many, and who is unknown."""
    labels = column_labels()
    return [
        (
            labels["stations"],
            say(
                "运营中和暂停服务的站点，服务点也算。规划中、建设中、已关闭和撤下的不算。下面各项比例都以它为分母。"
            ),
        ),
        (labels["on_map"], say("分子：有坐标、画在线上地图上的站点。坐标存疑的、没有坐标的，都不算。")),
        (
            labels["promised"],
            say(
                "分子：在承诺的天数之内核实过的站点；承诺天数按站点类别公布，这里不能超过。从未核实的另外列出。"
            ),
        ),
        (labels["hours"], say("分子：登记了能读懂的开放时间的站点。没有登记的是未知，不是不开门。")),
        (labels["amenities"], say("分子：至少一项设施知道有还是没有的站点。")),
        (
            labels["facts"],
            say(
                "每个站点看{n}项主要设施。分子：看到的或名单列出的有、没有、坏了；推断的不算。分母：站点数乘以{n}。",
                n=FACTS,
            ),
        ),
        (
            labels["door"],
            say("分子：坐标标到门口的站点。标到建筑、大致位置、仅到地名的不算；没有坐标或没有注明的是未知。"),
        ),
        (
            labels["daily"],
            say(
                "服务效能：过去365天里结束的各时段的人次，除以这些时段的天数，只算有人计数的站点。时段重叠时只算一个，"
                "长的优先；填报的优先于扫码。“至少”的数按下限算。没有人计数的站点是未知，不是没人用。"
            ),
        ),
        (
            say("扫码人次"),
            say(
                "扫门口牌子上的码打开站点页，算一次。同一网络、同一种浏览器半小时内只算一次；不存地址，不存设备。"
                "不扫码的人不在内，几个人共用一个网络可能只算一次，所以是“至少”。"
            ),
        ),
        (
            labels["answer_hours"],
            say(
                "过去365天里答复的群众反映，从收到到答复的时间，取中位数。不足3件的区域不列。还没有答复的另外列出。"
            ),
        ),
        (labels["honours"], say("有效的荣誉和评级，授予站点或单位的都算，已撤销的不算。")),
        (say("建设进度"), say("方案目标中已经开放的站点数。应开放数按计划日期推算。")),
        (
            say("每月留存"),
            say("每月结束后七天之内统计一次，连同图一起保存，以后不改。没有统计的月份空缺，不补。"),
        ),
    ]


def percent(share: float | None) -> str:
    """Write a share: 97.4%, a dash where there is nothing to count. Only all is 100%, and only none is 0%."""
    if share is None:
        return "–"
    shown = round(100 * share, 1)
    if 0 < share < 1:
        shown = min(max(shown, 0.1), 99.9)
    return f"{shown:.1f}".removesuffix(".0") + "%"


def number(value: float | None) -> str:
    """Write a number of visits a day: one digit behind the point below a hundred."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def answer_words(hours: float | None) -> str:
    """Write how long an answer took: in hours up to two days, then in days."""
    if hours is None:
        return "–"
    if hours < 1:
        return say("不到1小时")
    if hours < 48:
        return say("{n}小时", n=round(hours))
    return say("{n}天", n=round(hours / 24))
