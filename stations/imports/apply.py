"""Judged rows into the registry, as whole sets in one transaction: new stations, and what was proposed for known ones.

Everything here runs inside ``acting``; the triggers of the ledger keep what stood there before. Locks are taken in one
order by every import, so that none waits for another in a circle: the source, then stations by id, then organisations.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from psycopg import sql

from stations.errors import NotAllowed
from stations.imports.comparing import UNLISTED
from stations.imports.proposing import CHANGED, NEW, values
from stations.imports.staging import PARTNERS, Stage

__all__ = ["apply_rows", "lock_stations"]

# Locking waits for whoever is at a station; what they wrote shows in the version of the row.
_LOCK: Final = """
    SELECT count(*) AS locked, count(*) FILTER (WHERE moved) AS moved
    FROM (SELECT s.xmin::text <> p.version AS moved
          FROM (SELECT station_id, version FROM import_proposed UNION ALL SELECT * FROM import_ending) p
          JOIN stations s ON s.id = p.station_id
          ORDER BY s.id FOR NO KEY UPDATE OF s) held
"""
# Asked of each locked row and not as a condition on them: a condition would be weighed before the lock is there.
_LOCK_AMENITIES: Final = """
    SELECT count(*) FILTER (WHERE moved) FROM (
        SELECT (k.value, k.out_of_order, k.basis)::text IS DISTINCT FROM a.stood AS moved
        FROM import_amenity_changes a JOIN amenities k USING (station_id, amenity)
        ORDER BY k.station_id, k.amenity FOR NO KEY UPDATE OF k) held
"""
_IDS: Final = """
    CREATE TEMP TABLE import_ids ON COMMIT DROP AS
    SELECT number, yz_station_code(%(province)s) AS code, NULL::bigint AS station_id
    FROM (SELECT number FROM import_judged JOIN import_verdicts USING (number)
          WHERE verdict IN ('new', 'suspect') AND station_id IS NULL AND NOT ambiguous
              AND number NOT IN (SELECT number FROM import_left_out) ORDER BY number) n
"""
_INSERT: Final = """
    WITH made AS (
        INSERT INTO stations ({columns})
        SELECT {values}
        FROM import_ids i JOIN import_stage t USING (number) JOIN import_judged j USING (number)
        LEFT JOIN import_hours h USING (hours_id)
        ORDER BY i.number
        RETURNING id, code)
    UPDATE import_ids i SET station_id = made.id FROM made WHERE made.code = i.code
"""
_UPDATE: Final = """
    UPDATE stations u SET {changes} FROM import_proposed p WHERE u.id = p.station_id
"""
_END: Final = """
    UPDATE stations s SET lifecycle = 'suspended', lifecycle_since = %(today)s, lifecycle_reason = %(reason)s
    FROM import_ending e WHERE s.id = e.station_id
"""
_SOURCES: Final = (
    """
    INSERT INTO station_sources (station_id, source_id, external_id, identity_key)
    SELECT i.station_id, %(source)s, t.external_id, t.key FROM import_ids i JOIN import_stage t USING (number)
    """,
    # A part that this row does not give stays known from an earlier one.
    """
    UPDATE station_sources u SET external_id = n.external_id, identity_key = n.identity_key
    FROM (SELECT k.station_id, coalesce(t.external_id, k.external_id) AS external_id,
              (SELECT string_agg(coalesce(nullif(part, ''), split_part(k.identity_key, E'\\x1f', at::integer)), E'\\x1f'
                                 ORDER BY at)
               FROM unnest(string_to_array(t.key, E'\\x1f')) WITH ORDINALITY AS p (part, at)) AS identity_key
          FROM import_changes c JOIN import_stage t USING (number)
          JOIN station_sources k ON k.station_id = c.station_id AND k.source_id = %(source)s
          WHERE k.identity_key <> t.key OR k.external_id IS DISTINCT FROM coalesce(t.external_id, k.external_id)) n
    WHERE u.station_id = n.station_id AND u.source_id = %(source)s
        AND (u.external_id, u.identity_key) IS DISTINCT FROM (n.external_id, n.identity_key)
    """,
)
_AMENITIES: Final = (
    """
    INSERT INTO amenities (station_id, amenity, value, out_of_order, basis, source_id)
    SELECT i.station_id, a.amenity, a.value, a.out_of_order, a.basis, %(source)s
    FROM import_ids i JOIN import_stage t USING (number) JOIN import_amenities a USING (amenity_set)
    """,
    """
    INSERT INTO amenities AS k (station_id, amenity, value, out_of_order, basis, source_id)
    SELECT station_id, amenity, value, out_of_order, basis, %(source)s FROM import_amenity_changes
    ORDER BY station_id, amenity
    ON CONFLICT (station_id, amenity) DO UPDATE SET
        value = excluded.value, out_of_order = excluded.out_of_order, basis = excluded.basis,
        source_id = excluded.source_id, verified_at = NULL, note = NULL
    """,
)
_EXCEPTIONS: Final = (
    """
    DELETE FROM hours_exceptions e USING import_changes c WHERE e.station_id = c.station_id AND c.hours
    """,
    """
    INSERT INTO hours_exceptions (station_id, starts, ends, expression, reason)
    SELECT w.station_id, e.starts, e.ends, e.expression, e.reason
    FROM (SELECT number, station_id FROM import_ids
          UNION ALL SELECT number, station_id FROM import_changes WHERE hours) w
    JOIN import_stage t USING (number) JOIN import_hours h USING (hours_id)
    CROSS JOIN LATERAL jsonb_to_recordset(h.exceptions)
        AS e (starts date, ends date, expression text, reason text)
    """,
)
_PARTNERS: Final = (
    """
    INSERT INTO organisations (name)
    SELECT DISTINCT g.name FROM (
        SELECT name FROM import_partner_changes
        UNION SELECT v.name FROM import_ids JOIN import_stage t USING (number)
        CROSS JOIN LATERAL (VALUES {roles}) AS v (role, name)) g
    WHERE g.name IS NOT NULL AND NOT EXISTS (SELECT FROM organisations o WHERE o.name = g.name)
    ORDER BY 1 ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO partners (station_id, organisation_id, role)
    SELECT g.station_id, o.id, g.role FROM (
        SELECT station_id, role, name FROM import_partner_changes
        UNION SELECT i.station_id, v.role, v.name FROM import_ids i JOIN import_stage t USING (number)
        CROSS JOIN LATERAL (VALUES {roles}) AS v (role, name)) g
    JOIN organisations o ON o.name = g.name
    ON CONFLICT DO NOTHING
    """,
)


def lock_stations(stage: Stage) -> bool:
    """Lock what is to be changed; tells whether it still is as it was compared. Where not, compare again.

    Raises NotAllowed where the actor may not change a station.
    """
    row = stage.run(_LOCK).one()
    proposed = stage.count(
        "SELECT (SELECT count(*) FROM import_proposed) + (SELECT count(*) FROM import_ending)"
    )
    if row.locked != proposed:
        raise NotAllowed(
            f"{proposed - row.locked} of {proposed} stations to change are none that you may change"
        )
    return not row.moved and not stage.count(_LOCK_AMENITIES)


def apply_rows(stage: Stage, *, source_id: int, province: str, today: date) -> None:
    """Write everything that the verdicts say and the proposals hold; ``import_ids`` tells the new stations."""
    roles = sql.SQL(", ").join(
        sql.SQL("({}, t.{})").format(sql.Literal(role), sql.Identifier(role)) for role in PARTNERS
    )
    stage.drop("import_ids")
    stage.run(_IDS, province=province)
    stage.run(
        sql.SQL(_INSERT).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, NEW)),
            values=sql.SQL(", ").join(map(sql.SQL, NEW.values())),
        ),
        **values(source_id, today),
    )
    stage.run(
        sql.SQL(_UPDATE).format(
            changes=sql.SQL(", ").join(
                sql.SQL("{0} = p.{0}").format(sql.Identifier(name)) for name in CHANGED
            )
        )
    )
    stage.run(_END, today=today, reason=UNLISTED)
    stage.run("ANALYZE import_ids")
    for statement in (*_SOURCES, *_AMENITIES):
        stage.run(statement, source=source_id)
    for statement in _EXCEPTIONS:
        stage.run(statement)
    for statement in _PARTNERS:
        stage.run(sql.SQL(statement).format(roles=roles))
