"""The words of editing: what each field is called, what its values mean to a person, what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stations import vocabulary as words
from stations.editing.draft import Count, Life, Opening, Position, Value
from stations.errors import Invalid
from web.finder.opening import holiday_name
from web.i18n import lang, say

__all__ = [
    "anchor",
    "datum_names",
    "field_name",
    "fields_said",
    "standing_names",
    "value_words",
    "wrong_words",
]

_TERMS: Mapping[str, Mapping[str, words.Term]] = {
    "kind": words.KINDS,
    "premises": words.PREMISES,
    "access": words.ACCESS,
    "fee": words.FEE,
    "position_quality": words.POSITION_QUALITY,
}


def field_name(key: str) -> str:
    """Return what a field is called."""
    part, _, rest = key.partition(".")
    if part == "name":
        return say("名称（{language}）", language=_language(rest))
    if part == "amenity":
        return words.AMENITIES[rest].label(lang()) if rest in words.AMENITIES else rest
    if part == "partner":
        return words.PARTNER_ROLES[rest].label(lang()) if rest in words.PARTNER_ROLES else rest
    if part in {"exception", "visits"} and rest:
        what = say("特殊日期") if part == "exception" else say("使用人次")
        return say("{what} {days}", what=what, days=" – ".join(dict.fromkeys(rest.split("/"))))
    return {
        "kind": say("种类"),
        "region_code": say("区县"),
        "address": say("地址"),
        "directions": say("到门口怎么走"),
        "premises": say("场所"),
        "access": say("进入方式"),
        "fee": say("费用"),
        "phone": say("电话"),
        "capacity": say("可容纳人数"),
        "area_m2": say("面积（平方米）"),
        "opened_on": say("启用日期"),
        "expected_on": say("预计开放或恢复日期"),
        "position": say("位置"),
        "position_quality": say("图钉有多准"),
        "position_origin": say("坐标怎么来的"),
        "cards": say("可用卡"),
        "lifecycle": say("运营状态"),
        "hours": say("开放时间"),
        "exception": say("特殊日期"),
        "visits": say("使用人次"),
        "withdrawn": say("撤下"),
        "verified": say("核实"),
        "paste": say("粘贴的位置"),
        "photo": say("照片"),
        "shows": say("拍的是什么"),
        "caption": say("说明"),
        "taken_on": say("拍摄日期"),
        "bulk": say("批量修改"),
        "codes": say("站点"),
    }.get(part, part)


def fields_said(keys: Iterable[str]) -> str:
    """Name several fields in a row, each once."""
    return say("、").join(dict.fromkeys(field_name(key) for key in keys))


def anchor(key: str) -> str:
    """Return the id of the part of the form in which a field is edited."""
    part = key.partition(".")[0]
    return f"f-{part}" if part in {"exception", "visits", "position", "lifecycle", "hours"} else f"f-{key}"


def standing_names() -> dict[str, str]:
    """Name what can be said of an amenity."""
    return {
        "yes": say("有"),
        "no": say("没有"),
        "broken": say("故障"),
        "unknown": say("未知"),
        "inferred_yes": say("推断有"),
        "inferred_no": say("推断没有"),
    }


def datum_names() -> dict[str, str]:
    """Name the datums that numbers can be in."""
    return {
        "wgs84": say("WGS 84 / 国家2000（GPS、天地图）"),
        "gcj02": say("GCJ-02（高德、腾讯）"),
        "bd09": say("BD-09（百度）"),
    }


def value_words(key: str, value: Value, regions: Mapping[str, str] | None = None) -> str:
    """Say a value as a person reads it; what nobody knows is unknown."""
    part = key.partition(".")[0]
    if part == "amenity":
        return standing_names()[value or "unknown"]
    if value is None:
        return say("（空）")
    if part in _TERMS:
        return _TERMS[part][value].label(lang()) if value in _TERMS[part] else str(value)
    if part == "region_code":
        return (regions or {}).get(value, str(value))
    if part in {"cards", "partner"}:
        return say("、").join(value)
    if part == "position":
        at = Position(*value)
        numbers = f"{at.lon:.10g}, {at.lat:.10g} · {datum_names()[at.datum]}"
        return say("{numbers}（有疑问，没有画出）", numbers=numbers) if at.held else numbers
    if part == "lifecycle":
        life = Life(*value)
        label = words.LIFECYCLE[life.state].label(lang())
        return " · ".join(filter(None, [label, life.since, life.reason]))
    if part == "hours":
        opening = Opening(*value)
        return " → ".join(filter(None, [opening.words, opening.expression or say("时间未知")]))
    if part == "exception":
        return say("；").join(_exception_words(expression, reason) for expression, reason in value)
    if part == "visits":
        return say("；").join(_count_words(Count(*item)) for item in value)
    if part == "withdrawn":
        return " · ".join(filter(None, value))
    return str(value)


def _exception_words(expression: str | None, reason: str) -> str:
    state = say("停业") if expression is None else say("时间未知") if expression == "unknown" else expression
    return " · ".join(filter(None, [state, holiday_name(reason)]))


def _count_words(count: Count) -> str:
    number = say("至少 {n} 人次", n=count.visits) if count.at_least else say("{n} 人次", n=count.visits)
    return " · ".join(filter(None, [number, count.occupation, count.source]))


def wrong_words(error: Invalid) -> str:
    """Say what is wrong with a field, and what to do."""
    value = error.value if isinstance(error.value, str | int | float) else ""
    shown = str(value)[:60]
    sentence = {
        "needed": say("这一项必须填写。"),
        "too_long": say("太长了，请缩短。"),
        "damaged": say("里面有不能保存的字符，请重新输入。"),
        "not_known": say("“{value}”不在可选的内容里，请重新选择。", value=shown),
        "not_a_number": say("“{value}”不是可用的数字。", value=shown),
        "too_many": say("太多了，请减少。"),
        "not_a_day": say("“{value}”不是日期，请写成 2026-05-01。", value=shown),
        "days_swapped": say("结束日期早于开始日期，请对调。"),
        "not_on_earth": say("这个坐标不在地球上；经度在前，单位是度。"),
        "bad_datum": say("不认识这个坐标系。"),
        "bad_hours": say("“{value}”看不懂，请写成 10:00-16:00 这样的时间。", value=shown),
        "hours_mean_nothing": say(
            "“{value}”看不出开放时间。请换个写法，或勾选“只保留原话”（时间按未知处理）。", value=shown
        ),
        "bad_phone": say("“{value}”不是电话号码，请连区号一起写。", value=shown),
        "needs_since": say("请写明从哪一天起。"),
        "needs_reason": say("请写明原因，公众会看到。"),
        "no_step": say("不能从现在的状态直接改成这个状态。"),
        "bad_tag": say("语言标签不对，请写成 bo、mn-Mong 这样。"),
        "outside_province": say("图钉在本省以外，请检查经纬度的顺序和坐标系。"),
        "outside_region": say("这里不在您管理的区域内，请联系当地工会。"),
        "no_region": say("请先放图钉，或选择区县。"),
        "no_such_station": say("没有编号为“{value}”的站点。", value=shown),
        "itself": say("这就是本站的编号，请填另一个站点的编号。"),
        "at_sea": say("图钉不在中国大陆的陆地上，可能在海里或国外，请检查经纬度的顺序和坐标系。"),
        "half": say("经度和纬度要一起填。"),
        "empty": say("请粘贴经纬度，或地图应用分享的链接。"),
        "short_link": say(
            "这是短链接，里面没有位置，系统不会替您打开。请在浏览器里打开它，再复制打开后的网址。"
        ),
        "unknown_app": say(
            "不认识这个应用的链接。能读的有：高德、百度、腾讯、苹果、谷歌、OpenStreetMap 和 geo: 链接。"
        ),
        "no_position": say("这里面找不到经纬度。"),
    }.get(error.reason or "")
    return sentence or say("这一项不能保存：{why}", why=str(error))


def _language(tag: str) -> str:
    return {"zh": say("中文"), "en": say("英文"), "bo": say("藏文"), "mn-Mong": say("传统蒙古文")}.get(
        tag, tag
    )
