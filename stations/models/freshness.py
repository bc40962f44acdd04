"""The promise of freshness: how old the last look at a station may be before the work list asks for another."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stations import vocabulary
from stations.models.base import ADDED_IN, Base, one_of

__all__ = ["FreshnessPromise"]


class FreshnessPromise(Base):
    """For one kind of station: so many days after its verification it is asked after again."""

    __tablename__ = "freshness_promises"

    kind: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint(one_of("kind", *vocabulary.KINDS), name="kind"),
        CheckConstraint("days BETWEEN 7 AND 1095", name="days"),
    )
