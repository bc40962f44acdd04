"""The figures of quality, as the OpenAPI document describes them: names and measures are those that the answer is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stations import vocabulary as words
from stations.keeping.quality import LEVELS, MEASURES

__all__ = ["SCHEMAS", "paths"]

_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_MONTH: Final = {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}
_COUNTS: Final = {"type": "object", "additionalProperties": _COUNT}
_NUMBER_OR_NULL: Final = {"type": "number", "minimum": 0, "nullable": True}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


_SHARE: Final = _object(
    part=_COUNT,
    whole=_COUNT,
    unknown={
        **_COUNT,
        "nullable": True,
        "description": "Of how many nobody can tell, where that is counted.",
    },
    share={"type": "number", "minimum": 0, "maximum": 1, "nullable": True},
)
_AREA: Final = _object(
    code={"type": "string", "description": "GB/T 2260; empty for the whole."},
    level={"type": "string", "enum": ["whole", *LEVELS]},
    names={"type": "object", "additionalProperties": _TEXT},
    parent={"type": "string", "nullable": True},
    stations=_COUNT,
    measures=_object(**{one.name: _SHARE for one in MEASURES}),
    use=_object(
        stations={**_COUNT, "description": "At how many somebody counted; at the others use is unknown."},
        visits={
            **_COUNT,
            "description": "In periods that ended within the last 365 days; none counts twice.",
        },
        days={**_COUNT, "description": "Days of these periods, of all stations together."},
        daily=_NUMBER_OR_NULL,
        at_least={"type": "boolean", "description": "There were more visits than were counted."},
    ),
    answers=_object(
        answered={**_COUNT, "description": "Reports answered within the last 365 days."},
        waiting=_COUNT,
        median_hours={**_NUMBER_OR_NULL, "description": "null for fewer than three answers."},
    ),
    honours=_COUNT,
)
SCHEMAS: Final[dict[str, Any]] = {
    "QualityArea": _AREA,
    "Quality": {
        "type": "object",
        "required": ["timeStamp", "registry", "demonstration", "month", "whole", "areas", "months"],
        "properties": {
            "timeStamp": {"type": "string", "format": "date-time", "description": "When it was counted."},
            "registry": _TEXT,
            "demonstration": {"type": "boolean"},
            "notice": {"type": "string", "description": "Only where the stations are invented."},
            "month": {**_MONTH, "nullable": True, "description": "null for now."},
            "whole": {"$ref": "#/components/schemas/QualityArea"},
            "areas": {"type": "array", "items": {"$ref": "#/components/schemas/QualityArea"}},
            "visits_by_way": _COUNTS,
            "visits_by_occupation": {
                "type": "object",
                "properties": dict.fromkeys(words.OCCUPATIONS, _COUNT),
                "description": "Of visits whose occupation was told; fewer than ten of one are left out.",
            },
            "honours": _COUNTS,
            "programmes": {
                "type": "array",
                "items": _object(
                    code=_TEXT, title=_TEXT, open=_COUNT, target=_COUNT, expected=_COUNT, due=_TEXT
                ),
            },
            "months": {
                "type": "array",
                "items": _MONTH,
                "description": "Those that are kept, the latest first.",
            },
        },
    },
}


def _query(name: str, about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def paths(operation: Callable[..., dict[str, Any]], answers: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return the paths. operation, answers: what writes an operation and its answers in this document."""
    region = {"type": "string", "pattern": "^([0-9]{2}|[0-9]{4}|[0-9]{6})$"}
    return {
        "/api/v1/quality": {
            "get": operation(
                "getQuality",
                "How well the stations serve, as a whole and by region; docs/quality.md says what each figure counts",
                [
                    _query("month", "A month that was kept; without it, now.", _MONTH),
                    _query(
                        "level",
                        "Regions of one level; without it, of all.",
                        {"type": "string", "enum": list(LEVELS)},
                    ),
                    _query("region", "This region and those below; trailing zeros may be left out.", region),
                ],
                answers("The figures.", "Quality", "application/json", "400", "404"),
            )
        }
    }
