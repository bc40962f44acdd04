"""Sessions of staff: held in the database under the hash of a random token, so that each can be ended at once.

A session ends when it was idle for two hours, twelve hours after it began, when its holder logs out or changes the
password, and when the account is taken out of service.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from stations.accounts.door import as_door, token_hash
from stations.models import Credential, Grant, Staff, StaffSession

__all__ = [
    "ABSOLUTE",
    "CONFIRMED_FOR",
    "IDLE",
    "Held",
    "confirm",
    "device_of",
    "end",
    "end_all",
    "find",
    "held_by",
    "open_session",
    "touch",
]

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
#: How long after a log-in the sensitive things may be done without the password again.
CONFIRMED_FOR = timedelta(minutes=15)
#: How often it is written down that a session is in use.
TOUCHED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A session that holds, and whose it is."""

    id: int
    staff_id: int
    login: str
    display_name: str
    grants: tuple[tuple[str, str | None], ...]
    lang: str | None
    has_second_factor: bool
    opened_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    until: datetime
    device: str


def open_session(session: Session, staff_id: int, *, now: datetime, device: str) -> str:
    """Open a session for somebody who proved who they are, and return its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    with as_door(session):
        session.add(
            StaffSession(
                staff_id=staff_id,
                token_hash=token_hash(token),
                device=device[:80],
                opened_at=now,
                seen_at=now,
                confirmed_at=now,
                until=now + ABSOLUTE,
            )
        )
        session.execute(update(Credential).where(Credential.staff_id == staff_id).values(logged_in_at=now))
    return token


def find(session: Session, token: str, *, now: datetime) -> Held | None:
    """Return the session of a token while it holds and its holder is in service; else None."""
    with as_door(session):
        found = session.execute(
            select(StaffSession, Staff, Credential.lang, Credential.totp_since)
            .join(Staff, Staff.id == StaffSession.staff_id)
            .outerjoin(Credential, Credential.staff_id == Staff.id)
            .where(StaffSession.token_hash == token_hash(token), Staff.active, ~Staff.is_system)
            .where(StaffSession.until > now, StaffSession.seen_at > now - IDLE)
        ).one_or_none()
    if found is None:
        return None
    row, staff, lang, totp_since = found
    grants = session.execute(
        select(Grant.role, Grant.region_code).where(Grant.staff_id == staff.id).order_by(Grant.id)
    )
    return Held(
        id=row.id,
        staff_id=staff.id,
        login=staff.login,
        display_name=staff.display_name,
        grants=tuple((role, region) for role, region in grants),
        lang=lang,
        has_second_factor=totp_since is not None,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        confirmed_at=row.confirmed_at,
        until=row.until,
        device=row.device,
    )


def touch(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that a session is in use."""
    with as_door(session):
        session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def confirm(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that the holder of a session proved again who they are."""
    with as_door(session):
        session.execute(
            update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now, confirmed_at=now)
        )


def held_by(session: Session, staff_id: int, *, now: datetime) -> Sequence[StaffSession]:
    """Return somebody's sessions that hold, the one used last first."""
    with as_door(session):
        return session.scalars(
            select(StaffSession)
            .where(StaffSession.staff_id == staff_id)
            .where(StaffSession.until > now, StaffSession.seen_at > now - IDLE)
            .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
        ).all()


def end(session: Session, session_id: int, *, staff_id: int) -> bool:
    """End one session of somebody's; False where they hold no such one."""
    with as_door(session):
        return _deleted(session, StaffSession.id == session_id, StaffSession.staff_id == staff_id) > 0


def end_all(session: Session, staff_id: int, *, but: int | None = None) -> int:
    """End all sessions of somebody's, except one where it is given; returns how many there were."""
    with as_door(session):
        return _deleted(session, StaffSession.staff_id == staff_id, StaffSession.id.is_distinct_from(but))


def device_of(user_agent: str) -> str:
    """Name browser and system in two words, as far as they say: enough to know one's own session by."""
    browser = next((name for name, mark in _BROWSERS if re.search(mark, user_agent)), "")
    system = next((name for name, mark in _SYSTEMS if re.search(mark, user_agent)), "")
    return " · ".join(word for word in (browser, system) if word)


_BROWSERS = (
    ("WeChat", r"MicroMessenger"),
    ("DingTalk", r"DingTalk"),
    ("QQ", r"QQBrowser"),
    ("360", r"QihooBrowser|360SE|360EE"),
    ("Edge", r"Edg"),
    ("Firefox", r"Firefox"),
    ("Chrome", r"Chrom"),
    ("Safari", r"Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iOS", r"iPhone|iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X"),
    ("Linux", r"Linux"),
)


def _deleted(session: Session, *conditions: object) -> int:
    wanted = delete(StaffSession).where(*conditions).returning(StaffSession.id)  # type: ignore[arg-type]
    return len(session.scalars(wanted).all())
