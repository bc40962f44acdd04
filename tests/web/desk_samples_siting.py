"""Sample requests of the pages of siting, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk_samples import Sample, World

from stations.models import SitingPlan
from tests.web.desk_siting_fixtures import planned
from tests.web.planner_fixtures import add_people

#: The least that a form says.
FORM = {
    "problem": "maximal:count",
    "count": "1",
    "region": "",
    "minutes": "15",
    "mode": "walk",
    "offer": "places",
}


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
