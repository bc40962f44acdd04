"""Long work as a page: how far it is, told while it goes on, with a button to cancel it and one to begin it again."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import jobs
from stations.accounts import ROLES
from stations.jobs import Progress
from web import db
from web.desk import import_words as said
from web.desk.blueprint import PREFIX, blueprint
from web.desk.staff import current, desk_page
from web.i18n import say

__all__ = ["work_again", "work_cancel", "work_json", "work_page"]


@blueprint.get("/work/<int:work_id>")
@desk_page(*ROLES)
def work_page(work_id: int) -> AnyResponse | str:
    """Show how far a piece of work is; where it was done, go to what came of it."""
    now = jobs.progress(db.session(), work_id)
    done = _outcome(now)
    if now.state == "done" and done is not None:
        return redirect(done)
    return render_template("desk/work.html", work=now, told=_told(now), outcome=done, said=said)


@blueprint.get("/work/<int:work_id>.json")
@desk_page(*ROLES)
def work_json(work_id: int) -> AnyResponse:
    """Tell how far a piece of work is, for the script of a page that shows it."""
    now = jobs.progress(db.session(), work_id)
    return jsonify(_told(now))


@blueprint.post("/work/<int:work_id>/cancel")
@desk_page(*ROLES)
def work_cancel(work_id: int) -> AnyResponse:
    """Ask that a piece of work ends."""
    with db.writing() as writing:
        jobs.cancel(writing, work_id, actor=current().id)
    return redirect(_next(work_id), 303)


@blueprint.post("/work/<int:work_id>/again")
@desk_page(*ROLES)
def work_again(work_id: int) -> AnyResponse:
    """Begin a piece of work again that was stopped, cancelled or failed."""
    with db.writing() as writing:
        jobs.again(writing, work_id, actor=current().id)
    return redirect(_next(work_id), 303)


def _told(now: Progress) -> dict[str, Any]:
    """Return what a page shows of a piece of work, in words."""
    words = said.state_label(now.state)
    if now.cancelling:
        words = say("正在取消……")
    elif now.state == "running" and now.step:
        words = said.step_label(now.step) or words
    elif now.state == "waiting" and not now.served:
        words = say("等待处理：后台进程没有运行，请告诉管理员")
    elif now.state == "waiting" and now.ahead:
        words = say("等待处理，前面还有 {n} 项", n=now.ahead)
    return {
        "id": now.id,
        "state": now.state,
        "ended": now.ended,
        "words": words,
        "percent": None if now.progress is None else round(now.progress * 100),
    }


def _outcome(now: Progress) -> str | None:
    batch = (now.result or {}).get("batch") or now.arguments.get("batch")
    if batch:
        return url_for("desk.import_page", batch_id=batch)
    if layer := (now.result or {}).get("layer"):
        return url_for("desk.layer_page", layer_id=layer)
    if "facts" in now.arguments and now.ended:
        return url_for("desk.describe_file", upload_id=now.arguments["upload"])
    if plan := now.arguments.get("plan"):
        return url_for("desk.site_plan", plan_id=plan)
    run = now.arguments.get("run")
    return url_for("desk.run_page", run_id=run) if run else None


def _next(work_id: int) -> str:
    """Return the page of the desk that the button stood on, else that of the work."""
    asked = request.form.get("next", "")
    home = f"{request.script_root}{PREFIX}/"
    ours = asked.startswith(home) and "//" not in asked and "\\" not in asked
    return asked if ours else url_for("desk.work_page", work_id=work_id)
