"""Staff, their roles and the regions that these hold in. Of the public nothing is kept here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity, one_of

__all__ = ["ROLES", "Grant", "Staff"]

ROLES = ("viewer", "editor", "inspector", "planner", "administrator")


class Staff(Base):
    """Somebody, or a part of the system, that may write. How they log in stands in ``credentials``."""

    __tablename__ = "staff"

    id: Mapped[identity]
    login: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    #: The command line, the demonstration, the public, the door: actors that nobody can log in as.
    is_system: Mapped[bool] = mapped_column(server_default="false")
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)


class Grant(Base):
    """A role that somebody holds in a region and all below it; no region means the whole registry."""

    __tablename__ = "staff_grants"

    id: Mapped[identity]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("role", *ROLES), name="role"),
        Index("uq_staff_grants_role", "staff_id", "role", text("coalesce(region_code, '')"), unique=True),
    )
