"""Proving who one is by a password, and choosing a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from stations.accounts import events
from stations.accounts.door import as_door
from stations.accounts.passwords import hashed, matches, require_strong, stale
from stations.accounts.sessions import end_all
from stations.errors import NotFound
from stations.models import Credential, Staff, StaffLink

__all__ = ["Known", "credential", "known", "set_password", "verify"]


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whose password was right, and whether a second factor is asked for."""

    staff_id: int
    has_second_factor: bool


def verify(session: Session, login: str, password: str, *, now: datetime) -> Known | None:
    """Return whose password this is; None for a wrong one, a login nobody has, an account without password or service.

    Takes as long in every case. The caller has counted the attempt and committed that.
    """
    with as_door(session):
        found = session.execute(
            select(Staff, Credential)
            .join(Credential, Credential.staff_id == Staff.id)
            .where(Staff.login == login.strip().lower(), Staff.active, ~Staff.is_system)
        ).one_or_none()
        kept = found[1].password_hash if found is not None else None
        right = matches(kept, password)
        if found is None:
            return None
        if not right:
            events.note(session, found[0].id, "failed", now=now)
            return None
        if kept is not None and stale(kept):
            found[1].password_hash = hashed(password)
        return Known(found[0].id, found[1].totp_since is not None)


def set_password(
    session: Session, staff_id: int, password: str, *, now: datetime, keep: int | None = None
) -> None:
    """Set somebody's password, end their sessions but ``keep``, and make the links that were sent useless.

    Raises Invalid for a password that is guessed too easily, NotFound where there is no such account in service.
    """
    staff = session.get(Staff, staff_id)
    if staff is None or staff.is_system or not staff.active:
        raise NotFound(f"there is no member of staff {staff_id} in service")
    require_strong(password, login=staff.login, name=staff.display_name)
    with as_door(session):
        found = credential(session, staff_id)
        found.password_hash = hashed(password)
        found.password_set_at = now
        session.execute(delete(StaffLink).where(StaffLink.staff_id == staff_id))
    end_all(session, staff_id, but=keep)
    events.note(session, staff_id, "password_set", now=now)


def known(session: Session, staff_id: int, password: str) -> bool:
    """Tell whether this is the password of somebody who is logged in already."""
    with as_door(session):
        kept = session.scalar(select(Credential.password_hash).where(Credential.staff_id == staff_id))
        return matches(kept, password)


def credential(session: Session, staff_id: int) -> Credential:
    """Return what somebody logs in with, made empty where it is not there yet. Called as the door."""
    found = session.get(Credential, staff_id)
    if found is None:
        found = Credential(staff_id=staff_id)
        session.add(found)
        session.flush()
    return found
