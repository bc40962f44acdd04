"""Errors become answers here and nowhere else: RFC 9457 for programs, a plain page for people.

StationsError and GeoError say in words what was wrong; an error that nobody expected is logged and not shown.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, render_template, request
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from geo.errors import GeoError
from stations.errors import (
    Conflict,
    Full,
    Invalid,
    NotAllowed,
    NotFound,
    StationsError,
    TooLarge,
    TooMany,
    Unavailable,
    Unsupported,
)
from stations.query import BadQuery

__all__ = ["STATUSES", "answer", "for_programs", "init_app", "problem"]

#: The one table of statuses; the first base that fits counts.
STATUSES: dict[type[Exception], int] = {
    NotFound: 404,
    TooLarge: 413,
    Unsupported: 415,
    Invalid: 400,
    Conflict: 409,
    NotAllowed: 403,
    TooMany: 429,
    Full: 507,
    Unavailable: 503,
    StationsError: 500,
    GeoError: 400,
}
_TITLES = {
    400: "Bad request",
    401: "Not known",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    413: "Too large",
    415: "Not a kind that is read",
    429: "Too many requests",
    500: "Internal error",
    501: "Not made here",
    503: "Not available now",
    507: "No room left",
}
_CANCELLED = "57014"
_DISK_FULL = "53100"
#: Paths below these are for programs; all others are for people.
_FOR_PROGRAMS = ("/api/", "/ogc", "/map/", "/find.json", "/find/", "/static-map.", "/photos/", "/oembed")
#: What a stranger wrote is quoted so far and not given back by the megabyte.
_LONGEST_QUOTE, _LONGEST_DETAIL = 200, 8_000


def problem(status: int, detail: str, **members: Any) -> Response:
    """Return an RFC 9457 problem. members: further fields, such as ``errors`` with every bad parameter."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": _cut(detail, _LONGEST_DETAIL),
        "instance": _cut(request.path, _LONGEST_QUOTE),
        **members,
    }
    return Response(
        json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json; charset=utf-8"
    )


def for_programs() -> bool:
    """Tell whether a program asks: by the address, or as a script of a page that takes JSON and no page."""
    if request.path.startswith("/download/") and "text/html" not in request.headers.get("Accept", ""):
        return True
    return request.path.startswith(_FOR_PROGRAMS) or (
        request.accept_mimetypes["application/json"] > request.accept_mimetypes["text/html"]
    )


def answer(status: int, detail: str, **members: Any) -> Response:
    """Answer with a problem, or to a person with a page that says it."""
    if for_programs():
        return problem(status, detail, **members)
    page = render_template("error.html", status=status, detail=_cut(detail, _LONGEST_DETAIL))
    return Response(page, status, content_type="text/html; charset=utf-8")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _of_ours(error: Exception) -> Response:
    status = next(code for kind, code in STATUSES.items() if isinstance(error, kind))
    if isinstance(error, BadQuery):
        errors = [
            {
                "parameter": _cut(p.name, _LONGEST_QUOTE),
                "value": _cut(p.value, _LONGEST_QUOTE),
                "detail": _cut(p.reason, _LONGEST_DETAIL // len(error.problems)),
            }
            for p in error.problems
        ]
        return answer(status, str(error), errors=errors)
    members = {}
    if isinstance(error, Invalid):
        members = {"parameter": error.field, "reason": error.reason}
    found = answer(
        status, str(error), **{name: value for name, value in members.items() if value is not None}
    )
    if isinstance(error, TooMany):
        found.headers["Retry-After"] = str(error.retry_after_s)
    return found


def init_app(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(StationsError, _of_ours)
    app.register_error_handler(GeoError, _of_ours)

    @app.errorhandler(DBAPIError)
    def database(error: DBAPIError) -> Response:
        if getattr(error.orig, "sqlstate", None) == _CANCELLED:
            return answer(503, "the question took too long; ask for less (a region, a bbox, a smaller limit)")
        if getattr(error.orig, "sqlstate", None) == _DISK_FULL:
            return answer(507, "there is no room left in the database; nothing was stored, try again later")
        app.logger.error("database error on %s", request.path, exc_info=error)
        if isinstance(error, OperationalError | InterfaceError):
            return answer(503, "the database does not answer now; try again in a minute")
        return answer(500, "something went wrong here; it was written to the log")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> AnyResponse:
        # Werkzeug's own headers (Allow, Retry-After, Location …) are part of the answer.
        if error.response is not None or (error.code or 500) < 400:
            return error.get_response(request.environ)
        found = answer(error.code or 500, str(error.description or error.name))
        for name, value in error.get_headers(request.environ):
            if name.lower() not in {"content-type", "content-length"}:
                found.headers[name] = value
        return found

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        app.logger.error("unexpected error on %s", request.path, exc_info=error)
        return answer(InternalServerError.code, "something went wrong here; it was written to the log")
