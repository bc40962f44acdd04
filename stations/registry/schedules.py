"""Schedules laid out in time, so that SQL can ask what is open at a moment.

Stations with the same hours share one schedule, named by the hours' own key. Its spans reach some weeks ahead and are
extended by ``extend`` (a command, and whatever runs the server). A moment that they do not cover is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select, tuple_
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session, aliased

from stations.hours import (
    SHANGHAI,
    Calendar,
    DatedException,
    Hours,
    Span,
    State,
    always_open,
    spans,
    standing,
)
from stations.models import PublicStation, Schedule

__all__ = ["AHEAD", "BEHIND", "ensure", "extend", "hours_of", "open_keys", "to_hours"]

#: How far the spans reach from the day they are made on. Extended when less than ``ENOUGH`` is left.
BEHIND = timedelta(days=2)
AHEAD = timedelta(days=42)
ENOUGH = timedelta(days=35)
_PAGE = 1000
_MOST_KNOWN = 20_000
_KNOWN: dict[str, Hours] = {}


def to_hours(
    expression: str | None, calendar: str, exceptions: Iterable[dict[str, Any]], words: str | None = None
) -> Hours:
    """Make hours of what the database holds of them."""
    return Hours(
        expression,
        Calendar(calendar),
        tuple(
            DatedException(
                datetime.fromisoformat(e["starts"]).date(),
                datetime.fromisoformat(e["ends"]).date(),
                e["expression"],
                e.get("reason") or "",
            )
            for e in exceptions
        ),
        words or "",
    )


def ensure(session: Session, wanted: Iterable[Hours], *, now: datetime | None = None) -> None:
    """Store the schedules of these hours where they are not stored yet; never waits for another writer."""
    by_key = {hours.key: hours for hours in wanted}
    if not by_key:
        return
    # The share lock keeps ``extend`` from dropping a schedule that this transaction is about to rely on.
    known = set(
        session.scalars(
            select(Schedule.key).where(Schedule.key.in_(by_key)).with_for_update(read=True, key_share=True)
        )
    )
    rows = [_row(key, hours, now or _now()) for key, hours in by_key.items() if key not in known]
    for at in range(0, len(rows), _PAGE):
        session.execute(insert(Schedule), rows[at : at + _PAGE])


def extend(session: Session, *, now: datetime | None = None) -> tuple[int, int]:
    """Extend the spans of all schedules; drop twins and those that no station keeps any more.

    Returns how many were extended and how many dropped. A schedule that another transaction holds is left for the
    next time.
    """
    moment = now or _now()
    twin = aliased(Schedule)
    needless = (
        select(Schedule.key, Schedule.made_in)
        .where(
            or_(
                ~exists().where(PublicStation.schedule_key == Schedule.key),
                exists().where(twin.key == Schedule.key, twin.made_in < Schedule.made_in),
            )
        )
        .with_for_update(of=Schedule, skip_locked=True)
    )
    doomed = [tuple(row) for row in session.execute(needless)]
    if doomed:
        session.execute(delete(Schedule).where(tuple_(Schedule.key, Schedule.made_in).in_(doomed)))
    short = session.scalars(
        select(Schedule)
        .where(~Schedule.covers.contains(Range(moment - BEHIND / 2, moment + ENOUGH, bounds="[)")))
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for schedule in short:
        hours = to_hours(schedule.expression, schedule.calendar, schedule.exceptions)
        for name, value in _row(schedule.key, hours, moment).items():
            setattr(schedule, name, value)
    session.flush()
    return len(short), len(doomed)


def open_keys(session: Session, moment: datetime, state: State) -> list[str]:
    """Return the keys of the schedules in ``state`` at a moment that their spans do not cover, by computing them."""
    rows = session.execute(
        select(Schedule.key, Schedule.expression, Schedule.calendar, Schedule.exceptions).where(
            ~Schedule.covers.contains(moment)
        )
    ).all()
    return [
        row.key
        for row in rows
        if standing(to_hours(row.expression, row.calendar, row.exceptions), moment).state is state
    ]


def hours_of(session: Session, keys: Iterable[str]) -> dict[str, Hours]:
    """Return the hours behind schedule keys. A key names the same hours for ever, so they are read once a process."""
    wanted = set(keys)
    found = {key: hours for key in wanted if (hours := _KNOWN.get(key)) is not None}
    missing = wanted.difference(found)
    if missing:
        rows = session.execute(
            select(Schedule.key, Schedule.expression, Schedule.calendar, Schedule.exceptions).where(
                Schedule.key.in_(missing)
            )
        )
        read = {row.key: to_hours(row.expression, row.calendar, row.exceptions) for row in rows}
        if len(_KNOWN) + len(read) > _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN.update(read)
        found |= read
    return found


def _row(key: str, hours: Hours, now: datetime) -> dict[str, Any]:
    start = (now - BEHIND).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + BEHIND + AHEAD
    found = spans(hours, start, end)
    return {
        "key": key,
        "expression": hours.expression,
        "calendar": str(hours.calendar),
        "exceptions": [
            {
                "starts": e.starts.isoformat(),
                "ends": e.ends.isoformat(),
                "expression": e.expression,
                "reason": e.reason,
            }
            for e in hours.exceptions
        ],
        "open_spans": _ranges(found.open),
        "unknown_spans": _ranges(found.unknown),
        "covers": Range(start, end, bounds="[)"),
        "always_open": always_open(hours, now.astimezone(SHANGHAI).date()),
    }


def _ranges(found: Iterable[Span]) -> list[Range[datetime]]:
    return [Range(start, end, bounds="[)") for start, end in found]


def _now() -> datetime:
    return datetime.now(UTC)
