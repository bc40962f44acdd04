"""The words that the browser needs, taken from the catalogue for the reader's language.

Placeholders are written ``{name}`` and are filled in by the browser. A pair is the singular and the plural.
"""

from __future__ import annotations

from collections.abc import Mapping

from stations import vocabulary
from web.i18n import plural, say

__all__ = ["look_labels", "map_words", "vocabulary_labels", "weekdays"]


def look_labels() -> dict[str, str]:
    """Name each look of a marker (see ``web.maps.symbols.LOOKS``)."""
    return {
        "open": say("营业中"),
        "closed": say("休息中"),
        "unknown": say("时间未知"),
        "suspended": say("暂停服务"),
        "coming": say("规划或建设中"),
        "ended": say("已关闭"),
    }


def vocabulary_labels(lang: str) -> dict[str, object]:
    """Return the labels of the field's own words in ``lang``, and which amenities are always shown."""

    def labels(terms: Mapping[str, vocabulary.Term]) -> dict[str, str]:
        return {code: term.label(lang) for code, term in terms.items()}

    return {
        "amenities": labels(vocabulary.AMENITIES),
        "filtered": list(vocabulary.FILTER_AMENITIES),
        "access": labels(vocabulary.ACCESS),
        "fee": labels(vocabulary.FEE),
        "lifecycle": labels(vocabulary.LIFECYCLE),
        "quality": labels(vocabulary.POSITION_QUALITY),
        "roles": labels(vocabulary.PARTNER_ROLES),
    }


def map_words() -> dict[str, object]:
    """Return every sentence that the scripts of the map say, by the key they ask for it with."""
    return _times() | _stations() | _page() | _gaps()


def weekdays() -> list[str]:
    """Name the days of the week, Sunday first."""
    return [
        say("周日"),
        say("周一"),
        say("周二"),
        say("周三"),
        say("周四"),
        say("周五"),
        say("周六"),
    ]


def _times() -> dict[str, object]:
    return {
        "weekdays": weekdays(),
        "tomorrow_at": say("明天 {time}"),
        "weekday_at": say("{day} {time}"),
        "date_at": say("{month}月{day}日 {time}"),
        "today": say("今天"),
        "metres": say("{n} 米"),
        "kilometres": say("{n} 公里"),
        "hours_unknown": say("时间未知"),
        "opens_at": say("{time} 开门"),
        "closes_at": say("营业中 · {time} 关门"),
        "closes_in": [plural("营业中 · {n}分钟后关门", "营业中 · {n}分钟后关门", n) for n in (1, 2)],
        "unknown_from": say("休息中 · {time} 后时间未知"),
        "open_unknown_from": say("营业中 · {time} 后时间未知"),
    }


def _stations() -> dict[str, object]:
    return {
        "marker": say("{name}，{kind}，{state}"),
        "ring": say("{n} 个站点，其中 {open} 个营业中，放大查看"),
        "amenity_no": say("没有"),
        "amenity_unknown": say("未知"),
        "amenity_broken": say("故障"),
        "inferred": say("推断"),
        "and": say("、"),
        "doubt_unknown": say("{what}未知"),
        "doubt_inferred": say("{what}为推断"),
        "as_listed": say("公示：{words}"),
        "hours": say("开放时间"),
        "access": say("进入方式"),
        "fee": say("费用"),
        "directions": say("怎么走"),
        "address": say("地址"),
        "phone": say("电话"),
        "standing": say("核实情况"),
        "verified": say("{ago}核实（{date}）"),
        "unverified": say("未核实，到达前请留意"),
        "cards": say("可用卡"),
        "partners": say("合作单位"),
        "colon": say("："),
        "list_break": say("；"),
        "position_missing": say("未定位"),
        "position_held": say("位置存疑，核对后才画在地图上"),
        "source": say("来源：{name}"),
        "datum": say("原坐标系 {datum}"),
        "demonstration": say("演示数据"),
    }


def _page() -> dict[str, object]:
    return {
        "failed": say("服务器没有给出可用的回答，请稍后再试。"),
        "offline": say("连不上服务器，请检查网络。"),
        "ground_failed": say("底图没有载入，站点位置仍然正确。"),
        "retry": say("重试"),
        "close": say("关闭"),
        "back_to_list": say("返回列表"),
        "in_view": say("视野内 {n} 个 · 共 {all} 个"),
        "none_in_view": say("这里没有符合条件的站点。缩小地图，或者减少筛选条件。"),
        "unlocated": say("另有 {n} 个符合条件的站点未定位，地图上画不出来。"),
        "locate": say("我的位置"),
        "locating": say("正在定位…"),
        "location_denied": say("浏览器没有允许定位。可以在浏览器的网站设置里打开。"),
        "location_unavailable": say("这台设备现在无法定位。"),
        "location_late": say("定位超时，请再试一次。"),
        "located_outside": say("您不在这张地图的范围内。"),
        "zoom_in": say("放大"),
        "zoom_out": say("缩小"),
        "unknown": say("未知"),
    }


def _gaps() -> dict[str, object]:
    return {
        "gap_caption": say("各区县离休息站点 {distance} 以外的地点"),
        "gap_summary": say(
            "{places} 个地点中，{uncovered} 个在 {distance} 内没有休息站点（按 {stations} 个已定位的运营站点计算）。"
        ),
        "gap_places": [plural("{n} 个未覆盖的地点", "{n} 个未覆盖的地点", n) for n in (1, 2)],
        "gap_basis": say(
            "地点来源：{source}。距离为直线距离。人口只算有数字的地点，没有数字的写“未知”，不当作 0。"
        ),
        "place_gap": say("最近的站点 {distance} · 人口 {people}"),
        "total": say("合计"),
        "column_name": say("区县"),
        "column_places_uncovered": say("未覆盖 / 地点"),
        "column_share": say("比例"),
        "column_people_uncovered": say("未覆盖 / 已知人口"),
        "column_places_population_unknown": say("人口未知的地点"),
        "column_farthest_m": say("最远"),
    } | _published()


def _published() -> dict[str, object]:
    """Return what is said of the gaps where a planner has published a run."""
    return {
        "run_caption": say("各区县{minutes}分钟以外的人"),
        "run_summary": say(
            "{people} 人中，{beyond} 人{mode}{minutes}分钟内没有休息站点（按 {stations} 个站点计算）。"
        ),
        "run_on_foot": say("走路"),
        "run_by_ebike": say("骑电动车"),
        "run_places": [plural("{n} 处空白", "{n} 处空白", n) for n in (1, 2)],
        "run_gap": say("{people} 人，最近的站点要 {minutes} 分钟"),
        "run_gap_far": say("{people} 人，没有站点可到"),
        "run_date": say("{date} 由规划人员计算并公开。"),
        "run_at": say("只算 {moment} 开着的站点。"),
        "run_any_hour": say("不看开放时间，运营中的站点都算。"),
        "run_ways_estimated": say("分钟为估算（直线×系数），没有按街道走。"),
        "run_ways_streets": say("分钟按街道计算（{source}）。"),
        "run_people_estimated": say("人口为估算，比较粗。"),
        "column_people_beyond": say("{minutes}分钟以外"),
        "column_people": say("人口"),
    }
