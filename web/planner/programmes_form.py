"""The form of a programme: what was written in it, as a plan or as what is wrong with each field.

Regions are written in words, one a line, as people paste them out of a table: 民和县 22.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from stations.errors import Invalid
from stations.planning.programme_plan import LENGTHS, MONEY, Plan, PriorityArea
from stations.registry.areas import Areas
from web.planner import programmes_words as words

__all__ = ["FIELDS", "Filled", "differences", "read", "spell"]

FIELDS: Final = (
    "code", "title", "regions", "target", "target_is", "targets", "year", "starts", "due", "base", "kinds", "tag", "standard",
    "standard_source", "budget_yuan", "committed_yuan", "spent_yuan", "owner", "areas", "note",
)  # fmt: skip
_DAYS: Final = ("starts", "due")
_TARGET: Final = re.compile(r"(.+?)[\s:：,，]*(\d+)\s*个?")
_AREA: Final = re.compile(r"(.+?)[\s:：,，]+(\d+(?:\.\d+)?)[\s:：,，]*(.*)")
_BETWEEN: Final = re.compile(r"[\n、,，;；]+")
_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in. plan: None where something cannot be read; wrong: field → what, in words."""

    values: Mapping[str, Any]
    plan: Plan | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def spell(plan: Plan, names: Mapping[str, str]) -> dict[str, Any]:
    """Write a plan as the form shows it. names: of the regions by code."""
    values: dict[str, Any] = {name: getattr(plan, name) for name in FIELDS}
    values = {name: "" if value is None else str(value) for name, value in values.items()}
    return values | {
        "kinds": list(plan.kinds),
        "regions": "\n".join(names.get(code, code) for code in plan.regions),
        "targets": "\n".join(f"{names.get(code, code)} {count}" for code, count in plan.targets.items()),
        "areas": "\n".join(
            f"{names.get(area.region, area.region)} {area.weight:g} {area.reason}" for area in plan.areas
        ),
    }


def read(form: MultiDict[str, str], areas: Areas, *, code: str | None = None) -> Filled:
    """Read what was sent. code: of a programme that has one already."""
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in FIELDS}
    values["kinds"] = form.getlist("kinds")
    if code is not None:
        values["code"] = code
    problems: list[Invalid] = []

    def taken(name: str, reader: Callable[[str], Any], empty: Any = None) -> Any:
        text = values[name]
        if not text:
            return empty
        try:
            return reader(text)
        except Invalid as error:
            problems.append(Invalid(str(error), field=name, value=error.value, reason=error.reason))
            return empty

    whole: dict[str, Any] = {name: taken(name, _whole) for name in ("target", "year", "base")}
    for name in ("target", "year"):
        if not values[name]:
            problems.append(Invalid(f"{name} is empty", field=name, reason="needed"))
    regions = taken("regions", lambda text: tuple(_region(part, areas) for part in _parts(text)), ())
    given: dict[str, Any] = {
        **{name: taken(name, _day) for name in _DAYS},
        **{name: taken(name, _money) for name in MONEY},
        **{name: values[name] or (None if name != "title" else "") for name in LENGTHS},
    }
    plan = Plan(
        regions=regions,
        target_is=values["target_is"],
        targets=taken("targets", lambda text: _targets(text, areas), {}),
        areas=taken("areas", lambda text: _areas(text, areas), ()),
        kinds=tuple(values["kinds"]),
        code=values["code"],
        target=whole["target"] or 0,
        year=whole["year"] or 0,
        base=whole["base"],
        **given,
    )
    if problems:
        told: dict[str, str] = {}
        for problem in problems:
            told.setdefault(problem.field or "", words.wrong(problem)[problem.field or ""])
        return Filled(values, None, told)
    return Filled(values, plan)


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the fields in which two forms differ: what each is called, what stands there now, what was typed."""
    return [
        (words.field_label(name), _told(theirs[name]), _told(mine[name]))
        for name in FIELDS
        if _told(mine[name]) != _told(theirs[name])
    ]


def _told(value: Any) -> str:
    return words.kind_labels(value) if isinstance(value, list) else str(value).replace("\r\n", "\n")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(text.replace("\r", "\n")) if part.strip()]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]


def _region(text: str, areas: Areas) -> str:
    found = areas.named(text)
    if found is None:
        raise Invalid(f"{text[:60]!r} is no region", value=text[:60], reason="no_region")
    return found


def _targets(text: str, areas: Areas) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _lines(text):
        match = _TARGET.fullmatch(unicodedata.normalize("NFKC", line))
        if match is None:
            raise Invalid(f"{line[:60]!r}: a region and a number", value=line[:60], reason="line")
        code = _region(match[1].strip(" :："), areas)
        if code in found:
            raise Invalid(f"{line[:60]!r} comes twice", value=line[:60], reason="twice")
        found[code] = _whole(match[2])
    return found


def _areas(text: str, areas: Areas) -> tuple[PriorityArea, ...]:
    found = []
    for line in _lines(text):
        match = _AREA.fullmatch(unicodedata.normalize("NFKC", line))
        if match is None:
            raise Invalid(f"{line[:60]!r}: a region, a weight and a reason", value=line[:60], reason="line")
        found.append(
            PriorityArea(
                _region(match[1].strip(" :："), areas), float(match[2][:_MOST_DIGITS]), match[3].strip()
            )
        )
    return tuple(found)


def _whole(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if not (plain.removeprefix("-").isdecimal() and plain.isascii() and len(plain) <= _MOST_DIGITS):
        raise Invalid(f"{text[:60]!r} is no whole number", value=text[:60], reason="number")
    return int(plain)


def _money(text: str) -> Decimal:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace("元", "").strip()
    try:
        value = Decimal(plain)
        return (
            value.quantize(Decimal("0.01"))
            if value.is_finite() and value.adjusted() < _MOST_DIGITS
            else value
        )
    except InvalidOperation:
        raise Invalid(f"{text[:60]!r} is no amount", value=text[:60], reason="number") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(unicodedata.normalize("NFKC", text).replace("/", "-"))
    except ValueError:
        raise Invalid(f"{text[:60]!r} is no day", value=text[:60], reason="day") from None
