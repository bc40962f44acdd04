"""Sample requests of the pages of programmes, for the matrix of roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk_samples import Sample, World
from sqlalchemy import text

from stations.models import ProgrammeTownship
from stations.planning import programmes
from stations.planning.programmes import Plan
from stations.registry.writing import acting

RULE = "/desk/planner/programmes"
FORM = {
    "title": "样本", "target": "10", "target_is": "total", "year": "2026", "regions": "630222", "version": "1", "reason": "样本",
}  # fmt: skip


def programme(world: World, **more: Any) -> Mapping[str, Any]:
    """Make a programme of the county."""
    code = f"S-{world.number()}"
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(world.session, world.operator, reason="sample"):
        programmes.add(world.session, Plan(code, "样本", (world.county,), 2026, 10), actor=world.operator)
    return {"code": code, **more}


def township(world: World) -> Mapping[str, Any]:
    """Make a programme with a township."""
    found = programme(world)
    held = programmes.get(world.session, found["code"])
    with acting(world.session, world.operator, reason="sample"):
        row = ProgrammeTownship(programme_id=held.id, number=1, name="川口镇", region_code=world.county)
        world.session.add(row)
        world.session.flush()
    return {**found, "row_id": row.id}


def new_form(world: World, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill the form of a new programme."""
    return {**FORM, "code": f"N-{world.number()}", "regions": world.county}


def edit_form(world: World, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill the form of a change."""
    return {**FORM, "regions": world.county, "title": f"改{world.number()}"}


def chosen(world: World, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name a station of the county."""
    world.session.execute(text("SELECT set_config('yz.commit', '', true)"))
    return {"code": world.station().code}


def planned(world: World, _: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill the form of a planned station."""
    return {"name": f"新站{world.number()}", "kind": "union_station", "region": world.county}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", f"{RULE}/new"): Sample(form=new_form, bound=True, ok=(303,)),
    ("GET", f"{RULE}/<code>"): Sample(values=programme, ok=(200,)),
    ("GET", f"{RULE}/<code>/map.json"): Sample(values=programme, ok=(200,)),
    ("GET", f"{RULE}/<code>/edit"): Sample(values=programme, ok=(200,)),
    ("POST", f"{RULE}/<code>/edit"): Sample(values=programme, form=edit_form, bound=True, ok=(303,)),
    ("GET", f"{RULE}/<code>/end"): Sample(values=programme, ok=(200,)),
    ("POST", f"{RULE}/<code>/end"): Sample(
        values=programme, form={**FORM, "insist": "1"}, bound=True, ok=(303,)
    ),
    ("GET", f"{RULE}/<code>/stations"): Sample(values=programme, ok=(200,)),
    ("POST", f"{RULE}/<code>/stations/preview"): Sample(
        values=programme, form=lambda world, _: {"codes": world.station().code}, ok=(200,)
    ),
    ("POST", f"{RULE}/<code>/stations/<any('add', 'remove'):act>"): Sample(
        values=lambda world: programme(world, act="add"), form=chosen, bound=True, ok=(303,)
    ),
    ("POST", f"{RULE}/<code>/stations/plan"): Sample(values=programme, form=planned, bound=True, ok=(303,)),
    ("GET", f"{RULE}/<code>/townships"): Sample(values=programme, ok=(200,)),
    ("POST", f"{RULE}/<code>/townships/<any('list', 'points', 'registry'):what>"): Sample(
        values=lambda world: programme(world, what="registry"), bound=True, ok=(400,)
    ),
    ("POST", f"{RULE}/<code>/townships/<int:row_id>"): Sample(
        values=township, form={"act": "drop"}, bound=True, ok=(303,)
    ),
    (
        "GET",
        f"{RULE}/<code>/<any('areas', 'stations', 'townships'):what>.<any('csv', 'xlsx', 'geojson'):form>",
    ): Sample(values=lambda world: programme(world, what="stations", form="csv"), ok=(200,)),
}
