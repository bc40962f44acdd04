"""Writing as somebody, for a reason: the one way in which a session may change the registry.

The database refuses a write without an actor and a reason, and row policies hold the actor to its regions. Leaving
the block makes the public rows of all stations that were touched; the caller still commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.errors import NotAllowed, NotFound
from stations.models import Staff
from stations.registry.derived import derive_stale

__all__ = ["DEMONSTRATION", "DOOR", "OPERATOR", "PUBLIC", "acting", "actor_id"]

#: The actors that migrations make; nobody can log in as them.
OPERATOR = "operator"
DEMONSTRATION = "demonstration"
#: Everybody without an account: may add reports and nothing else.
PUBLIC = "public"
#: The log-in: alone reads what staff log in with.
DOOR = "door"

_INSUFFICIENT_PRIVILEGE = "42501"


def actor_id(session: Session, login: str) -> int:
    """Return the id of the member of staff with this login. Raises NotFound."""
    found = session.scalar(select(Staff.id).where(Staff.login == login, Staff.active))
    if found is None:
        raise NotFound(f"there is no active member of staff with the login {login!r}")
    return found


@contextmanager
def acting(session: Session, actor: int, *, reason: str, batch: int | None = None) -> Iterator[None]:
    """Write in this transaction as ``actor``.

    actor: id of an active member of staff. reason: why, in words, kept with every change. batch: the import batch
    that the changes belong to. Raises NotAllowed where the database refuses the actor, the region or the reason.
    """
    session.execute(
        text(
            "SELECT set_config('yz.actor', :actor, true), set_config('yz.reason', :reason, true), "
            "set_config('yz.batch', :batch, true)"
        ),
        {"actor": str(actor), "reason": reason, "batch": "" if batch is None else str(batch)},
    )
    try:
        yield
        session.flush()
        derive_stale(session)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE:
            raise NotAllowed(str(error.orig).splitlines()[0]) from error
        raise
