"""What happened to an account: told to its holder and to administrators, kept for half a year, without any secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from stations.accounts.door import as_door
from stations.models import AccountEvent

__all__ = ["KEPT", "KINDS", "note", "of", "sweep"]

#: Logs of who logged in are kept for six months, as the Cybersecurity Law of China (article 21) asks.
KEPT = timedelta(days=183)

KINDS = (
    "logged_in",
    "failed",
    "password_set",
    "two_factor_on",
    "two_factor_off",
    "codes_made",
    "code_used",
    "link_made",
    "link_mailed",
    "sessions_ended",
    "oidc_linked",
    "unlocked",
    "disabled",
    "enabled",
)


def note(session: Session, staff_id: int, kind: str, *, now: datetime, by: int | None = None) -> None:
    """Write down that something happened. by: who did it, where that was somebody else."""
    if kind not in KINDS:
        raise ValueError(f"no such event {kind!r}")
    with as_door(session):
        session.add(
            AccountEvent(
                staff_id=staff_id, at=now, kind=kind, by_id=None if by == staff_id else by, until=now + KEPT
            )
        )


def of(session: Session, staff_id: int, *, limit: int = 20) -> Sequence[AccountEvent]:
    """Return what happened last to an account, the newest first."""
    with as_door(session):
        return session.scalars(
            select(AccountEvent)
            .where(AccountEvent.staff_id == staff_id)
            .order_by(AccountEvent.at.desc(), AccountEvent.id.desc())
            .limit(limit)
        ).all()


def sweep(session: Session, now: datetime) -> int:
    """Delete what is older than half a year; returns how many rows."""
    with as_door(session):
        wanted = delete(AccountEvent).where(AccountEvent.until <= now)
        return len(session.scalars(wanted.returning(AccountEvent.id)).all())
