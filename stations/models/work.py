"""Long work that somebody asked for, with its progress, and the files that wait to be imported.

Neither is a fact of the registry: rows pass once nobody asks for them any more, and no commit tells of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import Base, identity, one_of

__all__ = ["ENDED", "STATES", "Upload", "Work"]

#: ``stopped``: broken off from outside, and not taken up again by itself.
STATES = ("waiting", "running", "done", "failed", "stopped", "cancelled")
ENDED = ("done", "failed", "stopped", "cancelled")
_OPEN = text("state IN ('waiting', 'running')")


class Work(Base):
    """One piece of long work: what, for whom, how far, and how it ended."""

    __tablename__ = "work"

    id: Mapped[identity]
    #: Names the function that does it.
    kind: Mapped[str]
    #: What it is about, in words for a person: the name of a file.
    subject: Mapped[str]
    #: Of work that must not be waiting twice; free again once it has ended.
    key: Mapped[str | None]
    arguments: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    actor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    #: Its number in the queue.
    job_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    step: Mapped[str | None]
    progress: Mapped[float | None] = mapped_column(Float)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(one_of("state", *STATES), name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        CheckConstraint(f"(finished_at IS NOT NULL) = ({one_of('state', *ENDED)})", name="ended"),
        Index("uq_work_key", "key", unique=True, postgresql_where=_OPEN),
        Index("ix_work_open", "id", postgresql_where=_OPEN),
        Index("ix_work_made_at", "made_at"),
    )


class Upload(Base):
    """A file that somebody sent, named by its content; what was chosen for it so far, and the batch it became."""

    __tablename__ = "uploads"

    id: Mapped[identity]
    sha256: Mapped[str]
    #: As the sender called it: words to show, never a path.
    file_name: Mapped[str]
    bytes: Mapped[int]
    actor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    choices: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batches.id"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        Index("ix_uploads_sha256", "sha256"),
        Index("ix_uploads_made_at", "made_at"),
        Index("ix_uploads_batch_id", "batch_id"),
    )
