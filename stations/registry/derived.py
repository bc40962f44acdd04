"""What is derived from the facts, and the one function that derives it.

The database marks a station stale when one of its facts changes; ``derive_stale`` then works out what SQL cannot (how
names are read, which schedule the hours are) and calls the database function that writes the public row.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, exists, select, text
from sqlalchemy.orm import Session

from stations.hours import Hours
from stations.models import StaleStation
from stations.registry import gazetteer, schedules
from stations.registry.reading import search_pairs, search_text

__all__ = ["derive", "derive_stale", "is_behind", "rebuild"]

_PAGE = 5_000

_FACTS = text("""
    SELECT s.id, s.names, s.address, s.hours_expression, s.hours_calendar,
        coalesce((SELECT json_agg(json_build_object('starts', e.starts, 'ends', e.ends, 'expression', e.expression,
                                                    'reason', e.reason) ORDER BY e.starts, e.id)
                  FROM hours_exceptions e WHERE e.station_id = s.id), '[]') AS exceptions
    FROM stations s WHERE s.id = ANY (:ids)
""")
_DERIVE = text("SELECT yz_derive(:ids, :search, :bigrams, :keys)")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What SQL cannot make of a page of stations: how they read, and which schedules they keep."""

    ids: list[int]
    search: list[str]
    bigrams: list[str]
    keys: list[str]
    schedules: dict[str, Hours]

    @classmethod
    def of(cls, rows: Sequence[Any]) -> _Reading:
        keys: list[str] = []
        wanted: dict[str, Hours] = {}
        known: dict[tuple[str | None, str, str], str] = {}
        for row in rows:
            content = (row.hours_expression, row.hours_calendar, str(row.exceptions))
            if content not in known:
                hours = schedules.to_hours(row.hours_expression, row.hours_calendar, row.exceptions)
                known[content] = hours.key
                wanted[hours.key] = hours
            keys.append(known[content])
        return cls(
            [row.id for row in rows],
            [search_text(*row.names.values()) for row in rows],
            [search_pairs(*row.names.values(), address=row.address) for row in rows],
            keys,
            wanted,
        )


def derive_stale(session: Session) -> int:
    """Make the public rows of all stations whose facts changed, and the gazetteer where a name in it did.

    Returns how many stations were looked at.
    """
    gazetteer.derive_stale(session)
    return _derive_pages(
        session, text("SELECT station_id FROM stale_stations WHERE station_id > :last ORDER BY 1 LIMIT :n")
    )[0]


def is_behind(session: Session) -> bool:
    """Tell whether stations wait to be derived: an upgrade of the schema leaves them so, a write never does."""
    return bool(session.scalar(select(exists().select_from(StaleStation))))


def derive(session: Session, ids: Sequence[int]) -> int:
    """Make the public rows of these stations. Returns how many differ from what stood there before."""
    reading = _Reading.of(session.execute(_FACTS, {"ids": list(ids)}).all())
    schedules.ensure(session, reading.schedules.values())
    return _write(session, reading)


def rebuild(session: Session) -> tuple[int, int]:
    """Make every public row, every schedule and the gazetteer again from the facts.

    Returns how many stations there are, and how many public rows were not what the facts say.
    """
    gazetteer.derive(session)
    found = _derive_pages(session, text("SELECT id FROM stations WHERE id > :last ORDER BY 1 LIMIT :n"))
    schedules.extend(session)
    return found


def _derive_pages(session: Session, page: TextClause) -> tuple[int, int]:
    total = changed = last = 0
    waiting: _Reading | None = None
    # While the database writes one page in the other thread, this one reads the names of the next aloud. The session
    # is never used by both at once.
    with ThreadPoolExecutor(1) as writer:
        while ids := list(session.scalars(page, {"last": last, "n": _PAGE})):
            rows = session.execute(_FACTS, {"ids": ids}).all()
            total, last = total + len(ids), ids[-1]
            writing = writer.submit(_write, session, waiting) if waiting else None
            waiting = _Reading.of(rows)
            if writing is not None:
                changed += writing.result()
            schedules.ensure(session, waiting.schedules.values())
    if waiting is not None:
        changed += _write(session, waiting)
    return total, changed


def _write(session: Session, reading: _Reading) -> int:
    content = {
        "ids": reading.ids,
        "search": reading.search,
        "bigrams": reading.bigrams,
        "keys": reading.keys,
    }
    return int(session.scalar(_DERIVE, content) or 0)
