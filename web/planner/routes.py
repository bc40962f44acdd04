"""The planner's pages: the runs that are kept, a new one, and one of them as map and table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson
from flask import Response, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.accounts import ROLES
from stations.errors import Conflict, Invalid
from stations.models import CoverageRun, Staff
from stations.planning import CoverageQuestion, inputs, layers, programmes, runs
from stations.registry import base_map
from stations.registry.areas import Areas
from stations.registry.writing import acting
from web import db
from web.desk import import_words, layer_words
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import lang, say
from web.planner import work
from web.planner.drawing import drawn
from web.planner.form import Filled, read
from web.planner.page import shown
from web.planner.view import View
from web.settings import Settings

__all__ = ["change_run", "new_run", "planner_page", "run_json", "run_page"]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_REASON: Final = 300


@blueprint.get("/planner")
@desk_page(*ROLES)
def planner_page() -> str:
    """Show the runs that are kept, and the form for a new one."""
    return _list(Filled.fresh(db.now()))


@blueprint.post("/planner/runs")
@desk_page("planner", "administrator")
def new_run() -> Answer:
    """Note a run and let the worker do it."""
    filled = read(request.form, regions=_regions(), layers=_layers(), programmes=_programme_kinds())
    if filled.question is not None:
        filled = _guarded(filled, filled.question)
    if filled.question is None:
        return _list(filled), 400
    with db.writing() as writing:
        run = work.ask(writing, filled.question, title=filled.values["title"], actor=current().id)
        run_id = run.id
    return redirect(url_for("desk.run_page", run_id=run_id), 303)


@blueprint.get("/planner/runs/<int:run_id>")
@desk_page(*ROLES)
def run_page(run_id: int) -> str:
    """Show a run: its map and its table, or how far its work is."""
    run = runs.get(db.session(), run_id)
    standing = work.standing(db.session(), run)
    asked_by = _staff(db.session(), {run.asked_by}).get(run.asked_by, "")
    if run.finished_at is None:
        return render_template(
            "desk/planner_waiting.html", run=run, work=standing, said=import_words, asked_by=asked_by
        )
    return render_template("desk/planner_run.html", page=shown(run, request.args), asked_by=asked_by)


@blueprint.get("/planner/runs/<int:run_id>/map.json")
@desk_page(*ROLES)
def run_json(run_id: int) -> Response:
    """Answer with what the map of a run draws, at an ``hour`` of its day where one is named."""
    run = runs.get(db.session(), run_id)
    if run.finished_at is None:
        raise Conflict(f"run {run_id} has no answer yet")
    hour = View.read(request.args, run).hour
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return Response(orjson.dumps(drawn(run, hour, streets=settings.streets)), mimetype="application/json")


@blueprint.route(
    "/planner/runs/<int:run_id>/<any('publish', 'withdraw', 'remove'):act>", methods=["GET", "POST"]
)
@desk_page("planner", "administrator")
def change_run(run_id: int, act: str) -> Answer:
    """Ask for a reason, then let the public see a run, see it no more, or take it out of the list."""
    run = runs.get(db.session(), run_id)
    reason = request.form.get("reason", "").strip()
    wrong = None
    if request.method == "POST":
        if not 1 <= len(reason) <= _LONGEST_REASON:
            wrong = say("请写明原因，最多{n}个字。", n=_LONGEST_REASON)
        else:
            try:
                flash(_changed(run_id, act, reason))
            except Conflict:
                wrong = _forbidden(act)
            else:
                home = url_for("desk.planner_page")
                return redirect(home if act == "remove" else url_for("desk.run_page", run_id=run_id), 303)
    page = render_template(
        "desk/planner_change.html", run=run, act=act, reason=reason, wrong=wrong, told=_told(act, run)
    )
    return (page, 409 if reason else 400) if wrong else page


def _changed(run_id: int, act: str, reason: str) -> str:
    member, now = current(), db.now()
    with db.writing() as writing, acting(writing, member.id, reason=f"{act} run {run_id}: {reason}"):
        if act == "publish":
            runs.publish(writing, run_id, actor=member.id, now=now)
            return say("已公开。公众地图的覆盖空白现在用这次计算。")
        if act == "withdraw":
            if not runs.get(writing, run_id).published:
                raise Conflict(f"run {run_id} is not the one that the public sees")
            runs.withdraw(writing)
            return say("已撤下。公众地图的覆盖空白回到直线距离。")
        pending = work.standing(writing, runs.get(writing, run_id))
        if pending is not None and not pending.ended:
            raise Conflict(f"run {run_id} is being worked on: cancel the work first")
        runs.remove(writing, run_id, now=now)
        return say("已从列表中移走。")


def _forbidden(act: str) -> str:
    return {
        "publish": say("这次计算还没有结果，没有可以公开的内容。"),
        "withdraw": say("公众看到的不是这次计算，没有可以撤下的内容。"),
        "remove": say("公众正在看这次计算，或者它还在计算中：先撤下或取消。"),
    }[act]


def _told(act: str, run: CoverageRun) -> dict[str, str]:
    return {
        "publish": {
            "title": say("公开“{title}”", title=run.title),
            "what": say(
                "公众地图的“覆盖空白”将改用这次计算的结果，并写明日期、时限和是否估算。原先公开的那次随之撤下。"
            ),
            "button": say("公开"),
        },
        "withdraw": {
            "title": say("撤下“{title}”", title=run.title),
            "what": say("公众地图的“覆盖空白”将回到直线距离的算法。"),
            "button": say("撤下"),
        },
        "remove": {
            "title": say("移走“{title}”", title=run.title),
            "what": say("这次计算不再列出。数据仍留在库里。"),
            "button": say("移走"),
        },
    }[act]


def _programme_kinds() -> dict[str, tuple[str, ...]]:
    """Return the kinds that each programme counts which goes on."""
    return {
        one.code: programmes.counted_kinds(one)
        for one in programmes.listed(db.session())
        if one.closed_on is None
    }


def _list(filled: Filled) -> str:
    session = db.session()
    kept = runs.listed(session)
    return render_template(
        "desk/planner.html",
        runs=[_line(session, run) for run in kept],
        finished=[run for run in kept if run.finished_at is not None],
        people=_staff(session, {run.asked_by for run in kept}),
        filled=filled,
        regions=_regions(),
        layers=layers.listed(session),
        kinds={code: term.label(lang()) for code, term in vocabulary.KINDS.items()},
        programmes=[(one.code, one.title) for one in programmes.listed(session) if one.closed_on is None],
        amenities={code: term.label(lang()) for code, term in vocabulary.AMENITIES.items()},
        said=import_words,
    )


def _line(session: Session, run: CoverageRun) -> dict[str, Any]:
    summary = run.summary or {}
    return {
        "run": run,
        "share": summary.get("share_main"),
        "main_min": run.question["main_min"],
        "estimated": bool((run.basis or {}).get("estimated_ways")),
        "work": work.standing(session, run),
    }


def _layers() -> dict[str, str]:
    return {str(layer.id): layer.name for layer in layers.listed(db.session())}


def _guarded(filled: Filled, question: CoverageQuestion) -> Filled:
    """Refuse a run that would outgrow the memory while whoever asks is still there."""
    try:
        inputs.guard(db.session(), Areas.load(db.session()), question)
    except Invalid as error:
        if error.reason != "memory":
            raise
        return replace(filled, question=None, wrong={"size_m": f"{layer_words.reasons()['memory']} {error}"})
    return filled


def _regions() -> dict[str, str]:
    return {area.code: name_in(area.names) for area in base_map.regions(db.session())}


def _staff(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids)))
    return {row.id: row.display_name for row in rows}
