"""What planners do with a plan that is kept: give it another name or a note, take it out of the list."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import Invalid
from stations.models import SitingPlan
from stations.planning.siting import plans
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import say
from web.planner import siting_work

__all__ = ["change_site_plan"]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_REASON: Final = 300


@blueprint.route("/planner/sites/<int:plan_id>/<any('rename', 'remove'):act>", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def change_site_plan(plan_id: int, act: str) -> Answer:
    """Ask for a title and a note, or for a reason, and write it."""
    plan = plans.get(db.session(), plan_id)
    if request.method == "GET":
        return _page(plan, act)
    return _rename(plan) if act == "rename" else _remove(plan)


def _rename(plan: SitingPlan) -> Answer:
    title, note = request.form.get("title", ""), request.form.get("note", "")
    try:
        with db.writing() as writing, acting(writing, current().id, reason=f"rename plan of sites {plan.id}"):
            plans.rename(writing, plan.id, title=title, note=note)
    except Invalid as error:
        wrong = {
            "title": say("名称写1到{n}个字。", n=200),
            "note": say("备注最多{n}个字。", n="4,000"),
        }.get(error.field or "", str(error))
        return _page(plan, "rename", {error.field or "title": wrong}), 400
    flash(say("已改好。"))
    return redirect(url_for("desk.site_plan", plan_id=plan.id), 303)


def _remove(plan: SitingPlan) -> Answer:
    reason = request.form.get("reason", "").strip()
    if not 1 <= len(reason) <= _LONGEST_REASON:
        return _page(plan, "remove", {"reason": say("请写明原因，最多{n}个字。", n=_LONGEST_REASON)}), 400
    work = siting_work.standing(db.session(), plan)
    if work is not None and not work.ended:
        return _page(plan, "remove", {"reason": say("它还在搜索：先取消，再移走。")}), 409
    with (
        db.writing() as writing,
        acting(writing, current().id, reason=f"remove plan of sites {plan.id}: {reason}"),
    ):
        plans.remove(writing, plan.id, now=db.now())
    flash(say("已从列表中移走。"))
    return redirect(url_for("desk.site_plans"), 303)


def _page(plan: SitingPlan, act: str, wrong: dict[str, str] | None = None) -> str:
    return render_template(
        "desk/planner_site_change.html", plan=plan, act=act, wrong=wrong or {}, form=request.form
    )
