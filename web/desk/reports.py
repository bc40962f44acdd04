"""The queue of reports: what waits for a decision, one tap for what the choice means, and what was decided last."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES, where
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.keeping import deciding, photos, queue
from stations.keeping.deciding import REMEDIES, Remedy
from stations.keeping.queue import Filter
from stations.registry import meant
from stations.registry.differences import Sort
from web import db
from web.desk.blueprint import blueprint
from web.desk.report_view import card, done_card, outcome_words, remedy_words
from web.desk.staff import current, desk_page
from web.finder.words import said_words
from web.ground import name_in
from web.i18n import plural, say
from web.reports import agreement
from web.settings import Settings

__all__ = ["decide_reports", "kept_photo", "release_report", "reopen_reports", "reports_page"]

Page = AnyResponse | tuple[str, int] | str
_DIGEST = re.compile(r"[0-9a-f]{64}")
_AGES = (1, 3, 7, 30)
_PAGE = 20
_DECIDED = 10
#: One form decides no more reports than anybody would read.
_MOST = 2000


@blueprint.get("/reports")
@desk_page(*ROLES)
def reports_page() -> str:
    """Show the reports that wait in one's own regions, oldest first, and what was decided last."""
    return _queue()


@blueprint.post("/reports/decide")
@desk_page("editor")
def decide_reports() -> Page:
    """Accept reports with what is to be done about them, or reject them with a reason."""
    form = request.form
    ids, act = _ids(), form.get("act", "")
    try:
        with db.writing() as session:
            common: dict[str, Any] = {"actor": current().id, "now": db.now()}
            if act == "reject":
                done = deciding.reject(session, ids, note=form.get("note", ""), **common)
            elif act in set(Remedy):
                done = deciding.accept(
                    session,
                    ids,
                    remedy=Remedy(act),
                    note=form.get("note"),
                    back_on=_day(form.get("back_on", "")),
                    **common,
                )
            else:
                raise Invalid(f"act: {act[:40]!r} is nothing that can be decided", field="act", value=act)
    except NotAllowed:
        return _queue(say("这个站点不在您的区域里，没有处理。")), 403
    except Conflict as error:
        return _queue(_conflict(error)), 409
    except Invalid as error:
        if error.field not in {"note", "lifecycle_reason", "back_on"}:
            raise
        wrong = say("恢复的日子不能早于今天。") if error.field == "back_on" else say("请写明原因。")
        return _queue(wrong, wrong_ids=ids, wrong_act=act), 400
    if act == "reject":
        flash(say("没有采纳，原因已记下。"))
    elif done.changed:
        flash(say("已采纳：{what}。", what=outcome_words(act)))
    else:
        flash(say("已采纳，站点登记没有变。"))
    return redirect(_back(), 303)


@blueprint.post("/reports/<int:report_id>/release")
@desk_page("editor")
def release_report(report_id: int) -> Page:
    """Show the words of a report to the public, its photo, both or neither."""
    shown = set(request.form.getlist("show"))
    try:
        with db.writing() as session:
            deciding.release(
                session,
                report_id,
                actor=current().id,
                now=db.now(),
                words="words" in shown,
                photo="photo" in shown,
            )
    except NotAllowed:
        return _queue(say("这个站点不在您的区域里，没有处理。")), 403
    except Conflict as error:
        return _queue(_conflict(error)), 409
    flash(say("已公开。") if shown else say("已隐藏。"))
    return redirect(_back(), 303)


@blueprint.post("/reports/reopen")
@desk_page("editor")
def reopen_reports() -> Page:
    """Take a decision back, and with it what it changed about the station."""
    try:
        with db.writing() as session:
            kept = deciding.take_back(session, _ids(), actor=current().id)
    except NotAllowed:
        return _queue(say("这个站点不在您的区域里，没有处理。")), 403
    except Conflict as error:
        return _queue(_conflict(error)), 409
    if kept:
        flash(say("已重新打开；站点后来又改过，登记保持不动。"))
    else:
        flash(say("已重新打开，处理时的登记也已撤回。"))
    return redirect(_back(), 303)


@blueprint.get("/kept-photos/<digest>.jpg")
@desk_page(*ROLES)
def kept_photo(digest: str) -> Response:
    """Answer a photo to staff, released or not; nothing on the way may keep it."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    if not _DIGEST.fullmatch(digest) or not (path := photos.path_of(settings.photos, digest)).is_file():
        raise NotFound("there is no such photo")
    answer = Response(path.read_bytes(), content_type="image/jpeg")
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    return answer


def _queue(error: str | None = None, *, wrong_ids: tuple[int, ...] = (), wrong_act: str | None = None) -> str:
    args, member, now = request.args, current(), db.now()
    own, editable = member.regions(*ROLES), member.regions("editor")
    wanted = _wanted(own)
    page = queue.waiting(db.session(), wanted, now, agreement=agreement(), limit=_PAGE)
    done = () if wanted.after else queue.decided(db.session(), wanted, limit=_DECIDED)
    codes = {group.region_code for group in page.groups} | {one.region_code for one in done}
    mine = _within(editable, codes)
    people = meant.names_of(db.session(), {(Sort.STAFF, one.by) for one in done})
    return render_template(
        "desk/reports.html",
        cards=[card(group, now, group.region_code in mine) for group in page.groups],
        count=queue.waiting_count(db.session(), wanted, now),
        after=None if page.after is None else f"{page.after[0].isoformat()}~{page.after[1]}",
        done=[
            done_card(one, str(people.get((Sort.STAFF, one.by), "")), one.region_code in mine) for one in done
        ],
        choices=[(code, said_words(code, None)) for code in REMEDIES],
        regions=_region_choices(own),
        ages=[(n, plural("{n} 天以上", "{n} 天以上", n).format(n=n)) for n in _AGES],
        form=args,
        narrowed=any(args.get(name) for name in ("choice", "days", "region", "station")),
        remedy_words=remedy_words(),
        error=error,
        wrong_ids=wrong_ids,
        wrong_act=wrong_act,
        today=now.astimezone(SHANGHAI).date(),
        here=request.full_path.rstrip("?") if request.method == "GET" else request.form.get("back", ""),
    )


def _wanted(own: tuple[str, ...] | None) -> Filter:
    """Read the filter of the address. Raises Invalid, naming what is wrong."""
    choice, days = request.args.get("choice") or None, request.args.get("days", "")
    if choice is not None and choice not in REMEDIES:
        raise Invalid(
            f"choice: {choice[:40]!r} is none of {', '.join(REMEDIES)}", field="choice", value=choice
        )
    if days and days not in {str(n) for n in _AGES}:
        raise Invalid(
            f"days: {days[:40]!r} is none of {', '.join(map(str, _AGES))}", field="days", value=days
        )
    return Filter(
        regions=own,
        region=request.args.get("region") or None,
        choice=choice,
        older_than=timedelta(days=int(days)) if days else None,
        station=request.args.get("station") or None,
        after=_after(request.args.get("after", "")),
    )


def _after(text: str) -> tuple[datetime, int] | None:
    """Read where the page before ended. Raises Invalid."""
    if not text:
        return None
    at, _, number = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        found = moment, int(number)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 0 <= found[1] < 2**62:
        raise Invalid(
            f"after: {text[:60]!r} is no place in the queue; begin at its head", field="after", value=text
        )
    return found


def _within(held: tuple[str, ...] | None, codes: set[str | None]) -> set[str | None]:
    """Return which of these regions lie in the ones that are held; None holds all, and what lies nowhere."""
    return codes if held is None else meant.inside(db.session(), held, codes)


def _region_choices(own: tuple[str, ...] | None) -> list[tuple[str, str]]:
    found = where.choices(db.session(), own)
    top = min((len(one.lineage) for one in found), default=1)
    return [(one.code, "　" * (len(one.lineage) - top) + name_in(one.names)) for one in found]


def _ids() -> tuple[int, ...]:
    """Read which reports a form is about. Raises Invalid."""
    text = request.form.get("reports", "")
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts) or len(parts) > _MOST:
        raise Invalid(f"reports: {text[:60]!r} names no reports", field="reports", value=text)
    return tuple(dict.fromkeys(map(int, parts)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"back_on: {text[:40]!r} is no day", field="back_on", value=text) from None


def _back() -> str:
    """Return the queue as it was looked at: an address of this page and no other."""
    asked, page = request.form.get("back", ""), url_for("desk.reports_page")
    return asked if asked == page or asked.startswith(f"{page}?") else page


def _conflict(error: Conflict) -> str:
    """Say why nothing was decided: most often somebody else was quicker."""
    if "already" in str(error) or "none to take back" in str(error):
        return say("别人刚刚处理过这条反映，这里没有再动。")
    return say("站点现在的状态做不了这一步，请打开站点修改。")
