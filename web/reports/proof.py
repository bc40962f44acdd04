"""A proof of work: a second of a phone's time for each report, so that thousands cost somebody something.

Hashcash with SHA-256. The server signs a challenge and keeps nothing; the phone looks for a number that makes the hash
of ``CHALLENGE:NUMBER`` begin with enough zero bits, and sends that text back. It is at most 55 bytes, one block of
SHA-256, so that a few lines of JavaScript are as quick as the browser's own. A challenge is used once; that it was is
remembered until it would have expired.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import Signer

from stations.errors import Invalid

__all__ = ["BITS", "LIFETIME", "Proof", "challenge"]

#: 65,536 hashes on average: some tenths of a second on an old phone.
BITS = 16
LIFETIME = timedelta(minutes=10)
_RANDOM_BYTES = 8
_FIELD = "proof"
#: 16 characters of random bytes and time, a dot, 27 of the signature; then the number that was found.
_FORM = re.compile(r"([\w-]{16}\.[\w-]{27}):([0-9]{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was checked and not spent yet. ``challenge``: what must not be used again before ``until``."""

    challenge: bytes
    until: datetime

    @classmethod
    def read(cls, text: str | None, *, secret: str, now: datetime) -> Proof:
        """Check what a phone sent. Raises Invalid with the reason ``missing``, ``malformed``, ``forged``, ``expired``
        or ``too_easy``; for each the phone asks for a new challenge."""
        if not text:
            raise _refused("missing", "this needs a proof of work; GET /api/v1/challenge tells how")
        found = _FORM.fullmatch(text)
        if found is None:
            raise _refused("malformed", "write the challenge, a colon and the number that was found")
        signer = _signer(secret)
        if not signer.validate(found[1]):
            raise _refused("forged", "this challenge was not made here; ask for a new one")
        content = urlsafe_b64decode(signer.unsign(found[1]))
        until = datetime.fromtimestamp(int.from_bytes(content[_RANDOM_BYTES:]), UTC)
        if until <= now:
            raise _refused("expired", "the challenge has expired; ask for a new one")
        if int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()) >> (256 - BITS):
            raise _refused(
                "too_easy", f"the hash does not begin with {BITS} zero bits; look for another number"
            )
        return cls(content, until)


def challenge(*, secret: str, now: datetime) -> str:
    """Make a challenge that is good for ten minutes: 44 characters that stand in a header as they are."""
    until = int((now + LIFETIME).timestamp())
    content = secrets.token_bytes(_RANDOM_BYTES) + until.to_bytes(4)
    return _signer(secret).sign(urlsafe_b64encode(content)).decode("ascii")


def _signer(secret: str) -> Signer:
    return Signer(secret, salt="yizhan.reports.challenge", key_derivation="hmac")


def _refused(reason: str, words: str) -> Invalid:
    return Invalid(f"{_FIELD}: {words}", field=_FIELD, reason=reason)
