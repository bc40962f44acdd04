"""What the public hears of what became of its reports: what was done, and the words and photos that staff let out.

Something that was put right again since is told no more: the page says what is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.models import Amenity, HoursException, Report, Station

__all__ = ["Outcome", "Said", "outcomes", "released"]

_TOLD_FOR = timedelta(days=30)
_MOST = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done about reports that said the same: on which day of China, and how many said it."""

    choice: str
    amenity: str | None
    outcome: str
    on: date
    reports: int


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a report, its photo or both, as staff let them out; ``on``: the day of China when it was said."""

    choice: str
    amenity: str | None
    words: str | None
    photo: str | None
    on: date


def outcomes(session: Session, code: str, now: datetime) -> tuple[Outcome, ...]:
    """Return what was done about a station's reports in the last thirty days, newest first.

    Left out is what holds no more: an amenity that works again, a station that is open again, a day that is over.
    """
    today = now.astimezone(SHANGHAI).date()
    holds = or_(
        Report.outcome.in_(["edited", "noted"]),
        and_(
            Report.outcome == "out_of_order",
            select(Amenity.station_id)
            .where(
                Amenity.station_id == Report.station_id,
                Amenity.amenity == Report.amenity,
                Amenity.out_of_order,
            )
            .exists(),
        ),
        and_(
            Report.outcome == "amenity_absent",
            select(Amenity.station_id)
            .where(
                Amenity.station_id == Report.station_id,
                Amenity.amenity == Report.amenity,
                Amenity.value == "no",
            )
            .exists(),
        ),
        and_(Report.outcome == "suspended", Station.lifecycle == "suspended"),
        and_(
            Report.outcome == "closed_today",
            select(HoursException.id)
            .where(
                HoursException.station_id == Report.station_id,
                HoursException.expression.is_(None),
                HoursException.starts <= today,
                HoursException.ends >= today,
            )
            .exists(),
        ),
    )
    decided_at = func.max(Report.decided_at)
    rows = session.execute(
        select(Report.choice, Report.amenity, Report.outcome, decided_at, func.count())
        .join(Station, Station.id == Report.station_id)
        .where(
            Station.code == code,
            Report.status == "accepted",
            Report.decided_at > now - _TOLD_FOR,
            Report.decided_at <= now,
            holds,
        )
        .group_by(Report.choice, Report.amenity, Report.outcome)
        .order_by(decided_at.desc())
        .limit(_MOST)
    )
    return tuple(
        Outcome(choice, amenity, outcome, at.astimezone(SHANGHAI).date(), count)
        for choice, amenity, outcome, at, count in rows
        if outcome is not None and at is not None
    )


def released(session: Session, code: str) -> tuple[Said, ...]:
    """Return the words and photos of a station's reports that staff let out, newest first."""
    rows = session.execute(
        select(
            Report.choice,
            Report.amenity,
            Report.words,
            Report.words_shown,
            Report.photo_sha256,
            Report.photo_shown,
            Report.made_at,
        )
        .join(Station, Station.id == Report.station_id)
        .where(Station.code == code, Report.released_at.is_not(None))
        .order_by(Report.made_at.desc(), Report.id.desc())
        .limit(_MOST)
    )
    return tuple(
        Said(
            row.choice,
            row.amenity,
            row.words if row.words_shown else None,
            row.photo_sha256 if row.photo_shown else None,
            row.made_at.astimezone(SHANGHAI).date(),
        )
        for row in rows
    )
