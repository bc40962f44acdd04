"""A plan of sites as the values of its page: what is shown of it, its table as sorted, its map, and what it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final

from flask import url_for

from stations import vocabulary
from stations.models import SitingPlan
from stations.planning.siting import Problem, plans
from stations.registry import base_map
from web import db
from web.assets import static_url
from web.ground import EVERYWHERE, base, credits_of_the_map, review_words
from web.i18n import lang, say
from web.maps.lean import when_ready
from web.maps.siting_map import SitingPlans, siting_map
from web.maps.symbols import symbols
from web.pages.words import look_labels
from web.planner.page import Regions

__all__ = ["COLUMNS", "View", "heads", "map_of", "region_rows", "sorted_sites", "unit_of"]

COLUMNS: Final = ("order", "name", "region", "people", "cumulative", "cost", "each", "nearest")
_LEVELS: Final = ("prefecture", "county", "township")
#: Columns that begin with the smallest when somebody sorts by them.
_RISING: Final = {"order", "name", "region", "each"}


@dataclass(frozen=True, slots=True)
class View:
    """What of a plan is shown; it stands in the address."""

    level: str = "county"
    sort: str = "order"
    rising: bool = True

    @classmethod
    def read(cls, arguments: Mapping[str, str], plan: SitingPlan) -> View:
        """Read an address; what it does not understand counts as not said."""
        known = [level for level in _LEVELS if level in (plan.regions or {})]
        level, sort = arguments.get("level", "county"), arguments.get("sort", "order")
        sort = sort if sort in COLUMNS else "order"
        rising = {"1": True, "0": False}.get(arguments.get("rising", ""), sort in _RISING)
        return cls(level if level in known else known[-1] if known else "county", sort, rising)

    def items(self) -> dict[str, Any]:
        """Return the names and values that spell this view in an address; what is usual is not said."""
        told: dict[str, Any] = {"level": self.level} if self.level != "county" else {}
        if self.sort != "order":
            told["sort"] = self.sort
        if self.rising != (self.sort in _RISING):
            told["rising"] = "1" if self.rising else "0"
        return told

    def sorted_by(self, column: str) -> View:
        """Return the view after a click on the head of a column: by it, or turned round."""
        if column == self.sort:
            return replace(self, rising=not self.rising)
        return replace(self, sort=column, rising=column in _RISING)


def unit_of(plan: SitingPlan) -> str:
    """Return what the objective of a plan is counted in."""
    unit = plans.unit_of(plan)
    if unit == "weighted" and plan.question.get("problem") == Problem.BACKUP:
        return say("人（有第二个站点）")
    return {
        "people": say("人"),
        "weighted": say("人（按优先权重计）"),
        "money": say("元"),
        "sites": say("个站点"),
        "seconds": say("秒"),
        "person_seconds": say("人·秒"),
    }[unit]


def sorted_sites(plan: SitingPlan, view: View, regions: Regions) -> list[dict[str, Any]]:
    """Return the sites of a plan with the cost of each person, in the order of a view; what is unknown stands last."""
    rows = [
        {
            **site,
            "each": site["cost"] / site["people"] if site["cost"] is not None and site["people"] else None,
            "region_name": regions.names.get(site["region"], site["region"]),
        }
        for site in plan.sites or ()
    ]
    column = {"nearest": "nearest_s", "region": "region_name"}.get(view.sort, view.sort)

    def key(row: Mapping[str, Any]) -> Any:
        value = row[column]
        if column in {"name", "region_name"}:
            return value or row["key"]
        if value is None:
            return inf if view.rising else -inf
        return value

    return sorted(rows, key=key, reverse=not view.rising)


def heads(plan: SitingPlan, view: View) -> list[dict[str, Any]]:
    """Return the heads of the table of sites, each with the address that sorts by it."""
    labels = {
        "order": say("序"),
        "name": say("候选点"),
        "region": say("区域"),
        "people": say("新覆盖"),
        "cumulative": say("累计"),
        "cost": say("费用（元）"),
        "each": say("每人费用"),
        "nearest": say("最近的现有站点"),
    }
    return [
        {
            "column": column,
            "label": labels[column],
            "url": url_for("desk.site_plan", plan_id=plan.id, **view.sorted_by(column).items()),
            "sorted": None if view.sort != column else "ascending" if view.rising else "descending",
        }
        for column in COLUMNS
        if column not in {"cost", "each"} or (plan.summary or {}).get("cost") is not None
    ]


def region_rows(plan: SitingPlan, level: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the regions of a level, those that gain most first; without those in which nothing changes and nobody is."""
    rows = [
        {**figures, "code": code, "name": names.get(code) or code or say("不在任何区域内")}
        for code, figures in ((plan.regions or {}).get(level) or {}).items()
        if figures["people"] >= 0.5 or figures["sites"]
    ]
    return sorted(rows, key=lambda row: (-row["newly"], -row["people"], row["code"]))


def map_of(shown: Sequence[SitingPlan], regions: Regions, *, movable: bool) -> dict[str, Any]:
    """Return the pieces of the map of a plan, or of two, as a template puts them into its page."""
    first = shown[0]
    question = first.question["reach"]
    focus = regions.bounds.get(question.get("region") or "")
    drawn = siting_map(
        base_map.extent(db.session()) or EVERYWHERE,
        SitingPlans(
            plans=[
                {"number": plan.id, "url": url_for("desk.site_json", plan_id=plan.id), "title": plan.title}
                for plan in shown
            ],
            stations=url_for("pages.stations_json"),
            station=url_for("finder.station_page", code="CODE"),
            moment=question.get("at"),
            loss=url_for("desk.site_loss", plan_id=first.id) if movable else None,
            focus=None if focus is None else list(focus),
        ),
        symbols=symbols(
            look_labels(),
            {term.code: term.label(lang()) for term in vocabulary.KINDS.values()},
            sprite=static_url("icons.svg"),
        ),
        words=script_words(),
        label=say("{title}的地图", title=say("、").join(plan.title for plan in shown)),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    )
    parts = drawn.parts()
    return {
        "html": parts.html,
        "start": when_ready(parts.script),
        "styles": parts.styles,
        "scripts": parts.scripts,
    }


def script_words() -> dict[str, object]:
    """Return every sentence that the scripts of the map say."""
    return {
        "failed": say("服务器没有给出可用的回答，请稍后再试。"),
        "offline": say("连不上服务器，请检查网络。"),
        "unknown": say("未知"),
        "to_station": say("看站点"),
        "not_chosen": say("候选点，没有选上。"),
        "site": say("第 {n} 个：{name}，新覆盖 {people} 人"),
    }
