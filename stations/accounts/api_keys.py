"""Keys for programs that ask a lot: given out once, kept as a digest, taken back.

Nobody needs a key to read. One only raises how much may be asked in a minute, and tells whom to write to when a program
goes wrong.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotFound
from stations.models import ApiKey

__all__ = ["PREFIX", "Allowance", "allowance", "issue", "listed", "revoke"]

#: How every key begins, so that one that leaked into a repository is recognised.
PREFIX: Final = "yzk_"
_MOST_A_MINUTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key allows: ``per_minute`` requests; ``id`` is counted and never shown."""

    id: int
    per_minute: int


def issue(
    session: Session, holder: str, *, per_minute: int, actor: int, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which cannot be read again.

    Raises Invalid for a holder that is empty or longer than 200 characters, and for a number of requests outside 1 to
    1,000,000.
    """
    holder = holder.strip()
    if not 1 <= len(holder) <= 200:
        raise Invalid(
            "a key needs a holder of 1 to 200 characters: who is asked when the program goes wrong",
            field="holder",
            value=holder,
        )
    if not 1 <= per_minute <= _MOST_A_MINUTE:
        raise Invalid(
            f"{per_minute} requests a minute are not between 1 and {_MOST_A_MINUTE}",
            field="per_minute",
            value=per_minute,
        )
    text = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        digest=_digest(text),
        hint=text[: len(PREFIX) + 4],
        holder=holder,
        per_minute=per_minute,
        made_by=actor,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, text


def revoke(session: Session, key_id: int, *, now: datetime) -> ApiKey:
    """Take a key back. Raises NotFound, Conflict where it was taken back before."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound(f"there is no key {key_id}")
    if key.revoked_at is not None:
        raise Conflict(f"key {key_id} was taken back on {key.revoked_at:%Y-%m-%d}")
    key.revoked_at = now
    session.flush()
    return key


def listed(session: Session) -> Sequence[ApiKey]:
    """Return every key that was ever given out, the newest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def allowance(session: Session, text: str, *, now: datetime) -> Allowance | None:
    """Return what a key allows now; None for one that is unknown, taken back or past its day."""
    if not text.startswith(PREFIX) or len(text) > 100 or not text.isascii():
        return None
    row = session.execute(
        select(ApiKey.id, ApiKey.per_minute).where(
            ApiKey.digest == _digest(text),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
        )
    ).one_or_none()
    return None if row is None else Allowance(row.id, row.per_minute)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()
