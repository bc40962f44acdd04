"""Logging in, by password and where it is on by a second factor, and logging out."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import entering, events, failures, second, sessions, where
from stations.accounts.entering import Known
from stations.accounts.failures import Attempt
from stations.accounts.tryers import TRYERS
from stations.errors import TooMany
from web import db, i18n
from web.desk import mail
from web.desk.blueprint import PREFIX, blueprint
from web.desk.cookie import is_desk
from web.desk.keys import key_for
from web.desk.staff import Member, current, holder, member_page, open_page
from web.desk.words import role_name
from web.ground import name_in
from web.i18n import say
from web.reports.asker import client_address
from web.settings import Settings

__all__ = [
    "admitted",
    "attempt",
    "go_on",
    "log_in",
    "log_in_code",
    "log_in_form",
    "log_out",
    "open_for",
    "wanted",
]

#: How long the second factor is waited for after the password.
_HALF = timedelta(minutes=5)

Page = AnyResponse | tuple[str, int] | str


@blueprint.route("/log-in", methods=["GET", "POST"])
@open_page
def log_in() -> Page:
    """Ask for login and password."""
    if request.method == "GET":
        return redirect(wanted()) if holder() is not None else log_in_form()
    login, password = request.form.get("login", ""), request.form.get("password", "")
    tried = attempt(login)
    if (refused := admitted(tried)) is not None:
        return log_in_form(login, refused), 429
    with db.writing() as writing:
        known = entering.verify(writing, login, password, now=tried.now)
    if known is None:
        return log_in_form(login, say("登录名或密码不对。")), 401
    return go_on(known, tried)


@blueprint.route("/log-in/code", methods=["GET", "POST"])
@open_page
def log_in_code() -> Page:
    """Ask for the second factor of somebody whose password was right a moment ago."""
    half = session.get("half")
    if half is None or db.now() - datetime.fromisoformat(half["at"]) > _HALF:
        session.pop("half", None)
        return redirect(url_for("desk.log_in", next=request.values.get("next") or None), 303)
    if request.method == "GET":
        return _code_form()
    tried = attempt(half["login"])
    if (refused := admitted(tried)) is not None:
        return _code_form(refused), 429
    with db.writing() as writing:
        right = second.passes(
            writing, half["id"], request.form.get("code", ""), key=key_for("second factor"), now=tried.now
        )
        if not right:
            events.note(writing, half["id"], "failed", now=tried.now)
    if not right:
        return _code_form(say("验证码不对，或者已经用过。")), 401
    open_for(half["id"], tried)
    return redirect(wanted(), 303)


@blueprint.post("/log-out")
@member_page()
def log_out() -> AnyResponse:
    """End this session."""
    member = current()
    with db.writing() as writing:
        sessions.end(writing, member.session_id, staff_id=member.id)
    logout_user()
    _forget()
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


def admitted(tried: Attempt) -> str | None:
    """Count an attempt and keep that; returns what to tell where it comes too soon, else None."""
    try:
        with db.writing() as writing:
            failures.admit(writing, tried)
    except TooMany as error:
        return say("尝试次数过多，请等 {seconds} 秒再试。", seconds=error.retry_after_s)
    return None


def go_on(known: Known, tried: Attempt, where: str | None = None) -> AnyResponse:
    """Go on to the second factor where it is on, else open a session; ``where`` the reader was going."""
    where = where or request.values.get("next") or None
    if known.has_second_factor:
        _forget()
        session["half"] = {"id": known.staff_id, "login": tried.login, "at": tried.now.isoformat()}
        return redirect(url_for("desk.log_in_code", next=where), 303)
    open_for(known.staff_id, tried)
    return redirect(wanted(where), 303)


def wanted(asked: str | None = None) -> str:
    """Return where the reader was going: a page of this desk, never an address elsewhere."""
    asked = asked or request.values.get("next", "")
    parts = urlsplit(asked)
    own = not parts.scheme and not parts.netloc and is_desk(parts.path)
    if own and asked.isprintable() and "\\" not in asked:
        return request.script_root + asked
    return url_for("desk.home")


def open_for(staff_id: int, tried: Attempt) -> None:
    """Open a session; nothing of the cookie from before the log-in goes along, so none can be planted."""
    with db.writing() as writing:
        failures.forgive(writing, tried)
        token = sessions.open_session(
            writing, staff_id, now=tried.now, device=sessions.device_of(request.headers.get("User-Agent", ""))
        )
        events.note(writing, staff_id, "logged_in", now=tried.now)
        held = sessions.find(writing, token, now=tried.now)
    _forget()
    if held is not None:
        login_user(Member.of(held, token))
        if held.lang:
            session["lang"] = held.lang
            i18n.keep(held.lang)


def _forget() -> None:
    """Empty the cookie of all but the language."""
    lang = session.get("lang")
    session.clear()
    if lang:
        session["lang"] = lang


def log_in_form(login: str = "", error: str | None = None) -> str:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return render_template(
        "desk/log_in.html",
        login=login,
        error=error,
        next=request.values.get("next", ""),
        oidc=settings.oidc_issuer is not None,
        oidc_name=settings.oidc_name,
        can_send=mail.can_send(settings),
        tryers=_tryers() if current_app.config["YIZHAN_SANDBOX"] else [],
        try_at=_try_at(),
    )


def _tryers() -> list[tuple[str, str, str]]:
    """Return (login, name, role) of those as whom one may try the desk here."""
    names = where.names(db.session(), {tryer.region for tryer in TRYERS if tryer.region is not None})
    return [
        (
            tryer.login,
            role_name(tryer.role),
            name_in(names[tryer.region]) if tryer.region in names else say("全部区域"),
        )
        for tryer in TRYERS
    ]


def _try_at() -> str | None:
    """Return where the desk of this site may be tried; None where it may not, or this is there."""
    return f"{request.script_root}/sandbox{PREFIX}" if "yizhan.sandbox" in current_app.extensions else None


def _code_form(error: str | None = None) -> str:
    return render_template("desk/log_in_code.html", error=error, next=request.values.get("next", ""))
