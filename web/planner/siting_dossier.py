"""The dossier of a plan and of each of its sites, to print: whom it serves and when, whose premises, what stands near by,
what was the next best, and what all of it takes for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import render_template

from stations.accounts import ROLES
from stations.errors import NotFound
from stations.models import SitingPlan
from stations.planning.siting import dossier, plans
from stations.planning.siting.dossier import Dossier, SiteDossier
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.i18n import say
from web.planner import siting_words as said
from web.planner import words
from web.planner.page import Regions
from web.planner.siting_plan import shown

__all__ = ["Bars", "site_dossier", "site_sheet"]

_WIDE: Final = 480
_HIGH: Final = 70


@dataclass(frozen=True, slots=True)
class Bars:
    """The hours of a day as bars in a box of 480 by 70: (x, y, width, height, hour), and the largest value."""

    bars: tuple[tuple[float, float, float, float, int], ...]
    most: float


@blueprint.get("/planner/sites/<int:plan_id>/dossier")
@desk_page(*ROLES)
def site_dossier(plan_id: int) -> str:
    """Show a plan with all of its sites, to print."""
    plan = plans.get(db.session(), plan_id)
    return _page(plan, dossier.of_plan(db.session(), plan, now=db.now()))


@blueprint.get("/planner/sites/<int:plan_id>/dossier/<int:order>")
@desk_page(*ROLES)
def site_sheet(plan_id: int, order: int) -> str:
    """Show one site of a plan, to print."""
    plan = plans.get(db.session(), plan_id)
    found = dossier.of_plan(db.session(), plan, now=db.now())
    mine = [site for site in found.sites if site.row["order"] == order]
    if not mine:
        raise NotFound(f"plan {plan_id} has no site number {order}")
    return _page(plan, found, only=mine[0])


def _page(plan: SitingPlan, found: Dossier, *, only: SiteDossier | None = None) -> str:
    regions = Regions.load()
    return render_template(
        "desk/planner_site_dossier.html",
        page=shown(plan, {}, regions),
        dossier=found,
        sites=found.sites if only is None else [only],
        only=only,
        assumptions=[sentence for code in found.assumptions if (sentence := _assumption(code, plan))],
        names=regions.names,
        bars=bars_of,
        runner_up=runner_up_words,
        consent=said.consent_label,
        words=words,
        said=said,
    )


def bars_of(values: Sequence[float]) -> Bars | None:
    """Return the bars of a day; None where the plan did not count the hours."""
    if not values:
        return None
    most, step = max(*values, 1.0), _WIDE / len(values)
    return Bars(
        tuple(
            (
                round(step * hour + 1.5, 1),
                round(_HIGH - _HIGH * value / most, 1),
                round(step - 3, 1),
                round(_HIGH * value / most, 1),
                hour,
            )
            for hour, value in enumerate(values)
        ),
        max(values),
    )


def runner_up_words(row: Mapping[str, Any]) -> str:
    """Say what is the best that could stand in place of a site, and what that would cost."""
    other = row.get("runner_up")
    if not other:
        return say("没有别的候选点能代替它而不违背条件。")
    name, people = other.get("name") or other["key"], other.get("people") or 0.0
    if people <= -0.5:
        return say("次选是“{name}”：换到那里，少覆盖 {n} 人。", name=name, n=f"{-people:,.0f}")
    if people >= 0.5:
        return say("次选是“{name}”：换到那里，多覆盖 {n} 人，别的方面更差。", name=name, n=f"{people:,.0f}")
    return say("次选是“{name}”：换到那里，覆盖的人一样多。", name=name)


def _assumption(code: str, plan: SitingPlan) -> str:
    basis = plan.basis or {}
    return {
        "estimated_ways": say(
            "分钟为估算（直线×系数）：直线距离 × {detour}，没有算河流、山和围墙。",
            detour=f"{basis.get('detour', 1.3):g}",
        ),
        "estimated_demand": say("人口为估算：2020年人口普查的数字摊到地名上，比较粗。"),
        "open_always": say("新站点按全天开放算；场地方的开放时间会使覆盖减少。"),
        "at_a_moment": say(
            "现有站点只算 {moment} 开着的。",
            moment=str(plan.question["reach"].get("at") or "")[:16].replace("T", " "),
        ),
        "bound_is_claimed": say("“没有更好的方案”是求解器的声明；方案本身逐项复算过。"),
        "capacity_is_given": say("一个站点能服务多少人，是提问时给的数，不是测出来的。"),
        "beyond_counts_as_limit": say("搜索范围内没有站点的人，按上限计。"),
        "costs_are_given": say("费用是提问时或候选点名单给的，没有询价。"),
        "costs_unknown": say("有站点没有费用：合计不含它们。"),
        "candidates_bounded": say("候选点太多，只取了所在格子人最多的。"),
        "hosts_unasked": say("有站点还没有得到场地方的同意。"),
    }.get(code, "")
