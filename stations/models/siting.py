"""What siting keeps beside its plans: lists of candidates that operators bring, and what became of proposed sites."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from geoalchemy2.elements import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["CONSENTS", "Candidate", "CandidateList", "SitingAdoption"]

#: What a host says; nothing where nobody asked, or nobody knows.
CONSENTS = ("given", "asked", "refused")


class CandidateList(Base):
    """One list of candidates: from whom, of which file, and how that was read. It never changes."""

    __tablename__ = "candidate_lists"

    id: Mapped[identity]
    name: Mapped[str]
    source: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    #: {"datum", "columns": field → header, "left_out": why → rows, "cost_unit"}
    reading: Mapped[dict[str, Any]]
    candidates: Mapped[int]
    added_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    added_at: Mapped[datetime]
    #: Since when it is not offered any more.
    removed_at: Mapped[datetime | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name"),
        CheckConstraint("char_length(source) <= 200", name="source"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("candidates > 0", name="candidates"),
        Index("uq_candidate_lists_name", "name", unique=True, postgresql_where=text("removed_at IS NULL")),
    )


class Candidate(Base):
    """One candidate of a list: where, whose premises, whether the host agrees, what it would cost."""

    __tablename__ = "candidates"

    list_id: Mapped[int] = mapped_column(ForeignKey("candidate_lists.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    location: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    original_lon: Mapped[float] = mapped_column(Float)
    original_lat: Mapped[float] = mapped_column(Float)
    address: Mapped[str | None]
    host: Mapped[str | None]
    premises: Mapped[str | None]
    consent: Mapped[str | None]
    cost: Mapped[float | None] = mapped_column(Float)
    note: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("char_length(key) BETWEEN 1 AND 100", name="key"),
        CheckConstraint(one_of("consent", *CONSENTS), name="consent"),
        CheckConstraint("cost >= 0 AND cost < 'Infinity'", name="cost"),
    )


class SitingAdoption(Base):
    """A site of a plan that became a planned station of a programme."""

    __tablename__ = "siting_adoptions"

    plan_id: Mapped[int] = mapped_column(ForeignKey("siting_plans.id"), primary_key=True)
    site_key: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (Index("ix_siting_adoptions_station_id", "station_id"),)
