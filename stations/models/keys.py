"""Keys of programs: who may ask more than everybody may."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from stations.models.base import ADDED_IN, Base, identity

__all__ = ["ApiKey"]


class ApiKey(Base):
    """A key that was given out. It is kept as its SHA-256 alone; ``hint`` is how it begins, to tell keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[identity]
    digest: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str]
    holder: Mapped[str]
    per_minute: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    made_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    added_in: Mapped[int] = mapped_column(BigInteger, server_default=ADDED_IN)

    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        CheckConstraint("char_length(holder) BETWEEN 1 AND 200", name="holder"),
        CheckConstraint("per_minute BETWEEN 1 AND 1000000", name="per_minute"),
    )
