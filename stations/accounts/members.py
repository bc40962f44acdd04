"""Members of staff: added, given roles in regions, taken out of service. Every change is one of the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select, text
from sqlalchemy.orm import Session

from stations.accounts.door import as_door
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Credential, Grant, Region, Staff, StaffLink, StaffSession
from stations.models.people import ROLES

__all__ = [
    "Person",
    "add",
    "by_login",
    "disable",
    "enable",
    "grant",
    "may",
    "people",
    "person",
    "rename",
    "revoke",
    "valid_login",
    "valid_role",
]

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_NAME_LENGTH = 60
#: Any number will do, as long as nothing else locks it.
_LAST_ADMINISTRATOR = 7_265_221_095


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff as the pages show one: with all roles, and without anything that one logs in with."""

    id: int
    login: str
    display_name: str
    active: bool
    grants: tuple[tuple[str, str | None], ...]
    email: str | None
    has_password: bool
    has_second_factor: bool
    has_oidc: bool
    logged_in_at: datetime | None


def valid_login(login: str) -> str:
    """Pass a login through, in lower case, or raise Invalid."""
    found = login.strip().lower()
    if not _LOGIN.fullmatch(found):
        raise Invalid(
            f"login {login[:60]!r}: use 2 to 40 letters a–z, digits, dots, hyphens and underscores, a letter first",
            field="login",
            value=login,
            reason="login",
        )
    return found


def valid_role(role: str) -> str:
    """Pass a role through, or raise Invalid."""
    if role not in ROLES:
        raise Invalid(f"role {role!r}: known are {', '.join(ROLES)}", field="role", value=role, reason="role")
    return role


def add(session: Session, login: str, *, name: str) -> Staff:
    """Add a member of staff without any role or way to log in. Raises Invalid and Conflict.

    Written as an administrator. The login is kept in lower case and is given once for ever.
    """
    login = valid_login(login)
    if session.scalar(select(Staff.id).where(Staff.login == login)) is not None:
        raise Conflict(f"the login {login!r} is taken; choose another")
    made = Staff(login=login, display_name=_valid_name(name))
    session.add(made)
    session.flush()
    return made


def rename(session: Session, staff_id: int, name: str) -> None:
    """Change the name that is shown beside what somebody did. Written as an administrator, as all below."""
    _require_reach(session, staff_id)
    _staff(session, staff_id).display_name = _valid_name(name)


def grant(session: Session, staff_id: int, role: str, region: str | None) -> bool:
    """Give a role in a region and all below it, or with None in the whole registry; False where it is held already.

    Raises Invalid for an unknown role or region.
    """
    found = _staff(session, staff_id)
    if region is not None and session.get(Region, region) is None:
        raise Invalid(
            f"region {region!r} is not in this registry; give the six digits of GB/T 2260, such as 630222",
            field="region",
            value=region,
            reason="region",
        )
    if session.scalar(_grants(found.id, valid_role(role), region)) is not None:
        return False
    session.add(Grant(staff_id=found.id, role=role, region_code=region))
    session.flush()
    return True


def revoke(session: Session, staff_id: int, role: str, region: str | None) -> None:
    """Take a role back. Raises NotFound where it is not held there, Conflict for the last administrator of all."""
    found = session.scalar(_grants(staff_id, valid_role(role), region))
    _require_reach(session, staff_id)
    if found is None:
        raise NotFound(f"member of staff {staff_id} is no {role} in {region or 'the whole registry'}")
    if role == "administrator" and region is None:
        _require_another_administrator(session, staff_id)
    session.delete(found)
    session.flush()


def disable(session: Session, staff_id: int) -> None:
    """Take somebody out of service: every session and link ends with this transaction; what they did stays theirs.

    Raises Conflict for the last administrator of all.
    """
    found = _staff(session, staff_id)
    _require_reach(session, staff_id)
    _require_another_administrator(session, staff_id)
    found.active = False
    session.flush()
    with as_door(session):
        session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
        session.execute(delete(StaffLink).where(StaffLink.staff_id == staff_id))


def enable(session: Session, staff_id: int) -> None:
    """Take somebody back into service, with the roles held before."""
    _require_reach(session, staff_id)
    _staff(session, staff_id).active = True
    session.flush()


def by_login(session: Session, login: str) -> Staff:
    """Return the member of staff with this login, in service or not. Raises NotFound; system actors are none."""
    found = session.scalar(select(Staff).where(Staff.login == login.strip().lower(), ~Staff.is_system))
    if found is None:
        raise NotFound(f"there is no member of staff with the login {login[:60]!r}")
    return found


def person(session: Session, staff_id: int) -> Person:
    """Return one member of staff. Raises NotFound."""
    found = people(session, only=staff_id)
    if not found:
        raise NotFound(f"there is no member of staff {staff_id}")
    return found[0]


def people(session: Session, *, only: int | None = None) -> Sequence[Person]:
    """Return all members of staff, those in service first, by login."""
    wanted = select(Staff).where(~Staff.is_system).order_by(~Staff.active, Staff.login)
    if only is not None:
        wanted = wanted.where(Staff.id == only)
    found = session.scalars(wanted).all()
    grants: dict[int, list[tuple[str, str | None]]] = {}
    for held in session.scalars(select(Grant).order_by(Grant.id)):
        grants.setdefault(held.staff_id, []).append((held.role, held.region_code))
    with as_door(session):
        known = {row.staff_id: row for row in session.scalars(select(Credential))}
    return [_person(staff, grants.get(staff.id, []), known.get(staff.id)) for staff in found]


def may(session: Session, staff_id: int, roles: str | Iterable[str], region_code: str | None) -> bool:
    """Tell whether somebody in service holds one of ``roles`` in a region or above it; administrators hold them all.

    region_code: None is what belongs to no region: only a role in the whole registry reaches it.
    """
    wanted = {roles} if isinstance(roles, str) else set(roles)
    for role in wanted:
        valid_role(role)
    return bool(
        session.scalar(
            text("""
                SELECT EXISTS (
                    SELECT FROM staff_grants g JOIN staff s ON s.id = g.staff_id
                    WHERE g.staff_id = :staff_id AND s.active AND g.role = ANY (:roles)
                    AND (g.region_code IS NULL OR g.region_code = ANY (
                        coalesce((SELECT lineage FROM regions WHERE code = :region), ARRAY[]::text[]))))
            """),
            {"staff_id": staff_id, "roles": [*wanted, "administrator"], "region": region_code},
        )
    )


def _person(staff: Staff, grants: list[tuple[str, str | None]], known: Credential | None) -> Person:
    return Person(
        id=staff.id,
        login=staff.login,
        display_name=staff.display_name,
        active=staff.active,
        grants=tuple(grants),
        email=known.email if known else None,
        has_password=known is not None and known.password_hash is not None,
        has_second_factor=known is not None and known.totp_since is not None,
        has_oidc=known is not None and known.oidc_subject is not None,
        logged_in_at=known.logged_in_at if known else None,
    )


def _staff(session: Session, staff_id: int) -> Staff:
    found = session.get(Staff, staff_id)
    if found is None or found.is_system:
        raise NotFound(f"there is no member of staff {staff_id}")
    return found


def _grants(staff_id: int, role: str, region: str | None) -> Select[Grant]:
    return select(Grant).where(
        Grant.staff_id == staff_id, Grant.role == role, Grant.region_code.is_not_distinct_from(region)
    )


def _require_reach(session: Session, staff_id: int) -> None:
    """Raise NotAllowed where the actor's regions do not hold all roles of this member of staff."""
    if not session.scalar(text("SELECT yz_may_manage(:id)"), {"id": staff_id}):
        raise NotAllowed(
            f"member of staff {staff_id} holds roles outside your regions; an administrator of those regions may do this"
        )


def _require_another_administrator(session: Session, staff_id: int) -> None:
    """Raise Conflict where nobody else could let people in again."""
    # Two administrators who take the role from each other at once must not both find the other one.
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LAST_ADMINISTRATOR})
    everywhere = (
        select(Staff.id)
        .join(Grant, Grant.staff_id == Staff.id)
        .where(Staff.active, ~Staff.is_system, Grant.role == "administrator", Grant.region_code.is_(None))
    )
    holders = set(session.scalars(everywhere))
    if holders == {staff_id}:
        raise Conflict("this is the last administrator of the whole registry; name another one first")


def _valid_name(name: str) -> str:
    found = " ".join(name.split())
    if not 0 < len(found) <= _NAME_LENGTH or not found.isprintable():
        raise Invalid(
            f"name {name[:80]!r}: write 1 to {_NAME_LENGTH} characters in one line",
            field="name",
            value=name,
            reason="name",
        )
    return found
