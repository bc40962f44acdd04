"""What is counted of use and kept of quality: scans of a door's plate by day, and the figures of each month.

Neither names a person. A month is written once and never again; the database refuses to change it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base

__all__ = ["QualityMonth", "Scans"]


class Scans(Base):
    """How often the plate at a station's door was scanned on a day (Beijing): at least so many visits."""

    __tablename__ = "scans"

    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    day: Mapped[date]
    scans: Mapped[int]

    __table_args__ = (
        PrimaryKeyConstraint("station_id", "day"),
        CheckConstraint("scans > 0", name="scans"),
    )


class QualityMonth(Base):
    """The quality of the registry at the end of a month, with its picture (SVG). ``month`` is its first day."""

    __tablename__ = "quality_months"

    month: Mapped[date] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    #: Reckoned backwards for the demonstration, and not taken when the month ended.
    demonstration: Mapped[bool] = mapped_column(server_default="false")
    figures: Mapped[dict[str, Any]]
    picture: Mapped[bytes] = mapped_column(LargeBinary)
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("taken_at >= month", name="over"),
    )
