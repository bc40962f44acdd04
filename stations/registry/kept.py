"""The tables whose changes are kept: how a row of each is named, and to which station it belongs.

A row that was added carries its commit in ``added_in`` and leaves nothing in the history until it is changed or
removed, so whoever asks what happened asks both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Table, func

from stations.models import (
    Amenity,
    Base,
    DemandLayer,
    Event,
    Finding,
    FreshnessPromise,
    Grant,
    Honour,
    HoursException,
    Inspection,
    Notice,
    Organisation,
    Partner,
    Photo,
    Programme,
    ProgrammeArea,
    ProgrammeStation,
    ProgrammeTarget,
    ProgrammeTownship,
    Region,
    Report,
    Source,
    Staff,
    Station,
    StationSource,
    Visits,
)

__all__ = ["KEPT", "OF_PEOPLE", "OF_STATION", "Kept", "as_held"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One table: the columns that name a row, the one that names its station, and what is never told."""

    model: type[Base]
    keys: tuple[str, ...] = ("id",)
    station: str | None = None
    #: Columns too large to tell, or not for everybody's eyes.
    untold: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The table's name, as the history spells it."""
        return str(self.model.__tablename__)

    @property
    def table(self) -> Table:
        """The table itself."""
        found = self.model.__table__
        if not isinstance(found, Table):
            raise TypeError(f"{self.model.__name__} is mapped to no table")
        return found

    @property
    def added_in(self) -> ColumnElement[int]:
        """The commit that added a row."""
        return self.table.c.added_in

    @property
    def station_id(self) -> ColumnElement[int]:
        """The station that a row belongs to. Raises KeyError where rows belong to none."""
        return self.table.c[self.station or ""]

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what names a row, in the order of ``keys``."""
        return tuple(row[name] for name in self.keys)


#: What was found is read where the inspection is shown; the history tells that there was one.
_OF_INSPECTION = frozenset(
    {
        "client_id", "checklist_id", "received_at", "answers", "remark", "lon", "lat", "accuracy_m", "posted_hours", "confirms",
        "observed", "posted", "rating", "earned", "possible",
    }
)  # fmt: skip
#: In the order in which a person would tell of them.
KEPT: Mapping[str, Kept] = MappingProxyType(
    {
        kept.name: kept
        for kept in (
            Kept(Station, station="id"),
            Kept(Amenity, ("station_id", "amenity"), "station_id"),
            Kept(HoursException, station="station_id"),
            Kept(Partner, station="station_id"),
            Kept(Photo, station="station_id"),
            Kept(Honour, station="station_id"),
            Kept(Inspection, station="station_id", untold=_OF_INSPECTION),
            Kept(Finding, station="station_id", untold=frozenset({"inspection_id"})),
            Kept(Visits, station="station_id"),
            Kept(Report, station="station_id", untold=frozenset({"client_id", "words", "photo_sha256"})),
            Kept(Notice, station="station_id", untold=frozenset({"version"})),
            Kept(Event, station="station_id", untold=frozenset({"version"})),
            Kept(StationSource, ("station_id", "source_id"), "station_id"),
            Kept(ProgrammeStation, ("programme_id", "station_id"), "station_id"),
            Kept(Programme),
            Kept(ProgrammeTarget, ("programme_id", "region_code")),
            Kept(ProgrammeArea, ("programme_id", "region_code")),
            Kept(ProgrammeTownship, untold=frozenset({"location", "candidates"})),
            Kept(
                DemandLayer,
                untold=frozenset(
                    {
                        "reading",
                        "elsewhere",
                        "largest",
                        "squares",
                        "side_m",
                        "sha256",
                        "form",
                        "added_by",
                        "added_at",
                    }
                ),
            ),
            Kept(Organisation),
            Kept(Source, untold=frozenset({"mapping"})),
            Kept(Region, ("code",), untold=frozenset({"geom"})),
            Kept(FreshnessPromise, ("kind",)),
            Kept(Staff, untold=frozenset({"password_hash", "email"})),
            Kept(Grant),
        )
    }
)
OF_STATION: tuple[Kept, ...] = tuple(kept for kept in KEPT.values() if kept.station is not None)
#: What happens to accounts is for administrators.
OF_PEOPLE = frozenset({"staff", "staff_grants"})


def as_held(kept: Kept) -> ColumnElement[Any]:
    """Return the present row as the history would hold it."""
    row: ColumnElement[Any] = func.to_jsonb(kept.table.table_valued())
    for column in sorted(kept.untold):
        row = row.op("-")(column)
    return row
