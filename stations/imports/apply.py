"""Judged rows into the registry, as whole sets in one transaction: new stations, changed facts, the rows of the batch.

Everything here runs inside ``acting``; the triggers of the ledger keep what stood there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from psycopg import sql

from stations.imports.problems import DOUBTS, HOLDS
from stations.imports.staging import FACTS, PARTNERS, Stage

__all__ = ["apply_rows", "record_rejects"]

_ENDED: Final = "t.lifecycle IN ('suspended', 'closed')"
_LISTED: Final = "'名单所列'"
_HELD: Final = (
    "(SELECT jsonb_agg(p) FROM jsonb_array_elements(j.problems) p WHERE p->>'kind' = ANY (%(holds)s))"
)
_DOUBTED: Final = (
    "(SELECT jsonb_agg(p) FROM jsonb_array_elements(j.problems) p WHERE p->>'kind' = ANY (%(doubts)s))"
)
_POINT: Final = "ST_SetSRID(ST_MakePoint(t.x, t.y), 4326)"

#: What a new station gets, by column; facts not named here are taken as they are.
_NEW: Final[Mapping[str, str]] = {
    "code": "i.code",
    "names": "t.names",
    **{name: f"t.{name}" for name in FACTS},
    "kind": "coalesce(t.kind, t.kind_guess)",
    "lifecycle": "coalesce(t.lifecycle, 'open')",
    "lifecycle_since": f"CASE WHEN {_ENDED} THEN coalesce(t.lifecycle_since, %(today)s) ELSE t.lifecycle_since END",
    "lifecycle_reason": f"CASE WHEN {_ENDED} THEN coalesce(t.lifecycle_reason, {_LISTED}) ELSE t.lifecycle_reason END",
    "access": "coalesce(t.access, 'unknown')",
    "fee": "coalesce(t.fee, 'unknown')",
    "accepted_cards": "coalesce(t.accepted_cards, '{}')",
    "location": f"CASE WHEN t.x IS NOT NULL AND NOT j.held THEN {_POINT} END",
    "position_hold": f"CASE WHEN j.held THEN {_HELD} END",
    "original_lon": "t.lon",
    "original_lat": "t.lat",
    "original_datum": "t.datum",
    "region_code": "CASE WHEN j.held THEN t.region_named ELSE coalesce(t.region_at, t.region_named) END",
    "hours_words": "h.words",
    "hours_expression": "h.expression",
    "hours_calendar": "coalesce(h.calendar, 'plain')",
    "doubts": f"CASE WHEN j.doubted AND NOT j.accepted THEN {_DOUBTED} END",
    "source_id": "%(source)s",
}
#: What a known station gets; a fact that the row does not give stays.
_PLACED: Final = "(c.moves OR c.released)"
_CHANGED: Final[Mapping[str, str]] = {
    "names": "s.names || t.names",
    **{name: f"coalesce(t.{name}, s.{name})" for name in FACTS},
    "lifecycle_since": (
        f"CASE WHEN {_ENDED} AND t.lifecycle <> s.lifecycle THEN coalesce(t.lifecycle_since, %(today)s) "
        "ELSE coalesce(t.lifecycle_since, s.lifecycle_since) END"
    ),
    "lifecycle_reason": (
        f"CASE WHEN {_ENDED} AND t.lifecycle <> s.lifecycle THEN coalesce(t.lifecycle_reason, {_LISTED}) "
        "WHEN t.lifecycle <> s.lifecycle THEN t.lifecycle_reason "
        "ELSE coalesce(t.lifecycle_reason, s.lifecycle_reason) END"
    ),
    "location": f"CASE WHEN {_PLACED} THEN {_POINT} ELSE s.location END",
    "position_hold": f"CASE WHEN {_PLACED} THEN NULL WHEN c.holds THEN {_HELD} ELSE s.position_hold END",
    "original_lon": f"CASE WHEN {_PLACED} OR c.holds THEN t.lon ELSE s.original_lon END",
    "original_lat": f"CASE WHEN {_PLACED} OR c.holds THEN t.lat ELSE s.original_lat END",
    "original_datum": f"CASE WHEN {_PLACED} OR c.holds THEN t.datum ELSE s.original_datum END",
    "region_code": (
        f"CASE WHEN {_PLACED} THEN coalesce(t.region_at, t.region_named, s.region_code) "
        "WHEN c.renamed AND s.location IS NULL THEN coalesce(t.region_named, s.region_code) ELSE s.region_code END"
    ),
    "hours_words": "CASE WHEN c.hours THEN h.words ELSE s.hours_words END",
    "hours_expression": "CASE WHEN c.hours THEN h.expression ELSE s.hours_expression END",
    "hours_calendar": "CASE WHEN c.hours THEN h.calendar ELSE s.hours_calendar END",
    "doubts": (
        f"CASE WHEN NOT (c.moves OR c.renamed) THEN s.doubts WHEN j.doubted AND NOT j.accepted THEN {_DOUBTED} END"
    ),
}

_IDS: Final = """
    CREATE TEMP TABLE import_ids ON COMMIT DROP AS
    SELECT number, yz_station_code(%(province)s) AS code, NULL::bigint AS station_id
    FROM (SELECT number FROM import_judged JOIN import_verdicts USING (number)
          WHERE verdict IN ('new', 'suspect') AND station_id IS NULL AND NOT ambiguous ORDER BY number) n
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
    UPDATE stations u SET {changes}
    FROM import_changes c JOIN import_stage t USING (number) JOIN import_judged j USING (number)
    JOIN stations s ON s.id = c.station_id
    LEFT JOIN import_hours h USING (hours_id)
    WHERE u.id = c.station_id AND c.changes
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
_SNAPSHOT: Final = """
    SELECT s.id AS station_id, to_jsonb(s) - 'added_in' || jsonb_build_object(
        'amenities', (SELECT jsonb_object_agg(amenity, jsonb_build_object(
            'value', value, 'out_of_order', out_of_order, 'basis', basis)) FROM amenities WHERE station_id = s.id),
        'hours_exceptions', (SELECT jsonb_agg(to_jsonb(e) - 'id' - 'station_id' - 'added_in' ORDER BY e.starts, e.ends)
            FROM hours_exceptions e WHERE e.station_id = s.id),
        'partners', (SELECT jsonb_agg(jsonb_build_array(p.role, o.name) ORDER BY p.role, o.name)
            FROM partners p JOIN organisations o ON o.id = p.organisation_id WHERE p.station_id = s.id)) AS facts
    FROM stations s WHERE s.id IN (SELECT station_id FROM import_changes WHERE changes)
"""
_ROWS: Final = """
    INSERT INTO import_rows (batch_id, row_number, verdict, problems, station_id, received, before, after,
        accepted_at, accepted_by)
    SELECT %(batch)s, t.number, v.verdict, j.problems, coalesce(i.station_id, j.station_id), t.received,
        CASE WHEN c.waits THEN coalesce(d.before, '{{}}') || c.stood ELSE d.before END,
        CASE WHEN i.number IS NOT NULL THEN t.facts WHEN c.waits THEN coalesce(d.after, '{{}}') ELSE d.after END
            || CASE WHEN v.verdict = 'suspect' AND j.odd_position AND t.x IS NOT NULL
                THEN jsonb_build_object('proposed', jsonb_build_array(t.x, t.y), 'original_lon', t.lon,
                    'original_lat', t.lat, 'original_datum', t.datum) ELSE '{{}}' END,
        CASE WHEN v.verdict = 'suspect' AND j.accepted AND NOT j.ambiguous THEN clock_timestamp() END,
        CASE WHEN v.verdict = 'suspect' AND j.accepted AND NOT j.ambiguous THEN yz_actor() END
    FROM import_stage t JOIN import_judged j USING (number) JOIN import_verdicts v USING (number)
    LEFT JOIN import_ids i USING (number)
    LEFT JOIN import_changes c USING (number)
    LEFT JOIN (
        SELECT b.station_id, x.before, x.after
        FROM import_before b JOIN ({now}) n USING (station_id)
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, was.value) AS before, jsonb_object_agg(key, now.value) AS after
            FROM jsonb_each(b.facts) was JOIN jsonb_each(n.facts) now USING (key)
            WHERE was.value IS DISTINCT FROM now.value) x) d
        ON d.station_id = j.station_id AND v.verdict IN ('changed', 'suspect')
    ORDER BY t.number
"""
_REJECTED: Final = """
    INSERT INTO import_rows (batch_id, row_number, verdict, problems, received)
    SELECT %(batch)s, t.number, 'rejected', j.problems, t.received
    FROM import_stage t JOIN import_judged j USING (number) WHERE j.rejected
"""


def apply_rows(stage: Stage, *, source_id: int, batch_id: int, province: str, today: date) -> None:
    """Write everything that the verdicts say, and keep each row with what stood before and after."""
    values = {
        "source": source_id,
        "today": today,
        "holds": list(HOLDS),
        "doubts": list(DOUBTS),
    }
    roles = sql.SQL(", ").join(
        sql.SQL("({}, t.{})").format(sql.Literal(role), sql.Identifier(role)) for role in PARTNERS
    )
    stage.run(_IDS, province=province)
    stage.run(sql.SQL("CREATE TEMP TABLE import_before ON COMMIT DROP AS {}").format(sql.SQL(_SNAPSHOT)))
    stage.run(
        sql.SQL(_INSERT).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, _NEW)),
            values=sql.SQL(", ").join(map(sql.SQL, _NEW.values())),
        ),
        **values,
    )
    stage.run(
        sql.SQL(_UPDATE).format(
            changes=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL(value))
                for name, value in _CHANGED.items()
            )
        ),
        **values,
    )
    stage.run("ANALYZE import_ids")
    for statement in (*_SOURCES, *_AMENITIES):
        stage.run(statement, source=source_id)
    for statement in _EXCEPTIONS:
        stage.run(statement)
    for statement in _PARTNERS:
        stage.run(sql.SQL(statement).format(roles=roles))
    stage.run(sql.SQL(_ROWS).format(now=sql.SQL(_SNAPSHOT)), batch=batch_id)


def record_rejects(stage: Stage, *, batch_id: int) -> None:
    """Keep the rows for which a batch was refused."""
    stage.run(_REJECTED, batch=batch_id)
