"""Checklists as documents: TOML or JSON in and out, and the ones that come with the system."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from stations.errors import Invalid, NotFound, TooLarge
from stations.keeping.inspecting.checklist import Checklist, Item, Rating
from stations.keeping.inspecting.reading import read

__all__ = ["FORMS", "MAX_BYTES", "as_document", "parse", "shipped", "written"]

FORMS: Final = ("toml", "json")
MAX_BYTES: Final = 256 * 1024
_FOLDER: Final = Path(__file__).resolve().parent.parent / "checklists"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def parse(data: bytes) -> Checklist:
    """Read a checklist from a file, TOML or JSON.

    Raises TooLarge, Invalid where it is neither, and BadChecklist with everything that is wrong with it.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"the checklist has {len(data):,} bytes; {MAX_BYTES:,} are taken at most", field="checklist"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            f"the checklist is not written in UTF-8 (byte {error.start:,})",
            field="checklist",
            reason="not_utf8",
        ) from error
    return read(_json(text) if text.lstrip().startswith("{") else _toml(text))


def shipped() -> Mapping[str, Checklist]:
    """Return the checklists that come with the system, by their codes."""
    found = [parse(path.read_bytes()) for path in sorted(_FOLDER.glob("*.toml"))]
    return {checklist.code: checklist for checklist in found}


def as_document(checklist: Checklist) -> dict[str, Any]:
    """Return what is stored and written of a checklist: names and values, without what is as usual."""
    found: dict[str, Any] = {
        "code": checklist.code,
        "version": checklist.version,
        "title": dict(checklist.title),
        "note": dict(checklist.note),
        "source": checklist.source,
        "review_months": checklist.review_months,
        "passing": checklist.passing,
    }
    return {
        **{name: value for name, value in found.items() if value not in ({}, "", None)},
        "items": [_item(item) for item in checklist.items],
        "ratings": [_rating(rating) for rating in checklist.ratings],
    }


def written(checklist: Checklist, form: str) -> str:
    """Write a checklist as a file of ``form``, one of ``FORMS``. Raises NotFound for another."""
    document = as_document(checklist)
    if form == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if form == "toml":
        return "\n".join(_as_toml(document)) + "\n"
    raise NotFound(f"a checklist is written as {' or '.join(FORMS)}, not as {form[:20]!r}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the checklist is no JSON: {error}", field="checklist", reason="not_json") from error


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the checklist is no TOML: {error}", field="checklist", reason="not_toml") from error


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": item.code,
        "kind": str(item.kind),
        "title": dict(item.title),
        "hint": dict(item.hint),
        "score": item.score if item.kind == "check" else None,
        "needs": list(item.needs),
        "parts": list(item.parts),
        "least": item.least or None,
        "veto": item.veto,
        "may_skip": item.may_skip,
        "mend_days": item.mend_days,
        "photo": str(item.photo),
    }
    usual: dict[str, Any] = {"kind": "check", "photo": "no"}
    # A score of 0 is said, since a check without one is refused.
    return {
        name: value
        for name, value in found.items()
        if not (value is None or value is False or value in ({}, [], usual.get(name)))
    }


def _rating(rating: Rating) -> dict[str, Any]:
    found: dict[str, Any] = {"code": rating.code, "title": dict(rating.title), "least": rating.least}
    return found | ({"requires": list(rating.requires)} if rating.requires else {})


def _as_toml(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if name not in {"items", "ratings"}:
            yield f"{name} = {_toml_value(value)}"
    for name in ("items", "ratings"):
        for row in document[name]:
            yield f"\n[[{name}]]"
            for key, value in row.items():
                yield f"{key} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_toml_key(key)} = {_toml_value(held)}" for key, held in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    # What JSON escapes TOML escapes alike, but for the one character that JSON lets stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
