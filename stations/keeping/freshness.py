"""The promise of freshness, kind by kind, and which stations break it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from stations.errors import Invalid, NotAllowed
from stations.models import FreshnessPromise, Station

__all__ = ["MOST_DAYS", "SHORTEST_DAYS", "promise", "promises", "stale"]

SHORTEST_DAYS = 7
MOST_DAYS = 1095


def promises(session: Session) -> Mapping[str, int]:
    """Return for each kind of station how many days after a verification it is asked after again."""
    return dict(session.execute(select(FreshnessPromise.kind, FreshnessPromise.days)).all())


def promise(session: Session, kind: str, days: int) -> None:
    """Promise another number of days for a kind; inside ``acting``, as an administrator.

    Raises Invalid for a number out of bounds or an unknown kind, NotAllowed where the row policy refuses.
    """
    if not SHORTEST_DAYS <= days <= MOST_DAYS:
        raise Invalid(
            f"days: {days} is not from {SHORTEST_DAYS} to {MOST_DAYS}; promise what can be kept",
            field="days",
            value=days,
        )
    row = session.get(FreshnessPromise, kind)
    if row is None:
        raise Invalid(f"kind: there is no promise for {kind!r}", field="kind", value=kind)
    if row.days == days:
        return
    if not session.scalar(select(func.yz_everywhere("administrator"))):
        raise NotAllowed("only an administrator of the whole registry changes what it promises")
    row.days = days
    session.flush()


def stale(session: Session, now: datetime) -> ColumnElement[bool]:
    """Return whether a station in service was never verified, or longer ago than is promised for its kind."""
    shortest = min(promises(session).values())
    days = select(FreshnessPromise.days).where(FreshnessPromise.kind == Station.kind).scalar_subquery()
    # The first bound is a constant, so that an index on the time finds the few that can be meant.
    return or_(
        Station.verified_at.is_(None),
        (Station.verified_at < now - timedelta(days=shortest))
        & (Station.verified_at < literal(now) - days * cast("1 day", Interval)),
    )
