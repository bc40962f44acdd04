"""What it means to take changes back, of one row of the registry: which fields return to what stood before, and which stay.

A field returns if nobody else has changed it since; otherwise it stays and is told. Fields that mean something only
together (a position and its region, a state and its reason) return together or stay together. Nothing here knows a
database: a row is its present content and its events, the oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

__all__ = ["Event", "Stay", "Step", "field_of", "take_back"]

_TOGETHER: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("location", "position_hold", "original_lon", "original_lat", "original_datum", "region_code"),
        "position",
    ),
    **dict.fromkeys(("hours_words", "hours_expression", "hours_calendar"), "hours"),
    **dict.fromkeys(("lifecycle", "lifecycle_since", "lifecycle_reason"), "lifecycle"),
    **dict.fromkeys(("verified_at", "verified_by", "verified_how"), "verified"),
    **dict.fromkeys(("withdrawn_reason", "same_as"), "withdrawn"),
    "accepted_cards": "cards",
}
#: Given once, or made by the database from others.
_NEVER: Final = frozenset({"id", "code", "added_in", "station_class", "station_id"})


@dataclass(frozen=True, slots=True)
class Event:
    """A change or a removal of the row, as ``history`` has it; ``ours``: it is to be taken back."""

    op: str
    held: Mapping[str, Any]
    ours: bool
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done. op: restore (``back`` are the columns to write), remove, put_back (``back`` is the row)."""

    op: str
    field: str
    now: Any
    back: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stay:
    """What stays, since somebody has changed, removed or added it after us."""

    field: str
    wrote: Any
    now: Any
    why: str
    by: str | None
    at: datetime | None


def field_of(table: str, row: Mapping[str, Any]) -> str:
    """Return what the desk calls a row of a table that hangs on a station."""
    match table:
        case "amenities":
            return f"amenity.{row['amenity']}"
        case "partners":
            return f"partner.{row['role']}"
        case "hours_exceptions":
            return f"exception.{row['starts']}/{row['ends']}"
        case "photos":
            return f"photo.{row['sha256']}"
        case "visits":
            return f"visits.{row['period']}"
        case "honours":
            return f"honour.{row['title']}"
        case _:
            return table


def take_back(
    table: str, present: Mapping[str, Any] | None, events: Sequence[Event], *, added: bool
) -> tuple[list[Step], list[Stay]]:
    """Decide over one row. present: its content now, None where it is gone. added: the present row was added by us.

    A station that was added is not decided here: it is withdrawn as a whole or stays as a whole.
    """
    removals = [at for at, event in enumerate(events) if event.op == "delete"]
    if present is None:
        return _gone(table, events, removals)
    since = events[removals[-1] + 1 :] if removals else events
    if not added:
        if removals and events[removals[-1]].ours:
            # We removed it, and somebody has added it again.
            removed = dict(events[removals[-1]].held)
            return [], [Stay(field_of(table, removed), None, dict(present), "added_since", None, None)]
        return _changed(table, present, since)
    later = next((event for event in reversed(since) if not event.ours), None)
    whole = field_of(table, present)
    if later is not None:
        return [], [Stay(whole, dict(present), dict(present), "changed_since", later.by, later.at)]
    if removals and events[removals[-1]].ours:
        before, _ = _before_removal(events[: removals[-1] + 1])
        if before is not None:
            return [Step("restore", whole, dict(present), _writable(before))], []
    return [Step("remove", whole, dict(present), {})], []


def _gone(table: str, events: Sequence[Event], removals: Sequence[int]) -> tuple[list[Step], list[Stay]]:
    if not removals:
        return [], []
    last = events[removals[-1]]
    field = field_of(table, last.held)
    if last.ours:
        before, added = _before_removal(events[: removals[-1] + 1])
        return ([], []) if added or before is None else ([Step("put_back", field, None, before)], [])
    earlier = events[removals[-2] + 1 : removals[-1]] if len(removals) > 1 else events[: removals[-1]]
    if any(event.ours for event in earlier):
        return [], [Stay(field, dict(last.held), None, "removed_since", last.by, last.at)]
    return [], []


def _before_removal(events: Sequence[Event]) -> tuple[dict[str, Any] | None, bool]:
    """Return the row as it stood before our last changes and its removal, and whether we had added it ourselves."""
    row = dict(events[-1].held)
    for event in reversed(events[:-1]):
        if not event.ours or event.op == "delete":
            break
        row |= {column: pair[0] for column, pair in event.held.items()}
    return row, False


def _changed(
    table: str, present: Mapping[str, Any], events: Sequence[Event]
) -> tuple[list[Step], list[Stay]]:
    parts: dict[str, list[tuple[Event, dict[str, Any], dict[str, Any]]]] = {}
    for event in events:
        for part, (was, wrote) in _parts(table, present, event.held).items():
            parts.setdefault(part, []).append((event, was, wrote))
    steps: list[Step] = []
    stays: list[Stay] = []
    for part, changes in parts.items():
        ours = [change for change in changes if change[0].ours]
        if not ours:
            continue
        last = changes[-1]
        if not last[0].ours:
            now = _now(present, last[2])
            stays.append(Stay(part, ours[-1][2], now, "changed_since", last[0].by, last[0].at))
            continue
        back: dict[str, Any] = {}
        for event, was, _ in reversed(changes):
            if not event.ours:
                break
            back |= was
        now = _now(present, back)
        if now != back:
            steps.append(Step("restore", part, now, back))
    return steps, stays


def _parts(
    table: str, present: Mapping[str, Any], held: Mapping[str, Any]
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return what one change did, by field: the columns before and after. A name is ``names.TAG`` here."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for column, (was, wrote) in held.items():
        if column in _NEVER:
            continue
        if table != "stations":
            put = [(field_of(table, present), column, was, wrote)]
        elif column == "names":
            tags = sorted({*was, *wrote})
            put = [
                (f"name.{tag}", f"names.{tag}", was.get(tag), wrote.get(tag))
                for tag in tags
                if was.get(tag) != wrote.get(tag)
            ]
        else:
            put = [(_TOGETHER.get(column, column), column, was, wrote)]
        for part, key, old, new in put:
            before, after = found.setdefault(part, ({}, {}))
            before[key], after[key] = old, new
    return found


def _now(present: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        column: present["names"].get(column.removeprefix("names."))
        if column.startswith("names.")
        else present.get(column)
        for column in columns
    }


def _writable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column not in _NEVER}
