"""Photos whose files nobody names any more: taken out by staff, or left by a process that was killed while it stored.

A folder of photos belongs to one registry, which writes its mark there: what this registry does not name would else
be taken for an orphan although another one names it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from stations.errors import Unavailable
from stations.models import Change, Commit, InspectionPhoto, Photo, Report

__all__ = ["GRACE", "claim", "sweep"]

#: A file that is younger may belong to a report that is being stored.
GRACE = timedelta(days=1)
_MARK = "registry"
_FILE = re.compile(r"([0-9a-f]{64})(\.jpg|\.[0-9a-f]{8}\.new)")


def claim(session: Session, folder: Path) -> None:
    """Take a folder of photos for this registry. Raises Unavailable where it is another's, or cannot be written."""
    # The first commit of a registry is its own, and stays what it is through dump and restore.
    first = session.scalar(select(func.min(Commit.at)))
    mine = "none" if first is None else first.isoformat()
    mark = folder / _MARK
    try:
        if not mark.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError), mark.open("x", encoding="ascii") as file:
                file.write(mine)
        held = mark.read_text(encoding="ascii")
    except OSError as error:
        raise Unavailable(f"photos cannot be stored now ({error.strerror}); nothing was stored") from error
    if held != mine:
        raise Unavailable(
            f"the photos in {folder.name!r} belong to another registry; give each one a folder of its own (YIZHAN_PHOTOS)"
        )


def sweep(session: Session, folder: Path) -> int:
    """Delete the files that no report, no station and no inspection names, older than ``GRACE``; return how many they were.

    A photo that was put to a station and removed again is named by the ledger, which can bring it back. One that staff
    took out of a report is gone. Raises Unavailable where the folder is another registry's.
    """
    if not folder.is_dir():
        return 0
    claim(session, folder)
    old = [path for path in _files(folder) if path.stat().st_mtime < time.time() - GRACE.total_seconds()]
    named = _named(session) if old else set()
    orphans = [path for path in old if path.suffix == ".new" or path.stem not in named]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        if _FILE.fullmatch(path.name) and path.name[:2] == path.parent.name:
            yield path


def _named(session: Session) -> set[str]:
    of_history = Change.held["sha256"]
    rows = session.scalars(
        union(
            select(Report.photo_sha256).where(Report.photo_sha256.is_not(None)),
            select(Photo.sha256),
            select(InspectionPhoto.sha256).where(InspectionPhoto.sha256.is_not(None)),
            # Text where a row was removed, [old, new] where one was changed.
            select(func.coalesce(of_history[0].astext, of_history.astext)).where(
                Change.table_name == Photo.__tablename__, of_history.astext.is_not(None)
            ),
        )
    )
    return {str(digest) for digest in rows}
