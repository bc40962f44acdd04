"""What planners keep: runs of coverage and plans of sites, with all they stand on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["CoverageRun", "SitingPlan"]

_RESULTS = "finished_at, seconds, basis, summary, areas, hours, gaps, doors, cells"
_FOUND = "finished_at, seconds, basis, summary, status, sites, regions, hours, arrays"


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


class SitingPlan(Base):
    """One plan of sites: what was asked, by whom, with which versions, and what was found; whole or not there at all."""

    __tablename__ = "siting_plans"

    id: Mapped[identity]
    title: Mapped[str]
    #: ``stations.planning.siting.SitingQuestion.as_dict``
    question: Mapped[dict[str, Any]]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    seconds: Mapped[float | None] = mapped_column(Float)
    versions: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    basis: Mapped[dict[str, Any] | None]
    summary: Mapped[dict[str, Any] | None]
    #: ``geo.siting.Status``
    status: Mapped[str | None]
    #: why there is no plan, and the smallest change that would allow one
    reason: Mapped[str | None]
    relaxation: Mapped[str | None]
    #: the sites in their order
    sites: Mapped[list[Any] | None]
    #: level → code → figures
    regions: Mapped[dict[str, Any] | None]
    hours: Mapped[list[Any] | None]
    #: arrays of cells and candidates, as ``stations.planning.siting.plans`` packs them
    arrays: Mapped[bytes | None]
    #: what planners say of it
    note: Mapped[str | None]
    #: {"curve", "alternatives", "stability"}: what was asked beyond the plan itself (``stations.planning.siting.further``)
    further: Mapped[dict[str, Any] | None]
    removed_at: Mapped[datetime | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="title"),
        CheckConstraint(f"num_nonnulls({_FOUND}) IN (0, 9)", name="whole"),
        CheckConstraint(one_of("status", "optimal", "gap", "stopped", "infeasible"), name="status"),
        CheckConstraint(
            "status IS DISTINCT FROM 'infeasible' OR reason IS NOT NULL", name="infeasible_says_why"
        ),
        CheckConstraint("char_length(note) <= 4000", name="note"),
        CheckConstraint("further IS NULL OR finished_at IS NOT NULL", name="further_is_of_an_answer"),
        Index("ix_siting_plans_asked_at", "asked_at"),
    )
