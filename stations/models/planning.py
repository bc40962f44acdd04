"""What planners keep: runs of coverage with all they stand on, and programmes with their targets."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["CoverageRun", "Programme", "ProgrammeStation"]

_RESULTS = "finished_at, seconds, basis, summary, areas, hours, gaps, doors, cells"


class CoverageRun(Base):
    """One run: what was asked, by whom, with which versions, and what it found; whole or not there at all."""

    __tablename__ = "coverage_runs"

    id: Mapped[identity]
    title: Mapped[str]
    #: ``stations.planning.CoverageQuestion.as_dict``
    question: Mapped[dict[str, Any]]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    seconds: Mapped[float | None] = mapped_column(Float)
    versions: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    basis: Mapped[dict[str, Any] | None]
    summary: Mapped[dict[str, Any] | None]
    #: level → code → figures
    areas: Mapped[dict[str, Any] | None]
    hours: Mapped[list[Any] | None]
    gaps: Mapped[list[Any] | None]
    #: the stations that counted
    doors: Mapped[list[Any] | None]
    #: arrays of the cells, as ``stations.planning.runs`` packs them
    cells: Mapped[bytes | None]
    published: Mapped[bool] = mapped_column(server_default="false")
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    removed_at: Mapped[datetime | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="title"),
        CheckConstraint(f"num_nonnulls({_RESULTS}) IN (0, 9)", name="whole"),
        CheckConstraint("NOT published OR finished_at IS NOT NULL", name="published_is_finished"),
        CheckConstraint(
            "NOT published OR num_nonnulls(published_at, published_by) = 2", name="published_by_somebody"
        ),
        CheckConstraint("NOT published OR removed_at IS NULL", name="removed_is_not_published"),
        Index("uq_coverage_runs_published", "published", unique=True, postgresql_where=text("published")),
        Index("ix_coverage_runs_asked_at", "asked_at"),
    )


class Programme(Base):
    """A target for stations: in these regions, of these kinds, until then.

    ``target_is`` total: so many open stations in all. ``target_is`` tagged: so many of the stations that carry the
    programme, whatever else there is.
    """

    __tablename__ = "programmes"

    id: Mapped[identity]
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    note: Mapped[str | None]
    regions: Mapped[list[str]]
    year: Mapped[int]
    due: Mapped[date | None]
    #: The checklist that its stations are to meet, as it is called.
    standard: Mapped[str | None]
    kinds: Mapped[list[str]] = mapped_column(server_default="{}")
    target: Mapped[int]
    target_is: Mapped[str]
    budget_yuan: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    demonstration: Mapped[bool] = mapped_column(server_default="false")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="title"),
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year"),
        CheckConstraint("target > 0", name="target"),
        CheckConstraint(one_of("target_is", "total", "tagged"), name="target_is"),
        CheckConstraint("cardinality(regions) > 0", name="regions"),
    )


class ProgrammeStation(Base):
    """A station that a programme counts."""

    __tablename__ = "programme_stations"

    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        PrimaryKeyConstraint("programme_id", "station_id"),
        Index("ix_programme_stations_station_id", "station_id"),
    )
