"""The desk's cookie: signed, sent back to /desk alone, and unknown to every page that is for the public.

Flask's own session would be opened, and named in Vary, wherever a library looks into it. Here a page outside the desk
gets a session that is empty and cannot be written, so public answers stay the same for everybody and may be cached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Request, has_request_context, request
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface

from web.desk.blueprint import PREFIX

if TYPE_CHECKING:
    from web.settings import Settings

__all__ = ["NAME", "DeskCookie", "is_desk"]

NAME = "yizhan_desk"


def is_desk(path: str) -> bool:
    """Tell whether a path of this site is one of the desk's."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


class DeskCookie(SecureCookieSessionInterface):
    """Opens a session for the desk alone; the cookie holds a random token, and what it opens is in the database."""

    salt = "yizhan-desk"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the session of a request to the desk; for any other request a null session."""
        if not is_desk(request.path):
            return NullSession()
        return super().open_session(app, request)

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name of the cookie."""
        return NAME

    def get_cookie_path(self, app: Flask) -> str:
        """Return the desk's path, below wherever the application is mounted."""
        return f"{request.script_root if has_request_context() else ''}{PREFIX}"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie is for https alone: where readers come by https, whatever stands between."""
        settings: Settings = app.config["YIZHAN_SETTINGS"]
        return (settings.public_url or "").startswith("https:") or request.is_secure

    def get_cookie_httponly(self, app: Flask) -> bool:
        """Keep the cookie from scripts."""
        return True

    def get_cookie_samesite(self, app: Flask) -> str:
        """Keep the cookie from forms of other sites; a link from a chat or a log-in elsewhere still brings it."""
        return "Lax"
