"""What is done with a list that was sent: judged, applied, undone; at once where it is small, else by the worker.

Either way it is the same function with the same transaction around it, so there is one path to test and to trust.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from geo.datum import Datum
from stations import imports, jobs
from stations.errors import Conflict, NotFound
from stations.imports import Options, SourceSpec
from stations.imports.ledger_steps import prepare_ledger
from stations.imports.mapping import Mapping as Columns
from stations.jobs import Kind, Kinds, Task
from stations.keeping import inbox
from stations.keeping.uploads import lent
from stations.models import Batch, RegistryInfo, Upload
from web.settings import Settings

__all__ = ["APPLY", "JUDGE", "LEDGER", "UNDO", "Chosen", "begin", "is_demonstration", "key_of", "kinds"]

JUDGE: Final = "import-judge"
APPLY: Final = "import-apply"
UNDO: Final = "import-undo"
#: What is chosen for an edited ledger: it says itself whose it is and what its columns mean.
LEDGER: Final[Mapping[str, Any]] = {"ledger": True}
#: How long a person waits for another import of the same list; a worker waits as long as it takes.
_PATIENCE_S: Final = 5.0

_Function = Callable[[Path, Task], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose for a file: whose copy it is, in which datum, what its columns mean."""

    source: SourceSpec
    datum: Datum | None = None
    mapping: Columns | None = None
    sheet: str | None = None
    partial: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Chosen:
        """Read what ``to_json`` has written."""
        return cls(
            SourceSpec(**stored["source"]),
            Datum(stored["datum"]) if stored.get("datum") else None,
            Columns.parse(stored["mapping"]) if stored.get("mapping") else None,
            stored.get("sheet"),
            bool(stored.get("partial")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what an upload keeps of it."""
        source = {
            name: getattr(self.source, name)
            for name in ("code", "name", "publisher", "licence", "url")
            if getattr(self.source, name) is not None
        }
        return {
            "source": source,
            "datum": None if self.datum is None else str(self.datum),
            "mapping": None if self.mapping is None else self.mapping.to_json(),
            "sheet": self.sheet,
            "partial": self.partial,
        }


def key_of(batch_id: int) -> str:
    """Name the work on a batch: only one piece of it waits or runs at a time."""
    return f"import:{batch_id}"


def is_demonstration(session: Session) -> bool:
    """Tell whether the registry is one where nothing real belongs."""
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    return info.demonstration


def kinds(settings: Settings) -> Kinds:
    """Return what a worker does for imports, by the name of the kind."""
    return {name: Kind(partial(function, settings.uploads)) for name, function in _FUNCTIONS.items()}


def begin(
    session: Session,
    settings: Settings,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    actor: int,
    batch_id: int | None,
    subject: str,
    large: bool,
) -> Mapping[str, Any] | None:
    """Do a piece of work on a batch now, or ask for it where it is large; None where the worker will do it.

    Raises Conflict where the worker is about this batch already.
    """
    if batch_id is not None:
        known = jobs.latest(session, key_of(batch_id))
        if known is not None and not known.ended:
            raise Conflict(f"batch {batch_id} is being worked on; wait until that has ended, or cancel it")
        if large:
            jobs.enqueue(session, kind, arguments, actor=actor, subject=subject, key=key_of(batch_id))
            return None
    return _FUNCTIONS[kind](
        settings.uploads, Task(session, {**arguments, "wait_s": _PATIENCE_S}, actor, _silent)
    )


def _judge(folder: Path, task: Task) -> Mapping[str, Any]:
    """Judge a file that was sent, as its sender has chosen. arguments: upload; batch, where there is one already."""
    upload = inbox.find(task.session, task.arguments["upload"])
    batch_id: int | None = task.arguments.get("batch")
    demonstration = is_demonstration(task.session)
    tell = task.say
    tell("read", 0.0)
    with lent(folder, upload.sha256, upload.file_name) as path:
        if upload.choices == LEDGER:
            report = prepare_ledger(
                task.session,
                path,
                actor=task.actor,
                options=Options(demonstration=demonstration),
                batch_id=batch_id,
                name=upload.file_name,
            )
        else:
            chosen = Chosen.of(upload.choices)
            report = imports.prepare(
                task.session,
                path,
                actor=task.actor,
                source=chosen.source,
                datum=chosen.datum,
                mapping=chosen.mapping,
                options=Options(demonstration=demonstration, sheet=chosen.sheet, partial=chosen.partial),
                batch_id=batch_id,
                file_name=upload.file_name,
                progress=task.say,
            )
    inbox.settle(task.session, upload.id, report.batch_id, actor=task.actor)
    return {"batch": report.batch_id, "counts": dict(report.counts)}


def _apply(folder: Path, task: Task) -> Mapping[str, Any]:
    """Apply a judged batch as it was decided. arguments: batch, go_on, keep_going; wait_s at most."""
    batch_id: int = task.arguments["batch"]
    upload = _upload(task.session, batch_id)
    tell = task.say
    tell("read", 0.0)
    with lent(folder, upload.sha256, upload.file_name) as path:
        report = imports.apply(
            task.session,
            batch_id,
            path,
            actor=task.actor,
            go_on=bool(task.arguments.get("go_on")),
            keep_going=bool(task.arguments.get("keep_going")),
            wait_s=task.arguments.get("wait_s"),
            progress=task.say,
        )
    return {"batch": batch_id, "counts": dict(report.counts)}


def _undo(folder: Path, task: Task) -> Mapping[str, Any]:
    """Take an applied batch back. arguments: batch."""
    tell = task.say
    tell("undo", None)
    done = imports.undo(task.session, task.arguments["batch"], actor=task.actor)
    tell("derive", None)
    return {
        "batch": done.batch_id,
        "withdrawn": done.withdrawn,
        "restored": done.restored,
        "kept": done.kept_count,
    }


_FUNCTIONS: Final[Mapping[str, _Function]] = {JUDGE: _judge, APPLY: _apply, UNDO: _undo}


def _upload(session: Session, batch_id: int) -> Upload:
    found = inbox.of_batch(session, batch_id)
    if found is None:
        name = session.get_one(Batch, batch_id).file_name
        raise NotFound(f"the file {name!r} of batch {batch_id} is not kept any more; send it again")
    return found


def _silent(step: str, part: float | None) -> None:
    pass
