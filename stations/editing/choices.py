"""What a form of a station offers to choose from: the regions of the keeper, the sources of figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.editing.save import Reach
from stations.models import Organisation, Region, Source, Station

__all__ = ["RegionChoice", "held_reasons", "organisations", "regions", "sources"]

_MOST_ORGANISATIONS = 500


@dataclass(frozen=True, slots=True)
class RegionChoice:
    """A region by code, with the code of the one above it."""

    code: str
    level: str
    parent: str | None
    names: Mapping[str, str]


def regions(session: Session, allowed: Reach | None = None) -> list[RegionChoice]:
    """Return the present regions but townships by code; only those that may be written in, where that is given."""
    rows = session.execute(
        select(Region.code, Region.level, Region.parent_code, Region.names)
        .where(Region.merged_into.is_(None), Region.level.in_(("province", "prefecture", "county")))
        .order_by(Region.code)
    )
    return [RegionChoice(*row) for row in rows if allowed is None or allowed.includes(row.code)]


def sources(session: Session) -> list[tuple[str, str]]:
    """Return the code and the name of every source."""
    return [
        (row.code, row.name)
        for row in session.execute(select(Source.code, Source.name).order_by(Source.name))
    ]


def organisations(session: Session) -> list[str]:
    """Return names of organisations that are known, so that one is not written in two ways; five hundred at most."""
    return list(
        session.scalars(select(Organisation.name).order_by(Organisation.name).limit(_MOST_ORGANISATIONS))
    )


def held_reasons(session: Session, code: str) -> list[dict[str, str]]:
    """Return why a station's received position is not believed: the problems that an import stored."""
    found = session.scalar(select(Station.position_hold).where(Station.code == code))
    return list(found or ())
