"""My account: password, language, sessions, and what happened to it."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import entering, events, failures, members, preferences, second, sessions
from stations.errors import Invalid
from web import db, i18n
from web.desk.blueprint import blueprint
from web.desk.entering import admitted, attempt, wanted
from web.desk.home import where_held
from web.desk.saying import event_words, wrong
from web.desk.staff import current, member_page
from web.i18n import say
from web.settings import Settings

__all__ = ["change_password", "choose_language", "confirm", "end_sessions", "me"]

Page = AnyResponse | tuple[str, int] | str


@blueprint.get("/me")
@member_page()
def me() -> str:
    """Show one's own account."""
    return _page()


@blueprint.post("/me/password")
@member_page()
def change_password() -> Page:
    """Change the password, with the present one; all other sessions end."""
    member, form = current(), request.form
    tried = attempt(member.login)
    if (refused := admitted(tried)) is not None:
        return _page(password_error=("present", refused)), 429
    new = form.get("password", "")
    if new != form.get("again", ""):
        return _page(password_error=("again", say("两次输入的密码不一样。"))), 400
    try:
        with db.writing() as writing:
            known = entering.known(writing, member.id, form.get("present", ""))
            if known:
                entering.set_password(writing, member.id, new, now=db.now(), keep=member.session_id)
                failures.forgive(writing, tried)
    except Invalid as error:
        return _page(password_error=("password", wrong(error))), 400
    if not known:
        return _page(password_error=("present", say("现在的密码不对。"))), 400
    flash(say("密码已修改，其他设备上的登录都已结束。"))
    return redirect(url_for("desk.me"), 303)


@blueprint.post("/me/language")
@member_page()
def choose_language() -> AnyResponse:
    """Keep the language of the desk for this account; empty is the browser's."""
    chosen = request.form.get("lang", "")
    if chosen and chosen not in i18n.LANGUAGES:
        raise Invalid(
            f"lang {chosen[:20]!r}: known are {', '.join(i18n.LANGUAGES)}", field="lang", value=chosen
        )
    with db.writing() as writing:
        preferences.set_language(writing, current().id, chosen or None)
    session.pop("lang", None)
    if chosen:
        session["lang"] = chosen
    return redirect(url_for("desk.me"), 303)


@blueprint.post("/me/sessions/end")
@member_page()
def end_sessions() -> AnyResponse:
    """End one of one's sessions, or all others."""
    member, chosen = current(), request.form.get("session", "")
    with db.writing() as writing:
        if chosen.isdecimal() and chosen.isascii() and len(chosen) < 19:
            sessions.end(writing, int(chosen), staff_id=member.id)
        else:
            sessions.end_all(writing, member.id, but=member.session_id)
            events.note(writing, member.id, "sessions_ended", now=db.now())
    flash(say("登录已结束。"))
    return redirect(url_for("desk.me"), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
@member_page()
def confirm() -> Page:
    """Ask for the password again before something sensitive is done."""
    member, settings = current(), current_app.config["YIZHAN_SETTINGS"]
    oidc = {"oidc": settings.oidc_issuer is not None, "oidc_name": settings.oidc_name}
    if request.method == "GET":
        return render_template("desk/confirm.html", next=request.args.get("next", ""), **oidc)
    tried = attempt(member.login)
    refused = admitted(tried)
    if refused is None:
        with db.writing() as writing:
            right = entering.known(writing, member.id, request.form.get("password", ""))
            if right:
                sessions.confirm(writing, member.session_id, now=db.now())
                failures.forgive(writing, tried)
        if right:
            return redirect(wanted(), 303)
    error = refused or say("密码不对。")
    page = render_template("desk/confirm.html", error=error, next=request.form.get("next", ""), **oidc)
    return page, 429 if refused else 401


def _page(password_error: tuple[str, str] | None = None) -> str:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    member, now = current(), db.now()
    with db.writing() as reading:
        return render_template(
            "desk/me.html",
            person=members.person(reading, member.id),
            held=where_held(member.grants),
            sessions=sessions.held_by(reading, member.id, now=now),
            codes_left=second.codes_left(reading, member.id),
            happened=[
                (one.at, event_words(one.kind), say("管理员") if one.by_id else None)
                for one in events.of(reading, member.id)
            ],
            kept_lang=member.lang or "",
            password_error=password_error,
            oidc=settings.oidc_issuer is not None,
            oidc_name=settings.oidc_name,
        )
