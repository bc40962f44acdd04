"""Writing a programme: a new one, a change that loses nobody's words, its end and its going on."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.editing.checks import BadFields
from stations.errors import Conflict, Invalid, NotAllowed
from stations.planning import programmes
from stations.planning.programme_plan import TARGETS, Plan
from stations.planning.programme_progress import progress
from stations.registry.areas import Areas
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import lang, say
from web.planner import programmes_words as words
from web.planner.programmes import today
from web.planner.programmes_form import Filled, differences, read, spell

__all__ = ["programme_edit", "programme_end", "programme_new"]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_REASON: Final = 300


@blueprint.route("/planner/programmes/new", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def programme_new() -> Answer:
    """Show the form for a new programme, or write it."""
    areas = Areas.load(db.session())
    if request.method == "GET":
        year = today().year
        fresh = Plan(code="", title="", regions=(), year=year, target=0)
        return _form(Filled(spell(fresh, {}) | {"target": ""}))
    filled = read(request.form, areas)
    if filled.plan is None:
        return _form(filled), 400
    try:
        with (
            db.writing() as writing,
            acting(
                writing, current().id, reason=f"programme {filled.plan.code[:40]}: {filled.plan.title[:100]}"
            ),
        ):
            made = programmes.add(writing, filled.plan, actor=current().id).code
    except BadFields as error:
        return _form(_with_names(filled, error, areas)), 400
    except NotAllowed:
        return _form(_refused(filled, "regions", _not_yours())), 403
    except Conflict:
        return _form(_refused(filled, "code", say("这个编号已经有方案用了。"))), 409
    flash(say("方案已建立。"))
    return redirect(url_for("desk.programme_page", code=made), 303)


@blueprint.route("/planner/programmes/<code>/edit", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def programme_edit(code: str) -> Answer:
    """Show a programme's form, or write what was changed in it."""
    session = db.session()
    areas, programme = Areas.load(session), programmes.get(session, code)
    names = {one.code: one.names["zh"] for one in areas.areas.values()}
    now = spell(programmes.as_plan(session, programme), names)
    if request.method == "GET":
        return _form(Filled(now), programme=programme)
    filled = read(request.form, areas, code=programme.code)
    if filled.plan is None:
        return _form(filled, programme=programme, version=_version()), 400
    try:
        with (
            db.writing() as writing,
            acting(writing, current().id, reason=_reason() or f"programme {programme.code}"),
        ):
            programmes.change(writing, programme.code, filled.plan, version=_version(), actor=current().id)
    except BadFields as error:
        return _form(_with_names(filled, error, areas), programme=programme, version=_version()), 400
    except NotAllowed:
        return _form(_refused(filled, "regions", _not_yours()), programme=programme), 403
    except Conflict:
        # The words stay in the form; sending it again means them, now that the other's were seen.
        session.expire_all()
        theirs = programmes.get(session, code)
        clashes = differences(filled.values, spell(programmes.as_plan(session, theirs), names))
        return _form(filled, programme=theirs, clashes=clashes), 409
    flash(say("方案已保存。"))
    return redirect(url_for("desk.programme_page", code=programme.code), 303)


@blueprint.route("/planner/programmes/<code>/end", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def programme_end(code: str) -> Answer:
    """Ask why, then end a programme; or let an ended one go on."""
    session = db.session()
    programme = programmes.get(session, code)
    found = progress(session, programme, today=today())
    wrong, status = None, 409
    if request.method == "POST":
        reason, insist = _reason(), request.form.get("insist") == "1"
        ended = programme.closed_on is not None
        if not reason:
            wrong, status = say("请写明原因，最多{n}个字。", n=_LONGEST_REASON), 400
        elif not ended and found.open_items and not insist:
            wrong = say("还有 {n} 项没有了结。请先处理，或勾选“仍要结束”。", n=found.open_items)
        else:
            try:
                _end_or_go_on(programme.code, ended, reason, found.open_items, insist=insist)
            except Conflict:
                wrong = say("别人刚改过这个方案，请重新打开这一页。")
            except NotAllowed:
                wrong, status = _not_yours(), 403
            else:
                flash(say("方案继续进行。") if ended else say("方案已结束。"))
                return redirect(url_for("desk.programme_page", code=programme.code), 303)
    page = render_template(
        "desk/programme_end.html", programme=programme, found=found, wrong=wrong, reason=_reason()
    )
    return (page, status) if wrong else page


def _end_or_go_on(code: str, ended: bool, reason: str, open_items: int, *, insist: bool) -> None:
    act = "go on with" if ended else "end"
    with db.writing() as writing, acting(writing, current().id, reason=f"{act} programme {code}: {reason}"):
        if ended:
            programmes.reopen(writing, code, version=_version(), actor=current().id)
        else:
            programmes.close(
                writing,
                code,
                on=today(),
                reason=reason,
                version=_version(),
                actor=current().id,
                open_items=open_items,
                insist=insist,
            )


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _reason() -> str:
    return " ".join(request.form.get("reason", "").split())[:_LONGEST_REASON]


def _not_yours() -> str:
    return say("只有在方案的所有区域都有规划权限的人才能改它。")


def _refused(filled: Filled, field: str, sentence: str) -> Filled:
    return Filled(filled.values, filled.plan, {field: sentence})


def _with_names(filled: Filled, error: BadFields, areas: Areas) -> Filled:
    """Say what is wrong with the names of regions in place of their codes."""
    named = [
        Invalid(str(one), field=one.field, value=areas.name(one.value), reason=one.reason)
        if isinstance(one.value, str) and one.value in areas
        else one
        for one in error.problems
    ]
    return Filled(filled.values, filled.plan, words.wrong(BadFields(tuple(named))))


def _form(
    filled: Filled,
    *,
    programme: Any = None,
    version: int | None = None,
    clashes: list[tuple[str, Any, Any]] | None = None,
) -> str:
    return render_template(
        "desk/programme_form.html",
        filled=filled,
        programme=programme,
        version=version if version is not None else programme.version if programme else 0,
        clashes=clashes or [],
        label=words.field_label,
        kinds=[(code, term.label(lang())) for code, term in vocabulary.KINDS.items()],
        targets=[(code, words.target_label(code)) for code in TARGETS],
    )
