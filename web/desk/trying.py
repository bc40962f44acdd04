"""Trying the desk: in the sandbox, and there alone, one tap logs in as one of those who were made for it.

The route is on a blueprint of its own that only the sandbox registers, and answers only over a demonstration.
"""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import by_login
from stations.accounts.tryers import TRYERS
from stations.errors import NotAllowed, NotFound
from stations.registry import public
from web import db
from web.desk.blueprint import PREFIX
from web.desk.entering import attempt, open_for
from web.desk.staff import open_page

__all__ = ["blueprint"]

blueprint = Blueprint("trying", __name__, url_prefix=PREFIX)


@blueprint.post("/try/<login>")
@open_page
def enter(login: str) -> AnyResponse:
    """Log in as somebody of the sandbox."""
    if login not in {tryer.login for tryer in TRYERS}:
        raise NotFound(f"nobody is called {login[:40]!r} here")
    if not public.info(db.session()).demonstration:
        raise NotAllowed("this is no demonstration, so nobody is let in without a password")
    staff = by_login(db.session(), login)
    if not staff.active:
        raise NotFound(f"somebody disabled {login!r}; the sandbox is made anew each day")
    open_for(staff.id, attempt(login))
    return redirect(url_for("desk.home"), 303)
