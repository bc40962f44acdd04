"""Deciding over a batch: which rows are believed and which left out, before it is applied and after.

Before, a decision is only kept. After, believing a row writes: a held position goes on the map, a doubt is cleared,
the file wins over staff in a conflict, a station that the list names no more is suspended.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.errors import Conflict, Invalid, NotAllowed
from stations.hours import SHANGHAI
from stations.imports.batches import own_batch
from stations.imports.comparing import UNLISTED
from stations.imports.problems import Kind
from stations.models import Station
from stations.registry.regions import mainland_of
from stations.registry.registry import set_hours
from stations.registry.schedules import to_hours
from stations.registry.writing import acting

__all__ = ["Choice", "accept", "decide"]

Choice: TypeAlias = Literal["accept", "reject", "undecided"]

_WAITING: Final = text("""
    SELECT row_number FROM import_rows
    WHERE batch_id = :batch AND verdict IN ('suspect', 'conflict', 'absent') AND accepted_at IS NULL
        AND station_id IS NOT NULL AND decision IS DISTINCT FROM 'reject'
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
# Whoever closed or suspended it since then has decided already.
_SUSPEND: Final = text("""
    UPDATE stations SET lifecycle = 'suspended', lifecycle_since = :today, lifecycle_reason = :reason
    WHERE lifecycle IN ('planned', 'building', 'open') AND withdrawn_reason IS NULL AND id IN (
        SELECT station_id FROM import_rows
        WHERE batch_id = :batch AND row_number = ANY (:rows) AND verdict = 'absent')
""")
_CONFLICTS: Final = text("""
    SELECT r.row_number, r.station_id, r.conflicts FROM import_rows r
    WHERE r.batch_id = :batch AND r.row_number = ANY (:rows) AND r.conflicts IS NOT NULL AND r.station_id IS NOT NULL
    ORDER BY r.station_id
""")
_LOCK: Final = text("""
    SELECT s.id FROM stations s WHERE s.id IN (
        SELECT station_id FROM import_rows WHERE batch_id = :batch AND row_number = ANY (:rows))
    ORDER BY s.id FOR NO KEY UPDATE
""")
_TOUCHED: Final = text("""
    SELECT count(DISTINCT station_id) FROM import_rows WHERE batch_id = :batch AND row_number = ANY (:rows)
""")
_MARK: Final = text("""
    UPDATE import_rows SET accepted_at = clock_timestamp(), accepted_by = :actor
    WHERE batch_id = :batch AND row_number = ANY (:rows)
""")


_CHOSEN: Final = """
    SELECT row_number FROM import_rows
    WHERE batch_id = :batch AND (CAST(:rows AS bigint[]) IS NULL OR row_number = ANY (CAST(:rows AS bigint[])))
        AND (CAST(:verdict AS text) IS NULL OR verdict = :verdict)
        AND (CAST(:kind AS text) IS NULL OR problems @> jsonb_build_array(jsonb_build_object('kind', :kind)))
    ORDER BY row_number
"""
_DECIDE: Final = text("""
    UPDATE import_rows SET decision = :choice,
        decided_at = CASE WHEN CAST(:choice AS text) IS NOT NULL THEN clock_timestamp() END,
        decided_by = CASE WHEN CAST(:choice AS text) IS NOT NULL THEN CAST(:actor AS bigint) END
    WHERE batch_id = :batch AND row_number = ANY (:rows) AND decision IS DISTINCT FROM CAST(:choice AS text)
""")
_BELIEVABLE: Final = text("""
    SELECT row_number FROM import_rows WHERE batch_id = :batch AND row_number = ANY (:rows) AND (
        verdict = 'rejected' OR problems @> '[{"kind": "ambiguous"}]' OR problems @> '[{"kind": "contradicted"}]')
    ORDER BY row_number
""")


def decide(
    session: Session,
    batch_id: int,
    choice: Choice,
    *,
    actor: int,
    rows: Collection[int] | None = None,
    verdict: str | None = None,
    kind: Kind | str | None = None,
) -> int:
    """Keep what a person says of rows: by their numbers, or all of a verdict or of a kind of problem.

    Returns how many rows are decided otherwise than before. Of an applied batch, rows that wait can be accepted, which
    writes, or rejected, which lays them to rest. Raises NotFound, NotAllowed, Invalid where nothing or more than one
    thing says which rows, Conflict for rows that the batch has not, and for believing one that cannot be stored.
    """
    if choice not in {"accept", "reject", "undecided"}:
        raise Invalid(f"{choice!r} is no decision; accept, reject or undecided", field="choice", value=choice)
    if sum(said is not None for said in (rows, verdict, kind)) != 1:
        raise Invalid("say which rows: by number, by verdict or by a kind of problem", field="rows")
    batch = own_batch(session, batch_id, actor, "judged", "applied")
    wanted = None if rows is None else sorted(set(rows))
    asked = {
        "batch": batch_id,
        "rows": wanted,
        "verdict": verdict,
        "kind": None if kind is None else str(kind),
    }
    chosen = list(session.scalars(text(_CHOSEN), asked))
    if wanted is not None and (others := sorted(set(wanted).difference(chosen))):
        raise Conflict(f"batch {batch_id} ({batch.file_name}) has no rows {', '.join(map(str, others[:10]))}")
    if choice == "accept":
        cannot = set(session.scalars(_BELIEVABLE, {"batch": batch_id, "rows": chosen}))
        if cannot and wanted is not None:
            raise Conflict(
                f"rows {', '.join(map(str, sorted(cannot)[:10]))} of batch {batch_id} cannot be stored, so there is "
                "nothing to believe: correct the file, or leave them out"
            )
        chosen = [row for row in chosen if row not in cannot]
    if batch.status == "applied":
        waiting = set(session.scalars(_WAITING, {"batch": batch_id}))
        chosen = [row for row in chosen if row in waiting]
        if choice == "accept":
            return len(accept(session, batch_id, chosen, actor=actor)) if chosen else 0
        if choice == "undecided":
            raise Conflict(f"batch {batch_id} is applied: what was decided of it is done")
    if not chosen:
        return 0
    said = {
        "batch": batch_id,
        "rows": chosen,
        "actor": actor,
        "choice": None if choice == "undecided" else choice,
    }
    with acting(session, actor, reason=f"decide over import {batch_id}", batch=batch_id):
        done: Any = session.execute(_DECIDE, said)
    session.expire_all()
    return int(done.rowcount)


def accept(session: Session, batch_id: int, rows: Collection[int] | None = None, *, actor: int) -> list[int]:
    """Believe rows of an applied batch that wait: suspects, conflicts, absent stations.

    rows: their numbers; None for all suspects that wait. Returns the rows accepted, in order. A field that somebody has
    set since then is newer and stays. A row that could mean several stations has nothing to accept. Raises NotFound for
    an unknown batch, Conflict where a row does not wait for anybody, NotAllowed for an actor without rights over the
    batch or in the region.
    """
    batch = own_batch(session, batch_id, actor)
    waiting = list(session.scalars(_WAITING, {"batch": batch_id})) if batch.status == "applied" else []
    if rows is None:
        suspects = "SELECT row_number FROM import_rows WHERE batch_id = :batch AND verdict = 'suspect'"
        wanted = sorted(set(session.scalars(text(suspects), {"batch": batch_id})).intersection(waiting))
    else:
        wanted = sorted(set(rows))
    if others := sorted(set(wanted).difference(waiting)):
        raise Conflict(
            f"rows {', '.join(map(str, others[:10]))} of batch {batch_id} ({batch.file_name}) wait for nobody; "
            f"these rows do: {', '.join(map(str, waiting[:50])) or 'none'}"
        )
    if not wanted:
        return []
    values = {"batch": batch_id, "rows": wanted}
    now = datetime.now(SHANGHAI)
    with acting(session, actor, reason=f"accept rows of import {batch_id}", batch=batch_id):
        locked = len(session.scalars(_LOCK, values).all())
        if locked != session.scalar(_TOUCHED, values):
            raise NotAllowed(f"rows of batch {batch_id} mean stations that you may not change")
        session.execute(_PLACE, values)
        session.execute(_UNDOUBT, values)
        session.execute(_SUSPEND, values | {"today": now.date(), "reason": UNLISTED})
        session.expire_all()
        _overrule(session, values, actor, now)
        session.execute(_MARK, values | {"actor": actor})
    session.expire_all()
    return wanted


def _overrule(session: Session, values: dict[str, Any], actor: int, now: datetime) -> None:
    """Let the file win in the conflicts of these rows, where what staff had written still stands."""
    # The desk's way to write one field stands on this package's readers of cells.
    from stations.editing.draft import drafts
    from stations.editing.write import Writing, write

    found = session.execute(_CONFLICTS, values).all()
    if not found:
        return
    writing = Writing(session, mainland_of(session), actor, now)
    standing = drafts(session, [row.station_id for row in found])
    for row in found:
        station = session.get_one(Station, row.station_id)
        fields = standing[row.station_id].fields
        changes = {}
        for conflict in row.conflicts:
            field, file = conflict["field"], conflict["file"]
            there = station.district_received if field == "district_received" else fields.get(field)
            if _plain(field, there) != _plain(field, conflict["staff"]):
                continue
            if field == "district_received":
                station.district_received = file
            elif field == "hours":
                said, expression, calendar = file
                exceptions = conflict["take"].get("exceptions") or []
                set_hours(
                    session, station, replace(to_hours(expression, calendar, exceptions), words=said or "")
                )
            else:
                changes[field] = _plain(field, file)
        if changes:
            write(writing, station, changes)


def _plain(field: str, value: Any) -> Any:
    """Return a value of the ledger as the desk spells it."""
    if field == "area_m2" and value is not None:
        return f"{Decimal(str(value)).normalize():f}"
    return None if value in ([], [None, None, "plain"]) else value
