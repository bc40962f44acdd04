"""Which form an answer takes: ``f`` in the address decides, else the Accept header, else JSON."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from flask import request
from werkzeug.exceptions import NotAcceptable

from stations.query import BadQuery, Problem

__all__ = ["GEOJSON", "HTML", "JSON", "OPENAPI", "PROBLEM", "SCHEMA", "Form", "asked_form", "only"]

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


def only(*names: str, also: Iterable[Problem] = ()) -> None:
    """Refuse every parameter but these, and what is wrong with them already. Raises BadQuery that names them all."""
    problems = [
        Problem(
            name[:200], value[:200], f"{name[:200]!r} is not a parameter here; known are {', '.join(names)}"
        )
        for name, value in request.args.items()
        if name not in names
    ]
    problems += also
    if problems:
        raise BadQuery(tuple(problems))
