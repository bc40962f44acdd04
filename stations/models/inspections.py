"""Inspections: checklists in versions that never change, what was found at a door under one of them, and what is to be mended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["FINDING_STATES", "OBSERVED", "Checklist", "Finding", "Inspection", "InspectionPhoto"]

#: What the door was like when the inspector stood before it.
OBSERVED = ("open", "shut", "unseen")
#: open → mended → checked; dropped where it was none.
FINDING_STATES = ("open", "mended", "checked", "dropped")


class Checklist(Base):
    """One published version of a checklist. It is never changed: what is to be different is the next version."""

    __tablename__ = "checklists"

    id: Mapped[identity]
    code: Mapped[str]
    version: Mapped[int]
    title: Mapped[dict[str, str]]
    #: Everything else, as ``stations.keeping.inspecting.documents`` reads it.
    document: Mapped[dict[str, Any]]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,59}$'", name="code"),
        CheckConstraint("version BETWEEN 1 AND 9999", name="version"),
        Index("ix_checklists_added_in", "added_in"),
    )


class Inspection(Base):
    """What somebody found at a station under one version of a checklist. Only that it was withdrawn can be added later."""

    __tablename__ = "inspections"

    id: Mapped[identity]
    #: Made on the phone, so that sending again stores nothing twice.
    client_id: Mapped[UUID] = mapped_column(unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    checklist_id: Mapped[int] = mapped_column(ForeignKey("checklists.id"))
    inspector_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    #: When it was made, which on a phone without a network is earlier than when it was received.
    made_at: Mapped[datetime]
    received_at: Mapped[datetime]
    #: {item: {"answer": yes | no | na | unseen, "remark": words where there are any}}
    answers: Mapped[dict[str, Any]]
    remark: Mapped[str | None]
    #: Where the phone was, in WGS 84, and within how many metres it was sure.
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    observed: Mapped[str]
    #: What the posted hours said of that moment, and the hours themselves as they were posted.
    posted: Mapped[str]
    posted_hours: Mapped[str | None]
    #: The inspector says that what the registry tells of the station is right; it is verified by that.
    confirms: Mapped[bool] = mapped_column(server_default="false")
    #: Made from the answers by ``stations.keeping.inspecting.rating``, and from nothing else.
    earned: Mapped[int]
    possible: Mapped[int]
    rating: Mapped[str | None]
    passes: Mapped[bool]
    withdrawn_reason: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("made_at <= received_at", name="order"),
        CheckConstraint("num_nonnulls(lon, lat, accuracy_m) IN (0, 3)", name="position"),
        CheckConstraint(
            "lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90 AND accuracy_m >= 0", name="position_range"
        ),
        CheckConstraint(one_of("observed", *OBSERVED), name="observed"),
        CheckConstraint(one_of("posted", "open", "closed", "unknown"), name="posted"),
        CheckConstraint("earned BETWEEN 0 AND possible", name="points"),
        CheckConstraint("btrim(withdrawn_reason) <> ''", name="withdrawn_reason"),
        Index("ix_inspections_station_id", "station_id", "checklist_id", "made_at"),
        Index("ix_inspections_made_at", "made_at"),
        Index("ix_inspections_added_in", "added_in"),
    )


class Finding(Base):
    """Something to be mended by a day, found by an inspection: mended says the station, checked says who looked again."""

    __tablename__ = "findings"

    id: Mapped[identity]
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    #: The code of the item that was not met.
    item: Mapped[str]
    what: Mapped[str]
    due: Mapped[date]
    status: Mapped[str] = mapped_column(server_default="open")
    mended_on: Mapped[date | None]
    mended_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    mended_note: Mapped[str | None]
    #: When it was looked at again, or dropped, and by whom.
    checked_on: Mapped[date | None]
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    checked_note: Mapped[str | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("btrim(what) <> ''", name="what"),
        CheckConstraint(one_of("status", *FINDING_STATES), name="status"),
        CheckConstraint("num_nonnulls(mended_on, mended_by) <> 1", name="mended_by_somebody"),
        CheckConstraint("status <> 'mended' OR mended_on IS NOT NULL", name="mended_has_day"),
        CheckConstraint(
            "num_nonnulls(checked_on, checked_by) = CASE WHEN status IN ('checked', 'dropped') THEN 2 ELSE 0 END",
            name="checked_by_somebody",
        ),
        Index("ix_findings_station_id", "station_id"),
        Index("ix_findings_inspection_id", "inspection_id"),
        Index("ix_findings_due", "due", "id", postgresql_where=text("status IN ('open', 'mended')")),
        Index("ix_findings_added_in", "added_in"),
    )


class InspectionPhoto(Base):
    """A photo that an inspection, or the mending of a finding, announced; it has its picture once that has come."""

    __tablename__ = "inspection_photos"

    id: Mapped[identity]
    client_id: Mapped[UUID] = mapped_column(unique=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    #: The item that it belongs to; null for the inspection as a whole.
    item: Mapped[str | None]
    #: The finding whose mending it shows.
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("findings.id"))
    sha256: Mapped[str | None]
    #: It was refused or lost, and the inspector goes on without it.
    left_out: Mapped[bool] = mapped_column(server_default="false")
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("NOT left_out OR sha256 IS NULL", name="left_out"),
        Index("ix_inspection_photos_inspection_id", "inspection_id"),
        Index("ix_inspection_photos_finding_id", "finding_id"),
        Index(
            "ix_inspection_photos_sha256",
            "sha256",
            postgresql_where=text("sha256 IS NOT NULL"),
        ),
        Index("ix_inspection_photos_added_in", "added_in"),
    )
