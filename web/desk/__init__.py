"""The keepers' desk: the pages of staff, behind log-in, under /desk.

Each page's module puts its routes on the shared blueprint by being imported here, and one line into ``web.desk.nav``.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, current_app, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from web import db, i18n, problems
from web.desk import (
    account,
    bodies,
    bulk,
    community_events,
    community_notices,
    community_totals,
    editing,
    editing_photos,
    entering,
    history,
    home,
    imports,
    imports_apply,
    imports_columns,
    imports_ledger,
    imports_map,
    imports_upload,
    inspections,
    inspections_checklists,
    inspections_door,
    inspections_findings,
    inspections_honours,
    oidc,
    people,
    recovery,
    reports,
    reverting,
    second_factor,
    staff,
    stations,
    usage,
    work,
)
from web.desk.blueprint import PREFIX, blueprint
from web.desk.cookie import NAME, DeskCookie, is_desk
from web.desk.nav import entries_for
from web.desk.words import beijing

__all__ = [
    "account",
    "blueprint",
    "bulk",
    "community_events",
    "community_notices",
    "community_totals",
    "editing",
    "editing_photos",
    "entering",
    "history",
    "home",
    "imports",
    "imports_apply",
    "imports_columns",
    "imports_ledger",
    "imports_map",
    "imports_upload",
    "init_app",
    "inspections",
    "inspections_checklists",
    "inspections_door",
    "inspections_findings",
    "inspections_honours",
    "oidc",
    "people",
    "recovery",
    "reports",
    "reverting",
    "second_factor",
    "stations",
    "usage",
    "work",
]

_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def init_app(app: Flask) -> None:
    """Open the desk: its cookie, its log-in, its protection against forged forms, its pages."""
    app.session_interface = DeskCookie()
    app.config["SESSION_COOKIE_NAME"] = NAME
    # The desk asks for the token itself; the public's reports have no log-in that a form could abuse.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # A form may lie open for as long as its session lasts.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    protection = CSRFProtect(app)
    staff.init_app(app)
    oidc.init_app(app)
    app.jinja_env.globals["csrf_field"] = _csrf_field
    app.jinja_env.globals["beijing"] = beijing

    @app.before_request
    def enter() -> None:
        if not is_desk(request.path):
            return
        db.in_one_transaction()
        _keep_language()
        staff.guard()
        if request.method in _UNSAFE and bodies.admit():
            protection.protect()

    @app.after_request
    def leave(response: Response) -> Response:
        if is_desk(request.path):
            response.headers["Cache-Control"] = "no-store"
            response.headers["Referrer-Policy"] = "same-origin"
        return response

    app.register_error_handler(Unauthorized, _ask_to_log_in)
    app.register_blueprint(blueprint)
    if app.config["YIZHAN_SANDBOX"]:
        from web.desk import trying

        app.register_blueprint(trying.blueprint)


@blueprint.context_processor
def _on_every_page() -> dict[str, object]:
    member = staff.holder()
    return {
        "member": member,
        "nav": [] if member is None else entries_for(member),
        "known_pages": current_app.view_functions,
        "other_language": _other_language(),
    }


def _keep_language() -> None:
    """Remember a language that the address names, and speak the one that is remembered."""
    asked = request.args.get("lang", "")
    if asked in i18n.LANGUAGES:
        if session.get("lang") != asked:
            session["lang"] = asked
    else:
        i18n.keep(session.get("lang", ""))


def _other_language() -> dict[str, str]:
    other, label = ("en", "English") if i18n.lang() == "zh" else ("zh", "中文")
    # A page that answers a form has no address of its own to show again.
    path = request.path if request.method == "GET" else PREFIX
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return {
        "lang": other,
        "tag": i18n.LANGUAGES[other],
        "label": label,
        "url": f"{request.script_root}{path}?{urlencode([*query, ('lang', other)])}",
    }


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def _ask_to_log_in(error: Unauthorized) -> AnyResponse:
    """Lead a reader to the log-in and back; what was about to be sent is kept by the browser, so it is told."""
    if not is_desk(request.path):
        return problems.answer(401, str(error.description))
    if request.method == "GET" and not problems.for_programs():
        target = request.full_path.rstrip("?")
        return redirect(url_for("desk.log_in", next=None if target == PREFIX else target))
    return problems.answer(
        401, "you are not logged in any more; log in in another window, then send this again"
    )
