"""The second factor: six digits of an authenticator (TOTP, RFC 6238), and recovery codes for when the phone is gone.

The secret is sealed with a key of the site that is not in the database, so that a stolen dump makes no codes. A code of
either kind serves once, also of two requests that bring it at the same moment.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from stations.accounts import events
from stations.accounts.door import as_door, keyed
from stations.accounts.entering import credential
from stations.errors import Conflict, Invalid
from stations.models import Credential, RecoveryCode

__all__ = ["CODES", "begin", "codes_left", "confirm", "make_codes", "passes", "remove", "uri"]

#: Recovery codes made at once.
CODES = 10
_STEP_S = 30
#: Steps before and after the present one whose codes are taken: clocks of phones differ.
_DRIFT = 1
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


def begin(session: Session, staff_id: int, *, key: bytes) -> str:
    """Make a secret for somebody's authenticator and return it in base32; it counts from ``confirm`` on.

    key: of the site, 32 bytes. A secret that was begun and not confirmed is shown again. Raises Conflict where the second
    factor is on.
    """
    with as_door(session):
        found = credential(session, staff_id)
        if found.totp_since is not None:
            raise Conflict("the second factor is on already; turn it off first to use another phone")
        begun = _opened(found.totp_sealed, key)
        if begun is None:
            begun = pyotp.random_base32()
            found.totp_sealed = _fernet(key).encrypt(begun.encode())
    return begun


def uri(secret: str, *, login: str, site: str) -> str:
    """Return the address that authenticators read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=site)


def confirm(session: Session, staff_id: int, code: str, *, key: bytes, now: datetime) -> list[str]:
    """Turn the second factor on with a first code of the authenticator; returns recovery codes to be shown once.

    Raises Invalid for a wrong code.
    """
    with as_door(session):
        found = credential(session, staff_id)
        secret = _opened(found.totp_sealed, key)
        step = None if secret is None else _step(secret, code, now)
        if step is None:
            raise Invalid(
                "code: these six digits are not those of the moment; check the clock of the phone",
                field="code",
                reason="code",
            )
        if found.totp_since is not None:
            raise Conflict("the second factor is on already")
        found.totp_since, found.totp_step = now, step
    events.note(session, staff_id, "two_factor_on", now=now)
    return make_codes(session, staff_id, key=key, now=now)


def make_codes(session: Session, staff_id: int, *, key: bytes, now: datetime) -> list[str]:
    """Make new recovery codes in place of all former ones, and return them."""
    made = [_code() for _ in range(CODES)]
    with as_door(session):
        session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
        session.execute(
            insert(RecoveryCode),
            [{"staff_id": staff_id, "code_hash": _hash(key, staff_id, code)} for code in made],
        )
    events.note(session, staff_id, "codes_made", now=now)
    return made


def codes_left(session: Session, staff_id: int) -> int:
    """Return how many recovery codes somebody has not used."""
    with as_door(session):
        counted = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.staff_id == staff_id)
        return session.scalar(counted) or 0


def passes(session: Session, staff_id: int, code: str, *, key: bytes, now: datetime) -> bool:
    """Tell whether a code of the authenticator or a recovery code is right, and use it up.

    The caller has counted the attempt.
    """
    given = re.sub(r"[\s-]", "", code).lower()
    with as_door(session):
        row = session.get(Credential, staff_id)
        if row is None or row.totp_since is None:
            return False
        secret = _opened(row.totp_sealed, key)
        step = None if secret is None else _step(secret, given, now)
        if step is not None:
            used = (
                update(Credential)
                .where(Credential.staff_id == staff_id)
                .where(or_(Credential.totp_step.is_(None), Credential.totp_step < step))
                .values(totp_step=step)
                .returning(Credential.staff_id)
            )
            return session.scalar(used) is not None
        spent = (
            delete(RecoveryCode)
            .where(RecoveryCode.staff_id == staff_id, RecoveryCode.code_hash == _hash(key, staff_id, given))
            .returning(RecoveryCode.staff_id)
        )
        if session.scalar(spent) is None:
            return False
    events.note(session, staff_id, "code_used", now=now)
    return True


def remove(session: Session, staff_id: int, *, now: datetime, by: int | None = None) -> bool:
    """Turn the second factor off and forget its secret and codes; False where it was off. by: who did it."""
    with as_door(session):
        found = credential(session, staff_id)
        was_on = found.totp_since is not None
        found.totp_sealed = found.totp_since = found.totp_step = None
        session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    if was_on:
        events.note(session, staff_id, "two_factor_off", now=now, by=by)
    return was_on


def _step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is; None where it is of none near the present."""
    given = re.sub(r"[\s-]", "", code)
    if not re.fullmatch(r"[0-9]{6}", given):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // _STEP_S
    matching = [
        step
        for step in range(present - _DRIFT, present + _DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step), given)
    ]
    return matching[-1] if matching else None


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))


def _opened(sealed: bytes | None, key: bytes) -> str | None:
    """Open a sealed secret; None for one that another key of the site sealed, which no code can match any more."""
    try:
        return None if sealed is None else _fernet(key).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        return None


def _code() -> str:
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return "-".join((drawn[:4], drawn[4:8], drawn[8:]))


def _hash(key: bytes, staff_id: int, code: str) -> bytes:
    return keyed(key, "recovery", staff_id, code.replace("-", ""))
