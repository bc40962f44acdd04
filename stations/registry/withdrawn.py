"""What became of a station that left the public view: entered by mistake, or the same place as another."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from stations.models import PublicStation, Station

__all__ = ["Withdrawn", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A station that was withdrawn; ``same_as`` is the code of the one that stands for it, if it is public."""

    code: str
    same_as: str | None


def withdrawn(session: Session, code: str) -> Withdrawn | None:
    """Return what became of a code; None where it was never given or its station is public."""
    if "\x00" in code:  # which PostgreSQL does not take even to compare
        return None
    other = aliased(PublicStation)
    row = session.execute(
        select(Station.code, other.code.label("same_as"))
        .outerjoin(other, (other.station_id == Station.same_as) & other.listed)
        .where(Station.code == code, Station.withdrawn_reason.is_not(None))
    ).one_or_none()
    return None if row is None else Withdrawn(row.code, row.same_as)
