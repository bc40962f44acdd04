"""Sample requests of the pages of siting, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from desk_samples import Sample, World

from geo.datum import Datum
from stations.models import SitingPlan
from stations.planning.siting import candidate_lists
from stations.registry.writing import acting
from tests.web.desk_siting_fixtures import planned
from tests.web.planner_fixtures import NOON, add_people

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


def halls(world: World) -> Mapping[str, Any]:
    """Keep a list of one candidate, made by the operator."""
    number = world.number()
    with TemporaryDirectory() as folder, acting(world.session, world.operator, reason="sample"):
        path = Path(folder) / "halls.csv"
        path.write_text("编号,名称,经度,纬度\nA1,大厅,101.5,36.6\n", encoding="utf-8")
        kept = candidate_lists.add(
            world.session, path, name=f"大厅{number}", datum=Datum.WGS84, actor=world.operator, now=NOON
        )
    return {"list_id": kept.id}


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
    ("POST", "/desk/planner/candidates/new"): Sample(ok=(400,)),
    ("GET", "/desk/planner/candidates/<int:list_id>"): Sample(values=halls, ok=(200,)),
    ("POST", "/desk/planner/candidates/<int:list_id>/remove"): Sample(values=halls, ok=(303,)),
}
