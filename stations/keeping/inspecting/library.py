"""The checklists of a registry: published in versions, found by code or by how somebody cites them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotAllowed, NotFound
from stations.keeping.inspecting import documents
from stations.keeping.inspecting.checklist import Checklist
from stations.keeping.inspecting.reading import read
from stations.models import Checklist as Row
from stations.models import Inspection

__all__ = ["Cited", "Published", "by_id", "cited", "current", "get", "listed", "publish"]

#: Any number will do, as long as nothing else locks it.
_LOCK = 7_265_221_108
_VERSION_AT_END = re.compile(r"(?P<name>.+?)[\s@]*(?:v|版本|第)?\s*(?P<version>[0-9]{1,4})(?:版)?")
_MARKS = re.compile(r"[\s“”\"'‘’《》「」（）()·.-]+")


@dataclass(frozen=True, slots=True)
class Published:
    """A version as the registry holds it: its row, when it was published, and how many inspections stand on it."""

    id: int
    checklist: Checklist
    published_at: datetime
    inspections: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Cited:
    """What somebody means by a standard: a checklist by its code, and one version of it or any."""

    code: str
    version: int | None
    title: Mapping[str, str]


def publish(session: Session, checklist: Checklist) -> int:
    """Publish a version; the caller writes as somebody. Returns the id of its row.

    The same version with the same content a second time changes nothing. Raises Conflict where the version was published
    with another content, or is not the next one after those that there are; NotAllowed where the policy refuses.
    """
    if not session.scalar(select(func.yz_everywhere("editor", "administrator"))):
        raise NotAllowed("checklists are for the whole registry; an editor of all regions publishes them")
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    known: dict[int, int] = dict(
        session.execute(select(Row.version, Row.id).where(Row.code == checklist.code)).all()
    )
    if checklist.version in known:
        held = by_id(session, known[checklist.version])
        if held == checklist:
            return known[checklist.version]
        raise Conflict(
            f"{checklist.code} version {checklist.version} is published and never changes; "
            f"give the changed one version {max(known) + 1}"
        )
    if known and checklist.version < max(known):
        raise Conflict(
            f"{checklist.code} is at version {max(known)}; a version {checklist.version} cannot come after it"
        )
    row = Row(
        code=checklist.code,
        version=checklist.version,
        title=dict(checklist.title),
        document=documents.as_document(checklist),
    )
    session.add(row)
    session.flush()
    return row.id


def by_id(session: Session, checklist_id: int) -> Checklist:
    """Return a published version by its row. Raises NotFound."""
    row = session.get(Row, checklist_id)
    if row is None:
        raise NotFound(f"no checklist has the number {checklist_id}")
    return read(row.document)


def get(session: Session, code: str, version: int | None = None) -> Published:
    """Return one version, or the newest of a checklist. Raises NotFound."""
    found = [one for one in listed(session, code=code) if version in {None, one.checklist.version}]
    if not found:
        which = code[:60] if version is None else f"{code[:60]} version {version}"
        raise NotFound(f"there is no checklist {which}; see them with `yizhan checklist list`")
    return found[0]


def listed(session: Session, *, code: str | None = None) -> list[Published]:
    """Return all versions, by code and the newest first."""
    counts = (
        select(Inspection.checklist_id, func.count().label("n"))
        .where(Inspection.withdrawn_reason.is_(None))
        .group_by(Inspection.checklist_id)
        .subquery()
    )
    wanted = (
        select(Row, func.coalesce(counts.c.n, 0))
        .outerjoin(counts, counts.c.checklist_id == Row.id)
        .order_by(Row.code, Row.version.desc())
    )
    if code is not None:
        wanted = wanted.where(Row.code == code)
    found: list[Published] = []
    for row, count in session.execute(wanted):
        is_current = not found or found[-1].checklist.code != row.code
        found.append(Published(row.id, read(row.document), row.published_at, count, is_current))
    return found


def current(session: Session) -> list[Published]:
    """Return the newest version of every checklist: what one inspects under."""
    return [one for one in listed(session) if one.is_current]


def cited(session: Session, standard: str | None) -> Cited | None:
    """Return which checklist somebody means who writes a standard down; None where it is none that is published.

    standard: a code or a title, with a version behind it or without (``青海六有 1``, ``qinghai-six-haves@1``).
    """
    if not standard:
        return None
    names: dict[str, Cited] = {}
    versions: dict[str, set[int]] = {}
    for row in session.scalars(select(Row).order_by(Row.code, Row.version)):
        versions.setdefault(row.code, set()).add(row.version)
        for name in (row.code, *row.title.values()):
            names[_plain(name)] = Cited(row.code, None, row.title)
    if (whole := names.get(_plain(standard))) is not None:
        return whole
    parts = _VERSION_AT_END.fullmatch(standard.strip())
    found = names.get(_plain(parts["name"])) if parts else None
    if parts is None or found is None:
        return None
    version = int(parts["version"])
    return Cited(found.code, version, found.title) if version in versions[found.code] else None


def _plain(name: str) -> str:
    return _MARKS.sub("", name).casefold()
