"""Logging in with an account elsewhere (OpenID Connect), where the operator named an issuer. Authlib speaks with it.

The issuer says who somebody is, never what they may do: a subject stands for a member of staff who linked it while logged
in. Nobody is added by it unless the operator's setting says so, and then without any role.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response as AnyResponse
from wtforms import ValidationError

from stations.accounts import elsewhere, sessions
from stations.errors import Conflict
from web import db
from web.desk.blueprint import blueprint
from web.desk.entering import attempt, go_on, log_in_form, wanted
from web.desk.staff import current, member_page, open_page
from web.i18n import say
from web.origin import absolute
from web.settings import Settings

__all__ = ["init_app", "oidc_back", "oidc_go", "unlink_oidc"]

_TIMEOUT_S = 10
_CLIENT = "yizhan.oidc"

Page = AnyResponse | tuple[str, int] | str


def init_app(app: Flask) -> None:
    """Know the issuer of the settings; it is asked for its addresses when the first person goes there."""
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return
    from authlib.integrations.flask_client import OAuth

    app.extensions[_CLIENT] = OAuth(app).register(
        "oidc",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile",
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_S,
            "token_endpoint_auth_method": "client_secret_basic" if settings.oidc_client_secret else "none",
        },
    )


@blueprint.get("/oidc/<any('log-in', 'link', 'confirm'):purpose>")
@open_page
def oidc_go(purpose: str) -> AnyResponse:
    """Send the reader to the issuer: to log in, to link an account, or to prove again who they are."""
    client = _client()
    asked: dict[str, Any] = {"purpose": purpose, "next": request.args.get("next", "")}
    options = {}
    if purpose != "log-in":
        asked["staff_id"] = current().id
        options = {"prompt": "login", "max_age": "0"}
    if purpose == "link":
        # A link and no form, because the content policy lets no form end at another site.
        try:
            validate_csrf(request.args.get("csrf_token"))
        except ValidationError as error:
            abort(400, str(error))
    session["oidc"] = asked
    try:
        answer: AnyResponse = client.authorize_redirect(absolute(url_for("desk.oidc_back")), **options)
    except _troubles() as error:
        return _failed(error)
    return answer


@blueprint.get("/oidc/back")
@open_page
def oidc_back() -> Page:
    """Take the issuer's answer."""
    asked = session.pop("oidc", None)
    if asked is None:
        return redirect(url_for("desk.log_in"))
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    try:
        claims = _client().authorize_access_token()["userinfo"]
        if claims["iss"].rstrip("/") != (settings.oidc_issuer or "").rstrip("/"):
            raise KeyError(f"iss is {claims['iss']!r}")
        issuer, subject = str(claims["iss"]), str(claims["sub"])
    except _troubles() as error:
        return _failed(error)
    if asked["purpose"] == "log-in":
        return _enter(issuer, subject, claims, asked["next"])
    member = current()
    if member.id != asked["staff_id"]:
        abort(403, "the account changed on the way; begin again")
    return _link(issuer, subject) if asked["purpose"] == "link" else _confirm(issuer, subject, asked["next"])


@blueprint.post("/me/oidc/unlink")
@member_page(confirmed=True)
def unlink_oidc() -> AnyResponse:
    """Part the account elsewhere from this one."""
    try:
        with db.writing() as writing:
            elsewhere.unlink(writing, current().id)
    except Conflict:
        flash(say("请先设置密码，否则就没有办法登录了。"), "error")
    else:
        flash(say("已断开。"))
    return redirect(url_for("desk.me"), 303)


def _enter(issuer: str, subject: str, claims: dict[str, Any], where: str) -> Page:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    tried = attempt(f"{issuer} {subject}")
    with db.writing() as writing:
        known = elsewhere.known_as(writing, issuer, subject)
        if known is None and settings.oidc_newcomers == "yes":
            elsewhere.newcomer(
                writing,
                issuer,
                subject,
                login=str(claims.get("preferred_username") or ""),
                name=str(claims.get("name") or ""),
                now=tried.now,
            )
            known = elsewhere.known_as(writing, issuer, subject)
    if known is None:
        return log_in_form(
            error=say("身份认证通过了，但它没有连接工作台账号。请先用密码登录，在“我的账号”里连接。")
        ), 403
    return go_on(known, tried, where)


def _link(issuer: str, subject: str) -> AnyResponse:
    try:
        with db.writing() as writing:
            elsewhere.link(writing, current().id, issuer, subject, now=db.now())
    except Conflict:
        flash(say("这个身份已经连接了另一个账号。"), "error")
    else:
        flash(say("已连接，以后可以用它登录。"))
    return redirect(url_for("desk.me"), 303)


def _confirm(issuer: str, subject: str, where: str) -> AnyResponse:
    member = current()
    with db.writing() as writing:
        known = elsewhere.known_as(writing, issuer, subject)
        if known is None or known.staff_id != member.id:
            abort(403, "that is the account of somebody else")
        sessions.confirm(writing, member.session_id, now=db.now())
    return redirect(wanted(where), 303)


def _client() -> Any:
    client = current_app.extensions.get(_CLIENT)
    if client is None:
        abort(404, "no issuer of OpenID Connect is set")
    return client


def _troubles() -> tuple[type[Exception], ...]:
    """Return what can go wrong with an issuer: it cannot be reached, it refuses, or it says what cannot be believed."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests.exceptions import RequestException

    return AuthlibBaseError, JoseError, RequestException, KeyError, ValueError


def _failed(error: Exception) -> AnyResponse:
    current_app.logger.warning("OpenID Connect failed: %s: %s", type(error).__name__, error)
    flash(say("统一身份认证没有完成，请再试一次，或用密码登录。"), "error")
    return redirect(url_for("desk.log_in"), 303)
