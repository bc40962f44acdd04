"""Changing many stations: choose them in the list, choose what to set, look at before and after, then do it at once."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from stations import vocabulary as words
from stations.editing import bulk
from stations.editing.browse import codes
from stations.editing.bulk import Preview, Task
from stations.editing.checks import BadFields
from stations.editing.draft import Life, Value
from stations.editing.opening import span_expression, understood
from stations.editing.write import BY_PHONE, SEEN
from stations.errors import Conflict, Invalid
from web import db
from web.desk.blueprint import blueprint
from web.desk.editing_aids import region_names, today
from web.desk.editing_words import field_name, standing_names, value_words, wrong_words
from web.desk.keys import key_for
from web.desk.staff import current, desk_page
from web.desk.stations import read_filter
from web.ground import mainland
from web.i18n import lang, say

__all__ = ["bulk_apply", "bulk_choose", "bulk_preview"]

_VERIFIED = {"seen": SEEN, "phone": BY_PHONE}
_SELECTS = ("kind", "access", "fee", "premises")
#: What a select says to make a field empty; "" leaves it as it is.
_EMPTY = "-"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(key_for("bulk"), salt="bulk-1")


def _signed(value: Any) -> str:
    return str(_signer().dumps(value))


def _unsigned(token: str) -> Any:
    try:
        return _signer().loads(token)
    except BadSignature as error:
        raise Conflict(say("这份批量修改不完整，请回到列表重新选择。")) from error


@blueprint.post("/stations/bulk")
@desk_page("editor")
def bulk_choose() -> Response | str:
    """Take the stations that were selected, one by one or the whole list, and ask what to set."""
    if request.form.get("all") == "1":
        items = [
            item for item in request.form.items(multi=True) if item[0] not in {"csrf_token", "all", "code"}
        ]
        shown = read_filter(items, current())
        chosen = codes(db.session(), shown.query, shown.asked, now=db.now())
    else:
        chosen = list(dict.fromkeys(request.form.getlist("code")))
    if not 0 < len(chosen) <= bulk.MOST:
        words_ = (
            say("请先选择站点。") if not chosen else say("一次最多改 {n} 个站点，请缩小范围。", n=bulk.MOST)
        )
        flash(words_, "error")
        return redirect(url_for("desk.stations"), 303)
    return _page(chosen, request.form)


@blueprint.post("/stations/bulk/preview")
@desk_page("editor")
def bulk_preview() -> tuple[str, int] | str:
    """Show what would change at each station."""
    chosen: list[str] = _unsigned(request.form.get("chosen", ""))
    try:
        task = _task(request.form).cleaned()
        seen = bulk.preview(db.session(), chosen, task, actor=current().id)
    except Invalid as error:
        problems = error.problems if isinstance(error, BadFields) else (error,)
        return _page(chosen, request.form, wrong=problems), 422
    return _page(chosen, request.form, seen=seen, task=task)


@blueprint.post("/stations/bulk/apply")
@desk_page("editor")
def bulk_apply() -> Response | tuple[str, int]:
    """Do what the preview showed; where a station changed since, show the preview again and do nothing."""
    chosen, marks, fields, verified, reason = _unsigned(request.form.get("preview", ""))
    task = Task(fields, verified)
    if not marks:
        flash(say("没有要改的站点。"))
        return redirect(url_for("desk.stations"), 303)
    with db.writing() as session:
        done = bulk.apply(
            session,
            marks,
            task,
            actor=current().id,
            reason=reason or say("批量修改"),
            now=db.now(),
            mainland=mainland(),
        )
    if done.moved:
        flash(say("有 {n} 个站点在预览之后被改过，什么都没有写入。请再看一遍。", n=len(done.moved)), "error")
        seen = bulk.preview(db.session(), chosen, task, actor=current().id)
        return _page(chosen, request.form, seen=seen, task=task, moved=done.moved, reason=reason), 409
    flash(say("已修改 {n} 个站点。", n=len(done.written)))
    return redirect(url_for("desk.stations"), 303)


def _task(form: MultiDict[str, str]) -> Task:
    """Read what is to be set: what was left empty is not."""
    fields: dict[str, Value] = {}
    for name in _SELECTS:
        if chosen := form.get(name, ""):
            fields[name] = None if chosen == _EMPTY else chosen
    if state := form.get("lifecycle.state", ""):
        since, reason = form.get("lifecycle.since", "").strip(), form.get("lifecycle.reason", "").strip()
        fields["lifecycle"] = list(Life(state, since or None, reason or None))
    for name in ("opened_on", "expected_on"):
        if day := form.get(name, "").strip():
            fields[name] = day
    for code, standing in zip(form.getlist("amenity"), form.getlist("standing"), strict=False):
        if code and standing:
            fields[f"amenity.{code}"] = standing
    if role := form.get("partner", ""):
        fields[f"partner.{role}"] = [line for line in form.get("partners", "").splitlines() if line.strip()]
    fields |= _hours(form) | _exception(form)
    return Task(fields, _VERIFIED.get(form.get("verified", "")))


def _hours(form: MultiDict[str, str]) -> dict[str, Value]:
    said = form.get("hours.words", "").strip()
    if not said:
        return {}
    meant = understood(said, today=today())
    if not meant.meant and form.get("hours.keep") != "1":
        raise Invalid(
            f"hours: {said[:60]!r} means nothing", field="hours", value=said, reason="hours_mean_nothing"
        )
    return {"hours": list(meant.opening), **meant.exceptions}


def _exception(form: MultiDict[str, str]) -> dict[str, Value]:
    first = form.get("exception.first", "").strip()
    if not first:
        return {}
    last, state = form.get("exception.last", "").strip() or first, form.get("exception.state", "closed")
    expression = {"closed": None, "unknown": "unknown"}.get(state)
    if state == "open":
        said = form.get("exception.hours", "")
        expression = span_expression(said, today=today())
        if expression is None:
            raise Invalid(
                f"{said!r} are no hours of a day", field="exception", value=said, reason="bad_hours"
            )
    return {f"exception.{first}/{last}": [[expression, form.get("exception.reason", "")]]}


def _page(
    chosen: list[str],
    form: MultiDict[str, str],
    *,
    wrong: tuple[Invalid, ...] = (),
    seen: Preview | None = None,
    task: Task | None = None,
    moved: tuple[str, ...] = (),
    reason: str | None = None,
) -> str:
    why = " ".join((reason if reason is not None else form.get("reason", "")).split())[:300]
    token = None
    if seen is not None and task is not None:
        token = _signed([chosen, seen.marks, dict(task.fields), task.verified, why])
    terms = {"kind": words.KINDS, "access": words.ACCESS, "fee": words.FEE, "premises": words.PREMISES}
    return render_template(
        "desk/stations_bulk.html",
        chosen=_signed(chosen),
        many=len(chosen),
        form=form,
        amenity_rows=list(zip(form.getlist("amenity"), form.getlist("standing"), strict=False))
        or [("", "")] * 2,
        faults=[(field_name(error.field or "bulk"), wrong_words(error)) for error in wrong],
        seen=_seen(seen, moved) if seen is not None else None,
        counts=seen.count() if seen is not None else {},
        token=token,
        verified=task is not None and task.verified is not None,
        empty=_EMPTY,
        selects=[
            (name, field_name(name), [(code, term.label(lang())) for code, term in terms[name].items()])
            for name in _SELECTS
        ],
        lives=[(code, term.label(lang())) for code, term in words.LIFECYCLE.items()],
        amenities=[(code, term.label(lang())) for code, term in words.AMENITIES.items()],
        standings=[
            (code, word) for code, word in standing_names().items() if not code.startswith("inferred")
        ],
        roles=[(code, term.label(lang())) for code, term in words.PARTNER_ROLES.items()],
    )


def _seen(seen: Preview, moved: tuple[str, ...]) -> list[dict[str, Any]]:
    regions = region_names()
    refusals = {
        "outside_region": say("不在您管理的区域内，不会改"),
        "no_step": say("不能从现在的状态改成这个状态，不会改"),
    }
    return [
        {
            "code": change.code,
            "name": change.name,
            "region": regions.get(change.region or "", ""),
            "fields": [
                (field_name(key), value_words(key, before, regions), value_words(key, after, regions))
                for key, before, after in change.fields
            ],
            "refused": refusals.get(change.refused or "", change.refused),
            "acts": change.acts,
            "moved": change.code in moved,
        }
        for change in seen.changes
    ]
