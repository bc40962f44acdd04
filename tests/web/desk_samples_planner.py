"""Sample requests of the planner's pages, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk_samples import Sample, World
from planner_fixtures import add_people, made

FORM = {
    "title": "样本", "region": "", "mode": "walk", "limits": "15", "main": "15", "timed": "", "date": "", "hour": "12",
    "unknown": "include", "size_m": "1000", "detour": "1.3",
}  # fmt: skip


def run(world: World, **more: Any) -> Mapping[str, Any]:
    """Keep a run that is done, made by the operator."""
    add_people(world.session)
    return {"run_id": made(world.session, "样本").id, **more}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/planner/runs"): Sample(form=FORM, ok=(303,)),
    ("GET", "/desk/planner/runs/<int:run_id>"): Sample(values=run, ok=(200,)),
    ("GET", "/desk/planner/runs/<int:run_id>/map.json"): Sample(values=run, ok=(200,)),
    ("GET", "/desk/planner/runs/<int:run_id>/cells/<int:zoom>/<int:x>/<int:y>.png"): Sample(
        values=lambda world: run(world, zoom=3, x=6, y=3), ok=(200,)
    ),
    ("GET", "/desk/planner/runs/<int:run_id>/cell.json"): Sample(
        values=run, query={"lon": "102.1", "lat": "36.6"}, ok=(200,)
    ),
    (
        "GET",
        "/desk/planner/runs/<int:run_id>.<any('gpkg', 'shp.zip', 'geojson', 'csv', 'xlsx'):form>",
    ): Sample(values=lambda world: run(world, form="csv"), ok=(200,)),
    ("GET", "/desk/planner/runs/<int:run_id>/report"): Sample(values=run, ok=(200,)),
    ("GET", "/desk/planner/runs/<int:run_id>/picture.svg"): Sample(values=run, ok=(200,)),
    ("GET", "/desk/planner/compare"): Sample(query={"first": "1", "second": "1"}, ok=(200, 404)),
    **{
        (method, "/desk/planner/runs/<int:run_id>/<any('publish', 'withdraw', 'remove'):act>"): Sample(
            values=lambda world: run(world, act="publish"), form={"reason": "样本"}
        )
        for method in ("GET", "POST")
    },
}
