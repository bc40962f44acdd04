"""A programme as somebody writes it, and everything that may be wrong with it, told at once and field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.editing.checks import BadFields
from stations.errors import Invalid
from stations.models import Region

__all__ = ["LENGTHS", "MONEY", "TARGETS", "Plan", "PriorityArea", "checked"]

#: What a target means: open stations in all, or only those that carry the programme.
TARGETS: Final = ("total", "tagged")
_YEARS: Final = (2000, 2100)
_MOST: Final = 1_000_000
_MOST_YUAN: Final = Decimal(10) ** 12
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
LENGTHS: Final = {
    "title": 200,
    "tag": 40,
    "standard": 200,
    "standard_source": 500,
    "owner": 120,
    "note": 4000,
}
MONEY: Final = ("budget_yuan", "committed_yuan", "spent_yuan")


@dataclass(frozen=True, slots=True)
class PriorityArea:
    """A region that comes first when places are looked for. weight: what a person there counts for, 1 elsewhere."""

    region: str
    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A programme as somebody writes it.

    target: in all; targets: what of it falls to which region, each one of ``regions`` or below one. base: how many
    were open at the start, as the plan states it. kinds: those that count; empty for every place to rest. Money in yuan.
    """

    code: str
    title: str
    regions: tuple[str, ...]
    year: int
    target: int
    target_is: str = "total"
    targets: Mapping[str, int] = field(default_factory=dict)
    starts: date | None = None
    due: date | None = None
    tag: str | None = None
    standard: str | None = None
    standard_source: str | None = None
    kinds: tuple[str, ...] = ()
    base: int | None = None
    budget_yuan: Decimal | None = None
    committed_yuan: Decimal | None = None
    spent_yuan: Decimal | None = None
    owner: str | None = None
    note: str | None = None
    areas: tuple[PriorityArea, ...] = ()


def checked(session: Session, plan: Plan) -> Plan:
    """Return a plan as it will be stored. Raises BadFields with everything that is wrong."""
    texts: dict[str, Any] = {
        name: (" ".join(value.split()) if name != "note" else value.strip()) or None
        for name in LENGTHS
        if (value := getattr(plan, name)) is not None
    }
    texts["title"] = texts.get("title") or ""
    known = set(plan.kinds) <= set(words.KINDS)
    areas = (replace(area, reason=area.reason.strip()) for area in plan.areas)
    plan = replace(
        plan,
        code=plan.code.strip(),
        regions=tuple(dict.fromkeys(plan.regions)),
        kinds=tuple(kind for kind in words.KINDS if kind in plan.kinds) if known else plan.kinds,
        areas=tuple(sorted(areas, key=lambda area: (-area.weight, area.region))),
        targets=dict(sorted(plan.targets.items())),
        **texts,
    )
    problems = [*_bad_words(plan), *_bad_numbers(plan), *_bad_days(plan), *_bad_regions(session, plan)]
    if problems:
        raise BadFields(tuple(problems))
    return plan


def _bad(name: str, reason: str, value: Any, told: str) -> Invalid:
    return Invalid(f"{name}: {told}", field=name, value=value, reason=reason)


def _bad_words(plan: Plan) -> list[Invalid]:
    found = []
    if not _CODE.fullmatch(plan.code):
        found.append(
            _bad(
                "code",
                "code",
                plan.code,
                f"{plan.code[:60]!r}: 1 to 40 letters, digits, dots, hyphens, underscores",
            )
        )
    if not plan.title:
        found.append(_bad("title", "needed", plan.title, "a programme needs a title"))
    for name, most in LENGTHS.items():
        if len(getattr(plan, name) or "") > most:
            found.append(_bad(name, "too_long", most, f"at most {most} characters"))
    if plan.target_is not in TARGETS:
        found.append(
            _bad("target_is", "not_known", plan.target_is, f"{plan.target_is!r}: one of {', '.join(TARGETS)}")
        )
    strange = [kind for kind in plan.kinds if kind not in words.KINDS]
    if strange:
        found.append(
            _bad(
                "kinds",
                "not_known",
                strange[0],
                f"{strange[0]!r} is no kind; one of {', '.join(words.KINDS)}",
            )
        )
    if plan.standard_source and not plan.standard:
        found.append(_bad("standard", "needed", None, "a source of a standard needs the standard's name"))
    return found


def _bad_numbers(plan: Plan) -> list[Invalid]:
    found = []
    if not 1 <= plan.target <= _MOST:
        found.append(
            _bad("target", "target", plan.target, f"{plan.target}: a target is 1 to {_MOST:,} stations")
        )
    if plan.base is not None and not 0 <= plan.base < plan.target:
        found.append(
            _bad(
                "base",
                "base",
                plan.base,
                f"{plan.base} open at the start is not below the target of {plan.target}",
            )
        )
    for name in MONEY:
        value = getattr(plan, name)
        if value is not None and not (value.is_finite() and 0 <= value < _MOST_YUAN):
            found.append(_bad(name, "money", value, f"{value}: yuan, 0 or more"))
    for code, count in plan.targets.items():
        if not 1 <= count <= _MOST:
            found.append(
                _bad("targets", "target", count, f"{code}: {count}: a target is 1 to {_MOST:,} stations")
            )
    if (sum_ := sum(plan.targets.values())) > plan.target:
        found.append(
            _bad(
                "targets",
                "sum",
                sum_,
                f"the regions have {sum_} together, more than the target of {plan.target}",
            )
        )
    for area in plan.areas:
        if not 0 < area.weight <= 100:
            found.append(
                _bad(
                    "areas",
                    "weight",
                    area.weight,
                    f"{area.region}: {area.weight:g}: a weight is above 0, at most 100",
                )
            )
        if not area.reason:
            found.append(_bad("areas", "reason", area.region, f"{area.region}: why does it come first?"))
    return found


def _bad_days(plan: Plan) -> list[Invalid]:
    low, high = _YEARS
    found = []
    if not low <= plan.year <= high:
        found.append(_bad("year", "year", plan.year, f"{plan.year}: a year from {low} to {high}"))
        return found
    for name in ("starts", "due"):
        day: date | None = getattr(plan, name)
        if day is not None and not low <= day.year <= high:
            found.append(_bad(name, "year", day.year, f"{day}: a day from {low} to {high}"))
    if plan.starts is not None and (plan.due or date(plan.year, 12, 31)) < plan.starts:
        due = plan.due or date(plan.year, 12, 31)
        found.append(_bad("due", "days_swapped", due, f"due on {due}, before it starts on {plan.starts}"))
    return found


def _bad_regions(session: Session, plan: Plan) -> list[Invalid]:
    asked = {*plan.regions, *plan.targets, *(area.region for area in plan.areas)}
    lineage = {
        code: set(line)
        for code, line in session.execute(
            select(Region.code, Region.lineage).where(Region.code.in_(asked), Region.merged_into.is_(None))
        )
    }
    found = []
    if not plan.regions:
        found.append(_bad("regions", "needed", None, "a programme needs at least one region"))
    for name, codes in (
        ("regions", plan.regions),
        ("targets", tuple(plan.targets)),
        ("areas", tuple(area.region for area in plan.areas)),
    ):
        for code in codes:
            if code not in lineage:
                found.append(_bad(name, "no_region", code, f"region {code!r} is not in this registry"))
            elif not lineage[code] & set(plan.regions):
                found.append(
                    _bad(name, "outside", code, f"region {code} lies outside {', '.join(plan.regions)}")
                )
        if len(set(codes)) < len(codes):
            found.append(_bad(name, "twice", codes, "a region is named twice"))
        if name == "areas":
            continue
        for code in codes:
            above = (lineage.get(code, set()) - {code}) & set(codes)
            if above:
                found.append(
                    _bad(name, "nested", code, f"region {code} lies in {min(above)}, which is named too")
                )
    return found
