"""How many stations of a programme meet the standard that it cites, by the last inspection of each under that checklist."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from stations.keeping.inspecting.library import Cited, cited
from stations.models import Checklist, Inspection, Programme, Station
from stations.planning.programme_progress import STANDING, chosen

__all__ = ["Standard", "standard_of"]


@dataclass(frozen=True, slots=True)
class Standard:
    """The counted stations that are open or suspended: how many meet the standard, fail it, or were never inspected."""

    cited: Cited
    met: int
    failed: int
    never: int

    @property
    def standing(self) -> int:
        """All that could meet it."""
        return self.met + self.failed + self.never


def standard_of(session: Session, programme: Programme) -> Standard | None:
    """Count a programme by its standard; None where it cites none, or words that are no published checklist.

    A station meets it whose last inspection under the checklist passes: under the version that is cited, or under any.
    """
    found = cited(session, programme.standard)
    if found is None:
        return None
    last = (
        select(Inspection.station_id, Inspection.passes)
        .join(Checklist, Checklist.id == Inspection.checklist_id)
        .where(
            Checklist.code == found.code,
            *([] if found.version is None else [Checklist.version == found.version]),
            Inspection.withdrawn_reason.is_(None),
        )
        .ext(distinct_on(Inspection.station_id))
        .order_by(Inspection.station_id, Inspection.made_at.desc(), Inspection.id.desc())
        .subquery()
    )
    counts = session.execute(
        chosen(
            programme,
            func.count().filter(last.c.passes.is_(True)),
            func.count().filter(last.c.passes.is_(False)),
            func.count().filter(last.c.passes.is_(None)),
        )
        .outerjoin(last, last.c.station_id == Station.id)
        .where(Station.lifecycle.in_(STANDING))
    ).one()
    return Standard(found, *counts)
