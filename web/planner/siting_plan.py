"""A finished plan as the value that its pages and its dossier are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from stations.models import SitingPlan
from stations.planning.siting import Problem, SitingQuestion
from stations.planning.siting.adopting import Adopted, adopted
from web import db
from web.i18n import say
from web.planner import siting_words as said
from web.planner import words
from web.planner.page import Regions
from web.planner.siting_chart import Chart, Point, chart
from web.planner.siting_page import View, heads, region_rows, sorted_sites, unit_of
from web.planner.siting_sources import sources
from web.planner.siting_why import Line, why
from web.planner.siting_words import Standing

__all__ = ["Plan", "shown"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a template is given of a plan."""

    plan: SitingPlan
    question: SitingQuestion
    view: View
    standing: Standing
    unit: str
    rows: Sequence[Mapping[str, Any]]
    heads: Sequence[Mapping[str, Any]]
    regions: Sequence[Mapping[str, Any]]
    levels: Sequence[tuple[str, str]]
    points: Sequence[Point]
    chart: Chart | None
    told: Sequence[tuple[str, str]]
    basis: Sequence[str]
    names: Mapping[str, str]
    why: Sequence[Line]
    curve_words: str
    curve_label: str
    alternatives: Sequence[Mapping[str, Any]]
    stability: Mapping[str, Any] | None
    sources: Sequence[str]
    versions: Sequence[tuple[str, str]]
    adopted: Mapping[str, Adopted]
    words: Any = words
    said: Any = said

    @property
    def costs(self) -> bool:
        """Whether sites have a cost."""
        return (self.plan.summary or {}).get("cost") is not None

    def at_level(self, level: str) -> str:
        """Return the address of this view with the regions of another level."""
        return url_for("desk.site_plan", plan_id=self.plan.id, **replace(self.view, level=level).items())

    @property
    def estimated(self) -> bool:
        """Whether minutes or people are an estimate."""
        basis = self.plan.basis or {}
        return bool(basis.get("estimated_ways") or basis.get("estimated_demand"))


def shown(plan: SitingPlan, arguments: Mapping[str, str], regions: Regions) -> Plan:
    """Return a finished plan for an address."""
    question, view = SitingQuestion.of_dict(plan.question), View.read(arguments, plan)
    points, rising = curve(plan), question.problem is not Problem.MEDIAN
    return Plan(
        plan=plan,
        question=question,
        view=view,
        standing=said.standing(plan, unit_of(plan)),
        unit=unit_of(plan),
        rows=sorted_sites(plan, view, regions),
        heads=heads(plan, view),
        regions=region_rows(plan, view.level, regions.names),
        levels=[
            (level, words.level_label(level))
            for level in ("prefecture", "county", "township")
            if level in (plan.regions or {})
        ],
        points=points,
        chart=chart(points, at=len(plan.sites or ()), from_none=rising),
        curve_label=_curve_label(question),
        told=said.question_words(question, regions.names),
        basis=words.basis_words(plan.basis or {}),
        names=regions.names,
        why=why(plan),
        curve_words=_curve_words(plan),
        alternatives=_alternatives(plan),
        stability=_stability(plan),
        sources=sources(db.session(), plan.basis or {}),
        versions=sorted((plan.versions or {}).items()),
        adopted=_adopted(plan.id),
    )


def curve(plan: SitingPlan) -> list[Point]:
    """Return what so many sites reach: as it was searched for each number, else along the order of the plan.

    Of a median, the minutes of a person on average.
    """
    rows = [row for row in (plan.further or {}).get("curve") or () if row.get("objective") is not None]
    if not rows:
        if plan.question.get("problem") in {Problem.MEDIAN, Problem.CENTRE}:
            return []
        return [Point(site["order"], site["cumulative"]) for site in plan.sites or ()]
    people = (plan.summary or {}).get("people")
    each = 60.0 * people if plan.question.get("problem") == Problem.MEDIAN and people else 1.0
    return [
        Point(
            int(row["count"]), row["objective"] / each, None if row["bound"] is None else row["bound"] / each
        )
        for row in rows
    ]


def _curve_label(question: SitingQuestion) -> str:
    if question.problem is Problem.MEDIAN:
        return say("平均路程（分钟）")
    return say("新覆盖的人（按优先权重计）") if question.priority else say("新覆盖的人")


def _curve_words(plan: SitingPlan) -> str:
    if (plan.further or {}).get("curve"):
        return say(
            "每个数目各搜索一次；上面的线是求解器声明的界，两条线之间是还不知道的。前几个最好的，不一定是更多个最好的一部分。"
        )
    return say("这是按本方案的顺序一个一个加上去的；要知道别的数目最好能覆盖多少，请另问。")


def _alternatives(plan: SitingPlan) -> list[dict[str, Any]]:
    """Return the plans that are nearly as good, each with what it changes."""
    own = {site["key"]: _named(site) for site in plan.sites or ()}
    newly = (plan.summary or {}).get("newly") or 0.0
    found = []
    for each in (plan.further or {}).get("alternatives") or ():
        theirs = {site["key"]: _named(site) for site in each["sites"]}
        reached = each.get("newly")
        change = None if reached is None else round(reached - newly)
        found.append(
            {
                "newly": reached,
                "change": "–" if change is None else f"{change:+,}".replace("-", "−") if change else "0",
                "out": [name for key, name in own.items() if key not in theirs],
                "into": [name for key, name in theirs.items() if key not in own],
            }
        )
    return found


def _stability(plan: SitingPlan) -> dict[str, Any] | None:
    told = (plan.further or {}).get("stability")
    if not told:
        return None
    lines = [
        say(
            "每格的人口各自上下浮动（对数标准差 {spread}），重新搜索 {n} 遍，其中 {proven} 遍证明了最优。",
            spread=f"{told['spread']:g}", n=told["runs"], proven=told["proven"],
        )
    ]  # fmt: skip
    if told.get("mean_regret") is not None:
        lines.append(
            say(
                "照旧用这个方案，比当时最好的平均少 {mean}，最多少 {most}。",
                mean=f"{100 * told['mean_regret']:.2g}%",
                most=f"{100 * told['largest_regret']:.2g}%",
            )
        )
    shares = [
        (_named(site), site["chosen_share"])
        for site in plan.sites or ()
        if site.get("chosen_share") is not None
    ]
    return {"lines": lines, "sites": sorted(shares, key=lambda row: -row[1])}


def _adopted(plan_id: int) -> dict[str, Adopted]:
    """Return the stations that sites of a plan became, by key, as far as they were not taken back."""
    return {each.key: each for each in adopted(db.session(), plan_id) if not each.withdrawn}


def _named(site: Mapping[str, Any]) -> str:
    return str(site.get("name") or site["key"])
