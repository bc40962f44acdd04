"""What the pages of siting call things: problems, sources of candidates, how sure a plan is, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import SitingPlan, Staff
from stations.planning.siting import SitingQuestion
from web.i18n import say
from web.planner import words

__all__ = [
    "Standing",
    "amount",
    "consent_label",
    "each_label",
    "figure",
    "minutes",
    "problem_label",
    "question_words",
    "source_label",
    "staff_names",
    "standing",
    "state_tag",
    "yuan",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """How sure a plan is. tag: a few words; look: the class of its badge; claim: what the solver says; sure: in how far."""

    tag: str
    look: str
    claim: str
    figures: tuple[tuple[str, str], ...] = ()


def problem_label(code: str) -> str:
    """Return what a problem is called."""
    return {
        "maximal": say("新增的站点覆盖最多的人"),
        "least": say("用最少的站点（或钱）覆盖所有够得着的人"),
        "backup": say("让最多的人有两个站点可选"),
        "capacitated": say("每个站点只能服务有限的人，覆盖最多的人"),
        "median": say("所有人到最近站点的平均路程最短"),
        "centre": say("最远的人到最近站点的路程最短"),
    }[code]


def source_label(code: str) -> str:
    """Return what a source of candidates is called."""
    return {
        "places": say("地名（村、镇、街区）"),
        "planned": say("登记里规划中的站点"),
        "layer": say("一个点图层：社区大厅、合作单位、公交站"),
        "cells": say("人口最多的格子中心"),
        "list": say("候选点名单：带费用、场地和同意情况"),
    }[code]


def each_label(level: str) -> str:
    """Return what it is called that every region of a level gets a station."""
    return {
        "prefecture": say("每个市州至少一个"),
        "county": say("每个区县至少一个"),
        "township": say("每个乡镇至少一个"),
    }[level]


def state_tag(plan: SitingPlan) -> tuple[str, str]:
    """Return the badge of a plan with its class: never more than its numbers bear out."""
    gap = (plan.summary or {}).get("gap")
    share = None if gap is None else say("差距不超过 {n}", n=percent_up(gap))
    match plan.status:
        case "optimal":
            return say("已证明最优"), "is-good"
        case "gap":
            return share or say("有差距"), ""
        case "infeasible":
            return say("无解"), "is-warn"
        case "stopped":
            return (say("已停止") if share is None else say("已停止，{gap}", gap=share)), "is-warn"
    return say("没有结果"), "is-off"


def standing(plan: SitingPlan, unit: str) -> Standing:
    """Say how sure a finished plan is; the bound is the solver's claim and is called so. unit: of the objective."""
    tag, look = state_tag(plan)
    summary: Mapping[str, Any] = plan.summary or {}
    objective, bound, gap = (summary.get(name) for name in ("objective", "bound", "gap"))
    if plan.status == "infeasible":
        return Standing(tag, look, say("所问的条件互相矛盾，没有任何方案能同时满足。"))
    claim = {
        "optimal": say("求解器声明：没有更好的方案。"),
        "gap": say("求解器声明：没有方案比这个好过允许的差距。"),
        "stopped": say("到了时限，没有证明到底：可能还有更好的方案。"),
    }.get(plan.status or "", "")
    if objective is None:
        return Standing(tag, look, say("到了时限，一个方案也没有找到。给更多时间，或者放宽条件。"))
    figures = [(say("这个方案"), f"{figure(objective)} {unit}")]
    if bound is not None:
        figures.append((say("求解器声明的界"), f"{figure(bound)} {unit}"))
        figures.append((say("差距不超过"), percent_up(gap or 0.0)))
    return Standing(tag, look, claim, tuple(figures))


def percent_up(share: float) -> str:
    """Write a gap, rounded up to a hundredth of a percent: a plan is never told to be nearer than is known."""
    return f"{ceil(10_000 * share - 1e-9) / 100:g}%"


def figure(value: float | None) -> str:
    """Write people, what they count for, or money: small numbers as they are, large ones whole."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.6g}"


def amount(value: float | None) -> str:
    """Write money as planners do: whole yuan."""
    return "–" if value is None else f"{value:,.0f}"


def yuan(value: float | None) -> str:
    """Write the price of one person newly reached."""
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:,.2f}"


def minutes(seconds: float | None) -> str:
    """Write minutes whole and rounded up; a dash where no way leads there."""
    return "–" if seconds is None else f"{ceil(seconds / 60):,}"


def staff_names(session: Session, ids: set[int]) -> dict[int, str]:
    """Return what members of staff are called, by their numbers."""
    rows = session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids)))
    return {row.id: row.display_name for row in rows}


def consent_label(consent: str | None) -> str:
    """Return what a host says; nobody asked is undecided."""
    return {"given": say("同意"), "asked": say("待答复"), "refused": say("不同意")}.get(
        consent or "", say("未定")
    )


def question_words(question: SitingQuestion, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell what was asked, as labels and values."""
    reach = dict(words.question_words(question.reach, names))
    reach.pop(say("时限（分钟）"), None)

    def regions(pairs: Sequence[tuple[str, float]], sign: str) -> str:
        return say("、").join(f"{names.get(code, code)} {sign}{value:g}" for code, value in pairs)

    told = [
        (say("问题"), problem_label(str(question.problem))),
        (say("要建的站点"), say("最多 {n} 个", n=f"{question.count:,}") if question.count else ""),
        (say("预算"), "" if question.budget is None else say("{n} 元", n=amount(question.budget))),
        (say("每个站点的费用"), "" if question.cost is None else say("{n} 元", n=amount(question.cost))),
        (say("另有费用的候选点"), say("{n} 个", n=len(question.costs)) if question.costs else ""),
        (say("候选点"), _offer(question)),
        (say("站点间距"), say("{n} 米", n=f"{question.spacing_m:,.0f}") if question.spacing_m else ""),
        (say("优先的区域"), regions(question.priority, "× ")),
        (say("至少几个站点"), regions(question.floors, "≥ ")),
        (say("每个区域"), each_label(question.each) if question.each else ""),
        (say("必须选的"), say("、").join(question.must)),
        (say("不能选的"), say("、").join(question.must_not)),
        *reach.items(),
        (
            say("没有站点的人算作"),
            "" if question.beyond_min is None else say("{n}分钟", n=f"{question.beyond_min:g}"),
        ),
        (say("只有一个站点的人"), say("按 {n} 计", n=f"{100 * question.once:g}%") if question.once else ""),
        (say("够得着的人"), say("都要有站点") if question.everybody else ""),
        (say("新站点能服务"), "" if question.holds is None else say("{n} 人", n=amount(question.holds))),
        (
            say("现有站点能服务"),
            "" if question.stations_hold is None else say("{n} 人", n=amount(question.stations_hold)),
        ),
        (say("最多搜索"), say("{n} 秒", n=f"{question.seconds:g}")),
        (say("允许的差距"), f"{100 * question.gap:g}%"),
        (say("随机种子"), str(question.seed)),
    ]
    return [(label, value) for label, value in told if value]


def _offer(question: SitingQuestion) -> str:
    offer = question.offer
    label = source_label(str(offer.source))
    named = label if offer.layer is None else say("{label}：{name}", label=label, name=offer.layer)
    return say("{source}，最多 {n} 个", source=named, n=f"{offer.most:,}")
