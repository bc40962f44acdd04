"""Two plans beside each other: one map with the sites of both, what they share, what each has alone, what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import render_template, request

from stations.accounts import ROLES
from stations.errors import Invalid
from stations.models import SitingPlan
from stations.planning.siting import SitingQuestion, plans
from stations.planning.siting.comparing import compare
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.i18n import say
from web.planner import siting_words as said
from web.planner import words
from web.planner.page import Regions
from web.planner.siting_page import map_of, unit_of

__all__ = ["compare_site_plans"]

_LEVEL: Final = "county"


@blueprint.get("/planner/sites/compare")
@desk_page(*ROLES)
def compare_site_plans() -> str:
    """Show two plans beside each other."""
    pair = [plans.get(db.session(), _number(name)) for name in ("first", "second")]
    found, regions = compare(*pair), Regions.load()
    questions = [SitingQuestion.of_dict(plan.question) for plan in pair]
    told = [dict(said.question_words(question, regions.names)) for question in questions]
    labels = dict.fromkeys([*told[0], *told[1]])
    return render_template(
        "desk/planner_site_compare.html",
        plans=pair,
        standings=[said.standing(plan, unit_of(plan)) for plan in pair],
        figures=_figures(found["summary"]),
        people=found["people"],
        shared=[_row(pair, *keys) for keys in found["shared"]],
        alone=[_alone(pair[0], found["only_first"]), _alone(pair[1], found["only_second"])],
        areas=_areas(found["regions"].get(_LEVEL) or {}, regions.names),
        asked=[
            (label, told[0].get(label, "–"), told[1].get(label, "–"))
            for label in labels
            if told[0].get(label) != told[1].get(label)
        ],
        names=regions.names,
        map=map_of(pair, regions, movable=False),
        words=words,
        said=said,
    )


def _figures(summary: Mapping[str, Any]) -> list[tuple[str, str, str, float | None]]:
    """Return what each brings, and by how much the second brings more."""
    labels = {
        "sites": say("要建的站点"),
        "newly": say("新覆盖的人"),
        "after": say("建成后覆盖的人"),
        "cost": say("合计费用（元）"),
        "beyond": say("谁都够不着的人"),
    }
    rows = [(label, *summary[name]) for name, label in labels.items() if name in summary]
    return [
        (label, words.number(first), words.number(second), change)
        for label, first, second, change in rows
        if first is not None or second is not None
    ]


def _row(pair: list[SitingPlan], first: str, second: str) -> dict[str, Any]:
    sites = [_site(plan, key) for plan, key in zip(pair, (first, second), strict=True)]
    return {"sites": sites, "name": sites[0]["name"] or sites[0]["key"], "region": sites[0]["region"]}


def _site(plan: SitingPlan, key: str) -> Mapping[str, Any]:
    return next(site for site in plan.sites or () if site["key"] == key)


def _alone(plan: SitingPlan, keys: list[str]) -> list[Mapping[str, Any]]:
    return sorted((_site(plan, key) for key in keys), key=lambda site: site["order"])


def _areas(found: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the counties in which the two differ, those that differ most first."""
    rows = [
        {"name": words.title_of(names, code), "first": values[0], "second": values[1], "change": values[2]}
        for code, figures in found.items()
        if (values := figures.get("newly")) and abs(values[2] or 0.0) >= 0.5
    ]
    return sorted(rows, key=lambda row: -abs(row["change"] or 0.0))


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"{name}={text[:40]!r} is no number of a plan", field=name, value=text)
    return int(text)
