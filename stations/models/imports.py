"""Where facts came from: sources, import batches and their rows, with what stood before and after."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["DECISIONS", "STATUSES", "VERDICTS", "Batch", "BatchRow", "Source"]

VERDICTS = ("new", "changed", "unchanged", "rejected", "suspect", "conflict", "absent")
#: waiting (received, not judged yet) → judging → judged → applying → applied → undone; refused: a row was rejected
#: in a run of one step; discarded by a person; stopped: the run ended before its work did.
STATUSES = (
    "waiting",
    "judging",
    "judged",
    "applying",
    "applied",
    "refused",
    "discarded",
    "stopped",
    "undone",
)
DECISIONS = ("accept", "reject")


class Source(Base):
    """A list that stations come from, named once and imported again and again."""

    __tablename__ = "sources"

    id: Mapped[identity]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    publisher: Mapped[str | None]
    licence: Mapped[str | None]
    url: Mapped[str | None]
    datum: Mapped[str | None]
    retrieved_on: Mapped[date | None]
    demonstration: Mapped[bool] = mapped_column(server_default="false")
    #: The column mapping that was used last, for the next file of the same source.
    mapping: Mapped[dict[str, Any] | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (Index("ix_sources_added_in", "added_in"),)


class Batch(Base):
    """One run of one file."""

    __tablename__ = "import_batches"

    id: Mapped[identity]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    file_name: Mapped[str]
    sha256: Mapped[str]
    options: Mapped[dict[str, Any]]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    status: Mapped[str] = mapped_column(server_default="judged")
    demonstration: Mapped[bool] = mapped_column(server_default="false")
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    #: A county's ledger that was edited in Excel: its cells are decisions of a person, not copies of a list.
    ledger: Mapped[bool] = mapped_column(server_default="false")
    #: The mapping that was given for this file, if one was.
    mapping: Mapped[dict[str, Any] | None]
    #: What the last judging said of the file as a whole: columns, unknown words, notes.
    report: Mapped[dict[str, Any] | None]
    #: Why the run stopped, in words.
    error: Mapped[str | None]
    #: The commit that applied the batch.
    applied_in: Mapped[int | None]

    __table_args__ = (
        CheckConstraint(one_of("status", *STATUSES), name="status"),
        Index("ix_import_batches_source_id", "source_id"),
    )


class BatchRow(Base):
    """One row of a file: as received, how it was judged and why, and the station before and after.

    A station that the file does not name any more has a row too (verdict ``absent``), numbered by minus its id.
    """

    __tablename__ = "import_rows"

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batches.id"))
    row_number: Mapped[int]
    verdict: Mapped[str]
    #: [{"kind", "field", "value", "reason"}, …]
    problems: Mapped[list[Any]] = mapped_column(server_default="[]")
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    received: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    #: [{"field", "file", "staff", "was", "by", "at"}, …]: what somebody else changed and the row would overwrite.
    conflicts: Mapped[list[Any] | None]
    #: What a person said of the row: believe it, or leave it out; null while nobody did.
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    __table_args__ = (
        PrimaryKeyConstraint("batch_id", "row_number"),
        CheckConstraint(one_of("verdict", *VERDICTS), name="verdict"),
        CheckConstraint(one_of("decision", *DECISIONS), name="decision"),
        CheckConstraint(
            "num_nonnulls(decision, decided_at, decided_by) IN (0, 3)", name="decided_by_somebody"
        ),
        Index("ix_import_rows_station_id", "station_id"),
        Index(
            "ix_import_rows_waiting",
            "batch_id",
            postgresql_where=text(
                "verdict IN ('suspect', 'conflict', 'absent') AND accepted_at IS NULL AND decision IS NULL"
            ),
        ),
    )
