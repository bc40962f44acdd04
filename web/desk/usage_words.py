"""Use in words: periods, what a column of a list is taken for, and what was wrong with what somebody wrote."""

from __future__ import annotations

from stations import vocabulary as words
from stations.keeping.usage_import import Meaning
from stations.keeping.usage_words import Period
from web.i18n import lang, say

__all__ = ["column_words", "period_words", "trouble"]


def period_words(one: Period) -> str:
    """Write a period as people say it."""
    b = one.begin
    match one.kind:
        case "day":
            return b.isoformat()
        case "month":
            return say("{year}年{month}月", year=b.year, month=b.month)
        case "quarter":
            return say("{year}年第{n}季度", year=b.year, n=(b.month + 2) // 3)
        case "year":
            return say("{year}年", year=b.year)
    return say("{first} 至 {last}", first=b, last=one.last)


def column_words(one: Meaning) -> str:
    """Say what a column is taken for."""
    if one.means == "visits":
        of = [one.period or "", words.OCCUPATIONS[one.occupation].label(lang()) if one.occupation else ""]
        return " · ".join(filter(None, [say("人次"), *of]))
    return {
        "code": say("站点编号"),
        "name": say("站点名称"),
        "period": say("时段"),
        "year": say("年份"),
        "occupation": say("职业"),
        None: say("不用"),
    }[one.means]


def trouble(reason: str | None) -> str:
    """Say what is wrong, and what to write instead."""
    known = {
        "negative": say("人次不能是负数。"),
        "about": say("“约”不是准数。请写准确的数，或者写“1600余”表示至少。"),
        "no_number": say("人次要写整数，例如 1600；至少这么多写 1600余。"),
        "too_many": say("数字太大了，请检查。"),
        "no_period": say(
            "时段看不懂。请写 2026-03、2026年第一季度、2026年、2026-03-05，或 2026-03-05/2026-03-20。"
        ),
        "not_over": say("这段时间还没有过完，过完再填。"),
        "too_early": say("时间太早，请检查年份。"),
        "too_long": say("一个数字不能超过两年，请分年填写。"),
        "days_swapped": say("结束在开始之前，请对调。"),
        "not_known": say("没有这种职业。请从列表里选，或者留空。"),
        "no_station": say("您负责的区域里没有这个站点。请写站点编号，或完整的名称。"),
        "several": say("有几个站点都叫这个名字，请写站点编号。"),
        "nameless": say("请写站点编号或名称。"),
        "told_twice": say("同一站点、同一时段写了两个不同的数，请留一个。"),
        "no_count": say("这一行没有人次。没有人来写 0，没有统计就删掉这一行。"),
        "row": say("这一行的格子和表头对不上。"),
        "no_station_column": say("没有找到站点一列。表头请写“站点编号”或“站点名称”。"),
        "no_visits_column": say("没有找到人次一列。表头请写“人次”。"),
        "no_period_column": say("没有找到时段一列。表头请写“月份”，格子里写 2026-03。"),
        "too_many_rows": say("行数太多，请分成几份。"),
        "no_file": say("请选择文件。"),
        "too_large": say("文件太大，请分成几份。"),
    }
    return known.get(reason or "", say("这个文件读不出来，请另存为 XLSX 或 CSV 再试。"))
