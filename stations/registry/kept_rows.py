"""A station with all its rows and what the ledger has kept of each, told apart by whose changes are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from stations.models import Amenity, Honour, HoursException, Partner, Photo, Station, StationSource, Visits
from stations.models.base import Base
from stations.registry.taking_back import Event

__all__ = ["TABLES", "Asked", "KeptRow", "KeptStation", "kept_stations"]

_MODELS: Final[tuple[type[Base], ...]] = (
    Station, StationSource, Amenity, HoursException, Partner, Photo, Visits, Honour,
)  # fmt: skip
TABLES: Final = {model.__tablename__: model for model in _MODELS}
_EVENTS: Final = text("""
    SELECT h.table_name, h.row_key, h.station_id, h.op, h.held, k.at, who.display_name AS by,
        h.commit_id = ANY (:commits) OR h.id = :change AS ours, coalesce(b.status = 'undone', false) AS undone
    FROM history h JOIN commits k ON k.id = h.commit_id LEFT JOIN staff who ON who.id = k.actor_id
    LEFT JOIN import_batches b ON b.id = k.batch_id
    WHERE h.station_id = ANY (:ids) AND h.table_name = ANY (:tables)
    ORDER BY h.id
""")
_UNDONE: Final = text("""
    SELECT k.id FROM commits k JOIN import_batches b ON b.id = k.batch_id WHERE b.status = 'undone'
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which changes are ours to take back."""

    commits: list[int]
    change: int | None

    def values(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of a statement that asks for them."""
        return {"commits": self.commits, "change": self.change, "tables": list(TABLES), **more}


@dataclass(slots=True)
class KeptRow:
    """A row as it is (None where it is gone) and what became of it. added: by the changes asked for."""

    table: str
    key: dict[str, Any]
    present: dict[str, Any] | None
    events: list[Event]
    added: bool = False
    #: Added by an import that was undone since.
    void: bool = False


@dataclass(slots=True)
class KeptStation:
    """A station and its rows, by table and key."""

    id: int
    rows: dict[tuple[str, str], KeptRow]

    def row(self, table: str, key: dict[str, Any]) -> KeptRow:
        """Return the row of this key, empty where nothing is known of it yet."""
        return self.rows.setdefault(_named(table, key), KeptRow(table, key, None, []))


def _named(table: str, key: Mapping[str, Any]) -> tuple[str, str]:
    return table, orjson.dumps(key, option=orjson.OPT_SORT_KEYS).decode()


def kept_stations(session: Session, asked: Asked, ids: Sequence[int]) -> Iterable[KeptStation]:
    """Read these stations with all their rows and events, the oldest first."""
    found = {number: KeptStation(number, {}) for number in ids}
    # An import that was undone wrote and took back: between us and the present it is as if it had never been.
    first_added: dict[tuple[str, str], int] = {}
    for event in session.execute(_EVENTS, asked.values(ids=list(ids))):
        row = found[event.station_id].row(event.table_name, event.row_key)
        if event.ours or not event.undone:
            row.events.append(Event(event.op, event.held, event.ours, event.by, event.at))
        elif event.op == "delete":
            first_added.setdefault(_named(event.table_name, event.row_key), event.held["added_in"])
    ours, undone = set(asked.commits), set(session.scalars(_UNDONE))
    for name, model in TABLES.items():
        keys = [column.name for column in inspect(model).primary_key]
        station = "id" if name == "stations" else "station_id"
        rows = session.scalars(
            text(f"SELECT to_jsonb(t) FROM {name} t WHERE t.{station} = ANY (:ids)"),  # noqa: S608 (our own names)
            {"ids": list(ids)},
        )
        for content in rows:
            row = found[content[station]].row(name, {key: content[key] for key in keys})
            since = content["added_in"]
            if since in undone and since not in ours:
                # Taken out and put back: it is still the row that somebody had added before.
                since = first_added.get(_named(name, row.key), since)
            row.present, row.added, row.void = content, since in ours, since in undone
    return found.values()
