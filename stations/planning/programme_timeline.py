"""A programme month by month: what was open by then, what is to come by the dates of its stations, and the even line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from stations.models import Programme, Station
from stations.planning.programme_progress import PENDING, STANDING, Progress, chosen, linear

__all__ = ["Moment", "timeline"]


@dataclass(frozen=True, slots=True)
class Moment:
    """The end of a month: stations open by then of those that are there today, with those to come by their dates.

    opened: None in the future. coming: those open today and those planned to be by then; None in the past.
    """

    day: date
    opened: int | None
    coming: int | None
    linear: float


def timeline(session: Session, programme: Programme, found: Progress) -> list[Moment]:
    """Return the ends of the months of a programme, and today, with what was open and what is to come.

    Stations without a day of opening count as open since the beginning; those past their date as coming today, those
    without one as coming on the last day.
    """
    opened = _by_day(session, programme, Station.opened_on, STANDING)
    coming = _by_day(session, programme, Station.expected_on, PENDING)
    last = max(found.due, found.day)
    moments = []
    for day in sorted({found.starts, *_month_ends(found.starts, last), found.day, last}):
        begun = sum(n for at, n in opened.items() if at is None or at <= min(day, found.day))
        ahead = sum(n for at, n in coming.items() if max(at or last, found.day) <= day)
        moments.append(
            Moment(
                day,
                begun if day <= found.day else None,
                begun + ahead if day >= found.day else None,
                linear(programme.target, found.base, (found.starts, found.due), day),
            )
        )
    return moments


def _by_day(
    session: Session, programme: Programme, column: Any, states: Sequence[str]
) -> dict[date | None, int]:
    statement = chosen(programme, column, func.count()).where(Station.lifecycle.in_(states)).group_by(column)
    return {row[0]: row[1] for row in session.execute(statement)}


def _month_ends(first: date, last: date) -> list[date]:
    found, day = [], first.replace(day=1)
    while day <= last:
        day = (day + timedelta(days=32)).replace(day=1)
        found.append(day - timedelta(days=1))
    return [end for end in found if first <= end <= last]
