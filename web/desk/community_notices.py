"""Notices of day labour at the desk: the list, the form, the copy for the coming week, the end at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.editing.checks import BadFields
from stations.editing.save import reach
from stations.errors import Conflict, NotAllowed
from stations.keeping.community import listed, notices
from stations.keeping.community.checks import today
from stations.keeping.community.notices import LENGTHS, NoticeDraft
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.community_fields import Fields, spell_moment, station_choices, station_code
from web.desk.community_words import field_label, wrong
from web.desk.staff import current, desk_page
from web.i18n import lang, say

__all__ = ["notice_edit", "notice_end", "notice_new", "notices_page"]

Answer = AnyResponse | tuple[str, int] | str
_FIELDS: Final = (
    "station", "trade", "title", "starts", "ends", "assemble_at", "assemble_where", "pay_from", "pay_to", "headcount",
    "employer", "phone", "note", "until",
)  # fmt: skip


@blueprint.get("/notices")
@desk_page("viewer", "editor")
def notices_page() -> str:
    """List the notices of one's regions: those that hold, and those that ended lately."""
    member, session, now = current(), db.session(), db.now()
    allowed = reach(session, member.id)
    found = listed.notices(session, member.regions("viewer", "editor"), now=now)
    return render_template(
        "desk/notices.html",
        holding=[row for row in found if row.until > now],
        over=[row for row in found if row.until <= now],
        may=lambda row: allowed.includes(row.region),
        may_add=member.holds("editor"),
        trade=lambda code: vocabulary.TRADES[code].label(lang()),
        today=today(now),
    )


@blueprint.route("/notices/new", methods=["GET", "POST"])
@desk_page("editor")
def notice_new() -> Answer:
    """Show an empty form, one filled with the coming week of another notice (``again``), or add what was typed."""
    if request.method == "GET":
        return _form(_fresh())
    fields, draft = _read(request.form)
    told = f"招工信息：{draft.title[:60]}"
    try:
        with db.writing() as writing, acting(writing, current().id, reason=told):
            notices.add(writing, draft, now=db.now())
    except BadFields as error:
        return _form(fields.values, wrong(error) | fields.wrong), 400
    except NotAllowed:
        return _form(fields.values, {"station": _not_yours()}), 403
    flash(say("招工信息已发布，到期自动撤下。"))
    return redirect(url_for("desk.notices_page"), 303)


@blueprint.route("/notices/<int:notice_id>", methods=["GET", "POST"])
@desk_page("editor")
def notice_edit(notice_id: int) -> Answer:
    """Show a notice's form, or write what was changed in it."""
    session = db.session()
    notice = notices.get(session, notice_id)
    if request.method == "GET":
        return _form(_spell(notices.as_draft(session, notice)), notice=notice)
    fields, draft = _read(request.form)
    version, told = _version(), f"修改招工信息：{draft.title[:60]}"
    try:
        with db.writing() as writing, acting(writing, current().id, reason=told):
            notices.change(writing, notice_id, draft, version=version, now=db.now())
    except BadFields as error:
        return _form(fields.values, wrong(error) | fields.wrong, notice=notice, version=version), 400
    except NotAllowed:
        return _form(fields.values, {"station": _not_yours()}, notice=notice, version=version), 403
    except Conflict:
        session.expire_all()
        theirs = notices.get(session, notice_id)
        return _form(fields.values, {}, notice=theirs, changed=True), 409
    flash(say("已保存。"))
    return redirect(url_for("desk.notices_page"), 303)


@blueprint.post("/notices/<int:notice_id>/end")
@desk_page("editor")
def notice_end(notice_id: int) -> Answer:
    """End a notice at once: the places are taken, or it was a mistake."""
    with db.writing() as writing:
        title = notices.get(writing, notice_id).title
        with acting(writing, current().id, reason=f"结束招工信息：{title}"):
            notices.end(writing, notice_id, now=db.now())
    flash(say("已结束，公众页面上不再显示。"))
    return redirect(url_for("desk.notices_page"), 303)


def _read(form: Mapping[str, str]) -> tuple[Fields, NoticeDraft]:
    fields = Fields(form, _FIELDS)
    starts, pay_from = fields.day("starts"), fields.whole("pay_from")
    draft = NoticeDraft(
        station=station_code(db.session(), fields.text("station")),
        trade=fields.text("trade"),
        title=fields.text("title"),
        starts=starts,
        # Work of one day and a wage of one amount are written once.
        ends=fields.day("ends") if fields.text("ends") else starts,
        assemble_at=fields.clock("assemble_at"),
        assemble_where=fields.text("assemble_where"),
        pay_from=pay_from,
        pay_to=fields.whole("pay_to") if fields.text("pay_to") else pay_from,
        headcount=fields.whole("headcount"),
        employer=fields.text("employer"),
        phone=fields.text("phone"),
        note=fields.text("note"),
        until=fields.moment("until"),
    )
    return fields, draft


def _fresh() -> dict[str, str]:
    again = request.args.get("again", "")
    if again.isascii() and again.isdigit() and len(again) < 18:
        session = db.session()
        draft = notices.as_draft(session, notices.get(session, int(again)))
        return _spell(notices.next_week(draft, now=db.now()))
    return dict.fromkeys(_FIELDS, "") | {"station": request.args.get("station", "")[:20]}


def _spell(draft: NoticeDraft) -> dict[str, str]:
    values = {name: getattr(draft, name) for name in _FIELDS}
    spelled = {name: "" if value is None else str(value) for name, value in values.items()}
    clock = "" if draft.assemble_at is None else f"{draft.assemble_at:%H:%M}"
    return spelled | {"until": spell_moment(draft.until), "assemble_at": clock}


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _not_yours() -> str:
    return say("这个站点不在您负责的区域里。")


def _form(
    values: Mapping[str, str],
    told: Mapping[str, str] | None = None,
    *,
    notice: Any = None,
    version: int | None = None,
    changed: bool = False,
) -> str:
    session = db.session()
    return render_template(
        "desk/notice_form.html",
        values=values,
        wrong=told or {},
        notice=notice,
        version=version if version is not None else notice.version if notice else 0,
        changed=changed,
        label=field_label,
        lengths=LENGTHS,
        trades=[(code, term.label(lang())) for code, term in vocabulary.TRADES.items()],
        stations=station_choices(session, reach(session, current().id)),
    )
