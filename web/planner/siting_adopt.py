"""From a plan to a programme: all its sites, or those that were ticked, become planned stations; never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Programme, SitingPlan
from stations.planning import programmes
from stations.planning.siting import plans
from stations.planning.siting.adopting import adopted, to_programme
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import lang, say
from web.planner import programmes_words, words
from web.planner import siting_words as said
from web.planner.page import Regions

__all__ = ["adopt_sites"]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_NAME: Final = 120


@blueprint.route("/planner/sites/<int:plan_id>/adopt", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def adopt_sites(plan_id: int) -> Answer:
    """Show which sites would become planned stations of which programme, then make them so, all or none."""
    plan = plans.get(db.session(), plan_id)
    plans.arrays_of(plan)  # raises Conflict before there is an answer
    if request.method == "GET":
        return _page(plan, request.args.getlist("site"))
    keys = request.form.getlist("site")
    if not keys:
        return _page(plan, [], {"": say("一个站点也没有勾。")}), 400
    try:
        return _adopted(plan, keys)
    except NotAllowed:
        return _page(plan, keys, {"": say("有站点不在您规划的区域内，什么都没有写入。")}), 403
    except Conflict as error:
        return _page(plan, keys, _conflict(plan, keys, error), insist=True), 409
    except Invalid as error:
        told = programmes_words.wrong(error)
        names = {"expected_on", "kind", "programme"}
        rest = " ".join(sentence for name, sentence in told.items() if name not in names)
        return _page(
            plan, keys, {name: told[name] for name in names & set(told)} | ({"": rest} if rest else {})
        ), 400


def _adopted(plan: SitingPlan, keys: Sequence[str]) -> Answer:
    form = request.form
    names = {
        key: name
        for key in keys
        if (name := " ".join(form.get(f"name-{key}", "").split())[: _LONGEST_NAME + 1])
    }
    with (
        db.writing() as writing,
        acting(writing, current().id, reason=f"plan of sites {plan.id}: {len(keys)} sites into a programme"),
    ):
        made = to_programme(
            writing,
            plans.get(writing, plan.id),
            _programme(writing, form.get("programme", "")),
            keys,
            actor=current().id,
            kind=form.get("kind") or None,
            expected_on=_day(form.get("expected_on", "")),
            names=names,
            insist=form.get("insist") == "1",
        )
    flash(say("已把 {n} 个站点列入建设方案，状态是“已规划”。", n=len(made)))
    return redirect(url_for("desk.site_plan", plan_id=plan.id) + "#adopted", 303)


def _programme(session: Any, code: str) -> Programme:
    try:
        return programmes.get(session, code)
    except NotFound:
        raise Invalid(
            f"{code[:40]!r} is no programme", field="programme", reason="not_known", value=code
        ) from None


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"{text[:20]!r} is no day", field="expected_on", reason="day", value=text) from None


def _conflict(plan: SitingPlan, keys: Sequence[str], error: Conflict) -> Mapping[str, str]:
    taken = {each.key for each in adopted(db.session(), plan.id) if not each.withdrawn}
    if taken & set(keys):
        return {"": say("勾选的站点里有已经列入的，没有再写一次：见下面的标记。")}
    if "namesake" in str(error) or "of the name" in str(error):
        return {"": say("这个区域已有同名的站点。确实是另一个，就改个名字，或者勾选“同名也新增”。")}
    return {"": say("现在不能列入：{why}", why=str(error))}


def _page(
    plan: SitingPlan, keys: Sequence[str], wrong: Mapping[str, str] | None = None, *, insist: bool = False
) -> str:
    session = db.session()
    became = {each.key: each for each in adopted(session, plan.id) if not each.withdrawn}
    free = [site["key"] for site in plan.sites or () if site["key"] not in became]
    going = [one for one in programmes.listed(session) if one.closed_on is None]
    counted = dict.fromkeys(kind for one in going for kind in programmes.counted_kinds(one))
    return render_template(
        "desk/planner_site_adopt.html",
        plan=plan,
        chosen=set(keys or (free if request.method == "GET" else ())),
        became=became,
        names=Regions.load().names,
        programmes=[(one.code, one.title) for one in going],
        kinds=[(kind, vocabulary.KINDS[kind].label(lang())) for kind in counted],
        wrong=wrong or {},
        insist=insist,
        form=request.form,
        words=words,
        said=said,
    )
