"""Accounts elsewhere (OpenID Connect): a subject of an issuer that stands for a member of staff, linked by the holder."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.accounts import events, members
from stations.accounts.door import as_door
from stations.accounts.entering import Known, credential
from stations.errors import Conflict, Invalid
from stations.models import Credential, Staff
from stations.registry.writing import OPERATOR, acting, actor_id

__all__ = ["known_as", "link", "newcomer", "unlink"]


def known_as(session: Session, issuer: str, subject: str) -> Known | None:
    """Return the member of staff in service whom a subject of an issuer stands for."""
    with as_door(session):
        found = session.execute(
            select(Staff.id, Credential.totp_since)
            .join(Credential, Credential.staff_id == Staff.id)
            .where(Credential.oidc_issuer == issuer, Credential.oidc_subject == subject)
            .where(Staff.active, ~Staff.is_system)
        ).one_or_none()
    return None if found is None else Known(found[0], found[1] is not None)


def link(session: Session, staff_id: int, issuer: str, subject: str, *, now: datetime) -> None:
    """Let a subject stand for somebody who is logged in. Raises Conflict where it stands for another."""
    with as_door(session):
        held = session.scalar(
            select(Credential.staff_id).where(
                Credential.oidc_issuer == issuer, Credential.oidc_subject == subject
            )
        )
        if held not in {None, staff_id}:
            raise Conflict("this account stands for another member of staff already")
        found = credential(session, staff_id)
        found.oidc_issuer, found.oidc_subject = issuer, subject
    events.note(session, staff_id, "oidc_linked", now=now)


def unlink(session: Session, staff_id: int) -> None:
    """Part an account elsewhere from somebody. Raises Conflict where there would be no way left to log in."""
    with as_door(session):
        found = credential(session, staff_id)
        if found.password_hash is None:
            raise Conflict("set a password first, else there is no way left to log in")
        found.oidc_issuer = found.oidc_subject = None


def newcomer(session: Session, issuer: str, subject: str, *, login: str, name: str, now: datetime) -> int:
    """Add somebody whom the issuer vouches for, without any role: an administrator gives those. Returns the id.

    login, name: as the issuer says them; a login that is taken or cannot be one is made from the subject's hash.
    """
    with acting(session, actor_id(session, OPERATOR), reason="first log-in by OpenID Connect"):
        try:
            made = members.add(session, login, name=name or login)
        except (Invalid, Conflict):
            made = members.add(session, f"oidc-{_short(issuer, subject)}", name=_plain(name) or "OpenID")
    link(session, made.id, issuer, subject, now=now)
    return made.id


def _short(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\x1f{subject}".encode()).hexdigest()[:12]


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())[:60].strip()
