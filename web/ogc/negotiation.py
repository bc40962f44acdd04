"""Which form an answer takes: ``f`` in the address decides, else the Accept header, else JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from flask import request
from werkzeug.exceptions import NotAcceptable

from stations.errors import Invalid
from stations.query import BadQuery, Problem
from web.i18n import LANGUAGES

__all__ = [
    "GEOJSON",
    "HTML",
    "JSON",
    "OPENAPI",
    "PROBLEM",
    "SCHEMA",
    "Form",
    "asked_form",
    "known_language",
    "only",
]

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
PROBLEM: Final = "application/problem+json"
HTML: Final = "text/html"


class Form(StrEnum):
    """The forms that resources have."""

    JSON = "json"
    HTML = "html"


def asked_form(*json_types: str) -> Form:
    """Return the form that the request asks for.

    json_types: media types of the JSON form beside ``application/json``. Raises BadQuery for another ``f``,
    NotAcceptable where the Accept header takes none of the forms.
    """
    values = request.args.getlist("f")
    if values:
        if len(set(values)) > 1 or values[0] not in tuple(Form):
            given = ",".join(values)
            raise BadQuery((Problem("f", given[:200], f"f: {given[:200]!r} is no form; write json or html"),))
        return Form(values[0])
    accept = request.accept_mimetypes
    if not accept:
        return Form.JSON
    ours = [*(name.split(";")[0] for name in json_types), JSON, HTML]
    best = accept.best_match(ours)
    if best is None:
        raise NotAcceptable(f"Accept takes none of {', '.join(ours)}; ask for one of them, or say f=json")
    return Form.HTML if best == HTML else Form.JSON


def known_language(text: str) -> str:
    """Return a language that titles and pages are written in. Raises Invalid for another."""
    if text not in LANGUAGES:
        raise Invalid(f"{text[:40]!r} is no language here; write {' or '.join(LANGUAGES)}")
    return text


def only(*names: str) -> None:
    """Refuse every parameter but these, and a ``lang`` that is none. Raises BadQuery that names them all."""
    problems = []
    for name, value in request.args.items(multi=True):
        if name not in names:
            reason = f"{name[:200]!r} is not a parameter here; known are {', '.join(names)}"
            problems.append(Problem(name[:200], value[:200], reason))
        elif name == "lang":
            try:
                known_language(value)
            except Invalid as error:
                problems.append(Problem(name, value[:200], f"lang: {error}"))
    if problems:
        raise BadQuery(tuple(problems))
