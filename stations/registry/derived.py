"""What is derived from the facts, and the one function that derives it.

The database marks a station stale when one of its facts changes; ``derive_stale`` then works out what SQL cannot (how
names are read, which schedule the hours are) and calls the database function that writes the public row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.registry import schedules
from stations.registry.reading import bigrams, search_text

__all__ = ["derive", "derive_stale", "rebuild"]

_PAGE = 5_000

_FACTS = text("""
    SELECT s.id, s.names, s.address, s.hours_expression, s.hours_calendar,
        coalesce((SELECT json_agg(json_build_object('starts', e.starts, 'ends', e.ends, 'expression', e.expression,
                                                    'reason', e.reason) ORDER BY e.starts, e.id)
                  FROM hours_exceptions e WHERE e.station_id = s.id), '[]') AS exceptions
    FROM stations s WHERE s.id = ANY (:ids)
""")
_DERIVE = text("SELECT yz_derive(:ids, :search, :bigrams, :keys)")


def derive_stale(session: Session) -> int:
    """Make the public rows of all stations whose facts changed. Returns how many were looked at."""
    done = 0
    while ids := list(
        session.scalars(text("SELECT station_id FROM stale_stations ORDER BY 1 LIMIT :n"), {"n": _PAGE})
    ):
        derive(session, ids)
        done += len(ids)
    return done


def derive(session: Session, ids: Sequence[int]) -> int:
    """Make the public rows of these stations. Returns how many differ from what stood there before."""
    rows = session.execute(_FACTS, {"ids": list(ids)}).all()
    keys: list[str] = []
    wanted: dict[str, Any] = {}
    known: dict[tuple[Any, ...], str] = {}
    for row in rows:
        content = (row.hours_expression, row.hours_calendar, str(row.exceptions))
        key = known.get(content)
        if key is None:
            hours = schedules.to_hours(row.hours_expression, row.hours_calendar, row.exceptions)
            key = known[content] = hours.key
            wanted[key] = hours
        keys.append(key)
    schedules.ensure(session, wanted.values())
    return int(
        session.scalar(
            _DERIVE,
            {
                "ids": [row.id for row in rows],
                "search": [search_text(*row.names.values()) for row in rows],
                "bigrams": [bigrams(" ".join([*row.names.values(), row.address or ""])) for row in rows],
                "keys": keys,
            },
        )
        or 0
    )


def rebuild(session: Session) -> tuple[int, int]:
    """Make every public row and every schedule again from the facts.

    Returns how many stations there are, and how many public rows were not what the facts say.
    """
    total = changed = last = 0
    while ids := list(
        session.scalars(
            text("SELECT id FROM stations WHERE id > :last ORDER BY id LIMIT :n"), {"last": last, "n": _PAGE}
        )
    ):
        changed += derive(session, ids)
        total += len(ids)
        last = ids[-1]
    schedules.extend(session)
    return total, changed
