"""Reading a layer of demand as work for the worker: read and kept in one transaction, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from stations import jobs
from stations.jobs import Kind, Kinds, Progress, Task
from stations.keeping import inbox
from stations.keeping.uploads import lent
from stations.models import Upload
from stations.planning import layers
from stations.planning.layer_files import Reading
from stations.planning.layers import Facts
from stations.registry.writing import acting
from web.settings import Settings

__all__ = ["LAYER", "ask", "key_of", "kinds", "standing"]

LAYER: Final = "layer"
#: What is kept beside a file that is to become a layer; without it a file is a list of stations.
CHOICES: Final[Mapping[str, Any]] = {LAYER: True}
_KEEPS: Final = 0.95


def kinds(settings: Settings) -> Kinds:
    """Return what a worker does for layers, by the name of the kind."""

    def run(task: Task) -> Mapping[str, Any]:
        return _read(task, settings)

    return {LAYER: Kind(run)}


def key_of(upload_id: int) -> str:
    """Name the work on a file: only one piece of it waits or runs at a time."""
    return f"{LAYER}:{upload_id}"


def ask(session: Session, upload: Upload, facts: Facts, reading: Reading, *, actor: int) -> int:
    """Ask a worker to read a file that was sent; returns the work. Raises Conflict for a name that is taken."""
    layers.require_free(session, facts.name)
    arguments = {
        "upload": upload.id,
        "reading": reading.as_dict(),
        "facts": {
            name: getattr(facts, name) for name in ("name", "counts", "unit", "source", "licence", "year")
        },
    }
    return jobs.enqueue(session, LAYER, arguments, actor=actor, subject=facts.name, key=key_of(upload.id))


def standing(session: Session, upload_id: int) -> Progress | None:
    """Return how the work on a file stands; None where none was asked for."""
    return jobs.latest(session, key_of(upload_id))


def _read(task: Task, settings: Settings) -> Mapping[str, Any]:
    """Read a file into a layer. arguments: upload, facts, reading."""
    upload = inbox.find(task.session, task.arguments["upload"])
    facts = Facts(**task.arguments["facts"])
    reading = Reading.of_dict(task.arguments["reading"])

    def tell(step: str, share: float | None) -> None:
        task.say(step, _KEEPS if share is None else _KEEPS * share)

    with (
        lent(settings.uploads, upload.sha256, upload.file_name) as path,
        acting(task.session, task.actor, reason=f"layer: {facts.name}"),
    ):
        layer = layers.add(
            task.session,
            path,
            facts,
            reading,
            actor=task.actor,
            now=settings.now(),
            file_name=upload.file_name,
            tell=tell,
        )
    inbox.discard(task.session, upload.id, actor=task.actor)
    return {"layer": layer.id}
