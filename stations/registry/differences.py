"""A change as differences of values: which field, what it held, what it holds, and of which kind the value is.

Words belong to whoever shows them. Columns that only mean something together are one difference: a position with its
datum and quality, a week's hours with its calendar and the words received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from geo.spheroid import metres_between

__all__ = ["Difference", "Move", "Sort", "differences", "move_of"]


class Sort(StrEnum):
    """Of which kind a value is, for whoever puts it into words."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    MOMENT = "moment"
    NAMES = "names"
    LIST = "list"
    HOURS = "hours"
    POSITION = "position"
    EXPRESSION = "expression"
    PERIOD = "period"
    JSON = "json"
    # A code of the vocabulary.
    KIND = "kind"
    AMENITY = "amenity"
    LIFECYCLE = "lifecycle"
    ACCESS = "access"
    FEE = "fee"
    PREMISES = "premises"
    VALUE = "value"
    BASIS = "basis"
    PARTNER_ROLE = "partner_role"
    CHOICE = "choice"
    STATUS = "status"
    OUTCOME = "outcome"
    SHOWS = "shows"
    LEVEL = "level"
    ROLE = "role"
    # What another row is meant by.
    REGION = "region"
    ORGANISATION = "organisation"
    SOURCE = "source"
    STAFF = "staff"
    STATION = "station"
    PHOTO = "photo"
    PROGRAMME = "programme"
    TRADE = "trade"
    EVENT_KIND = "event_kind"
    EVENT_STATUS = "event_status"
    COUNT_NAMES = "count_names"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one row. ``old`` and ``new`` are as the history spells them; None is nothing."""

    field: str
    old: Any
    new: Any
    sort: Sort


@dataclass(frozen=True, slots=True)
class Move:
    """Where a pin was and is, as (lon, lat) in WGS 84, and how far apart; None where there was or is none."""

    old: tuple[float, float] | None
    new: tuple[float, float] | None
    metres: float | None


_SORTS: Mapping[str, Sort] = MappingProxyType(
    {
        "names": Sort.NAMES,
        "accepted_cards": Sort.LIST,
        "capacity": Sort.NUMBER,
        "area_m2": Sort.NUMBER,
        "visits": Sort.NUMBER,
        "year": Sort.NUMBER,
        "population": Sort.NUMBER,
        "population_year": Sort.NUMBER,
        "days": Sort.NUMBER,
        "kind": Sort.KIND,
        "amenity": Sort.AMENITY,
        "lifecycle": Sort.LIFECYCLE,
        "access": Sort.ACCESS,
        "fee": Sort.FEE,
        "premises": Sort.PREMISES,
        "value": Sort.VALUE,
        "basis": Sort.BASIS,
        "choice": Sort.CHOICE,
        "status": Sort.STATUS,
        "outcome": Sort.OUTCOME,
        "shows": Sort.SHOWS,
        "region_code": Sort.REGION,
        "parent_code": Sort.REGION,
        "merged_into": Sort.REGION,
        "organisation_id": Sort.ORGANISATION,
        "source_id": Sort.SOURCE,
        "verified_by": Sort.STAFF,
        "decided_by": Sort.STAFF,
        "released_by": Sort.STAFF,
        "inspector_id": Sort.STAFF,
        "mended_by": Sort.STAFF,
        "checked_by": Sort.STAFF,
        "staff_id": Sort.STAFF,
        "same_as": Sort.STATION,
        "sha256": Sort.PHOTO,
        "programme_id": Sort.PROGRAMME,
        "trade": Sort.TRADE,
        **dict.fromkeys(
            ("pay_from", "pay_to", "headcount", "sessions", "firms", "people", "leaflets"), Sort.NUMBER
        ),
        "until": Sort.MOMENT,
        "owner_id": Sort.ORGANISATION,
        "target": Sort.NUMBER,
        "base": Sort.NUMBER,
        "number": Sort.NUMBER,
        "weight": Sort.NUMBER,
        "regions": Sort.LIST,
        "kinds": Sort.LIST,
        "expression": Sort.EXPRESSION,
        "period": Sort.PERIOD,
        "position_hold": Sort.JSON,
        "doubts": Sort.JSON,
        **dict.fromkeys(
            ("out_of_order", "at_least", "publishable", "demonstration", "is_system", "active", "words_shown",
             "photo_shown", "stray", "passes"), Sort.BOOL,
        ),
        **dict.fromkeys(
            ("lifecycle_since", "opened_on", "expected_on", "starts", "ends", "taken_on", "retrieved_on",
             "revoked_on", "due", "closed_on", "mended_on", "checked_on", "review_on"), Sort.DATE,
        ),
        **dict.fromkeys(("decided_at", "released_at", "made_at", "received_at", "created_at"), Sort.MOMENT),
    }
)  # fmt: skip
#: The same word means something else there.
_SORTS_OF: Mapping[tuple[str, str], Sort] = MappingProxyType(
    {
        ("stations", "verified_at"): Sort.MOMENT,
        ("events", "kind"): Sort.EVENT_KIND,
        ("events", "status"): Sort.EVENT_STATUS,
        ("events", "starts"): Sort.MOMENT,
        ("events", "ends"): Sort.MOMENT,
        ("events", "at_least"): Sort.COUNT_NAMES,
        ("demand_layers", "removed_at"): Sort.MOMENT,
        ("demand_layers", "total"): Sort.NUMBER,
        ("demand_layers", "outside"): Sort.NUMBER,
        ("amenities", "verified_at"): Sort.DATE,
        ("partners", "role"): Sort.PARTNER_ROLE,
        ("staff_grants", "role"): Sort.ROLE,
        ("honours", "level"): Sort.LEVEL,
        ("regions", "level"): Sort.LEVEL,
        ("regions", "names"): Sort.NAMES,
        ("programme_stations", "station_id"): Sort.STATION,
        ("programme_townships", "station_id"): Sort.STATION,
    }
)
#: Told as one: the first names the difference.
_POSITION = (
    "location", "original_lon", "original_lat", "original_datum", "position_quality", "position_origin",
    "position_hold",
)  # fmt: skip
_HOURS = ("hours_expression", "hours_calendar", "hours_words")
_UNTOLD = frozenset({"id", "added_in", "decided_in", "lineage", "station_class", "version", "inspection_id"})


def differences(
    table: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Difference, ...]:
    """Return what differs between two states of a row, in the order of its columns; None is a row that is not there.

    A row that was added or removed tells what it holds and not the fields that hold nothing.
    """
    was, now = before or {}, after or {}
    names = [name for name in (*now, *(name for name in was if name not in now)) if name not in _UNTOLD]
    changed = [name for name in names if was.get(name) != now.get(name)]
    if before is None or after is None:
        changed = [name for name in changed if not _is_nothing(was.get(name), now.get(name))]
    found: list[Difference] = []
    for name in changed:
        group = _group_of(table, name)
        if group is None:
            sort = _SORTS_OF.get((table, name)) or _SORTS.get(name, Sort.TEXT)
            found.append(Difference(name, was.get(name), now.get(name), sort))
        elif not any(one.field == group[0] for one in found):
            sort = Sort.POSITION if group is _POSITION else Sort.HOURS
            found.append(Difference(group[0], _part(group, was), _part(group, now), sort))
    return tuple(found)


def move_of(difference: Difference) -> Move:
    """Return where the pin was and is. Raises ValueError for a difference that is of no position."""
    if difference.sort is not Sort.POSITION:
        raise ValueError(f"{difference.field!r} is no position")
    old, new = _point(difference.old), _point(difference.new)
    metres = float(metres_between(*old, *new)) if old and new else None
    return Move(old, new, metres)


def _group_of(table: str, name: str) -> tuple[str, ...] | None:
    if table != "stations":
        return None
    return next((group for group in (_POSITION, _HOURS) if name in group), None)


def _part(group: Iterable[str], row: Mapping[str, Any]) -> dict[str, Any] | None:
    part = {name: row.get(name) for name in group}
    return None if all(_is_nothing(value) for value in part.values()) else part


def _point(part: Mapping[str, Any] | None) -> tuple[float, float] | None:
    location = (part or {}).get("location")
    if location is None:
        return None
    lon, lat = location["coordinates"]
    return lon, lat


def _is_nothing(*values: Any) -> bool:
    return all(
        value is None or value is False or value in ("", [], {}, "unknown", "plain") for value in values
    )
