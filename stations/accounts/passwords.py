"""Passwords: which are taken, how they are kept (Argon2id), and that telling a wrong one takes as long for everybody."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stations.accounts.guessable import explained
from stations.errors import Invalid

__all__ = ["MIN_LENGTH", "hashed", "matches", "require_strong", "stale"]

MIN_LENGTH = 10
_MAX_LENGTH = 256
#: Pieces that a password must have, a known word or a run counting as one.
_PIECES = 6

#: 64 MiB and three passes: the second recommendation of RFC 9106, about 50 ms on a small server.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


def require_strong(password: str, *, login: str, name: str = "") -> None:
    """Raise Invalid where a password is short, or made of what is guessed first; ``reason`` says which.

    login, name: of the account: neither helps. Length is counted in characters, of any script.
    """
    if len(password) < MIN_LENGTH:
        raise _refused(f"use {MIN_LENGTH} characters or more; this one has {len(password)}", "short")
    if len(password) > _MAX_LENGTH:
        raise _refused(f"use {_MAX_LENGTH} characters at most", "long")
    if password.isdecimal():
        raise _refused("use more than digits: phone and card numbers are guessed first", "digits")
    pieces = explained(password, (login, name))
    if len(pieces) < _PIECES:
        raise _refused(
            "it is made of words, names and runs that are guessed first; put together words that do not belong together",
            "guessable",
        )


def hashed(password: str) -> str:
    """Return the hash to keep, with its parameters and salt in it."""
    return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed.

    kept: None where there is no such account, or it has no password. A hash is worked out either way, so that the time
    of the answer does not tell which logins exist.
    """
    try:
        _HASHER.verify(kept or _of_nobody(), password[: _MAX_LENGTH * 4])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def stale(kept: str) -> bool:
    """Tell whether a hash was made by weaker parameters than are used now."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _of_nobody() -> str:
    return _HASHER.hash("")


def _refused(why: str, reason: str) -> Invalid:
    # The bad value is a secret, so this is the one message that does not quote it.
    return Invalid(f"password: {why}", field="password", reason=reason)
