"""The ledger of changes: who wrote, why, in which batch, in which order, and what stood there before.

A transaction that writes has one row in ``commits``. Its ``seq`` is given at the very end of the transaction while
a lock is held, so the order of ``seq`` is the order in which commits became visible: a copy that has seen 41 will
never later find a 40. Rows added carry the number of their commit (``added_in``); rows changed or removed leave
what they held in ``history``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import Base, identity, one_of

__all__ = ["Change", "Commit", "CommitCounter", "RegistryInfo"]


class Commit(Base):
    """A transaction that wrote: the actor, the reason, the batch; ``seq`` is ordered by commit."""

    __tablename__ = "commits"

    id: Mapped[identity]
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor_id: Mapped[int]
    reason: Mapped[str]
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    #: The transaction that this row belongs to, so that no other can write under its name.
    txid: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index("ix_commits_batch_id", "batch_id"),
        Index("ix_commits_at", "at"),
        Index("ix_commits_actor_id", "actor_id", "seq"),
    )


class CommitCounter(Base):
    """One row: the last ``seq`` given. A table and not a sequence, so that a lock orders it."""

    __tablename__ = "commit_counter"

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("one = 1", name="one"),)


class Change(Base):
    """A row that was changed or removed. ``held`` is {column: old value}; the whole row where it was removed."""

    __tablename__ = "history"

    id: Mapped[identity]
    commit_id: Mapped[int] = mapped_column(ForeignKey("commits.id"))
    table_name: Mapped[str]
    row_key: Mapped[dict[str, Any]]
    station_id: Mapped[int | None] = mapped_column(BigInteger)
    op: Mapped[str]
    #: {column: [old, new]} for a change, {column: old} for a removal.
    held: Mapped[dict[str, Any]]

    __table_args__ = (
        CheckConstraint(one_of("op", "update", "delete"), name="op"),
        Index("ix_history_commit_id", "commit_id"),
        Index("ix_history_station_id", "station_id"),
        Index("ix_history_table_name", "table_name", "commit_id"),
        Index(
            "ix_history_removed",
            text("((held ->> 'added_in')::bigint)"),
            postgresql_where=text("op = 'delete'"),
        ),
        Index("ix_history_row_key", "table_name", "row_key", postgresql_where=text("station_id IS NULL")),
    )


class RegistryInfo(Base):
    """One row: what this registry is. A demonstration registry says so on every page."""

    __tablename__ = "registry_info"

    one: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    province_code: Mapped[str]
    demonstration: Mapped[bool]
    #: Mainland China as WKB, built once from the province outlines: the mask of the datum conversion.
    mainland: Mapped[bytes | None]
    regions_loaded_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("one = 1", name="one"),)
