"""Adding, changing and withdrawing a station: the form, what came of it, and the question when two changed one field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import flash, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from stations.editing.authors import Author
from stations.editing.checks import BadFields
from stations.editing.draft import Draft, empty, load
from stations.editing.merge import Clash
from stations.editing.save import Edit, MergeNeeded, Saved, Twins, add, save
from stations.editing.write import BY_PHONE, SEEN
from stations.errors import Invalid
from web import db
from web.desk import (
    beside,
    editing_aids,  # noqa: F401 - its routes
)
from web.desk.blueprint import blueprint
from web.desk.editing_aids import today
from web.desk.editing_form import Form, inputs, read
from web.desk.editing_page import draft_of_token, form_page, in_reach
from web.desk.editing_rows import ROWS, rows_of
from web.desk.editing_words import fields_said, wrong_words
from web.desk.staff import current, desk_page
from web.ground import mainland
from web.i18n import say

__all__ = ["station_edit", "station_new"]

_FORM_ID = re.compile(r"[\w-]{1,40}", re.ASCII)
_VERIFIED = {"seen": SEEN, "phone": BY_PHONE}


@blueprint.route("/stations/new", methods=["GET", "POST"])
@desk_page("editor")
def station_new() -> Response | tuple[str, int] | str:
    """Show an empty form; add the station that comes back in it."""
    if request.method == "GET":
        return form_page(empty(), _fresh(empty()))
    base = draft_of_token(request.form.get("base", ""), "")
    form = _read(base)
    if _only_checked(form):
        return _again(base, form)
    insist = request.form.get("insist") == "1"
    try:
        with db.writing() as session:
            done = add(session, _edit(form, say("新增站点")), insist=insist)
    except Invalid as error:
        return _refused(base, form, error)
    if isinstance(done, Twins):
        return form_page(base, form, form_id=_form_id(), twins=done, posted=True), 409
    flash(say("已新增站点，编号 {code}。", code=done.code))
    return redirect(url_for("desk.station_edit", code=done.code, saved=_form_id()), 303)


@blueprint.route("/stations/<code>", methods=["GET", "POST"])
@desk_page("editor")
def station_edit(code: str) -> Response | tuple[str, int] | str:
    """Show the form of a station; save what comes back in it, or ask about what two people changed."""
    present = load(db.session(), code)
    in_reach(present.fields.get("region_code"))
    if request.method == "GET":
        return form_page(present, _fresh(present))
    base = draft_of_token(request.form.get("base", ""), code)
    form = _read(base)
    waiting = _answer(form, base)
    if waiting:
        return _ask(base, form, _asked_again(base, present, form, waiting), {}, _begun(code, base))
    if _only_checked(form):
        return _again(base, form)
    try:
        edit = beside.named(_edit(form, say("编辑站点")), code)
        with db.writing() as session:
            done = save(session, base, edit)
            if isinstance(done, Saved):
                beside.settle(session, code, edit.reason, changed=bool(done.changed))
    except Invalid as error:
        return _refused(base, form, error)
    if isinstance(done, MergeNeeded):
        return _ask(done.rebased(base), form, done.clashes, done.authors, _begun(code, base))
    _tell(done)
    return redirect(url_for("desk.station_edit", code=code, saved=_form_id()), 303)


@blueprint.post("/stations/<code>/withdraw")
@desk_page("editor")
def station_withdraw(code: str) -> Response:
    """Take a station out of the public view, or bring it back."""
    present = load(db.session(), code)
    in_reach(present.fields.get("region_code"))
    base = draft_of_token(request.form.get("base", ""), code)
    back = request.form.get("back") == "1"
    wanted = None if back else [request.form.get("why", ""), request.form.get("same_as", "").strip() or None]
    reason = say("恢复站点") if back else say("撤下站点")
    edit = Edit({"withdrawn": wanted}, current().id, reason, db.now(), mainland=mainland())
    try:
        with db.writing() as session:
            done = save(session, base, edit)
    except Invalid as error:
        flash(wrong_words(error), "error")
    else:
        if isinstance(done, MergeNeeded):
            flash(say("别人刚刚改过这一项，请核对后再试。"), "error")
        else:
            flash(say("已恢复，公众又能看到它。") if back else say("已撤下，公众不再看到它。"))
    return redirect(url_for("desk.station_edit", code=code, _anchor="withdraw"), 303)


def _fresh(draft: Draft) -> Form:
    texts = inputs(draft.fields) | {"follow": "1", "paste": "", "reason": "", "verified": ""}
    return Form(texts, {part: rows_of(part, draft.fields) for part in ROWS})


def _read(base: Draft) -> Form:
    sent: MultiDict[str, str] = request.form
    form = read(sent, base, today=today())
    form.texts = {"paste": "", "reason": "", "verified": ""} | form.texts
    return form


def _edit(form: Form, reason: str) -> Edit:
    return Edit(
        form.fields,
        current().id,
        form.reason or reason,
        db.now(),
        follow=form.follow,
        verified=_VERIFIED.get(form.verified or ""),
        mainland=mainland(),
    )


def _form_id() -> str:
    given = request.form.get("form_id", "")
    return given if _FORM_ID.fullmatch(given) else ""


def _only_checked(form: Form) -> bool:
    """Tell whether the form goes back without being saved: it is wrong somewhere, or was only to be checked."""
    return bool(form.wrong) or request.form.get("action") == "check" or form.pasted is not None


def _again(base: Draft, form: Form) -> tuple[str, int]:
    return form_page(base, form, form_id=_form_id(), posted=True), 422 if form.wrong else 200


def _refused(base: Draft, form: Form, error: Invalid) -> tuple[str, int]:
    problems = error.problems if isinstance(error, BadFields) else (error,)
    form.wrong |= {problem.field or "bulk": problem for problem in problems}
    return form_page(base, form, form_id=_form_id(), posted=True), 422


# Two who changed the same field.


def _answer(form: Form, base: Draft) -> list[str]:
    """Take the answers to what was asked; return the keys that nobody answered."""
    waiting = []
    for key in dict.fromkeys(request.form.getlist("asked")):
        answer = request.form.get(f"take.{key}")
        if answer == "theirs":
            form.forget(key, base)
        elif answer != "yours":
            waiting.append(key)
    return waiting


def _asked_again(base: Draft, present: Draft, form: Form, keys: list[str]) -> tuple[Clash, ...]:
    return tuple(
        Clash(key, base.fields.get(key), present.fields.get(key), form.fields.get(key, base.fields.get(key)))
        for key in keys
    )


def _begun(code: str, base: Draft) -> Draft:
    """Return the state that the edit began from, before any question was answered."""
    first = request.form.get("begun", "")
    return draft_of_token(first, code) if first else base


def _ask(
    base: Draft, form: Form, clashes: tuple[Clash, ...], authors: Mapping[str, Author], begun: Draft
) -> tuple[str, int]:
    page = form_page(
        base, form, form_id=_form_id(), clashes=clashes, authors=authors, posted=True, begun=begun
    )
    return page, 409


def _tell(done: Saved) -> None:
    """Say what was saved, and what others did meanwhile."""
    if done.changed:
        flash(say("已保存：{fields}。", fields=fields_said(done.changed)))
    else:
        flash(say("没有改动，什么都没有写入。"))
    by_author: dict[str, list[str]] = {}
    for key, author in done.theirs:
        by_author.setdefault(author.name if author else say("别人"), []).append(key)
    for name, keys in by_author.items():
        flash(
            say("在您编辑期间，{name}改了{fields}，两边的修改都已保留。", name=name, fields=fields_said(keys))
        )
