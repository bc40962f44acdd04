"""What the numbers in a row mean: the names of the regions, organisations, sources, staff and stations they point at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Commit, Organisation, Programme, Region, Source, Staff, Station
from stations.registry.differences import Sort

__all__ = ["POINTING", "Named", "authors", "inside", "names_of", "station_named", "stations_named"]

_NAMED: Mapping[Sort, tuple[ColumnElement[Any], ColumnElement[Any]]] = {
    Sort.REGION: (Region.code.expression, Region.names.expression),
    Sort.ORGANISATION: (Organisation.id.expression, Organisation.name.expression),
    Sort.SOURCE: (Source.id.expression, Source.name.expression),
    Sort.STAFF: (Staff.id.expression, Staff.display_name.expression),
    Sort.STATION: (Station.id.expression, Station.names.expression),
    Sort.PROGRAMME: (Programme.id.expression, Programme.title.expression),
}
_HEADS = select(
    Station.id,
    Station.code,
    Station.names,
    Station.region_code,
    Station.lifecycle,
    Station.withdrawn_reason.is_not(None),
)
#: Sorts whose values point at something.
POINTING = frozenset(_NAMED)


@dataclass(frozen=True, slots=True)
class Named:
    """A station as a history heads it."""

    code: str
    names: Mapping[str, str]
    region_code: str | None
    lifecycle: str
    withdrawn: bool


def names_of(session: Session, meant: Collection[tuple[Sort, Any]]) -> dict[tuple[Sort, Any], Any]:
    """Return the name of each thing that is pointed at, as text or by language tag; what is not there is left out.

    meant: (sort, value) of differences; sorts that point at nothing and empty values are passed over.
    """
    found: dict[tuple[Sort, Any], Any] = {}
    for sort, (key, name) in _NAMED.items():
        wanted = {value for one, value in meant if one is sort and value is not None}
        if wanted:
            for row in session.execute(select(key, name).where(key.in_(wanted))):
                found[sort, row[0]] = row[1]
    return found


def stations_named(session: Session, ids: Collection[int]) -> dict[int, Named]:
    """Return these stations by id, withdrawn ones too."""
    rows = session.execute(_HEADS.where(Station.id.in_(ids)))
    return {row.id: Named(*row[1:]) for row in rows}


def station_named(session: Session, code: str) -> Named:
    """Return the station with this code, whatever became of it. Raises NotFound."""
    row = session.execute(_HEADS.where(Station.code == code)).one_or_none()
    if row is None:
        raise NotFound(f"no station has the code {code!r}")
    return Named(*row[1:])


def authors(session: Session) -> list[tuple[int, str]]:
    """Return everybody who ever changed something, as id and name: people first, then the parts of the system."""
    wrote = exists().where(Commit.actor_id == Staff.id)
    return [
        (row.id, row.display_name)
        for row in session.execute(
            select(Staff.id, Staff.display_name).where(wrote).order_by(Staff.is_system, Staff.display_name)
        )
    ]


def inside(session: Session, held: Collection[str], codes: Collection[str | None]) -> set[str | None]:
    """Return which of these regions are among the ones that are held, or below them."""
    wanted = select(Region.code).where(Region.code.in_(codes), Region.lineage.overlap(list(held)))
    return set(session.scalars(wanted))
