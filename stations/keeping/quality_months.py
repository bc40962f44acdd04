"""The quality of each month, kept with its picture when the month is over, and never written again.

A month is taken within the first days of the next one; where nobody looked then it stays missing, because what is
counted later is of another day. The database refuses a second row, a change and a removal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotFound
from stations.hours import SHANGHAI
from stations.keeping.quality import Area, Quality, figures_of, quality, quality_from
from stations.models import QualityMonth

__all__ = ["DAYS_OF_GRACE", "Kept", "Point", "due", "keep", "kept", "listed", "picture", "trend"]

DAYS_OF_GRACE: Final = 7

Draw = Callable[[Session, Quality, date], bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A month that is kept: when it was counted, and whether it was reckoned backwards for a demonstration."""

    month: date
    taken_at: datetime
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Point:
    """One region in one month."""

    month: date
    demonstration: bool
    area: Area


def due(session: Session, *, now: datetime) -> date | None:
    """Return the month that is over and waits to be kept; None where there is none, or its days of grace are over."""
    today = now.astimezone(SHANGHAI).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    if today.day > DAYS_OF_GRACE or session.get(QualityMonth, month) is not None:
        return None
    return month


def keep(session: Session, month: date, *, now: datetime, draw: Draw, demonstration: bool = False) -> Quality:
    """Count the quality at ``now`` and keep it as that of a month; called inside ``acting``.

    draw: makes the picture (SVG). demonstration: reckoned backwards, of the stations that were open by then. Raises
    Conflict where the month is kept already: it was published, and stays as it was.
    """
    if session.get(QualityMonth, month) is not None:
        raise Conflict(f"the quality of {month:%Y-%m} is kept already, and stays as it was")
    found = quality(session, now=now, opened_by_then=demonstration)
    session.add(
        QualityMonth(
            month=month,
            taken_at=now,
            demonstration=demonstration,
            figures=figures_of(found),
            picture=draw(session, found, month),
        )
    )
    session.flush()
    return found


def listed(session: Session) -> list[Kept]:
    """Return the months that are kept, the latest first."""
    rows = session.execute(
        select(QualityMonth.month, QualityMonth.taken_at, QualityMonth.demonstration).order_by(
            QualityMonth.month.desc()
        )
    )
    return [Kept(*row) for row in rows]


def kept(session: Session, month: date) -> Quality:
    """Return the quality of a month as it was published. Raises NotFound."""
    row = session.execute(
        select(QualityMonth.figures, QualityMonth.demonstration).where(QualityMonth.month == month)
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"the quality of {month:%Y-%m} was not kept; /api/v1/quality names the months that were"
        )
    return quality_from(row.figures, demonstration=row.demonstration)


def picture(session: Session, month: date) -> bytes:
    """Return the picture of a month (SVG). Raises NotFound."""
    found = session.scalar(select(QualityMonth.picture).where(QualityMonth.month == month))
    if found is None:
        raise NotFound(f"there is no picture of {month:%Y-%m}")
    return found


_TREND: Final = text("""
    SELECT m.month, m.demonstration, one.area
    FROM quality_months m
    CROSS JOIN LATERAL (
        SELECT CASE WHEN :code = '' THEN m.figures->'whole' ELSE (
            SELECT area FROM jsonb_array_elements(m.figures->'areas') area WHERE area->>'code' = :code
        ) END AS area
    ) one
    WHERE one.area IS NOT NULL ORDER BY m.month DESC LIMIT :months
""")


def trend(session: Session, code: str = "", *, months: int = 13) -> list[Point]:
    """Return a region in each of the last months that were kept, the earliest first. code: ``""`` for the whole."""
    rows = session.execute(_TREND, {"code": code, "months": months}).all()
    return [Point(row.month, row.demonstration, Area.of(row.area)) for row in reversed(rows)]
