"""The addresses for programs beside ``/api/v1``, as OpenAPI 3.0 paths: files, pictures, embeds, photos.

Media types, forms and choices are those of the code that answers. OGC API describes itself (``/ogc/api``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from stations.query import NAMES
from web.downloads.asked import ENCODINGS, FORMS, SHIFTED
from web.embed.parameters import CONTROLS, FITS, LONGEST_TITLE, THEMES

__all__ = ["DAILY_SCHEMA", "OEMBED_SCHEMA", "PREFIXES", "paths"]

#: Where programs ask: an address that begins so stands in the description.
PREFIXES: Final = ("/api/v1/", "/download/", "/oembed", "/static-map", "/photos/")
_BINARY: Final = {"type": "string", "format": "binary"}
_COLLECTION: Final = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {"type": {"type": "string"}, "features": {"type": "array", "items": {"type": "object"}}},
}
_OF_FILES: Final = tuple(name for name in NAMES if name != "cursor")
#: A part that follows changes is one that changes by commits alone.
_OF_CHANGES: Final = tuple(name for name in _OF_FILES if name not in {"open", "at", "limit"})
_OF_PICTURES: Final = tuple(name for name in NAMES if name not in {"limit", "cursor"})
_NUMBER_OF_COMMIT: Final = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}


def _query(name: str, about: str, schema: Mapping[str, Any], *, required: bool = False) -> dict[str, Any]:
    many = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {
        "name": name, "in": "query", "required": required, "description": about, "schema": dict(schema), **many,
    }  # fmt: skip


def _within(name: str, about: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": dict(schema)}


def _operation(
    name: str,
    summary: str,
    parameters: list[dict[str, Any]],
    about: str,
    content: Mapping[str, Any],
    *failures: str,
    counted: bool = True,
    parts: bool = False,
) -> dict[str, Any]:
    """Write one GET. content: media types with their schemas. parts: whether a part of the bytes may be asked for."""
    limits = ("RateLimit", "RateLimit-Policy") if counted else ()
    answers: dict[str, Any] = {
        "200": {
            "description": about,
            "headers": {limit: {"$ref": f"#/components/headers/{limit}"} for limit in limits},
            "content": {media: {"schema": schema} for media, schema in content.items()},
        }
    }
    if parts:
        answers["206"] = {
            "description": "The part that Range asks for.",
            "content": answers["200"]["content"],
        }
        answers["416"] = {"description": "Range asks for what there is not."}
    for status in sorted({*failures, *(("401", "429") if counted else ()), "503"}):
        answers[status] = {"$ref": f"#/components/responses/{status}"}
    found: dict[str, Any] = {
        "operationId": name, "summary": summary, "parameters": parameters, "responses": answers,
    }  # fmt: skip
    return {"get": found | ({"security": [{}, {"key": []}]} if counted else {})}


DAILY_SCHEMA: Final = {
    "type": "object",
    "required": ["dumps"],
    "properties": {
        "dumps": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["date", "made_at", "stations", "last_change", "files"],
                "properties": {
                    "date": {"type": "string", "format": "date"},
                    "made_at": {"type": "string", "format": "date-time"},
                    "stations": {"type": "integer"},
                    "last_change": {"type": "integer", "description": "Ask for changes from here."},
                    "files": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "bytes", "sha256"],
                            "properties": {
                                "name": {"type": "string"},
                                "bytes": {"type": "integer"},
                                "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                            },
                        },
                    },
                },
            },
        }
    },
}
OEMBED_SCHEMA: Final = {
    "type": "object",
    "description": "oEmbed 1.0, type rich",
    "required": ["version", "type", "title", "provider_name", "width", "height", "html"],
    "properties": {
        "version": {"type": "string", "enum": ["1.0"]},
        "type": {"type": "string", "enum": ["rich"]},
        "title": {"type": "string"},
        "provider_name": {"type": "string"},
        "provider_url": {"type": "string"},
        "cache_age": {"type": "integer"},
        "width": {"type": "integer"},
        "height": {"type": "integer"},
        "html": {"type": "string"},
        "thumbnail_url": {"type": "string"},
        "thumbnail_width": {"type": "integer"},
        "thumbnail_height": {"type": "integer"},
    },
}
_DAY: Final = {"type": "string", "pattern": "^20[0-9]{2}-[01][0-9]-[0-3][0-9]$"}
_PIXELS: Final = {"type": "integer", "minimum": 1, "maximum": 999_999}


def paths(parameter: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return the paths. parameter: describes a name of the one query string."""
    stations = [parameter(name) for name in _OF_FILES]
    own = [
        _query(
            "datum",
            f"Datum of the coordinates; another than WGS 84 in {', '.join(SHIFTED)} alone.",
            {"type": "string", "enum": ["wgs84", "gcj02", "bd09"], "default": "wgs84"},
        ),
        _query(
            "encoding",
            "Of a Shapefile alone.",
            {"type": "string", "enum": list(ENCODINGS), "default": ENCODINGS[0]},
        ),
    ]
    form = _within("form", "What file.", {"type": "string", "enum": list(FORMS)})
    since = _query("since", "upto of the file before; 0 for everything.", _NUMBER_OF_COMMIT, required=True)
    lines = _within("form", "What file.", {"type": "string", "enum": ["ndjson", "csv"]})
    picture = [parameter(name) for name in _OF_PICTURES] + _picture()
    files = dict.fromkeys(FORMS.values(), _BINARY) | {FORMS["geojson"]: _COLLECTION}
    return {
        "/download/stations.{form}": _operation(
            "getStationsFile", "Every station that a query asks for, as a file", [form, *stations, *own],
            "The file.", files, "400", "404", parts=True,
        ),
        "/download/changes.{form}": _operation(
            "getChangesFile", "What changed since a commit, with tombstones, as a file",
            [lines, since, *(parameter(name) for name in _OF_CHANGES)],
            "The file.", {"application/x-ndjson": _BINARY, "text/csv; charset=utf-8": _BINARY}, "400", "404", parts=True,
        ),
        "/download/daily.json": _operation(
            "getDailyDumps", "The dumps of the last days, with sizes and checksums", [],
            "The newest first.", {"application/json": {"$ref": "#/components/schemas/Daily"}},
        ),
        "/download/daily/{date}/{name}": _operation(
            "getDailyFile", "A file of a daily dump, or SHA256SUMS",
            [
                _within("date", "A day of the list.", _DAY),
                _within("name", "A file of that day.", {"type": "string", "pattern": "^[A-Za-z0-9.]{1,40}$"}),
            ],
            "The file.", {**files, "text/plain; charset=utf-8": _BINARY}, "404", parts=True,
        ),
        "/oembed": _operation(
            "getEmbed", "The code that embeds what an address of this site shows (oEmbed 1.0)",
            [
                _query("url", "A whole address of this site.", {"type": "string", "maxLength": 4000}, required=True),
                _query("format", "Form of the answer; another is 501.",
                       {"type": "string", "enum": ["json", "xml"], "default": "json"}),
                _query("maxwidth", "Not wider.", _PIXELS),
                _query("maxheight", "Not higher.", _PIXELS),
            ],
            "The code.",
            {"application/json; charset=utf-8": {"$ref": "#/components/schemas/Embed"}, "text/xml; charset=utf-8": _BINARY},
            "400", "404", "501",
        ),
        **{
            f"/static-map.{ending}": _operation(
                f"getMapAs{ending.capitalize()}", f"A map as a picture ({ending.upper()}), by the parameters of an embed",
                picture, "The picture.", {media: _BINARY}, "400", "404",
            )
            for ending, media in (("png", "image/png"), ("svg", "image/svg+xml; charset=utf-8"))
        },
        "/photos/{digest}.jpg": _operation(
            "getPhoto", "A photo that is shown with a station",
            [_within("digest", "SHA-256 of the file, as stations name it.", {"type": "string", "pattern": "^[0-9a-f]{64}$"})],
            "The photo.", {"image/jpeg": _BINARY}, "404", counted=False,
        ),
    }  # fmt: skip


def _picture() -> list[dict[str, Any]]:
    return [
        _query("v", "The version of the parameters.", {"type": "string", "enum": ["1"]}),
        _query("station", "One station alone.", {"type": "string", "pattern": "^[0-9A-Za-z-]{1,40}$"}),
        _query("center", "longitude,latitude of the middle; with zoom.",
               {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
        _query("zoom", "With center.", {"type": "number", "minimum": 4, "maximum": 18, "multipleOf": 0.5}),
        _query("fit", "What is in view without center.", {"type": "string", "enum": list(FITS), "default": FITS[0]}),
        _query("theme", "Colours.", {"type": "string", "enum": list(THEMES), "default": THEMES[0]}),
        _query("controls", "Read and without effect: the address of an embed serves.",
               {"type": "array", "items": {"type": "string", "enum": list(CONTROLS)}, "uniqueItems": True}),
        _query("title", "A line in the picture.", {"type": "string", "maxLength": LONGEST_TITLE}),
        _query("width", "Pixels.", {"type": "integer", "minimum": 64, "maximum": 2048, "default": 600}),
        _query("height", "Pixels.", {"type": "integer", "minimum": 64, "maximum": 2048, "default": 315}),
        _query("scale", "How many times as fine; PNG alone.", {"type": "integer", "minimum": 1, "maximum": 3, "default": 2}),
    ]  # fmt: skip
