"""The words that the browser needs, taken from the catalogue for the reader's language.

Placeholders are written ``{name}`` and are filled in by the browser. A pair is the singular and the plural.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext, ngettext

from stations import vocabulary

__all__ = ["look_labels", "map_words", "vocabulary_labels", "weekdays"]


def look_labels() -> dict[str, str]:
    """Name each look of a marker (see ``web.maps.symbols.LOOKS``)."""
    return {
        "open": gettext("营业中"),
        "closed": gettext("休息中"),
        "unknown": gettext("时间未知"),
        "suspended": gettext("暂停服务"),
        "coming": gettext("规划或建设中"),
        "ended": gettext("已关闭"),
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
        gettext("周日"),
        gettext("周一"),
        gettext("周二"),
        gettext("周三"),
        gettext("周四"),
        gettext("周五"),
        gettext("周六"),
    ]


def _times() -> dict[str, object]:
    return {
        "weekdays": weekdays(),
        "tomorrow_at": gettext("明天 {time}"),
        "weekday_at": gettext("{day} {time}"),
        "date_at": gettext("{month}月{day}日 {time}"),
        "today": gettext("今天"),
        "metres": gettext("{n} 米"),
        "kilometres": gettext("{n} 公里"),
        "hours_unknown": gettext("时间未知"),
        "opens_at": gettext("{time} 开门"),
        "closes_at": gettext("营业中 · {time} 关门"),
        "closes_in": [ngettext("营业中 · {n}分钟后关门", "营业中 · {n}分钟后关门", n) for n in (1, 2)],
        "unknown_from": gettext("休息中 · {time} 后时间未知"),
        "open_unknown_from": gettext("营业中 · {time} 后时间未知"),
    }


def _stations() -> dict[str, object]:
    return {
        "marker": gettext("{name}，{kind}，{state}"),
        "ring": gettext("{n} 个站点，其中 {open} 个营业中，放大查看"),
        "amenity_no": gettext("没有"),
        "amenity_unknown": gettext("未知"),
        "amenity_broken": gettext("故障"),
        "inferred": gettext("推断"),
        "and": gettext("、"),
        "as_listed": gettext("公示：{words}"),
        "hours": gettext("开放时间"),
        "access": gettext("进入方式"),
        "fee": gettext("费用"),
        "directions": gettext("怎么走"),
        "address": gettext("地址"),
        "phone": gettext("电话"),
        "standing": gettext("核实情况"),
        "verified": gettext("{ago}核实（{date}）"),
        "unverified": gettext("未核实，到达前请留意"),
        "cards": gettext("可用卡"),
        "partners": gettext("合作单位"),
        "colon": gettext("："),
        "list_break": gettext("；"),
        "position_missing": gettext("未定位"),
        "position_held": gettext("位置存疑，核对后才画在地图上"),
        "source": gettext("来源：{name}"),
        "datum": gettext("原坐标系 {datum}"),
        "demonstration": gettext("演示数据"),
    }


def _page() -> dict[str, object]:
    return {
        "failed": gettext("服务器没有给出可用的回答，请稍后再试。"),
        "offline": gettext("连不上服务器，请检查网络。"),
        "ground_failed": gettext("底图没有载入，站点位置仍然正确。"),
        "retry": gettext("重试"),
        "close": gettext("关闭"),
        "back_to_list": gettext("返回列表"),
        "in_view": gettext("视野内 {n} 个 · 共 {all} 个"),
        "none_in_view": gettext("这里没有符合条件的站点。缩小地图，或者减少筛选条件。"),
        "unlocated": gettext("另有 {n} 个符合条件的站点未定位，地图上画不出来。"),
        "locate": gettext("我的位置"),
        "locating": gettext("正在定位…"),
        "location_denied": gettext("浏览器没有允许定位。可以在浏览器的网站设置里打开。"),
        "location_unavailable": gettext("这台设备现在无法定位。"),
        "location_late": gettext("定位超时，请再试一次。"),
        "located_outside": gettext("您不在这张地图的范围内。"),
        "zoom_in": gettext("放大"),
        "zoom_out": gettext("缩小"),
        "unknown": gettext("未知"),
    }


def _gaps() -> dict[str, object]:
    return {
        "gap_caption": gettext("各区县离休息站点 {distance} 以外的地点"),
        "gap_summary": gettext(
            "{places} 个地点中，{uncovered} 个在 {distance} 内没有休息站点（按 {stations} 个已定位的运营站点计算）。"
        ),
        "gap_places": [ngettext("{n} 个未覆盖的地点", "{n} 个未覆盖的地点", n) for n in (1, 2)],
        "gap_basis": gettext(
            "地点来源：{source}。距离为直线距离。人口只算有数字的地点，没有数字的写“未知”，不当作 0。"
        ),
        "place_gap": gettext("最近的站点 {distance} · 人口 {people}"),
        "total": gettext("合计"),
        "column_name": gettext("区县"),
        "column_places_uncovered": gettext("未覆盖 / 地点"),
        "column_share": gettext("比例"),
        "column_people_uncovered": gettext("未覆盖 / 已知人口"),
        "column_places_population_unknown": gettext("人口未知的地点"),
        "column_farthest_m": gettext("最远"),
    }
