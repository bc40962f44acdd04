"""The values that the history holds, in words: codes, names that are pointed at, positions, hours, moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from stations import vocabulary as words
from stations.hours import Calendar, Hours
from stations.registry.differences import Sort
from web.desk.words import beijing, role_name
from web.finder.opening import usual_week
from web.ground import name_in
from web.i18n import lang, say

__all__ = ["Names", "Row", "label", "period", "shows", "standing_word", "value_words"]

#: (sort, value) → the name of what a value points at, as ``stations.registry.meant`` gives it.
Names = Mapping[tuple[Sort, Any], Any]
Row = Mapping[str, Any]


def value_words(sort: Sort, value: Any, names: Names) -> str:
    """Say a value as the history holds it; what is not there is said to be empty."""
    if (value is None and sort is not Sort.EXPRESSION) or value in ("", [], {}):
        return say("（空）")
    return _SAID[sort](value) if sort in _SAID else _meant(sort, value, names)


def _meant(sort: Sort, value: Any, names: Names) -> str:
    name = names.get((sort, value))
    if name is None:
        return str(value)
    return name_in(name) if isinstance(name, dict) else str(name)


def label(terms: Mapping[str, words.Term], code: Any) -> str:
    """Return the label of a code in the reader's language; the code itself where it is none."""
    return terms[code].label(lang()) if code in terms else str(code)


def shows() -> dict[str, str]:
    """Name what a photo shows."""
    return {"door": say("门口"), "inside": say("里面"), "outside": say("外面"), "amenity": say("设施")}


def _hours(part: Row) -> str:
    hours = Hours(part["hours_expression"], Calendar(part["hours_calendar"] or "plain"))
    read = usual_week(hours) or part["hours_expression"] or say("时间未知")
    if part["hours_calendar"] == "official":
        read = say("{hours}（按国家放假和调休安排）", hours=read)
    return (
        say("{hours}；原话：{words}", hours=read, words=part["hours_words"]) if part["hours_words"] else read
    )


def _position(part: Row) -> str:
    if part["location"] is None:
        return say("坐标存疑，没有画出") if part["position_hold"] else say("未定位")
    lon, lat = part["location"]["coordinates"]
    return " · ".join(
        filter(None, [f"{lon:.6f}, {lat:.6f}", label(words.POSITION_QUALITY, part["position_quality"] or "")])
    )


def _expression(value: str | None) -> str:
    return say("停业") if value is None else say("时间未知") if value == "unknown" else value


def period(value: str) -> str:
    """Say a range of days."""
    # As the database writes a range of days: the last one is not in it.
    return " – ".join(part.strip("[]()") for part in value.split(","))


def _moment_text(value: str) -> str:
    return beijing(datetime.fromisoformat(value))


_SAID: Mapping[Sort, Callable[[Any], str]] = {
    Sort.TEXT: str,
    Sort.NUMBER: str,
    Sort.DATE: str,
    Sort.BOOL: lambda value: say("是") if value else say("否"),
    Sort.MOMENT: _moment_text,
    Sort.LIST: lambda value: say("、").join(value),
    Sort.HOURS: _hours,
    Sort.POSITION: _position,
    Sort.EXPRESSION: _expression,
    Sort.PERIOD: period,
    Sort.JSON: lambda value: say("{n} 项", n=len(value)),
    Sort.KIND: lambda code: label(words.KINDS, code),
    Sort.AMENITY: lambda code: label(words.AMENITIES, code),
    Sort.LIFECYCLE: lambda code: label(words.LIFECYCLE, code),
    Sort.ACCESS: lambda code: label(words.ACCESS, code),
    Sort.FEE: lambda code: label(words.FEE, code),
    Sort.PREMISES: lambda code: label(words.PREMISES, code),
    Sort.BASIS: lambda code: label(words.BASIS, code),
    Sort.PARTNER_ROLE: lambda code: label(words.PARTNER_ROLES, code),
    Sort.CHOICE: lambda code: label(words.REPORT_CHOICES, code),
    Sort.VALUE: lambda code: {"yes": say("有"), "no": say("没有"), "unknown": say("未知")}[code],
    Sort.STATUS: lambda code: {
        "waiting": say("等待处理"),
        "accepted": say("已采纳"),
        "rejected": say("未采纳"),
        "open": say("待整改"),
        "mended": say("已整改，待复查"),
        "checked": say("已复查"),
        "dropped": say("不算问题"),
    }.get(code, str(code)),
    Sort.OUTCOME: lambda code: {
        "closed_today": say("登记当天停业"),
        "suspended": say("登记暂停服务"),
        "out_of_order": say("登记设施故障"),
        "amenity_absent": say("登记没有这项设施"),
        "edited": say("修改了站点信息"),
        "noted": say("记下，不改登记"),
    }[code],
    Sort.SHOWS: lambda code: shows()[code],
    Sort.LEVEL: lambda code: {
        "national": say("国家级"),
        "provincial": say("省级"),
        "prefecture": say("市州级"),
        "county": say("区县级"),
    }.get(code, str(code)),
    Sort.TRADE: lambda code: label(words.TRADES, code),
    Sort.EVENT_KIND: lambda code: label(words.EVENT_KINDS, code),
    Sort.EVENT_STATUS: lambda code: {
        "planned": say("计划中"),
        "held": say("已举办"),
        "cancelled": say("已取消"),
    }.get(code, str(code)),
    Sort.COUNT_NAMES: lambda codes: say("、").join(label(words.EVENT_COUNTS, code) for code in codes),
    Sort.ROLE: role_name,
    Sort.PHOTO: lambda digest: str(digest)[:12],
}


def standing_word(row: Row) -> str:
    """Say an amenity's value, whether it works and on what ground, in one word."""
    if row["out_of_order"]:
        return say("故障")
    if row["basis"] == "inferred" and row["value"] != "unknown":
        return say("推断有") if row["value"] == "yes" else say("推断没有")
    return _SAID[Sort.VALUE](row["value"])
