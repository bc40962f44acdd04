"""One-time links: with one somebody sets a password, once, within two days. Only the hash of its token is kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from stations.accounts import events
from stations.accounts.door import as_door, token_hash
from stations.errors import NotFound
from stations.models import Staff, StaffLink

__all__ = ["GOOD_FOR", "holder", "make", "sweep", "take"]

GOOD_FOR = timedelta(days=2)


def make(
    session: Session, staff_id: int, *, now: datetime, by: int | None, good_for: timedelta = GOOD_FOR
) -> str:
    """Make a link for somebody in service and return its token; a link made before is of no use any more.

    by: who hands the link over; None where it is sent to the address of the account. Raises NotFound.
    """
    staff = session.get(Staff, staff_id)
    if staff is None or staff.is_system or not staff.active:
        raise NotFound(f"there is no member of staff {staff_id} in service")
    token = secrets.token_urlsafe(32)
    with as_door(session):
        session.execute(delete(StaffLink).where(StaffLink.staff_id == staff_id))
        session.add(
            StaffLink(
                token_hash=token_hash(token), staff_id=staff_id, made_by=by, made_at=now, until=now + good_for
            )
        )
    events.note(session, staff_id, "link_mailed" if by is None else "link_made", now=now, by=by)
    return token


def holder(session: Session, token: str, *, now: datetime) -> Staff | None:
    """Return whose link this is while it is good; looking at it uses nothing up."""
    with as_door(session):
        staff_id = session.scalar(
            select(StaffLink.staff_id).where(StaffLink.token_hash == token_hash(token), StaffLink.until > now)
        )
    return _in_service(session, staff_id)


def take(session: Session, token: str, *, now: datetime) -> Staff | None:
    """Use a link up and return whose it was; None where it was used, is too old or never was one.

    Of two requests with one link the second waits for the first. Where the transaction is undone the link is good again.
    """
    with as_door(session):
        staff_id = session.scalar(
            delete(StaffLink)
            .where(StaffLink.token_hash == token_hash(token), StaffLink.until > now)
            .returning(StaffLink.staff_id)
        )
    return _in_service(session, staff_id)


def sweep(session: Session, now: datetime) -> int:
    """Delete links that are good no more; returns how many."""
    with as_door(session):
        wanted = delete(StaffLink).where(StaffLink.until <= now)
        return len(session.scalars(wanted.returning(StaffLink.staff_id)).all())


def _in_service(session: Session, staff_id: int | None) -> Staff | None:
    found = None if staff_id is None else session.get(Staff, staff_id)
    return found if found is not None and found.active and not found.is_system else None
