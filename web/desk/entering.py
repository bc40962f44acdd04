"""Logging in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import entering, events, failures, sessions
from stations.accounts.failures import Attempt
from stations.errors import TooMany
from web import db, i18n
from web.desk.blueprint import blueprint
from web.desk.cookie import is_desk
from web.desk.keys import key_for
from web.desk.staff import Member, current, desk_page, holder, open_page
from web.i18n import say
from web.reports.asker import client_address
from web.settings import Settings

__all__ = ["attempt", "log_in", "log_out", "open_for", "wanted"]


@blueprint.route("/log-in", methods=["GET", "POST"])
@open_page
def log_in() -> AnyResponse | tuple[str, int] | str:
    """Ask for login and password, and open a session."""
    if request.method == "GET":
        return redirect(wanted()) if holder() is not None else _form()
    login, password = request.form.get("login", ""), request.form.get("password", "")
    tried = attempt(login)
    try:
        with db.writing() as writing:
            failures.admit(writing, tried)
    except TooMany as error:
        return _form(login, say("尝试次数过多，请等 {seconds} 秒再试。", seconds=error.retry_after_s)), 429
    with db.writing() as writing:
        known = entering.verify(writing, login, password, now=tried.now)
        if known is not None:
            failures.forgive(writing, tried)
    if known is None:
        return _form(login, say("登录名或密码不对。")), 401
    open_for(known.staff_id)
    return redirect(wanted(), 303)


@blueprint.post("/log-out")
@desk_page("viewer", "editor", "inspector", "planner")
def log_out() -> AnyResponse:
    """End this session."""
    member = current()
    with db.writing() as writing:
        sessions.end(writing, member.session_id, staff_id=member.id)
    logout_user()
    lang = session.get("lang")
    session.clear()
    if lang:
        session["lang"] = lang
    flash(say("您已退出登录。"))
    return redirect(url_for("desk.log_in"), 303)


def attempt(login: str) -> Attempt:
    """Return who tries to log in with this request, as failures are counted."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return Attempt(
        login=login,
        address=client_address(request, trusted_proxies=settings.trusted_proxies),
        now=db.now(),
        pepper=key_for("log-in"),
    )


def open_for(staff_id: int) -> None:
    """Open a session for somebody who proved who they are; nothing of the cookie from before goes along."""
    now = db.now()
    with db.writing() as writing:
        token = sessions.open_session(
            writing, staff_id, now=now, device=sessions.device_of(request.headers.get("User-Agent", ""))
        )
        events.note(writing, staff_id, "logged_in", now=now)
    with db.writing() as reading:
        held = sessions.find(reading, token, now=now)
    if held is None:
        return
    session.clear()
    login_user(Member.of(held, token))
    if held.lang:
        session["lang"] = held.lang
        i18n.keep(held.lang)


def wanted() -> str:
    """Return where the reader was going: a page of this desk, never an address elsewhere."""
    asked = request.values.get("next", "")
    parts = urlsplit(asked)
    if (
        asked.startswith("/")
        and not parts.scheme
        and not parts.netloc
        and is_desk(parts.path)
        and "\\" not in asked
    ):
        return request.script_root + asked
    return url_for("desk.home")


def _form(login: str = "", error: str | None = None) -> str:
    return render_template("desk/log_in.html", login=login, error=error, next=request.values.get("next", ""))
