"""Honours at the desk: what stations and organisations were given, given anew, made of an inspection's rating, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES
from stations.editing import choices
from stations.errors import Conflict, NotAllowed, StationsError
from stations.hours import SHANGHAI
from stations.keeping.inspecting import honouring
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.inspections import regions_of, shown_regions
from web.desk.inspections_words import level_words, refusal
from web.desk.staff import current, desk_page, may
from web.i18n import say

__all__ = ["honour_give", "honour_rate", "honour_revoke", "honours_page"]


@blueprint.get("/honours")
@desk_page(*ROLES)
def honours_page() -> str:
    """Show the honours of one's regions, the newest first, with those that were revoked."""
    return _page()


@blueprint.post("/honours/new")
@desk_page("editor")
def honour_give() -> AnyResponse | tuple[str, int]:
    """Write down an honour of a station or of an organisation."""
    form, today = request.form, _today()
    year = form.get("year", "")
    try:
        with db.writing() as session, acting(session, current().id, reason=say("登记荣誉")):
            honouring.give(
                session,
                title=form.get("title", ""),
                level=form.get("level", ""),
                year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0,
                today=today,
                station_code=form.get("station", "").strip() or None,
                organisation=form.get("organisation", "").strip() or None,
                standard=form.get("standard"),
            )
    except NotAllowed:
        return _page(say("这个站点或单位不在您的区域里，没有登记。")), 403
    except Conflict:
        return _page(say("这项荣誉已经登记过。")), 409
    except StationsError as error:
        return _page(refusal(error)), 400
    flash(say("已登记荣誉，站点页面上看得到。"))
    return redirect(url_for("desk.honours_page"), 303)


@blueprint.post("/inspections/<int:inspection_id>/rate")
@desk_page("editor")
def honour_rate(inspection_id: int) -> AnyResponse:
    """Make the rating of an inspection known as an honour of its station."""
    try:
        with db.writing() as session, acting(session, current().id, reason=say("评定等级")):
            honouring.give_rating(
                session, inspection_id, level=request.form.get("level", "county"), today=_today()
            )
    except NotAllowed:
        raise
    except Conflict:
        flash(say("这次检查不能评定，或者已经评定过。"), "error")
    except StationsError as error:
        flash(refusal(error), "error")
    else:
        flash(say("已评定，站点页面上看得到。"))
    return redirect(url_for("desk.inspection", inspection_id=inspection_id), 303)


@blueprint.post("/honours/<int:honour_id>/revoke")
@desk_page("editor")
def honour_revoke(honour_id: int) -> AnyResponse:
    """Take an honour back, with the reason that everybody reads."""
    form = request.form
    try:
        on = date.fromisoformat(form.get("on") or _today().isoformat())
    except ValueError:
        on = _today()
    try:
        with db.writing() as session, acting(session, current().id, reason=say("撤销荣誉")):
            honouring.revoke(session, honour_id, reason=form.get("reason", ""), on=on)
    except NotAllowed:
        raise
    except Conflict:
        flash(say("这项荣誉已经撤销了。"), "error")
    except StationsError as error:
        flash(refusal(error), "error")
    else:
        flash(say("已撤销，站点页面上会写明。"))
    return redirect(url_for("desk.honours_page"), 303)


def _page(wrong: str = "") -> str:
    session, today = db.session(), _today()
    rows = honouring.listed(session, regions=shown_regions())
    allowed: dict[str | None, bool] = {}
    for row in rows:
        if row.region_code not in allowed:
            allowed[row.region_code] = may(session, current().id, ("editor",), row.region_code)
    values: dict[str, Any] = dict(request.form.items()) if wrong else {}
    return render_template(
        "desk/inspection_honours.html",
        rows=[(row, allowed[row.region_code], row.due(today)) for row in rows],
        levels=level_words(),
        regions=regions_of(),
        form=request.args,
        values=values,
        wrong=wrong,
        organisations=choices.organisations(session),
        may_give=current().holds("editor"),
        today=today,
    )


def _today() -> date:
    return db.now().astimezone(SHANGHAI).date()
