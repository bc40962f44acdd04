"""Reading and writing what staff log in with: one actor may, and these functions borrow its name for a moment.

Row policies keep passwords, secrets and sessions from everybody but the system's actor ``door``: a page that works as a
county's editor, or as nobody, sees none of them, whatever SQL it is made to run.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.registry.writing import DOOR

__all__ = ["as_door", "keyed", "token_hash"]


@contextmanager
def as_door(session: Session) -> Iterator[None]:
    """Be the door for the length of the block, and afterwards whoever one was. Nothing of the ledger is written here."""
    session.flush()
    if session.connection().connection.driver_connection.autocommit:  # type: ignore[union-attr]
        raise RuntimeError(
            "the door is open for one transaction, and this session has none: it commits each statement"
        )
    was = session.scalar(text("SELECT coalesce(current_setting('yz.actor', true), '')"))
    session.execute(
        text("SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = :door), true)"),
        {"door": DOOR},
    )
    try:
        yield
        session.flush()
    except DBAPIError:
        # The transaction, or the savepoint, is lost, and with it who one was in it.
        raise
    except BaseException:
        _become(session, was)
        raise
    _become(session, was)


def _become(session: Session, actor: str | None) -> None:
    session.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": actor or ""})


def token_hash(token: str) -> bytes:
    """Return what is stored of a random token: of 256 bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(token.encode()).digest()


def keyed(pepper: bytes, *parts: object) -> bytes:
    """Return the HMAC of the parts under the secret of the site: nothing that can be guessed back from a dump alone."""
    return hmac.digest(pepper, "\x1f".join(map(str, parts)).encode(), "sha256")[:16]
