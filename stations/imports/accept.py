"""Accepting suspects of a batch: somebody has looked, and the position or the fact is believed after all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotFound
from stations.registry.writing import acting

__all__ = ["accept"]

_WAITING: Final = text("""
    SELECT row_number FROM import_rows
    WHERE batch_id = :batch AND verdict = 'suspect' AND accepted_at IS NULL AND station_id IS NOT NULL
    ORDER BY row_number
""")
# A position that somebody has set since then is newer than this one and stays.
_PLACE: Final = text("""
    UPDATE stations s SET
        location = ST_SetSRID(ST_MakePoint(p.x, p.y), 4326), position_hold = NULL,
        original_lon = p.lon, original_lat = p.lat, original_datum = p.datum,
        region_code = coalesce((
            SELECT g.code FROM regions g
            WHERE g.level IN ('county', 'prefecture', 'province') AND g.merged_into IS NULL
                AND ST_Intersects(g.geom, ST_SetSRID(ST_MakePoint(p.x, p.y), 4326))
            ORDER BY array_position(ARRAY['county', 'prefecture', 'province'], g.level), g.code LIMIT 1), s.region_code)
    FROM (
        SELECT station_id, (after->'proposed'->>0)::float8 AS x, (after->'proposed'->>1)::float8 AS y,
            (after->>'original_lon')::float8 AS lon, (after->>'original_lat')::float8 AS lat,
            after->>'original_datum' AS datum, before
        FROM import_rows WHERE batch_id = :batch AND row_number = ANY (:rows) AND after ? 'proposed') p
    WHERE s.id = p.station_id AND (
        (s.position_hold IS NOT NULL
            AND (s.original_lon, s.original_lat, s.original_datum) = (p.lon, p.lat, p.datum))
        OR (s.position_hold IS NULL AND s.location IS NOT NULL AND p.before ? 'original_lon'
            AND (s.original_lon, s.original_lat, s.original_datum) IS NOT DISTINCT FROM (
                (p.before->>'original_lon')::float8, (p.before->>'original_lat')::float8,
                p.before->>'original_datum')))
""")
_UNDOUBT: Final = text("""
    UPDATE stations SET doubts = NULL
    WHERE doubts IS NOT NULL AND id IN (
        SELECT station_id FROM import_rows WHERE batch_id = :batch AND row_number = ANY (:rows))
""")
_MARK: Final = text("""
    UPDATE import_rows SET accepted_at = clock_timestamp(), accepted_by = :actor
    WHERE batch_id = :batch AND row_number = ANY (:rows)
""")


def accept(session: Session, batch_id: int, rows: Collection[int] | None = None, *, actor: int) -> list[int]:
    """Believe suspects of an applied batch: held positions go on the map, doubts are cleared.

    rows: numbers of rows of the file; None for all that wait. Returns the rows accepted, in order.
    A row that could mean several stations has nothing to accept. Raises NotFound for an unknown batch, Conflict
    where a row does not wait for anybody, NotAllowed for an actor without rights in the region.
    """
    status = session.execute(
        text("SELECT file_name, status FROM import_batches WHERE id = :batch"), {"batch": batch_id}
    ).one_or_none()
    if status is None:
        raise NotFound(f"there is no import batch {batch_id}")
    waiting = list(session.scalars(_WAITING, {"batch": batch_id}))
    wanted = waiting if rows is None else sorted(set(rows))
    if others := sorted(set(wanted).difference(waiting)):
        raise Conflict(
            f"rows {', '.join(map(str, others[:10]))} of batch {batch_id} ({status.file_name}) wait for nobody; "
            f"these rows do: {', '.join(map(str, waiting[:50])) or 'none'}"
        )
    if not wanted:
        return []
    values = {"batch": batch_id, "rows": wanted}
    with acting(session, actor, reason=f"accept suspects of import {batch_id}", batch=batch_id):
        session.execute(_PLACE, values)
        session.execute(_UNDOUBT, values)
        session.execute(_MARK, values | {"actor": actor})
    session.expire_all()
    return wanted
