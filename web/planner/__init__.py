"""The planner's desk: runs of coverage asked for, done by the worker, shown as map and table, compared, published.

Its pages stand on the desk's blueprint, below /desk/planner; /planner leads there.
"""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, request, url_for
from werkzeug.wrappers import Response

from web.planner import (
    cell_pictures,
    comparing,
    downloads,
    layers,
    programmes,
    programmes_edit,
    programmes_files,
    programmes_stations,
    programmes_townships,
    report,
    routes,
    siting,
    siting_adopt,
    siting_changes,
    siting_compare,
    siting_dossier,
    siting_files,
    siting_lists,
    siting_loss,
    siting_picture,
    siting_rough,
)

__all__ = [
    "cell_pictures",
    "comparing",
    "downloads",
    "init_app",
    "layers",
    "programmes",
    "programmes_edit",
    "programmes_files",
    "programmes_stations",
    "programmes_townships",
    "report",
    "routes",
    "siting",
    "siting_adopt",
    "siting_changes",
    "siting_compare",
    "siting_dossier",
    "siting_files",
    "siting_lists",
    "siting_loss",
    "siting_picture",
    "siting_rough",
]

_doors = Blueprint("planner", __name__)


@_doors.get("/planner")
def planner() -> Response:
    """Lead to the planner's desk, with the view that the address names."""
    query = request.query_string.decode("latin-1")
    return redirect(url_for("desk.planner_page") + (f"?{query}" if query else ""))


def init_app(app: Flask) -> None:
    """Let the short address lead to the planner's desk."""
    app.register_blueprint(_doors)
