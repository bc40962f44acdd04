"""What this API offers, as OpenAPI 3.0: made from the words and the limits that the code itself reads with."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, current_app, jsonify, request

from stations import vocabulary as words
from stations.query import NAMES
from stations.query.readers import MAX_LIMIT, MAX_Q, MAX_STAY, By, Open, Unknown
from web.api import description_files as files
from web.api import description_offers as offers
from web.api import description_quality as quality
from web.api.blueprint import blueprint
from web.limiting import KEY_HEADER
from web.origin import origin
from web.settings import Settings

__all__ = ["description"]

#: Told to clients; what changed stands in docs/api-changes.md.
VERSION: Final = "1.3.0"
_CODE: Final = {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,40}$"}


def _one_of(codes: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [str(code) for code in codes]}


def _some_of(codes: Any) -> dict[str, Any]:
    return {"type": "array", "items": _one_of(codes), "minItems": 1, "uniqueItems": True}


_GIVEN_ACCESS = [code for code in words.ACCESS if code != "unknown"]
_PARAMETERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "kind": ("One of several kinds.", _some_of(words.KINDS)),
    "class": ("Places to rest, or services that are only shown.", _some_of(words.StationClass)),
    "amenities": ("All of these.", _some_of(words.AMENITIES)),
    "open": ("Open at the moment asked about, or always.", _one_of(Open)),
    "at": (
        "The moment asked about, ISO 8601; without an offset it is Beijing time.",
        {
            "type": "string",
            "pattern": r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]([+-][0-9]{2}:[0-9]{2})?$",
        },
    ),
    "access": ("How one gets in; no_scan: all but scanning a code.", _some_of([*_GIVEN_ACCESS, "no_scan"])),
    "fee": ("Free, or for a fee.", _some_of([code for code in words.FEE if code != "unknown"])),
    **offers.PARAMETERS,
    "lifecycle": (
        "Which lives; open and suspended without it; all for every one.",
        _some_of([*words.LIFECYCLE, "all"]),
    ),
    "region": (
        "In these regions or below; codes of GB/T 2260, trailing zeros may be left out.",
        {
            "type": "array",
            "items": {"type": "string", "pattern": "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"},
            "minItems": 1,
        },
    ),
    "bbox": (
        "west,south,east,north in degrees; may cross the antimeridian.",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
    ),
    "near": (
        "longitude,latitude: nearest first, with metres.",
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    ),
    "within_m": (
        "With near: not farther, in metres.",
        {"type": "number", "minimum": 1, "maximum": 1_000_000},
    ),
    "by": ("How one travels.", _one_of(By)),
    "stay": ("Minutes that one wants to stay.", {"type": "integer", "minimum": 1, "maximum": MAX_STAY}),
    "q": ("Words in names and addresses, or their pinyin.", {"type": "string", "maxLength": MAX_Q}),
    "unknown": ("What a filter does with a station whose answer nobody knows.", _one_of(Unknown)),
    "lang": ("Language.", _one_of(("zh", "en"))),
    "limit": ("How many.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100}),
    "cursor": ("From a next link.", {"type": "string", "pattern": "^[0-9]{1,18}$"}),
}


def _parameter(name: str) -> dict[str, Any]:
    about, schema = _PARAMETERS[name]
    many = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {"name": name, "in": "query", "description": about, "schema": schema, **many}


def _answers(about: str, schema: str, media: str, *failures: str) -> dict[str, Any]:
    return {
        "200": {
            "description": about,
            "headers": {
                name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")
            },
            "content": {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        },
        **{
            status: {"$ref": f"#/components/responses/{status}"}
            for status in ("401", "429", "503", *failures)
        },
    }


def _operation(name: str, summary: str, parameters: list[Any], responses: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
        "security": [{}, {"key": []}],
    }


_STATION: Final = {"name": "code", "in": "path", "required": True, "schema": _CODE}
_GEOJSON: Final = "application/geo+json"
_PATHS: Final[dict[str, Any]] = {
    "/api/v1/stations": {
        "get": _operation(
            "getStations",
            "Stations that a query asks for: by code and page by page, or nearest first",
            [_parameter(name) for name in NAMES],
            _answers("A page of features.", "FeatureCollection", _GEOJSON, "400"),
        )
    },
    "/api/v1/stations/{code}": {
        "get": _operation(
            "getStation",
            "One station, closed ones too",
            [_STATION, _parameter("at"), _parameter("lang")],
            _answers("The station.", "Feature", _GEOJSON, "400", "404"),
        )
    },
    "/api/v1/changes": {
        "get": _operation(
            "getChanges",
            "What changed in the public view since a commit, with tombstones",
            [
                {
                    "name": "since",
                    "in": "query",
                    "description": "upto of the answer before; 0 for everything.",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, "default": 0},
                }
            ],
            _answers("Changes in the order of commits.", "Changes", "application/json", "400"),
        )
    },
    "/api/v1/challenge": {
        "get": {
            "operationId": "getChallenge",
            "summary": "A challenge for the proof of work that a report needs; reports are taken from our own pages alone",
            "responses": {
                "200": {
                    "description": "The challenge.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Challenge"}}},
                }
            },
        }
    },
}
_NULL_TEXT: Final = {"type": "string", "nullable": True}
_LINKS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["rel", "href", "type"],
        "properties": {"rel": {"type": "string"}, "href": {"type": "string"}, "type": {"type": "string"}},
    },
}
_STANDING: Final = {
    "timeStamp": {"type": "string", "format": "date-time"},
    "registry": {"type": "string"},
    "demonstration": {"type": "boolean"},
    "notice": {"type": "string", "description": "Only where the stations are invented."},
    "datum": {"type": "string", "enum": ["WGS 84"]},
}
_SCHEMAS: Final[dict[str, Any]] = {
    "State": {
        "type": "object",
        "required": ["now", "at", "until", "then", "plain_weekdays"],
        "properties": {
            "now": _one_of(("open", "closed", "unknown")),
            "at": {"type": "string"},
            "until": _NULL_TEXT,
            "then": {**_one_of(("open", "closed", "unknown")), "nullable": True},
            "plain_weekdays": {"type": "boolean"},
        },
    },
    "Feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": _one_of(("Feature",)),
            "id": {"type": "string"},
            "geometry": {
                "type": "object",
                "nullable": True,
                "required": ["type", "coordinates"],
                "properties": {
                    "type": _one_of(("Point",)),
                    "coordinates": {
                        "type": "array",
                        "items": {"type": "number"},
                        "minItems": 2,
                        "maxItems": 2,
                    },
                },
            },
            "properties": {
                "type": "object",
                "required": ["code", "names", "kind", "class", "lifecycle", "amenities", "state"],
                "properties": {
                    "code": {"type": "string"},
                    "names": {"type": "object", "additionalProperties": {"type": "string"}},
                    "kind": _one_of(words.KINDS),
                    "class": _one_of(words.StationClass),
                    "lifecycle": _one_of(words.LIFECYCLE),
                    "access": _one_of(words.ACCESS),
                    "fee": _one_of(words.FEE),
                    "amenities": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["code", "value", "out_of_order", "basis"],
                            "properties": {
                                "code": _one_of(words.AMENITIES),
                                "value": _one_of(words.Value),
                                "out_of_order": {"type": "boolean"},
                                "basis": _one_of(words.BASIS),
                            },
                        },
                    },
                    "hours": {"type": "object", "nullable": True},
                    "state": {"$ref": "#/components/schemas/State"},
                    "distance_m": {"type": "integer", "description": "Only with near."},
                },
            },
        },
    },
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "timeStamp", "datum", "moment", "numberReturned", "links", "features"],
        "properties": {
            "type": _one_of(("FeatureCollection",)),
            **_STANDING,
            "moment": {"type": "string"},
            "numberMatched": {"type": "integer"},
            "numberReturned": {"type": "integer"},
            "links": _LINKS,
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        },
    },
    "Changes": {
        "type": "object",
        "required": ["since", "upto", "changes", "datum"],
        "properties": {
            **_STANDING,
            "since": {"type": "integer"},
            "upto": {"type": "integer", "description": "Ask from here next time."},
            "changes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["seq", "code", "feature"],
                    "properties": {
                        "seq": {"type": "integer"},
                        "code": {"type": "string"},
                        "feature": {
                            "type": "object",
                            "nullable": True,
                            "description": "null is a tombstone.",
                        },
                    },
                },
            },
        },
    },
    "Challenge": {
        "type": "object",
        "required": ["challenge", "bits", "expires_in_s"],
        "properties": {
            "challenge": {"type": "string"},
            "bits": {"type": "integer"},
            "expires_in_s": {"type": "integer"},
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "parameter": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["parameter", "detail"],
                    "properties": {
                        "parameter": {"type": "string"},
                        "value": {"type": "string"},
                        "detail": {"type": "string"},
                    },
                },
            },
        },
    },
}
_FAILURES: Final = {
    "400": "A parameter is unknown or wrong; each is named.",
    "401": f"The key in {KEY_HEADER} is not known.",
    "404": "There is no such station, file or page.",
    "429": "More requests than a minute allows; Retry-After says when to go on.",
    "501": "This form is not made here.",
    "503": "The question took too long, or the database does not answer.",
}


def description(settings: Settings, server: str) -> dict[str, Any]:
    """Return the OpenAPI 3.0 document. server: scheme and host where readers reach this site."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "驿站地图 Yizhan Map API",
            "version": VERSION,
            "description": "Service stations of outdoor workers. WGS 84, longitude first. Unknown is a value. "
            "Within /api/v1 names are added and never taken away or changed. OGC API describes itself: /ogc/api.",
        },
        "servers": [{"url": server}],
        "paths": {
            **_PATHS,
            **offers.paths(_parameter, _operation, _answers),
            **quality.paths(_operation, _answers),
            **files.paths(_parameter),
        },
        "components": {
            "schemas": {
                **_SCHEMAS,
                **quality.SCHEMAS,
                **offers.SCHEMAS,
                "Daily": files.DAILY_SCHEMA,
                "Embed": files.OEMBED_SCHEMA,
            },
            "responses": {
                status: {
                    "description": about,
                    "content": {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                    },
                }
                for status, about in _FAILURES.items()
            },
            "headers": {
                "RateLimit": {
                    "description": 'What is left: "address";r=REQUESTS;t=SECONDS.',
                    "schema": {"type": "string"},
                },
                "RateLimit-Policy": {
                    "description": f'Without a key: "address";q={settings.api_per_minute};w=60.',
                    "schema": {"type": "string"},
                },
            },
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": KEY_HEADER}},
        },
    }


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the description of this API."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    answer = jsonify(description(settings, origin()))
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
