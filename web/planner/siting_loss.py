"""Why this site and not that: what a plan loses where one of its sites stands elsewhere, or nowhere; the plan stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import current_app, render_template, request

from stations.accounts import ROLES
from stations.errors import Invalid, NotFound
from stations.models import SitingPlan
from stations.planning.siting import SitingQuestion, plans
from stations.planning.siting.losing import Loss, loss
from stations.planning.siting.nearby import Nearby, nearby
from stations.planning.ways import for_question
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.i18n import say
from web.planner import words
from web.settings import Settings

__all__ = ["Told", "site_loss", "told_of"]

_OUT: Final = "-"
_LONGEST_KEY: Final = 120


@dataclass(frozen=True, slots=True)
class Told:
    """What the panel shows. site: the one that is asked about, None at first; to: the key or the words of the place where it
    would stand; loss: what that costs; others: candidates near it that were not chosen; words: sentences about it."""

    site: Mapping[str, Any] | None = None
    to: str = ""
    place: str = ""
    loss: Loss | None = None
    others: Sequence[Nearby] = ()
    runner_up: Mapping[str, Any] | None = None
    breaks: Sequence[str] = ()


@blueprint.get("/planner/sites/<int:plan_id>/loss")
@desk_page(*ROLES)
def site_loss(plan_id: int) -> str:
    """Tell what a plan loses without ``site``, or with it at ``to`` (a candidate) or at ``lon``, ``lat``."""
    plan = plans.get(db.session(), plan_id)
    plans.arrays_of(plan)  # raises Conflict before there is an answer
    return render_template("desk/planner_site_loss.html", plan=plan, told=told_of(plan), words=words)


def told_of(plan: SitingPlan) -> Told:
    """Answer the question that the address asks of a plan."""
    key = request.args.get("site", "")
    site = next((site for site in plan.sites or () if site["key"] == key), None)
    if site is None:
        if key:
            raise NotFound(f"plan {plan.id} has no site {key[:_LONGEST_KEY]!r}")
        return Told()
    others = nearby(plan, key)
    to = request.args.get("to", "") or _OUT
    place = _place()
    question = SitingQuestion.of_dict(plan.question)
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    found = loss(
        plan,
        key,
        place if place is not None else None if to == _OUT else to,
        ways=for_question(question.reach, settings.streets),
    )
    return Told(
        site=site,
        to="" if place is not None else to,
        place=_words(others, to, place),
        loss=found,
        others=others,
        runner_up=site.get("runner_up"),
        breaks=[_broken(code) for code in found.breaks],
    )


def _place() -> tuple[float, float] | None:
    """Return the place that the address names. Raises Invalid for one that is none."""
    lon, lat = request.args.get("lon", ""), request.args.get("lat", "")
    if not lon and not lat:
        return None
    try:
        place = float(lon), float(lat)
    except ValueError:
        place = (float("nan"), float("nan"))
    if not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
        raise Invalid(
            f"lon={lon[:20]!r}, lat={lat[:20]!r} is no place: longitude first, in degrees", field="lon"
        )
    return place


def _words(others: Sequence[Nearby], to: str, place: tuple[float, float] | None) -> str:
    if place is not None:
        return say("{lon}, {lat}", lon=f"{place[0]:.4f}", lat=f"{place[1]:.4f}")
    if to == _OUT:
        return ""
    return next((other.name or other.key for other in others if other.key == to), to)


def _broken(code: str) -> str:
    """Say which wish of the question a place would break."""
    return {
        "spacing": say("那里离别的站点不到要求的间距。"),
        "barred": say("那个候选点不能选。"),
        "chosen": say("那里已经是这个方案的站点。"),
        "outside": say("那里不在所问的区域内。"),
        "must": say("这个站点是必须选的。"),
        "floor": say("那样有区域达不到要求的数目。"),
        "budget": say("那样会超出预算。"),
    }.get(code, say("那样不符合所问的条件：{code}", code=code))
