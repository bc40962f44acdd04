"""Log-ins that fail, counted so that guessing takes years: for a name from one network, for a name, for a network.

An attempt is counted before the password is looked at, in one statement that also asks whether it must wait: a hundred
attempts sent at once are a hundred. After the free ones each waits twice as long as the one before, a quarter of an hour
at most, so that nobody can shut a colleague out for long. What is counted by are keyed hashes, deleted after a day;
neither the name that was tried nor an address is stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations.accounts.door import as_door, keyed
from stations.errors import TooMany
from stations.keeping.marks import network_prefix
from stations.models import LogInFailure

__all__ = ["FREE", "Attempt", "admit", "forgive", "sweep", "unlock"]

#: Attempts before the first wait: of one name from one network, of one name, of one network (an office behind one
#: address).
FREE = (5, 20, 60)
_KEPT = timedelta(days=1)
_FIRST_WAIT_S = 30
_LONGEST_WAIT_S = 900
_ANY = b""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who tries to log in. pepper: the secret of the site. Neither login nor address is stored or shown."""

    login: str = field(repr=False)
    address: str | None = field(repr=False)
    now: datetime
    pepper: bytes = field(repr=False)

    @property
    def who(self) -> bytes:
        """The hash of the name tried, whether there is such an account or not."""
        return keyed(self.pepper, "who", self.login.strip().lower())

    @property
    def whence(self) -> bytes:
        """The hash of the network, of use for one day."""
        return keyed(self.pepper, "whence", self.now.date(), network_prefix(self.address))


def admit(session: Session, attempt: Attempt) -> None:
    """Count an attempt. The caller commits before it looks at the password. Raises TooMany, and then counts nothing."""
    keys = [(attempt.who, attempt.whence), (attempt.who, _ANY), (_ANY, attempt.whence)]
    # A savepoint, so that an attempt that must wait leaves no trace in any of the three.
    with session.begin_nested(), as_door(session):
        # In one order, so that two attempts never wait for each other.
        for key, free in sorted(zip(keys, FREE, strict=True)):
            _count(session, *key, free=free, now=attempt.now)


def forgive(session: Session, attempt: Attempt) -> None:
    """Forget what was counted of somebody who logged in, and this attempt of the network."""
    with as_door(session):
        session.execute(delete(LogInFailure).where(LogInFailure.who == attempt.who))
        session.execute(
            update(LogInFailure)
            .where(LogInFailure.who == _ANY, LogInFailure.whence == attempt.whence)
            .values(failures=LogInFailure.failures - 1, locked_until=None)
        )


def unlock(session: Session, login: str, *, pepper: bytes) -> bool:
    """Let an account be tried again at once, from everywhere; False where nothing was counted of it."""
    with as_door(session):
        wanted = delete(LogInFailure).where(LogInFailure.who == keyed(pepper, "who", login.strip().lower()))
        return bool(session.scalars(wanted.returning(LogInFailure.failures)).all())


def sweep(session: Session, now: datetime) -> int:
    """Delete what is a day old; returns how many rows."""
    with as_door(session):
        wanted = delete(LogInFailure).where(LogInFailure.until <= now)
        return len(session.scalars(wanted.returning(LogInFailure.failures)).all())


def _count(session: Session, who: bytes, whence: bytes, *, free: int, now: datetime) -> None:
    held = LogInFailure
    nth = case((held.until <= now, 1), else_=held.failures + 1)
    # The exponent is bounded, so that no number of failures overflows.
    wait_s = func.least(_FIRST_WAIT_S * func.power(2, func.least(nth - free, 20)), _LONGEST_WAIT_S)
    lock = case((nth >= free, literal(now) + func.make_interval(0, 0, 0, 0, 0, 0, wait_s)), else_=None)
    counted = session.scalar(
        insert(held)
        .values(who=who, whence=whence, failures=1, until=now + _KEPT)
        .on_conflict_do_update(
            index_elements=["who", "whence"],
            set_={"failures": nth, "locked_until": lock, "until": now + _KEPT},
            where=or_(held.locked_until.is_(None), held.locked_until <= now),
        )
        .returning(held.failures)
    )
    if counted is None:
        until = session.scalar(select(held.locked_until).where(held.who == who, held.whence == whence))
        seconds = math.ceil((until - now).total_seconds()) if until is not None else 1
        raise TooMany(
            f"too many log-ins failed; try again in {max(1, seconds)} seconds", retry_after_s=max(1, seconds)
        )
