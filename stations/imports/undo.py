"""Undoing an import: everything that a batch wrote goes back to what stood before, and what others did since stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import Session

from stations.imports.batches import own_batch, set_batch
from stations.registry.reverting import Kept, revert
from stations.registry.writing import acting

__all__ = ["UndoReport", "undo"]


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What an undo did.

    withdrawn: stations that the batch had made. restored: fields that went back. removed, put_back: amenities, dated
    hours and partners that the batch had added and removed. kept: what somebody has changed since and so stays, the
    first thousand; kept_count: all of it.
    """

    batch_id: int
    withdrawn: int
    restored: int
    removed: int
    put_back: int
    kept: tuple[Kept, ...]
    kept_count: int


def undo(session: Session, batch_id: int, *, actor: int, dry_run: bool = False) -> UndoReport:
    """Take a whole applied batch back, what was accepted of it afterwards too; once.

    dry_run: tell what would be done and write nothing. The same file can be imported again: stations that were withdrawn
    here come back with it, under their codes. Raises NotFound, NotAllowed, Conflict for a batch that is not applied.
    """
    own_batch(session, batch_id, actor, "applied")
    reason = f"undo import {batch_id}"
    done = revert(session, batch_id=batch_id, actor=actor, reason=reason, dry_run=dry_run)
    if not dry_run:
        with acting(session, actor, reason=reason, batch=batch_id):
            set_batch(session, batch_id, status="undone", undone_at=func.clock_timestamp())
        session.expire_all()
    counts = done.counts
    return UndoReport(
        batch_id,
        withdrawn=counts.get("withdraw", 0),
        restored=counts.get("restore", 0),
        removed=counts.get("remove", 0),
        put_back=counts.get("put_back", 0),
        kept=done.kept,
        kept_count=counts.get("kept", 0),
    )
