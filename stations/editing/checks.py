"""What may be written into each field: a value comes back as it will be stored, or an error says what is wrong there.

Every error is an ``Invalid`` whose ``field`` is the key of the draft and whose ``reason`` is one of ``REASONS``, for a
page to say in words of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from geo.datum import Datum
from geo.errors import DatumError
from stations import vocabulary as words
from stations.editing.draft import STANDINGS, Count, Life, Opening, Position, Value, period_key
from stations.errors import Invalid
from stations.hours import Calendar, DatedException, Hours
from stations.imports import cells
from stations.imports.positions import stored_datum

__all__ = ["REASONS", "BadFields", "clean", "cleaned"]

#: What can be wrong with a field.
REASONS: Final = (
    "needed", "too_long", "damaged", "not_known", "not_a_number", "too_many", "not_a_day", "days_swapped",
    "not_on_earth", "bad_datum", "bad_hours", "hours_mean_nothing", "bad_phone", "needs_since", "needs_reason",
    "no_step", "bad_tag", "outside_province", "outside_region", "no_region", "no_such_station", "itself", "at_sea",
    "in_future", "position_held",
)  # fmt: skip

_LENGTHS: Final = {
    "address": 200, "directions": 500, "phone": 200, "position_origin": 60, "name": 120, "reason": 500, "partner": 120,
}  # fmt: skip
_CODES: Final[Mapping[str, Mapping[str, words.Term]]] = {
    "kind": words.KINDS,
    "premises": words.PREMISES,
    "access": words.ACCESS,
    "fee": words.FEE,
    "position_quality": words.POSITION_QUALITY,
}
_NEEDED: Final = frozenset({"kind", "access", "fee", "name.zh", "lifecycle"})
_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_PERIOD: Final = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", re.ASCII)
_MOST_LISTED: Final = 40
_MOST_VISITS: Final = 100_000_000


class BadFields(Invalid):
    """Several fields are wrong; ``problems`` holds an error for each."""

    def __init__(self, problems: tuple[Invalid, ...]) -> None:
        first = problems[0]
        super().__init__(
            "; ".join(map(str, problems)), field=first.field, value=first.value, reason=first.reason
        )
        self.problems = problems


def cleaned(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Clean every field. Raises BadFields with all that is wrong."""
    found: dict[str, Value] = {}
    problems: list[Invalid] = []
    for key, value in fields.items():
        try:
            found[key] = clean(key, value)
        except Invalid as error:
            problems.append(error)
    if problems:
        raise BadFields(tuple(problems))
    return found


def clean(key: str, value: Value) -> Value:
    """Return a field's value as it is stored: tidied, empty as None, lists in order. Raises Invalid."""
    part, _, rest = key.partition(".")
    reader = _READERS.get(part)
    if reader is None or bool(rest) is not (part in _PARTS):
        raise Invalid(f"{key!r} is no field of a station", field=key, value=value, reason="not_known")
    try:
        found = None if value is None else reader(key, value)
    except (AttributeError, TypeError, ValueError) as error:
        raise _wrong(key, value, "damaged", "has not the shape of this field") from error
    if found is None and key in _NEEDED:
        raise Invalid(f"{key}: a station needs one", field=key, value=value, reason="needed")
    return found


def _wrong(key: str, value: Value, reason: str, message: str) -> Invalid:
    return Invalid(f"{key}: {value!r} {message}"[:400], field=key, value=value, reason=reason)


def _tidy(key: str, value: Value, limit: int) -> str | None:
    if not isinstance(value, str):
        raise _wrong(key, value, "damaged", "is no text")
    if len(value) > 4 * limit:
        raise _wrong(key, value[:40], "too_long", f"is too long; {limit} characters at most")
    cell = cells.tidy(value)
    if cell.kind is not None:
        raise _wrong(key, value, "damaged", cell.reason)
    text: str = cell.value
    if len(text) > limit:
        raise _wrong(key, text[:40], "too_long", f"is too long; {limit} characters at most")
    return text or None


def _text(key: str, value: Value) -> str | None:
    return _tidy(key, value, _LENGTHS[key])


def _name(key: str, value: Value) -> str | None:
    tag = key.partition(".")[2]
    if not _TAG.fullmatch(tag):
        raise _wrong(key, value, "bad_tag", "has no language tag of BCP 47, such as bo or mn-Mong")
    return _tidy(key, value, _LENGTHS["name"])


def _code(key: str, value: Value) -> str | None:
    if value == "":
        return None
    if value not in _CODES[key]:
        raise _wrong(key, value, "not_known", f"is not known; one of {', '.join(_CODES[key])}")
    return str(value)


def _region(key: str, value: Value) -> str | None:
    if not re.fullmatch(r"([0-9]{6}([0-9]{3}){0,2})?", str(value), re.ASCII):
        raise _wrong(key, value, "no_region", "is no code of a region")
    return str(value) or None


def _phone(key: str, value: Value) -> str | None:
    text = _text(key, value)
    if text is None:
        return None
    cell = cells.phone(text)
    if cell.kind is not None or not cell.value:
        raise _wrong(key, text, "bad_phone", "is no phone number; write it with its area code")
    # Kept as it was typed: an extension or a name beside a number helps who calls.
    return text


def _number(reader: Callable[[str], cells.Cell]) -> Callable[[str, Value], Value]:
    def read(key: str, value: Value) -> Value:
        text = str(value).strip()
        if not text:
            return None
        cell = reader(text)
        if cell.kind is not None:
            raise _wrong(key, text[:40], "not_a_number", cell.reason)
        return cell.value if isinstance(cell.value, int) else f"{cell.value.normalize():f}"

    return read


def _day(key: str, value: Value) -> str | None:
    text = str(value).strip()
    if not text:
        return None
    cell = cells.day(text)
    if cell.kind is not None:
        raise _wrong(key, text[:40], "not_a_day", "is no day; write it like 2024-05-01")
    found: date = cell.value
    return found.isoformat()


def _list(key: str, value: Value) -> list[str] | None:
    if not isinstance(value, list):
        raise _wrong(key, value, "damaged", "is no list")
    if len(value) > _MOST_LISTED:
        raise _wrong(key, len(value), "too_many", f"are too many; {_MOST_LISTED} at most")
    found = [text for item in value if (text := _tidy(key, item, _LENGTHS["partner"]))]
    return list(dict.fromkeys(found)) or None


def _partner(key: str, value: Value) -> list[str] | None:
    if key.partition(".")[2] not in words.PARTNER_ROLES:
        raise _wrong(key, value, "not_known", "has no role of a partner")
    found = _list(key, value)
    return sorted(found) if found else None


def _amenity(key: str, value: Value) -> str | None:
    if key.partition(".")[2] not in words.AMENITIES:
        raise _wrong(key, value, "not_known", "is said of no amenity of the vocabulary")
    if value not in (*STANDINGS, "inferred_yes", "inferred_no"):
        raise _wrong(key, value, "not_known", f"is not known; one of {', '.join(STANDINGS)}")
    return None if value == "unknown" else str(value)


def _life(key: str, value: Value) -> list[Value]:
    state, since, reason = Life(*value)
    if state not in words.LIFECYCLE:
        raise _wrong(key, state, "not_known", f"is not known; one of {', '.join(words.LIFECYCLE)}")
    day = _day(key, since or "")
    why = _tidy(key, reason or "", _LENGTHS["reason"])
    if state in {words.Lifecycle.SUSPENDED, words.Lifecycle.CLOSED}:
        if day is None:
            raise _wrong(key, state, "needs_since", "needs the day since when")
        if why is None:
            raise _wrong(key, state, "needs_reason", "needs a reason for the public to read")
    return list(Life(state, day, why))


def _position(key: str, value: Value) -> list[Value]:
    lon, lat, datum, held = (*value, False)[:4]
    try:
        known = Datum.parse(str(datum))
    except DatumError as error:
        raise _wrong(key, datum, "bad_datum", str(error)) from error
    if not (isinstance(lon, int | float) and isinstance(lat, int | float)):
        raise _wrong(key, (lon, lat), "not_a_number", "is no pair of numbers")
    # A NaN is on no side of a comparison.
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise _wrong(key, (lon, lat), "not_on_earth", "is not on Earth; longitude first, in degrees")
    return list(Position(float(lon), float(lat), str(stored_datum(known)), bool(held)))


def _hours(key: str, value: Value) -> list[Value] | None:
    said, expression, calendar = Opening(*value)
    text = (said or "").strip() or None
    rule = (expression or "").strip() or None
    if calendar not in tuple(Calendar):
        raise _wrong(key, calendar, "not_known", f"is no calendar; one of {', '.join(Calendar)}")
    if text is not None and cells.tidy(text).kind is not None:
        raise _wrong(key, text[:40], "damaged", "holds a character that cannot be kept")
    _valid(key, Hours(rule, Calendar(calendar), (), text or ""))
    found = Opening(text, rule, calendar if rule else "plain")
    return None if found == Opening() else list(found)


def _exception(key: str, value: Value) -> list[Value] | None:
    first, last = _period(key)
    found = []
    for expression, reason in value:
        rule = expression.strip() if isinstance(expression, str) else None
        if expression is not None and not rule:
            raise _wrong(key, expression, "bad_hours", "is no expression; None is closed")
        why = _tidy(key, reason or "", 200) or ""
        _valid(key, Hours(None, exceptions=(DatedException(first, last, rule, why),)))
        found.append([rule, why])
    return found or None


def _visits(key: str, value: Value) -> list[Value] | None:
    _period(key)
    found = []
    for item in value:
        given: list[Any] = list(item)
        visits, at_least, source, occupation = given + list(Count(0))[len(given) :]
        if isinstance(visits, bool) or not isinstance(visits, int) or not 0 <= visits <= _MOST_VISITS:
            raise _wrong(key, visits, "not_a_number", "is no number of visits")
        found.append(
            list(
                Count(
                    visits,
                    bool(at_least),
                    _tidy(key, source or "", 60),
                    _tidy(key, occupation or "", 60),
                )
            )
        )
    return found or None


def _withdrawn(key: str, value: Value) -> list[Value]:
    reason, same_as = value
    why = _tidy(key, reason or "", _LENGTHS["reason"])
    if why is None:
        raise _wrong(key, reason, "needs_reason", "a withdrawal needs a reason")
    return [why, _tidy(key, same_as or "", 20)]


def _period(key: str) -> tuple[date, date]:
    part, _, days = key.partition(".")
    match = _PERIOD.fullmatch(days)
    first, last = (cells.day(day).value for day in match.groups()) if match else (None, None)
    if first is None or last is None:
        raise _wrong(key, days, "not_a_day", "are no two days; write 2026-02-15/2026-02-23")
    if last < first:
        raise _wrong(key, days, "days_swapped", "ends before it begins; swap the days")
    if key != period_key(part, first, last):
        raise _wrong(key, days, "not_a_day", "are no two days; write 2026-02-15/2026-02-23")
    return first, last


def _valid(key: str, hours: Hours) -> None:
    try:
        hours.validate()
    except Invalid as error:
        raise Invalid(f"{key}: {error}", field=key, value=error.value, reason="bad_hours") from error


#: The parts whose keys go on after a dot.
_PARTS: Final = frozenset({"name", "amenity", "partner", "exception", "visits"})
_READERS: Final[Mapping[str, Callable[[str, Any], Value]]] = {
    "name": _name,
    **dict.fromkeys(_CODES, _code),
    "region_code": _region,
    "address": _text,
    "directions": _text,
    "position_origin": _text,
    "phone": _phone,
    "capacity": _number(cells.capacity),
    "area_m2": _number(cells.area_m2),
    "opened_on": _day,
    "expected_on": _day,
    "cards": _list,
    "lifecycle": _life,
    "position": _position,
    "hours": _hours,
    "exception": _exception,
    "amenity": _amenity,
    "partner": _partner,
    "visits": _visits,
    "withdrawn": _withdrawn,
}
