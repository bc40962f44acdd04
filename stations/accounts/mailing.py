"""The address that somebody's links may be sent to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.accounts.door import as_door
from stations.models import Credential, Staff

__all__ = ["address_of"]


def address_of(session: Session, login: str) -> tuple[int, str] | None:
    """Return id and e-mail of a member of staff in service; None where there is no such account or no address."""
    with as_door(session):
        found = session.execute(
            select(Staff.id, Credential.email)
            .join(Credential, Credential.staff_id == Staff.id)
            .where(Staff.login == login.strip().lower(), Staff.active, ~Staff.is_system)
            .where(Credential.email.is_not(None))
        ).one_or_none()
    return None if found is None else (found[0], str(found[1]))
