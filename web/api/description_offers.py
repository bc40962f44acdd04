"""Notices of work, events and calendars, as the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from stations import vocabulary as words
from stations.models.community import MAX_HEADCOUNT, MAX_PAY, MIN_PAY
from web.api.offers import OF_EVENTS, OF_NOTICES

__all__ = ["PARAMETERS", "SCHEMAS", "paths"]

_TEXT: Final = {"type": "string"}
_NULL_TEXT: Final = {"type": "string", "nullable": True}
_DAY: Final = {"type": "string", "format": "date"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_EVENTS: Final = [code for code, kind in words.EVENT_KINDS.items() if not kind.counts_only]


def _some_of(codes: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "string", "enum": ["any", *codes]},
        "minItems": 1,
        "uniqueItems": True,
    }


#: Names of the one query string.
PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "jobs": (
        "Day labour of these trades is wanted on the day asked about; any for every one.",
        _some_of(tuple(words.TRADES)),
    ),
    "events": (
        "An event of these kinds takes place within a week of the moment asked about; any for every one.",
        _some_of(_EVENTS),
    ),
}
_STATION: Final = {
    "type": "object",
    "required": ["code", "name", "kind", "region", "location"],
    "properties": {
        "code": _TEXT,
        "name": _TEXT,
        "kind": {"type": "string", "enum": list(words.KINDS)},
        "region": _NULL_TEXT,
        "location": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
            "nullable": True,
        },
        "distance_m": {"type": "integer", "description": "Only with near."},
    },
}
_YUAN: Final = {"type": "integer", "minimum": MIN_PAY, "maximum": MAX_PAY}
_NOTICE: Final = {
    "type": "object",
    "required": ["id", "station", "trade", "title", "starts", "ends", "assemble_at", "pay_from_yuan", "pay_to_yuan",
                 "headcount", "employer", "phone", "valid_until"],
    "properties": {
        "id": {"type": "integer"},
        "station": {"$ref": "#/components/schemas/AtStation"},
        "trade": {"type": "string", "enum": list(words.TRADES)},
        "title": _TEXT,
        "starts": _DAY,
        "ends": _DAY,
        "assemble_at": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
        "assemble_where": _NULL_TEXT,
        "pay_from_yuan": _YUAN,
        "pay_to_yuan": _YUAN,
        "headcount": {"type": "integer", "minimum": 1, "maximum": MAX_HEADCOUNT},
        "employer": _TEXT,
        "phone": {**_NULL_TEXT, "description": "Only for as long as the notice holds: do not keep it."},
        "note": _NULL_TEXT,
        "valid_until": _MOMENT,
    },
}  # fmt: skip
_EVENT: Final = {
    "type": "object",
    "required": ["id", "station", "region", "kind", "title", "starts", "ends"],
    "properties": {
        "id": {"type": "integer"},
        "station": {"allOf": [{"$ref": "#/components/schemas/AtStation"}], "nullable": True},
        "region": _NULL_TEXT,
        "kind": {"type": "string", "enum": _EVENTS},
        "title": _TEXT,
        "starts": _MOMENT,
        "ends": _MOMENT,
        "place": _NULL_TEXT,
        "organiser": _NULL_TEXT,
        "note": _NULL_TEXT,
    },
}


def _list_of(name: str, item: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["registry", "demonstration", "datum", "moment", "numberReturned", "more", name],
        "properties": {
            "registry": _TEXT,
            "demonstration": {"type": "boolean"},
            "notice": {"type": "string", "description": "Only where the data are invented."},
            "datum": {"type": "string", "enum": ["WGS 84"]},
            "moment": _MOMENT,
            "numberReturned": {"type": "integer"},
            "more": {"type": "boolean", "description": "There are more than the limit lets through."},
            name: {"type": "array", "items": {"$ref": f"#/components/schemas/{item}"}},
        },
    }


SCHEMAS: Final[dict[str, Any]] = {
    "AtStation": _STATION,
    "Notice": _NOTICE,
    "Event": _EVENT,
    "Notices": _list_of("notices", "Notice"),
    "Events": _list_of("events", "Event"),
}
_STATION_CODE: Final = {
    "name": "station",
    "in": "query",
    "description": "At this station alone.",
    "schema": {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,40}$"},
}
_WHICH_DAY: Final = {
    "name": "day",
    "in": "query",
    "description": "today, tomorrow or a date, in Beijing's calendar.",
    "schema": {"type": "string", "pattern": "^(today|tomorrow|20[0-9]{2}-[01][0-9]-[0-3][0-9])$"},
}


def paths(
    parameter: Callable[[str], dict[str, Any]],
    operation: Callable[..., dict[str, Any]],
    answers: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    """Return the paths. parameter, operation, answers: how the document of the API writes them."""
    own = [_STATION_CODE, _WHICH_DAY]
    return {
        "/api/v1/notices": {
            "get": operation(
                "getNotices",
                "Notices of day labour that hold now",
                [*(parameter(name) for name in OF_NOTICES), *own],
                answers("The soonest first, or the nearest.", "Notices", "application/json", "400", "404"),
            )
        },
        "/api/v1/events": {
            "get": operation(
                "getEvents",
                "Events that are planned and not over",
                [*(parameter(name) for name in OF_EVENTS), *own],
                answers("The soonest first, or the nearest.", "Events", "application/json", "400", "404"),
            )
        },
    }
