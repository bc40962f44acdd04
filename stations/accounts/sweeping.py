"""Forgetting what is needed no more: sessions that ended, links and failures that are too old, events of half a year ago."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from stations.accounts import events, failures, links
from stations.accounts.door import as_door
from stations.accounts.sessions import IDLE
from stations.models import StaffSession

__all__ = ["sweep"]


def sweep(session: Session, now: datetime) -> int:
    """Delete what is over; returns how many rows. Needs no actor: these tables are no facts of the ledger."""
    with as_door(session):
        ended = delete(StaffSession).where(or_(StaffSession.until <= now, StaffSession.seen_at <= now - IDLE))
        over = len(session.scalars(ended.returning(StaffSession.id)).all())
    return over + failures.sweep(session, now) + links.sweep(session, now) + events.sweep(session, now)
