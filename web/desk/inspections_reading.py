"""An inspection as a phone sends it: JSON, read once and strictly into a value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Request

from stations.errors import Invalid, Unsupported
from stations.keeping.inspecting.rating import Answer
from stations.keeping.inspecting.record import Announced, Draft, ItemFound

__all__ = ["read_draft", "uuid_of"]

_BYTES: Final = 512 * 1024
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MEMBERS: Final = (
    "id", "station", "checklist", "version", "age_s", "observed", "remark", "position", "confirms", "answers", "photos",
)  # fmt: skip


def read_draft(request: Request) -> tuple[str, Draft]:
    """Read the code of a station and what was found there. Raises Invalid and Unsupported."""
    held = _members(_body(request))
    _known(held, _MEMBERS, "the inspection")
    draft = Draft(
        client_id=uuid_of(held.get("id"), "id"),
        checklist=_text(held, "checklist", most=60),
        version=_whole(held, "version"),
        found={str(code): _found(str(code), one) for code, one in _object(held, "answers").items()},
        observed=_text(held, "observed", most=20),
        remark=_text(held, "remark", most=2_000, needed=False) or None,
        position=_position(held.get("position")),
        confirms=_flag(held, "confirms"),
        photos=tuple(_photo(one) for one in _list(held, "photos")),
        age=timedelta(seconds=min(_whole(held, "age_s"), 10**9)),
    )
    return _text(held, "station", most=60), draft


def uuid_of(value: object, field: str) -> UUID:
    """Read a number that a phone made up. Raises Invalid."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Invalid(f"{field}: {str(value)[:60]!r} is no UUID", field=field)
    return UUID(value)


def _body(request: Request) -> bytes:
    if request.mimetype != "application/json":
        raise Unsupported(f"Content-Type {request.mimetype[:60]!r} is not read here; send application/json")
    body = request.get_data(cache=False)
    if len(body) > _BYTES:
        raise Invalid(
            f"this inspection has {len(body):,} bytes; {_BYTES:,} are taken at most",
            field="inspection",
            reason="too_long",
        )
    return body


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        held = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("the inspection is no JSON; send it again", field="inspection") from error
    if not isinstance(held, dict):
        raise Invalid("the inspection is no JSON object", field="inspection")
    return held


def _known(held: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in held:
        if name not in known:
            raise Invalid(
                f"{str(name)[:40]!r} is no part of {what}; known are {', '.join(known)}", field=str(name)[:40]
            )


def _found(code: str, one: Any) -> ItemFound:
    where = f"answers.{code[:60]}"
    if not isinstance(one, dict):
        raise Invalid(f"{where}: an answer is an object", field=where)
    _known(one, ("answer", "remark", "due"), where)
    answer = one.get("answer", "unseen")
    if answer not in tuple(Answer):
        raise Invalid(f"{where}: {str(answer)[:40]!r} is none of {', '.join(Answer)}", field=where)
    due = one.get("due")
    try:
        day = None if due in (None, "") else date.fromisoformat(str(due))
    except ValueError as error:
        raise Invalid(
            f"{where}: {str(due)[:40]!r} is no day like 2026-05-01", field=where, reason="due"
        ) from error
    return ItemFound(Answer(answer), _text(one, "remark", most=2_000, needed=False) or None, day)


def _photo(one: Any) -> Announced:
    if not isinstance(one, dict):
        raise Invalid("photos: a photo is an object", field="photos")
    _known(one, ("id", "item"), "photos")
    return Announced(uuid_of(one.get("id"), "photos"), _text(one, "item", most=60, needed=False) or None)


def _position(value: Any) -> tuple[float, float, float] | None:
    if value is None:
        return None
    numbers = isinstance(value, list) and len(value) == 3
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | float) for n in value):
        raise Invalid("position: write longitude, latitude and metres of accuracy", field="position")
    lon, lat, accuracy = (float(n) for n in value)
    if not (abs(lon) <= 180 and abs(lat) <= 90 and accuracy >= 0 and math.isfinite(accuracy)):
        raise Invalid(f"position: {lon}, {lat} ± {accuracy} m is no place on earth", field="position")
    return lon, lat, min(accuracy, 1e7)


def _text(held: Mapping[str, Any], name: str, *, most: int, needed: bool = True) -> str:
    value = held.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise Invalid(f"{name}: {str(value)[:60]!r} is no text", field=name)
    if len(value) > most:
        raise Invalid(f"{name}: {len(value):,} characters are too many", field=name, reason="too_long")
    return value


def _whole(held: Mapping[str, Any], name: str) -> int:
    value = held.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Invalid(f"{name}: {str(value)[:40]!r} is no whole number", field=name)
    return value


def _flag(held: Mapping[str, Any], name: str) -> bool:
    value = held.get(name, False)
    if not isinstance(value, bool):
        raise Invalid(f"{name}: {str(value)[:40]!r} is neither true nor false", field=name)
    return value


def _object(held: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = held.get(name)
    if not isinstance(value, dict):
        raise Invalid(f"{name}: {str(value)[:40]!r} is no object", field=name)
    return value


def _list(held: Mapping[str, Any], name: str) -> list[Any]:
    value = held.get(name, [])
    if not isinstance(value, list) or len(value) > 1_000:
        raise Invalid(f"{name}: {str(value)[:40]!r} is no list of photos", field=name)
    return value
