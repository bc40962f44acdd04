"""The planner's pages of programmes: the list with its bars, and one of them as table, map, months and late stations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, render_template, request, url_for
from sqlalchemy import select

from stations.accounts import ROLES
from stations.hours import SHANGHAI
from stations.models import Organisation, Programme
from stations.planning import programmes
from stations.planning.programme_members import members
from stations.planning.programme_progress import LEVELS, late, progress
from stations.planning.programme_standard import standard_of
from stations.planning.programme_stations import counted_stations
from stations.planning.programme_timeline import timeline
from stations.planning.township_standing import STANDINGS, standing
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.planner import programmes_words as words
from web.planner.page import Regions
from web.planner.programmes_page import View, bar, chart, map_of, sorted_rows

__all__ = ["may_plan", "programme_json", "programme_page", "programmes_page", "today"]

_MOST_NAMED = 200


@blueprint.get("/planner/programmes")
@desk_page(*ROLES)
def programmes_page() -> str:
    """Show all programmes with how far they are."""
    session, regions = db.session(), Regions.load()
    lines = []
    for programme in programmes.listed(session):
        found = progress(session, programme, today=today())
        lines.append(
            {
                "programme": programme,
                "found": found,
                "bar": bar(found.total.count, programme.target, expected=found.expected),
                "regions": [regions.names.get(code, code) for code in programme.regions],
            }
        )
    return render_template("desk/programmes.html", lines=lines, words=words)


@blueprint.get("/planner/programmes/<code>")
@desk_page(*ROLES)
def programme_page(code: str) -> str:
    """Show one programme."""
    session, regions, view = db.session(), Regions.load(), View.read(request.args)
    programme = programmes.get(session, code)
    found = progress(session, programme, today=today(), level=view.level)
    towns = standing(session, programme)
    carried = members(session, programme)
    return render_template(
        "desk/programme.html",
        programme=programme,
        found=found,
        view=view,
        rows=[
            (name, row, bar(row.count, row.target))
            for name, row in sorted_rows(found.rows, view, regions.names)
        ],
        bar=bar(found.total.count, programme.target, expected=found.expected),
        heads=_heads(programme.code, view),
        levels=[(level, words.level_label(level)) for level in LEVELS],
        chart=chart(timeline(session, programme, found), found),
        late=late(session, programme, today=today()),
        areas=programmes.priority_areas(session, programme),
        kinds=words.kind_labels(programmes.counted_kinds(programme)),
        owner=_owner(programme),
        towns=_counted(towns),
        without=[town for town in towns if town.best in {"none", "unknown"}][:_MOST_NAMED],
        carried=len(carried),
        standard=standard_of(session, programme),
        misfits=[one for one in carried if one.verdict != "member"],
        names=regions.names,
        words=words,
        mine=may_plan(programme),
        map=map_of(programme.code, programme.title, _bounds(programme, regions)),
    )


@blueprint.get("/planner/programmes/<code>/map.json")
@desk_page(*ROLES)
def programme_json(code: str) -> Response:
    """Answer with what the map of a programme draws."""
    session = db.session()
    programme = programmes.get(session, code)
    counted = counted_stations(session, programme)
    located = [one for one in counted if one.lon is not None]
    body = {
        "stations": [[one.code, one.name, one.lifecycle, one.lon, one.lat] for one in located],
        "townships": [
            [town.name, town.best, town.lon, town.lat]
            for town in standing(session, programme)
            if town.lon is not None
        ],
        "unlocated": len(counted) - len(located),
    }
    return Response(orjson.dumps(body), mimetype="application/json")


def today() -> Any:
    """Return the day in the registry's time zone."""
    return db.now().astimezone(SHANGHAI).date()


def may_plan(programme: Programme) -> bool:
    """Tell whether who is logged in plans in all regions of a programme."""
    member = current()
    return member.holds("planner") and programmes.may_change(db.session(), member.id, programme.regions)


def _owner(programme: Programme) -> str | None:
    return db.session().scalar(select(Organisation.name).where(Organisation.id == programme.owner_id))


def _heads(code: str, view: View) -> list[dict[str, Any]]:
    heads = []
    for column, label in words.columns():
        items: dict[str, Any] = view.sorted_by(column).items()
        heads.append(
            {
                "column": column,
                "label": label,
                "url": url_for("desk.programme_page", code=code, **items),
                "sorted": None if view.sort != column else "ascending" if view.rising else "descending",
            }
        )
    return heads


def _counted(towns: Sequence[Any]) -> list[tuple[str, int]]:
    return [(best, sum(town.best == best for town in towns)) for best in STANDINGS] if towns else []


def _bounds(programme: Programme, regions: Regions) -> tuple[float, float, float, float] | None:
    boxes = [regions.bounds[code] for code in programme.regions if code in regions.bounds]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
