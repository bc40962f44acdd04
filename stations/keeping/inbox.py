"""What became of the files that staff have sent: what was chosen for each so far, its batch, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stations.errors import NotAllowed, NotFound
from stations.keeping.uploads import Kept
from stations.models import Upload
from stations.registry.writing import OPERATOR, actor_id

__all__ = ["add", "choose", "discard", "find", "of_batch", "settle", "sweep", "unjudged", "waiting_layers"]

#: A file that nobody went on with, and one whose batch has ended.
_LEFT_LYING: Final = timedelta(days=7)
_KEPT: Final = timedelta(days=90)
#: A file may lie for a moment before the row that names it is there.
_FRESH: Final = timedelta(days=1)
_REFUSED: Final = "42501"
#: What is chosen for a file that is no list of stations but a layer of demand.
_LAYER: Final = "layer"

_FORGET: Final = text("""
    DELETE FROM uploads u WHERE u.id IN (
        SELECT f.id FROM uploads f LEFT JOIN import_batches b ON b.id = f.batch_id
        WHERE f.made_at < CASE WHEN b.id IS NULL THEN :left_lying ELSE :kept END
            AND (b.id IS NULL OR b.status IN ('applied', 'refused', 'discarded', 'undone')))
""")


def add(session: Session, kept: Kept, *, actor: int, choices: Mapping[str, Any]) -> int:
    """Note a file that somebody sent, and what was chosen for it with it. Raises NotAllowed for who may not import."""
    _as(session, actor)
    row = Upload(
        sha256=kept.sha256, file_name=kept.name, bytes=kept.bytes, actor_id=actor, choices=dict(choices)
    )
    session.add(row)
    try:
        session.flush()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _REFUSED:
            raise NotAllowed(f"the member of staff {actor} may not import lists") from error
        raise
    return row.id


def find(session: Session, upload_id: int) -> Upload:
    """Return what is known of a file that was sent. Raises NotFound."""
    found = session.get(Upload, upload_id)
    if found is None:
        raise NotFound(f"there is no file {upload_id}; files that nobody goes on with are forgotten")
    return found


def of_batch(session: Session, batch_id: int) -> Upload | None:
    """Return the file that a batch was made from, while it is kept."""
    return session.scalars(
        select(Upload).where(Upload.batch_id == batch_id).order_by(Upload.id.desc())
    ).first()


def unjudged(session: Session, actor: int) -> list[Upload]:
    """Return the files of somebody that wait for the next step, the newest first."""
    asked = select(Upload).where(
        Upload.actor_id == actor, Upload.batch_id.is_(None), ~Upload.choices.has_key(_LAYER)
    )
    return list(session.scalars(asked.order_by(Upload.id.desc()).limit(20)))


def waiting_layers(session: Session, actor: int) -> list[Upload]:
    """Return the files of somebody that are to become layers of demand and are none yet, the newest first."""
    asked = select(Upload).where(Upload.actor_id == actor, Upload.choices.has_key(_LAYER))
    return list(session.scalars(asked.order_by(Upload.id.desc()).limit(20)))


def choose(session: Session, upload_id: int, choices: Mapping[str, Any], *, actor: int) -> None:
    """Keep what was chosen for a file, in place of what was chosen before."""
    _as(session, actor)
    find(session, upload_id).choices = dict(choices)
    session.flush()


def settle(session: Session, upload_id: int, batch_id: int | None, *, actor: int) -> None:
    """Note the batch that a file has become; None where it is to be judged anew."""
    _as(session, actor)
    find(session, upload_id).batch_id = batch_id
    session.flush()


def discard(session: Session, upload_id: int, *, actor: int) -> None:
    """Forget a file that waits for the next step; the file itself goes with the next upkeep."""
    _as(session, actor)
    session.delete(find(session, upload_id))
    session.flush()


def sweep(session: Session, folder: Path, now: datetime) -> tuple[int, int]:
    """Forget files nobody needs: after seven days where nobody went on, ninety after their batch has come.

    A batch that is not decided keeps its file. Returns how many rows were forgotten and files removed.
    """
    _as(session, actor_id(session, OPERATOR))
    gone: Any = session.execute(_FORGET, {"left_lying": now - _LEFT_LYING, "kept": now - _KEPT})
    named = set(session.scalars(select(Upload.sha256)))
    removed = 0
    for file in folder.glob("*/*"):
        if file.name not in named and file.stat().st_mtime < (now - _FRESH).timestamp():
            file.unlink(missing_ok=True)
            removed += 1
    for leftover in folder.glob("*.new"):
        if leftover.stat().st_mtime < (now - _FRESH).timestamp():
            leftover.unlink(missing_ok=True)
    return int(gone.rowcount), removed


def _as(session: Session, actor: int) -> None:
    session.execute(text("SELECT set_config('yz.actor', :actor, true)"), {"actor": str(actor)})
