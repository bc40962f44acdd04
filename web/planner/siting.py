"""The pages of siting: the plans that are kept with the form for a new one, one of them as map and tables, its progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.accounts import ROLES
from stations.models import SitingPlan
from stations.planning import layers, programmes
from stations.planning.siting import SitingQuestion, candidate_lists, plans
from stations.registry import base_map
from stations.registry.areas import Areas
from web import db
from web.desk import import_words
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import lang
from web.planner import siting_form, siting_work
from web.planner import siting_words as said
from web.planner.page import Regions
from web.planner.siting_drawing import drawn
from web.planner.siting_form import Choices, Filled
from web.planner.siting_page import map_of
from web.planner.siting_plan import shown
from web.planner.siting_why import refused
from web.planner.siting_words import staff_names

__all__ = ["choices", "new_site_plan", "site_json", "site_plan", "site_plans"]

Answer = AnyResponse | tuple[str, int] | str
_POINTS: Final = "points"


@blueprint.get("/planner/sites")
@desk_page(*ROLES)
def site_plans() -> str:
    """Show the plans that are kept, and the form for a new one; ``like`` fills it with what another asked."""
    number = request.args.get("like", "")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        plan = plans.get(db.session(), int(number))
        names = Regions.load().names
        question = SitingQuestion.of_dict(plan.question)
        filled = siting_form.like(question, plan.title, choices(), names, db.now())
        return _list(siting_form.insisting(filled, request.args.get("as", ""), request.args.getlist("site")))
    return _list(siting_form.fresh(db.now()))


@blueprint.post("/planner/sites/new")
@desk_page("planner", "administrator")
def new_site_plan() -> Answer:
    """Note a plan and let the worker search for it."""
    filled = siting_form.read(request.form, choices(), Areas.load(db.session()))
    if filled.question is None:
        return _list(filled), 400
    with db.writing() as writing:
        plan, _ = siting_work.ask_plan(
            writing,
            filled.question,
            title=filled.title,
            actor=current().id,
            note=filled.values["note"] or None,
        )
        plan_id = plan.id
    return redirect(url_for("desk.site_plan", plan_id=plan_id), 303)


@blueprint.get("/planner/sites/<int:plan_id>")
@desk_page(*ROLES)
def site_plan(plan_id: int) -> str:
    """Show a plan: its map and its tables, or how far its search is."""
    plan = plans.get(db.session(), plan_id)
    asked_by = staff_names(db.session(), {plan.asked_by}).get(plan.asked_by, "")
    if plan.finished_at is None:
        work = siting_work.standing(db.session(), plan)
        return render_template(
            "desk/planner_site_waiting.html",
            plan=plan,
            work=work,
            said=import_words,
            asked_by=asked_by,
            trouble=refused(work.error or "") if work is not None else [],
            told=said.question_words(SitingQuestion.of_dict(plan.question), Regions.load().names),
        )
    regions = Regions.load()
    page = shown(plan, request.args, regions)
    return render_template(
        "desk/planner_site.html",
        page=page,
        asked_by=asked_by,
        map=map_of([plan], regions, movable=True) if plan.sites else None,
    )


@blueprint.get("/planner/sites/<int:plan_id>/map.json")
@desk_page(*ROLES)
def site_json(plan_id: int) -> Response:
    """Answer with what the map of a plan draws."""
    return Response(orjson.dumps(drawn(plans.get(db.session(), plan_id))), mimetype="application/json")


def choices() -> Choices:
    """Return what the form may name."""
    session = db.session()
    known = layers.listed(session)
    going = [one for one in programmes.listed(session) if one.closed_on is None]
    return Choices(
        regions={area.code: name_in(area.names) for area in base_map.regions(session)},
        layers={str(layer.id): layer.name for layer in known},
        points={str(layer.id): layer.name for layer in known if layer.form == _POINTS},
        lists={str(one.id): one.name for one in candidate_lists.listed(session)},
        programmes={one.code: programmes.counted_kinds(one) for one in going},
        priorities={
            one.code: [(each.region, each.weight) for each in programmes.priority_areas(session, one)]
            for one in going
        },
    )


def _list(filled: Filled) -> str:
    session, offered = db.session(), choices()
    kept = plans.listed(session)
    return render_template(
        "desk/planner_sites.html",
        lines=[_line(plan) for plan in kept],
        finished=[plan for plan in kept if plan.finished_at is not None and plan.status != "infeasible"],
        people=staff_names(session, {plan.asked_by for plan in kept}),
        names=Regions.load().names,
        filled=filled,
        choices=offered,
        layers=layers.listed(session),
        kinds={code: term.label(lang()) for code, term in vocabulary.KINDS.items()},
        amenities={code: term.label(lang()) for code, term in vocabulary.AMENITIES.items()},
        programmes=[(one.code, one.title) for one in programmes.listed(session) if one.closed_on is None],
        said=import_words,
        words=said,
    )


def _line(plan: SitingPlan) -> Mapping[str, Any]:
    tag, look = said.state_tag(plan)
    return {
        "plan": plan,
        "tag": tag,
        "look": look,
        "problem": said.problem_label(plan.question.get("problem", "maximal")),
        "work": siting_work.standing(db.session(), plan),
    }
