"""The parameters of features, as the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stations import vocabulary as words
from stations.registry.crs import SERVED
from web.ogc.asking import DEFAULT_LIMIT, MAX_LIMIT

__all__ = ["PARAMETERS", "parameter"]

_CRS: Final = {"type": "string", "format": "uri", "enum": list(SERVED), "default": next(iter(SERVED))}
_NUMBERS: Final = {
    "type": "array",
    "items": {"type": "number"},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
}


def _codes(*codes: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(codes)}}


def _texts(pattern: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": pattern}}


def parameter(name: str, description: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a parameter of the query string; lists are written with commas."""
    listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": dict(schema),
        **listed,
        **more,
    }


PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    each["name"]: each
    for each in (
        parameter(
            "f",
            "Form of the answer; without it the Accept header decides.",
            {"type": "string", "enum": ["json", "html"]},
        ),
        parameter("lang", "Language of titles and pages.", {"type": "string", "enum": ["zh", "en"]}),
        parameter(
            "limit",
            f"How many features at most. A larger number than {MAX_LIMIT} means {MAX_LIMIT}.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        parameter(
            "cursor",
            "Where the page begins; taken from a next link, never made by hand.",
            {"type": "string", "pattern": "^([0-9]{1,9}-)?[0-9]{1,18}$"},
        ),
        parameter(
            "bbox",
            "Only features that meet this box: four numbers, or six with heights, in the axis order of bbox-crs "
            "(longitude first without it). West may be greater than east: the box crosses the antimeridian.",
            _NUMBERS,
        ),
        parameter("bbox-crs", "Reference system of bbox.", _CRS),
        parameter(
            "crs", "Reference system of the coordinates in the answer, with its authority's axis order.", _CRS
        ),
        parameter(
            "datetime",
            "An instant or an interval of RFC 3339; one end may be open (.. or nothing). Stations: there at some time "
            "of it, from the day they opened to the day they closed. Gaps: computed in it. What has no time stays.",
            {"type": "string", "minLength": 1},
        ),
        parameter(
            "filter",
            "A condition in CQL2; /collections/{collectionId}/queryables lists what it may ask for.",
            {"type": "string", "minLength": 1, "maxLength": 8000},
        ),
        parameter(
            "filter-lang",
            "How the filter is written.",
            {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
        ),
        parameter("filter-crs", "Reference system of coordinates in the filter.", _CRS),
        parameter("kind", "One of several kinds.", _codes(*words.KINDS)),
        parameter("class", "Places to rest, or service points.", _codes(*words.StationClass)),
        parameter("amenities", "All of these.", _codes(*words.AMENITIES)),
        parameter(
            "open", "Open at the moment asked about, or always.", {"type": "string", "enum": ["now", "24h"]}
        ),
        parameter(
            "at",
            "The moment asked about, ISO 8601; without an offset it is Beijing time.",
            {"type": "string", "minLength": 1},
        ),
        parameter(
            "access",
            "How one gets in; no_scan is all but scanning a code or an app.",
            _codes("no_scan", *(code for code in words.ACCESS if code != "unknown")),
        ),
        parameter("fee", "Free or not.", _codes(*(code for code in words.FEE if code != "unknown"))),
        parameter("lifecycle", "Which lives; every one without it.", _codes("all", *words.LIFECYCLE)),
        parameter(
            "region",
            "In these regions or below: codes of GB/T 2260.",
            _texts("^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"),
        ),
        parameter(
            "near",
            "longitude,latitude: with within_m a circle. The order stays that of pages.",
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        ),
        parameter(
            "within_m",
            "Metres from near.",
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1_000_000},
        ),
        parameter(
            "by", "How one travels; decides nothing here.", {"type": "string", "enum": ["walk", "ebike"]}
        ),
        parameter(
            "stay",
            "Minutes that one wants to stay; decides nothing here.",
            {"type": "integer", "minimum": 1, "maximum": 240},
        ),
        parameter(
            "q",
            "Words in names and addresses, or their pinyin.",
            {"type": "string", "minLength": 1, "maxLength": 100},
        ),
        parameter(
            "unknown",
            "What a filter does with a station whose answer nobody knows.",
            {"type": "string", "enum": ["include", "exclude"], "default": "include"},
        ),
    )
}
