"""What is wrong with a notice or an event, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from stations import vocabulary
from stations.editing.checks import BadFields
from stations.errors import Invalid
from stations.models.community import MAX_COUNT, MAX_HEADCOUNT, MAX_PAY, MIN_PAY
from web.desk.words import beijing
from web.i18n import lang, say

__all__ = ["count_labels", "count_words", "field_label", "status_label", "wrong"]


def field_label(name: str) -> str:
    """Return what a field of the forms is called."""
    return {
        "station": say("站点"),
        "trade": say("工种"),
        "title": say("标题"),
        "starts": say("开工日期"),
        "ends": say("最后一天"),
        "assemble_at": say("集合时间"),
        "assemble_where": say("集合地点"),
        "pay_from": say("每天工钱（元）"),
        "pay_to": say("最多（元）"),
        "headcount": say("要几个人"),
        "employer": say("用工单位"),
        "phone": say("用工单位电话"),
        "note": say("说明"),
        "until": say("有效到"),
        "region": say("地区"),
        "kind": say("种类"),
        "status": say("进度"),
        "place": say("地点"),
        "organiser": say("主办单位"),
        **count_labels(),
    }[name]


def count_labels() -> dict[str, str]:
    """Return what each column of the yearly table is called."""
    return {code: term.label(lang()) for code, term in vocabulary.EVENT_COUNTS.items()}


def count_words(value: int | None, *, at_least: bool) -> str:
    """Write a count as a report does, so that it is read back the same; empty where nobody counted."""
    return "" if value is None else say("{n}余", n=value) if at_least else str(value)


def status_label(status: str) -> str:
    """Return how far an event has come."""
    return {"planned": say("计划中"), "held": say("已举办"), "cancelled": say("已取消")}[status]


def wrong(error: Invalid) -> dict[str, str]:
    """Say what is wrong with each field: field → sentence."""
    problems: Iterable[Invalid] = error.problems if isinstance(error, BadFields) else (error,)
    return {problem.field or "": _sentence(problem) for problem in problems}


def _sentence(problem: Invalid) -> str:
    value = problem.value
    fixed = {
        "needed": say("这一项要填。"),
        "damaged": say("有不能显示的字符，请重新输入。"),
        "markup": say("只写文字，不要写网页代码（{value}）。", value=value),
        "identity_card": say("像是身份证号。个人证件号不进本系统，请删掉；什么都没有保存。"),
        "bank_card": say("像是银行卡号。个人账号不进本系统，请删掉；什么都没有保存。"),
        "not_known": say("请从列表里选。"),
        "not_a_number": say("“{value}”不是整数。", value=value),
        "negotiable": say("不收“面议”：请写明一天多少钱，可以写一个范围。"),
        "not_a_day": say("“{value}”不是日期。", value=value),
        "not_a_moment": say("“{value}”不是时间。", value=value),
        "days_swapped": say("结束早于开始。"),
        "range_swapped": say("上限低于下限。"),
        "in_past": say("已经过去了。"),
        "in_future": say("还没到，不能算已经办过。"),
        "too_many_days": say("最多{n}天；更长的是长期岗位，不是零工。", n=value),
        "too_far": say("最多提前{n}天。", n=value),
        "after_work": say("不能晚于最后一个工作日。"),
        "bad_phone": say("“{value}”不是电话号码，例如 0972-8522222。", value=value),
        "no_such_station": say("没有编号或名称是“{value}”的站点。", value=value),
        "station_closed": say("站点 {value} 当天不在运营，请换一个。", value=value),
        "no_region": say("请选一个站点或一个地区，只选一样。"),
        "counts_only": say("这一类只登记数字：不写标题、地点和说明，以免记下个人案件。"),
        "nothing_counted": say("至少填一个数。"),
        "not_held_yet": say("办完以后才能填数。"),
    }
    if problem.reason in fixed:
        return fixed[problem.reason]
    return _limit(problem.field or "", problem.reason or "", value)


def _limit(field: str, reason: str, value: Any) -> str:
    if reason == "too_long":
        return say("太长了，最多{n}个字。", n=value)
    if field in {"pay_from", "pay_to"}:
        return say("一天的工钱写 {low} 到 {high} 元。", low=MIN_PAY, high=MAX_PAY)
    if field == "headcount":
        return say("人数写 1 到 {high}。", high=MAX_HEADCOUNT)
    if reason == "too_small":
        return say("“{value}”小于 0；办了多少写多少。", value=value)
    if reason == "too_large":
        return say("“{value}”太大了，最多 {high}。", value=value, high=MAX_COUNT)
    shown = (
        beijing(value)
        if isinstance(value, datetime)
        else value.isoformat()
        if isinstance(value, date)
        else value
    )
    return say("“{value}”写得不对。", value=shown)
