"""The books of an import: the source that a file is a copy of, and the batch that one run of it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, text, true, update
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotAllowed, NotFound
from stations.imports.columns import Columns, How
from stations.imports.mapping import Mapping
from stations.imports.staging import storable, to_json
from stations.models import Batch, BatchRow, Source, Staff

if TYPE_CHECKING:
    from stations.imports.judging import Judgement
    from stations.imports.report import Report

__all__ = [
    "Listed",
    "SourceSpec",
    "digest_of",
    "ensure_source",
    "file_name",
    "finish_batch",
    "listed",
    "new_batch",
    "next_number",
    "own_batch",
    "remembered",
    "set_batch",
]

_KNOWN: Final = frozenset({How.MAPPED, How.DECLARED, How.HEADER, How.ENDING})


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """The list that a file belongs to. What is None stays as it is known."""

    code: str
    name: str | None = None
    publisher: str | None = None
    licence: str | None = None
    url: str | None = None
    retrieved_on: date | None = None


def file_name(path: Path) -> str:
    """Return the name of a file as text that can be stored, whatever bytes the disk has for it."""
    return path.name.encode("utf-8", "replace").decode()


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def next_number(session: Session) -> int:
    """Take the number of a new batch; it is known before the first write, so that the commit can carry it."""
    return int(session.scalars(text("SELECT nextval('import_batches_id_seq')")).one())


def remembered(source: Source) -> Mapping | None:
    """Return what the columns of a source's last file meant."""
    return None if source.mapping is None else Mapping.parse(source.mapping)


def ensure_source(session: Session, judged: Judgement, *, kept: bool) -> int:
    """Write what is newly said of a source; returns its id. kept: how the columns were read is remembered too."""
    spec, demonstration = judged.task.source, judged.options.demonstration
    found = judged.known or Source(code=spec.code, name=spec.name or spec.code, demonstration=demonstration)
    said: dict[str, Any] = {
        name: getattr(spec, name) for name in ("name", "publisher", "licence", "url", "retrieved_on")
    }
    if kept:
        said["datum"] = None if judged.datum is None else str(judged.datum)
        said["mapping"] = _meaning(judged.columns).to_json()
    for name, value in said.items():
        if value is not None and getattr(found, name) != value:
            setattr(found, name, value)
    session.add(found)
    session.flush()
    return found.id


def _meaning(columns: Columns) -> Mapping:
    """Return what the next file of the same source shall take the columns for; guesses that failed may be made again."""
    rules = columns.to_mapping().columns
    known = {column.header: rules[column.header] for column in columns if column.how in _KNOWN}
    return Mapping(known, columns.constants)


def new_batch(session: Session, judged: Judgement, *, batch_id: int, source_id: int, status: str) -> None:
    """Write the row of a new batch."""
    task = judged.task
    session.execute(
        text(
            "INSERT INTO import_batches (id, source_id, actor_id, file_name, sha256, options, mapping, status, "
            "demonstration) OVERRIDING SYSTEM VALUE VALUES (:id, :source, :actor, :file, :sha256, "
            "CAST(:options AS jsonb), CAST(:mapping AS jsonb), :status, :demonstration)"
        ),
        {
            "id": batch_id,
            "source": source_id,
            "actor": task.actor,
            "file": judged.name,
            "sha256": digest_of(task.path),
            "options": to_json(task.options.to_json(judged.datum, judged.today)),
            "mapping": None if task.mapping is None else to_json(task.mapping.to_json()),
            "status": status,
            "demonstration": task.options.demonstration,
        },
    )


def finish_batch(session: Session, batch_id: int, report: Report) -> None:
    """Write how a run ended, and what it says of the file as a whole."""
    applied = report.status == "applied"
    set_batch(
        session,
        batch_id,
        status=report.status,
        counts=dict(report.counts),
        report=storable(report.to_json()),
        applied_in=session.scalar(text("SELECT current_setting('yz.commit')::bigint")) if applied else None,
    )


def set_batch(session: Session, batch_id: int, **columns: Any) -> None:
    """Change columns of a batch and note when. Raises NotAllowed where the actor may not."""
    done = session.execute(
        update(Batch)
        .where(Batch.id == batch_id)
        .values(**columns, finished_at=func.clock_timestamp())
        .returning(Batch.id)
    )
    if done.one_or_none() is None:
        raise NotAllowed(f"batch {batch_id} is somebody else's; its owner or an administrator may change it")


def own_batch(session: Session, batch_id: int, actor: int, *statuses: str) -> Batch:
    """Return a batch, locked until the end of the transaction, that ``actor`` may work on.

    statuses: those that it may have; none for any.
    Raises NotFound, NotAllowed where it is somebody else's, Conflict where its status forbids it.
    """
    found = session.get(Batch, batch_id, populate_existing=True)
    if found is None:
        raise NotFound(f"there is no import batch {batch_id}")
    session.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": str(actor)})
    may = session.scalar(
        text("SELECT yz_everywhere('administrator') OR (yz_anywhere('editor', 'administrator') AND :own)"),
        {"own": found.actor_id == actor},
    )
    if not may:
        raise NotAllowed(f"batch {batch_id} is somebody else's; its owner or an administrator may work on it")
    # Nobody else may decide, apply or undo it meanwhile.
    session.refresh(found, with_for_update=True)
    if statuses and found.status not in statuses:
        raise Conflict(
            f"batch {batch_id} ({found.file_name}) is {found.status}; it must be {' or '.join(statuses)} for that"
        )
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """One import among others. waiting: how many of its rows wait for somebody."""

    id: int
    status: str
    source: str
    file_name: str
    counts: dict[str, int]
    waiting: int
    started_at: datetime
    by: str


def listed(session: Session, *, source: str | None = None, last: int = 20) -> list[Listed]:
    """Return the latest imports, newest first. source: code of a source, None for all."""
    waiting = (
        select(func.count())
        .where(
            BatchRow.batch_id == Batch.id,
            BatchRow.verdict.in_(("suspect", "conflict", "absent")),
            BatchRow.accepted_at.is_(None),
            BatchRow.decision.is_(None),
            Batch.status.in_(("judged", "applied")),
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Batch.id,
            Batch.status,
            Source.code.label("source"),
            Batch.file_name,
            Batch.counts,
            waiting.label("waiting"),
            Batch.started_at,
            Staff.display_name.label("by"),
        )
        .join(Source, Source.id == Batch.source_id)
        .join(Staff, Staff.id == Batch.actor_id)
        .where(true() if source is None else Source.code == source)
        .order_by(Batch.id.desc())
        .limit(last)
    )
    return [Listed(*row) for row in rows]
