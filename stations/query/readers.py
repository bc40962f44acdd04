"""How the values of each name are read; a reader returns the attributes of the query that it sets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from geo.bbox import BBox
from stations import vocabulary as words
from stations.errors import Invalid
from stations.hours.model import SHANGHAI

__all__ = ["READERS", "By", "Open", "Unknown"]

MAX_LIMIT: Final = 1000
MAX_Q: Final = 100
MAX_STAY: Final = 240
_LANGS: Final = ("zh", "en")
#: Every trade, or every kind of event.
_ANY: Final = "any"
_NO_SCAN: Final = ("open_door", "card", "ask_staff")
_NUMBER: Final = re.compile(r"[+-]?\d{1,4}(\.\d{1,30})?", re.ASCII)


class Open(StrEnum):
    """What the filter ``open`` asks."""

    NOW = "now"
    ALWAYS = "24h"


class By(StrEnum):
    """How one travels to a station."""

    WALK = "walk"
    EBIKE = "ebike"


class Unknown(StrEnum):
    """What a filter does with a station whose answer nobody knows."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


def _read_kind(values: list[str]) -> dict[str, Any]:
    return {"kinds": _codes(values, words.KINDS)}


def _read_station_class(values: list[str]) -> dict[str, Any]:
    return {"classes": _codes(values, tuple(words.StationClass))}


def _read_amenities(values: list[str]) -> dict[str, Any]:
    return {"amenities": _codes(values, words.AMENITIES)}


def _read_open(values: list[str]) -> dict[str, Any]:
    return {"open": Open(_one(values, tuple(Open)))}


def _read_at(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Invalid(f"{text!r} is no moment; write 2026-01-31T23:00 (Beijing time)") from None
    if not 2000 <= moment.year <= 2100:
        raise Invalid(f"{text!r} is outside the years 2000 to 2100")
    moment = moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)
    return {"at": moment.replace(second=0, microsecond=0)}


def _read_access(values: list[str]) -> dict[str, Any]:
    split = [
        part
        for value in values
        for word in _split(value)
        for part in (_NO_SCAN if word == "no_scan" else (word,))
    ]
    return {"access": _codes(split, tuple(code for code in words.ACCESS if code != "unknown"))}


def _read_fee(values: list[str]) -> dict[str, Any]:
    return {"fee": _codes(values, tuple(code for code in words.FEE if code != "unknown"))}


def _read_jobs(values: list[str]) -> dict[str, Any]:
    return {"jobs": _any_or(_codes(values, (_ANY, *words.TRADES)))}


def _read_events(values: list[str]) -> dict[str, Any]:
    shown = (code for code, kind in words.EVENT_KINDS.items() if not kind.counts_only)
    return {"events": _any_or(_codes(values, (_ANY, *shown)))}


def _any_or(codes: tuple[str, ...]) -> tuple[str, ...]:
    return (_ANY,) if _ANY in codes else codes


def _read_lifecycle(values: list[str]) -> dict[str, Any]:
    if _split(",".join(values)) == ["all"]:
        return {"lifecycle": tuple(words.LIFECYCLE)}
    # Nothing but commas asks for no life at all, which is no question.
    return {"lifecycle": codes} if (codes := _codes(values, words.LIFECYCLE)) else {}


def _read_region(values: list[str]) -> dict[str, Any]:
    codes = []
    for code in _split(",".join(values)):
        if not re.fullmatch(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}", code, re.ASCII):
            raise Invalid(f"{code!r} is no region code; write 63, 6301, 630102 or the 9 digits of a township")
        codes.append(code.ljust(6, "0"))
    return {"regions": tuple(sorted(set(codes)))}


def _read_bbox(values: list[str]) -> dict[str, Any]:
    return {"bbox": BBox.parse(_single(values))}


def _read_near(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Invalid(f"{text!r} is no point; write longitude,latitude in degrees")
    lon, lat = float(parts[0]) + 0.0, float(parts[1]) + 0.0
    if abs(lon) <= 90 < abs(lat) <= 180:
        raise Invalid(f"{text!r} has the latitude first; write longitude,latitude: {parts[1]},{parts[0]}")
    if abs(lon) > 180 or abs(lat) > 90:
        raise Invalid(f"{text!r} is not on Earth; write longitude,latitude in degrees")
    return {"near": (lon, lat)}


def _read_within_m(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    try:
        metres = float(text) if re.fullmatch(r"[0-9.]{1,12}", text, re.ASCII) else math.nan
    except ValueError:
        metres = math.nan
    if not 0 < metres <= 1_000_000:
        raise Invalid(f"{text!r} is no distance; write metres above 0 and up to 1000000")
    return {"within_m": metres}


def _read_by(values: list[str]) -> dict[str, Any]:
    return {"by": By(_one(values, tuple(By)))}


def _read_stay(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) or not 1 <= int(text) <= MAX_STAY:
        raise Invalid(f"{text!r} is no stay; write minutes from 1 to {MAX_STAY}")
    return {"stay": int(text)}


def _read_q(values: list[str]) -> dict[str, Any]:
    text = " ".join("".join(c if c.isprintable() else " " for c in _single(values)).split())
    if len(text) > MAX_Q:
        raise Invalid(f"{len(text)} characters are too many; at most {MAX_Q}")
    return {"q": text}


def _read_unknown(values: list[str]) -> dict[str, Any]:
    return {"unknown": Unknown(_one(values, tuple(Unknown)))}


def _read_lang(values: list[str]) -> dict[str, Any]:
    return {"lang": _one(values, _LANGS)}


def _read_limit(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= MAX_LIMIT:
        raise Invalid(f"{text!r} is no page size; write a whole number from 1 to {MAX_LIMIT}")
    return {"limit": int(text)}


def _read_cursor(values: list[str]) -> dict[str, Any]:
    text = _single(values)
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Invalid(f"{text!r} is not from a 'next' link")
    return {"cursor": text}


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _single(values: list[str]) -> str:
    if len(set(values)) > 1:
        raise Invalid(f"given {len(values)} times with different values; give it once")
    return values[0]


def _one(values: list[str], known: Iterable[str]) -> str:
    value = _single(values)
    if value not in tuple(known):
        raise Invalid(f"{value!r} is not known; one of {', '.join(known)}")
    return value


def _codes(values: list[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the codes in the vocabulary's order without repeats, so that equal questions are equal values."""
    order = tuple(known)
    wanted = {part for value in values for part in _split(value)}
    strange = sorted(wanted.difference(order))
    if strange:
        raise Invalid(f"{', '.join(map(repr, strange))} not known; known are {', '.join(order)}")
    return tuple(code for code in order if code in wanted)


READERS: Final[dict[str, Callable[[list[str]], dict[str, Any]]]] = {
    "kind": _read_kind,
    "class": _read_station_class,
    "amenities": _read_amenities,
    "open": _read_open,
    "at": _read_at,
    "access": _read_access,
    "fee": _read_fee,
    "jobs": _read_jobs,
    "events": _read_events,
    "lifecycle": _read_lifecycle,
    "region": _read_region,
    "bbox": _read_bbox,
    "near": _read_near,
    "within_m": _read_within_m,
    "by": _read_by,
    "stay": _read_stay,
    "q": _read_q,
    "unknown": _read_unknown,
    "lang": _read_lang,
    "limit": _read_limit,
    "cursor": _read_cursor,
}
