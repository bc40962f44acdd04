"""What the pages of programmes call things: states, columns, ways of counting, and what is wrong with what was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from stations import vocabulary
from stations.editing.checks import BadFields
from stations.errors import Invalid
from web.desk.editing_words import datum_names
from web.i18n import lang, say

__all__ = [
    "columns",
    "datum_names",
    "field_label",
    "how_label",
    "kind_labels",
    "level_label",
    "mend_problem",
    "number",
    "problem_label",
    "share",
    "standing_label",
    "state_label",
    "target_label",
    "verdict_label",
    "wrong",
    "yuan",
]  # fmt: skip


def field_label(field: str) -> str:
    """Return what a field of a programme is called."""
    return {
        "code": say("编号"),
        "title": say("名称"),
        "regions": say("区域"),
        "targets": say("分到各区域的数目"),
        "areas": say("优先布点的区域"),
        "year": say("年份"),
        "starts": say("开始日期"),
        "due": say("完成期限"),
        "tag": say("标签"),
        "standard": say("达标标准"),
        "standard_source": say("标准的出处"),
        "kinds": say("算数的站点种类"),
        "target": say("目标数"),
        "target_is": say("目标怎么算"),
        "base": say("开始时已开放"),
        "budget_yuan": say("预算（元）"),
        "committed_yuan": say("已签约（元）"),
        "spent_yuan": say("已支出（元）"),
        "owner": say("牵头单位"),
        "note": say("方案说明"),
    }[field]


def target_label(code: str) -> str:
    """Return what a target counts."""
    return {
        "total": say("区域内这些种类的站点总共开放多少个"),
        "tagged": say("只数纳入本方案的站点"),
    }[code]


def level_label(level: str) -> str:
    """Return what the rows of the table are."""
    return {
        "own": say("方案的区域"),
        "prefecture": say("市州"),
        "county": say("区县"),
        "township": say("乡镇"),
    }[level]


def columns() -> list[tuple[str, str]]:
    """Return the columns of the table by region and what they are called."""
    return [
        ("name", say("区域")),
        ("target", say("目标")),
        ("open", say("已开放")),
        ("share", say("完成")),
        ("unplaced", say("未落实")),
        ("building", say("在建")),
        ("planned", say("已规划")),
        ("suspended", say("暂停")),
        ("over", say("超额")),
        ("late", say("逾期")),
    ]


def state_label(state: str) -> str:
    """Return what a state of a station is called."""
    return vocabulary.LIFECYCLE[state].label(lang())


def kind_labels(kinds: Iterable[str]) -> str:
    """Return the names of kinds, one after the other."""
    return say("、").join(vocabulary.KINDS[kind].label(lang()) for kind in kinds)


def standing_label(standing: str) -> str:
    """Return what a township has."""
    return {
        "open": say("已开放"),
        "suspended": say("暂停"),
        "building": say("在建"),
        "planned": say("已规划"),
        "none": say("还没有"),
        "unknown": say("没有位置，不知道"),
    }[standing]


def how_label(how: str, metres: int | None) -> str:
    """Return how it is known that a station is a township's."""
    return {
        "hand": say("人工指定"),
        "code": say("按代码"),
        "name": say("按名称或地址"),
        "near": say("估算：直线 {n} 米", n=f"{metres or 0:,}"),
    }[how]


def verdict_label(verdict: str) -> str:
    """Return what putting a station into a programme would do."""
    return {
        "new": say("将纳入"),
        "member": say("已在方案内"),
        "outside_region": say("不在方案的区域内"),
        "other_kind": say("种类不算数"),
        "closed": say("已关闭"),
        "withdrawn": say("已撤下"),
        "not_yours": say("不在您规划的区域内"),
        "unknown": say("没有这个编号"),
    }[verdict]


def problem_label(problem: str) -> str:
    """Return why a township or a row of points waits for a person."""
    return {
        "no_name": say("没有名称"),
        "bad_code": say("代码不是九位数字"),
        "no_county": say("不知道在哪个县"),
        "county_differs": say("代码和县名对不上"),
        "outside_programme": say("不在方案的区域内"),
        "twice": say("重复"),
        "bad_point": say("坐标不可用"),
        "point_elsewhere": say("坐标落在别的县"),
        "no_point": say("没有坐标"),
        "not_listed": say("名单里没有这个乡镇"),
        "other_county": say("同名乡镇在别的县"),
        "ambiguous": say("可能是几个乡镇中的一个"),
        "code_and_name_differ": say("代码和名称对不上"),
        "has_point": say("这个乡镇已经有位置"),
    }[problem]


def mend_problem(error: Invalid) -> str:
    """Say why a row could not be settled by hand."""
    return {
        "point_elsewhere": say("这个坐标不在这个乡镇所属的县内，请检查经纬度的顺序和坐标系。"),
        "no_county": say("请选方案区域内的一个县。"),
        "needed": say("请把需要的内容填全。"),
    }.get(error.reason or "", say("不能这样处理：{why}", why=str(error)))


def wrong(error: Invalid) -> dict[str, str]:
    """Say what is wrong, field by field."""
    problems = error.problems if isinstance(error, BadFields) else (error,)
    told: dict[str, list[str]] = {}
    for one in problems:
        sentences = told.setdefault(one.field or "", [])
        sentence = _sentence(one)
        if sentence not in sentences:
            sentences.append(sentence)
    return {name: " ".join(sentences) for name, sentences in told.items()}


def _sentence(error: Invalid) -> str:
    value = error.value if isinstance(error.value, str | int | float | date) else ""
    shown = str(value)[:60]
    sentence = {
        ("targets", "sum"): say("各区域合计 {n}，超过了目标数。", n=shown),
        ("areas", "reason"): say("{code}：请写明为什么优先。", code=shown),
        ("areas", "weight"): say("权重要大于0，不超过100。"),
        ("standard", "needed"): say("写了出处，也要写标准的名称。"),
    }.get((error.field or "", error.reason or ""))
    return (
        sentence
        or {
            "needed": say("这一项必须填写。"),
            "code": say("编号用1到40个字母、数字、点、连字符或下划线，例如 QH-2024-200。"),
            "too_long": say("最多{n}个字。", n=shown),
            "not_known": say("“{value}”不在可选的内容里。", value=shown),
            "target": say("目标数至少是1。"),
            "base": say("开始时的数目要小于目标数。"),
            "money": say("金额写0或更大的数，单位是元。"),
            "year": say("年份要在2000年到2100年之间。"),
            "days_swapped": say("完成期限早于开始日期。"),
            "no_region": say("登记里没有“{value}”这个区域。", value=shown),
            "outside": say("“{value}”不在方案的区域内。", value=shown),
            "twice": say("有区域写了两次。"),
            "nested": say("“{value}”包含在另一个写了的区域里，请只留一个。", value=shown),
            "number": say("“{value}”不是可用的数字。", value=shown),
            "day": say("“{value}”不是日期，请写成 2026-05-01。", value=shown),
            "line": say("“{value}”看不懂，请一行写一个区域。", value=shown),
            "outside_region": say("这里不在方案的区域内。"),
            "outside_province": say("位置在本省以外，请检查经纬度的顺序和坐标系。"),
            "at_sea": say("位置不在中国大陆的陆地上，请检查经纬度的顺序和坐标系。"),
            "other_kind": say("方案不算这个种类。"),
            "not_on_earth": say("这个坐标不在地球上；经度在前，单位是度。"),
            "half": say("经度和纬度要一起填。"),
        }.get(error.reason or "")
        or say("这一项写得不对。")
    )


def number(value: int | None) -> str:
    """Write a number of stations; a dash where nobody knows or none is set."""
    return "–" if value is None else f"{value:,}"


def share(value: float | None) -> str:
    """Write a share of a target, never 100 % before it is met."""
    if value is None:
        return "–"
    return f"{int(100 * value)}%"


def yuan(value: Decimal | None) -> str:
    """Write an amount; a dash where none was given."""
    return "–" if value is None else f"{value:,.2f}".removesuffix(".00")
