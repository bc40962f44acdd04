"""The books of an import: the source that a file is a copy of, and the batch that one run of it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.imports.mapping import Mapping
from stations.imports.staging import to_json
from stations.models import Source

__all__ = ["SourceSpec", "ensure_source", "file_name", "next_number", "record_batch"]


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


def next_number(session: Session) -> int:
    """Take the number of a new batch; it is known before the first write, so that the commit can carry it."""
    return int(session.scalars(text("SELECT nextval('import_batches_id_seq')")).one())


def ensure_source(
    session: Session,
    known: Source | None,
    spec: SourceSpec,
    *,
    datum: Datum | None,
    demonstration: bool,
    mapping: Mapping,
) -> int:
    """Write what is newly said of a source and how its columns were read; returns its id."""
    found = known or Source(code=spec.code, name=spec.name or spec.code, demonstration=demonstration)
    said = {name: getattr(spec, name) for name in ("name", "publisher", "licence", "url", "retrieved_on")}
    said |= {"datum": None if datum is None else str(datum), "mapping": mapping.to_json()}
    for name, value in said.items():
        if value is not None and getattr(found, name) != value:
            setattr(found, name, value)
    session.add(found)
    session.flush()
    return found.id


def record_batch(
    session: Session,
    path: Path,
    *,
    batch_id: int,
    source_id: int,
    actor: int,
    options: dict[str, Any],
    counts: dict[str, int],
    status: str,
    demonstration: bool,
) -> None:
    """Write the row of a batch. options: how the file was asked to be taken; what was not said is left out."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    session.execute(
        text(
            "INSERT INTO import_batches (id, source_id, actor_id, file_name, sha256, options, counts, status, "
            "demonstration, finished_at) OVERRIDING SYSTEM VALUE VALUES (:id, :source, :actor, :file, :sha256, "
            "CAST(:options AS jsonb), CAST(:counts AS jsonb), :status, :demonstration, clock_timestamp())"
        ),
        {
            "id": batch_id,
            "source": source_id,
            "actor": actor,
            "file": file_name(path),
            "sha256": digest,
            "options": to_json({name: value for name, value in options.items() if value}),
            "counts": to_json(counts),
            "status": status,
            "demonstration": demonstration,
        },
    )
