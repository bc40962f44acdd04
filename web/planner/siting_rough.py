"""How large a question of siting would be, told beside the form before it is asked."""

from __future__ import annotations

from flask import jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from geo.errors import GeoError
from stations.errors import Invalid, StationsError
from stations.planning.siting.sizing import size
from stations.registry.areas import Areas
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.i18n import say
from web.planner import siting_form
from web.planner.siting import choices
from web.planner.siting_why import at_fields

__all__ = ["site_rough"]


@blueprint.get("/planner/sites/rough.json")
@desk_page("planner", "administrator")
def site_rough() -> AnyResponse:
    """Answer with the rough size of the question that a form asks, in words; ``wrong`` where it cannot be asked."""
    session = db.session()
    filled = siting_form.read(request.args, choices(), Areas.load(session))
    if filled.question is None:
        return jsonify({"words": "", "wrong": True})
    try:
        found = size(session, filled.question)
    except Invalid as error:
        return jsonify({"words": " ".join(at_fields(error).values()), "wrong": True})
    except (StationsError, GeoError) as error:
        return jsonify({"words": str(error), "wrong": True})
    words = say(
        "规模：{candidates} 个候选点，{cells} 个有人的格子，{people} 人，约 {pairs} 对要算路程。",
        candidates=f"{found.candidates:,}",
        cells=f"{found.cells:,}",
        people=f"{found.people:,.0f}",
        pairs=f"{found.pairs:,.0f}",
    )
    if found.candidates < found.candidates_found:
        words += say("候选点共 {n} 个，只取所在格子人最多的。", n=f"{found.candidates_found:,}")
    if filled.question.count is not None and filled.question.count > found.candidates:
        words += say("要的站点比候选点多：最多写 {n} 个。", n=f"{found.candidates:,}")
        return jsonify({"words": words, "wrong": True})
    return jsonify({"words": words, "wrong": False})
