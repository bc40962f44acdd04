"""Lists of candidates that operators bring, kept with what they say of each: name, host, consent, cost.

A list never changes; another of the same name can come once it is taken out. Functions take a session and never commit;
those that write are called inside ``acting``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Conflict, Invalid, NotFound
from stations.models import Candidate, CandidateList
from stations.planning.siting.candidate_files import ReadList, read
from stations.registry import queries
from stations.registry.regions import mainland_of

__all__ = ["add", "find", "get", "kept_as", "listed", "look", "remove", "table"]


def look(session: Session, path: Path, *, datum: Datum | None = None) -> ReadList:
    """Read a file without keeping it, for a preview. Raises what ``candidate_files.read`` raises."""
    return read(path, datum=datum, mainland=mainland_of(session))


def add(
    session: Session,
    path: Path,
    *,
    name: str,
    source: str = "",
    datum: Datum | None = None,
    actor: int,
    now: datetime,
    file_name: str | None = None,
) -> CandidateList:
    """Read a file and keep it as a list.

    Raises what ``candidate_files.read`` raises, Invalid for a name that is none, Conflict for one that is taken.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise Invalid("a list needs a name of 1 to 80 characters", field="name", value=name[:60])
    if len(source.strip()) > 200:
        raise Invalid("a source has at most 200 characters", field="source", value=source[:60])
    found = look(session, path, datum=datum)
    digest = _digest(path)
    kept = CandidateList(
        name=name, source=source.strip(), file_name=file_name or path.name, sha256=digest,
        reading={
            "datum": str(found.datum), "columns": dict(found.columns), "left_out": dict(found.left_out),
            "unread": dict(found.unread),
        },
        candidates=len(found.rows), added_by=actor, added_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(kept)
            session.flush()
    except IntegrityError as error:
        if "uq_candidate_lists_name" in str(error.orig):
            raise Conflict(
                f"there is a list of candidates {name!r} already: take it out, or choose another name"
            ) from error
        raise
    session.execute(
        insert(Candidate),
        [
            {
                "list_id": kept.id, "key": row.key, "name": row.name,
                "location": f"SRID=4326;POINT({row.lon!r} {row.lat!r})",
                "original_lon": row.original[0], "original_lat": row.original[1], "address": row.address,
                "host": row.host, "premises": row.premises, "consent": row.consent, "cost": row.cost,
                "note": row.note,
            }
            for row in found.rows
        ],
    )  # fmt: skip
    return kept


def kept_as(
    session: Session,
    path: Path,
    *,
    name: str,
    source: str = "",
    datum: Datum | None = None,
    actor: int,
    now: datetime,
) -> CandidateList:
    """Return the list of a name where it was made of this very file, else keep the file as it. Raises as ``add``."""
    found = session.scalar(
        select(CandidateList).where(CandidateList.name == name.strip(), CandidateList.removed_at.is_(None))
    )
    if found is not None and found.sha256 == _digest(path):
        return found
    return add(session, path, name=name, source=source, datum=datum, actor=actor, now=now)


def listed(session: Session) -> Sequence[CandidateList]:
    """Return the lists that are offered, by name."""
    return session.scalars(
        select(CandidateList).where(CandidateList.removed_at.is_(None)).order_by(CandidateList.name)
    ).all()


def get(session: Session, list_id: int) -> CandidateList:
    """Return a list, also one that is not offered any more. Raises NotFound."""
    found = session.get(CandidateList, list_id)
    if found is None:
        raise NotFound(f"there is no list of candidates {list_id}")
    return found


def find(session: Session, name: str) -> CandidateList:
    """Return the list of a name. Raises NotFound, naming those that there are."""
    found = session.scalar(
        select(CandidateList).where(CandidateList.name == name, CandidateList.removed_at.is_(None))
    )
    if found is None:
        there = ", ".join(each.name for each in listed(session)) or "none"
        raise NotFound(f"there is no list of candidates {name[:80]!r}; there are: {there}")
    return found


def remove(session: Session, list_id: int, *, now: datetime) -> None:
    """Offer a list no more; plans that stand on it keep what they took of it. Raises NotFound."""
    found = get(session, list_id)
    if found.removed_at is not None:
        raise NotFound(f"the list of candidates {found.name!r} was taken out already")
    found.removed_at = now
    session.flush()


def table(session: Session, name: str) -> pd.DataFrame:
    """Return the candidates of a list by key, as ``candidates.Offered`` has them, with ``list_cost`` (NaN where none)."""
    kept = find(session, name)
    rows = session.execute(
        select(
            Candidate.key, Candidate.name, queries.x(Candidate.location), queries.y(Candidate.location),
            Candidate.host, Candidate.premises, Candidate.consent, Candidate.address, Candidate.note,
            Candidate.cost,
        )
        .where(Candidate.list_id == kept.id)
        .order_by(Candidate.key)
    )  # fmt: skip
    columns = ["key", "name", "lon", "lat", "host", "premises", "consent", "address", "note", "list_cost"]
    frame = pd.DataFrame(rows.all(), columns=columns, dtype=object)
    return frame.astype({"lon": "float64", "lat": "float64", "list_cost": "float64"})


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
