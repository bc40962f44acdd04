"""Sample requests of the pages of siting, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from desk_samples import Sample, World
from planner_fixtures import NOON, add_people
from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.models import Programme, SitingPlan
from stations.planning import CoverageQuestion, programmes
from stations.planning.programmes import Plan
from stations.planning.siting import Offer, SitingQuestion, Source, plans, propose
from stations.registry.writing import OPERATOR, acting, actor_id

#: The people of 城东区, whom no station reaches, stand at a place of their own; a site there reaches them all.
FORM = {
    "problem": "maximal:count",
    "count": "1",
    "region": "",
    "minutes": "15",
    "mode": "walk",
    "offer": "places",
}


def planned(session: Session, title: str = "样本", *, actor: int | None = None, **asked: Any) -> SitingPlan:
    """Search a plan of the people of ``planner_fixtures`` and keep it: one site, at 城东区, unless more is asked."""
    reach = CoverageQuestion(limits_min=(15,), size_m=1_000.0, **asked.pop("reach", {}))
    wanted: dict[str, Any] = {"reach": reach, "count": 1, "offer": Offer(Source.PLACES), "seconds": 10.0}
    question = SitingQuestion(**wanted | asked)
    writer = actor_id(session, OPERATOR) if actor is None else actor
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(session, writer, reason="a plan"):
        plan = plans.ask(session, question, title=title, actor=writer)
        found = propose(session, question, now=NOON)
        return plans.finish(
            session, plan.id, found, now=NOON.astimezone(SHANGHAI) + timedelta(seconds=1), seconds=0.5
        )


def programme(
    session: Session, code: str = "SITES", regions: tuple[str, ...] = ("630222", "630102")
) -> Programme:
    """Return a programme that sites can be taken into."""
    known = session.query(Programme).filter_by(code=code).one_or_none()
    return known or programmes.add(
        session, Plan(code, "选址样本方案", regions, 2026, 5), actor=actor_id(session, OPERATOR)
    )


def plan(world: World, **more: Any) -> Mapping[str, Any]:
    """Return a plan that has its answer, made by the operator; once, for searching takes its time."""
    add_people(world.session)
    kept = (
        world.session.query(SitingPlan)
        .filter_by(title="样本")
        .filter(SitingPlan.finished_at.is_not(None))
        .first()
    )
    return {"plan_id": (kept or planned(world.session)).id, **more}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/planner/sites/new"): Sample(form=FORM, ok=(303,)),
    ("GET", "/desk/planner/sites/<int:plan_id>"): Sample(values=plan, ok=(200,)),
    ("GET", "/desk/planner/sites/<int:plan_id>/map.json"): Sample(values=plan, ok=(200,)),
    ("GET", "/desk/planner/sites/<int:plan_id>/loss"): Sample(values=plan, ok=(200,)),
    ("GET", "/desk/planner/sites/<int:plan_id>/dossier"): Sample(values=plan, ok=(200,)),
    ("GET", "/desk/planner/sites/<int:plan_id>/dossier/<int:order>"): Sample(
        values=lambda world: plan(world, order=1), ok=(200,)
    ),
    ("GET", "/desk/planner/sites/<int:plan_id>/picture.svg"): Sample(values=plan, ok=(200,)),
    ("GET", "/desk/planner/sites/compare"): Sample(query={"first": "1", "second": "1"}, ok=(200, 404)),
    (
        "GET",
        "/desk/planner/sites/<int:plan_id>.<any('gpkg', 'shp.zip', 'geojson', 'csv', 'xlsx'):form>",
    ): Sample(values=lambda world: plan(world, form="csv"), ok=(200,)),
    ("GET", "/desk/planner/sites/<int:plan_id>/adopt"): Sample(values=plan, ok=(200,)),
    # Without a site nothing is asked for, whoever asks.
    ("POST", "/desk/planner/sites/<int:plan_id>/adopt"): Sample(values=plan, ok=(400,)),
    **{
        (method, "/desk/planner/sites/<int:plan_id>/<any('rename', 'remove'):act>"): Sample(
            values=lambda world: plan(world, act="rename"), form={"title": "样本"}
        )
        for method in ("GET", "POST")
    },
}
