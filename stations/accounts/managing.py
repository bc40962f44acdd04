"""What an administrator does to another's way of logging in: a link, a phone that was lost, an address.

The tables behind are the door's, so the database does not ask here who is acting; these functions ask it themselves, by
the rule that its row policies use (``yz_may_manage``).
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from stations.accounts import events, links, second, sessions
from stations.accounts.door import as_door
from stations.accounts.entering import credential
from stations.errors import Invalid, NotAllowed, NotFound
from stations.models import Staff

__all__ = [
    "end_sessions",
    "make_link",
    "manageable",
    "remove_second_factor",
    "require_manageable",
    "set_email",
]

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")


def manageable(session: Session, actor: int) -> frozenset[int]:
    """Return the ids of those whom ``actor`` administers: all of whose roles are in regions that the actor administers."""
    return frozenset(_asked(session, actor, "SELECT id FROM staff WHERE NOT is_system AND yz_may_manage(id)"))


def require_manageable(session: Session, actor: int, staff_id: int) -> None:
    """Raise NotAllowed unless ``actor`` administers this member of staff, NotFound where there is none."""
    if session.scalar(select(Staff.id).where(Staff.id == staff_id, ~Staff.is_system)) is None:
        raise NotFound(f"there is no member of staff {staff_id}")
    wanted = "SELECT id FROM staff WHERE id = :id AND NOT is_system AND yz_may_manage(id)"
    if not _asked(session, actor, wanted, id=staff_id):
        raise NotAllowed(
            f"member of staff {staff_id} holds roles outside your regions; an administrator of those regions may do this"
        )


def make_link(session: Session, staff_id: int, *, actor: int, now: datetime) -> str:
    """Make a one-time link for somebody, and return its token. Raises NotAllowed and NotFound."""
    require_manageable(session, actor, staff_id)
    return links.make(session, staff_id, now=now, by=actor)


def remove_second_factor(session: Session, staff_id: int, *, actor: int, now: datetime) -> bool:
    """Turn somebody's second factor off, for a phone that was lost. Raises NotAllowed."""
    require_manageable(session, actor, staff_id)
    return second.remove(session, staff_id, now=now, by=actor)


def end_sessions(session: Session, staff_id: int, *, actor: int, now: datetime) -> int:
    """End all sessions of somebody; returns how many there were. Raises NotAllowed."""
    require_manageable(session, actor, staff_id)
    ended = sessions.end_all(session, staff_id)
    events.note(session, staff_id, "sessions_ended", now=now, by=actor)
    return ended


def set_email(session: Session, staff_id: int, email: str, *, actor: int) -> None:
    """Set or (empty) remove the address that links may be sent to. Raises NotAllowed and Invalid."""
    require_manageable(session, actor, staff_id)
    found = email.strip()
    if found and (len(found) > 254 or not found.isascii() or not _EMAIL.fullmatch(found)):
        raise Invalid(
            f"email {found[:80]!r}: write one address such as wang@example.org",
            field="email",
            value=email,
            reason="email",
        )
    with as_door(session):
        credential(session, staff_id).email = found or None


def _asked(session: Session, actor: int, statement: str, **values: object) -> list[int]:
    """Ask the database as ``actor``, and be afterwards whoever one was."""
    session.flush()
    was = session.scalar(text("SELECT coalesce(current_setting('yz.actor', true), '')"))
    session.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": str(actor)})
    found = [int(row) for row in session.scalars(text(statement), values)]
    session.execute(text("SELECT set_config('yz.actor', :was, true)"), {"was": was})
    return found
