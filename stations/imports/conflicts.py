"""What staff have changed since a source wrote it: a list does not overwrite that, and says so.

The ledger knows whose a value is. A field whose latest change came from no import belongs to whoever made it; what the
list said before is what stood there when the first of those changes was made. A list that still says the same has
nothing new to tell, and staff win silently; a list that says something else is in conflict, once, until a person
decides. Fields are called as the desk calls them (``position``, ``hours``, ``name.TAG``, ``amenity.CODE`` …).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from psycopg import sql

from stations.imports.problems import Kind
from stations.imports.staging import FACTS, PARTNERS, Stage

__all__ = ["find_conflicts", "restore", "strip"]

#: Columns of a station that mean something only together.
_TOGETHER: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("location", "position_hold", "original_lon", "original_lat", "original_datum"), "position"
    ),
    **dict.fromkeys(("hours_words", "hours_expression", "hours_calendar"), "hours"),
    **dict.fromkeys(("lifecycle", "lifecycle_since", "lifecycle_reason"), "lifecycle"),
    "accepted_cards": "cards",
}
_PART: Final[Mapping[str, str]] = {**{name: name for name in FACTS}, **_TOGETHER}

_IMPORTED: Final = """
    CREATE TEMP TABLE import_imported ON COMMIT DROP AS
    SELECT c.id FROM commits c JOIN import_batches b ON b.id = c.batch_id WHERE NOT b.ledger AND b.status <> 'undone'
    UNION SELECT applied_in FROM import_batches WHERE applied_in IS NOT NULL AND NOT ledger AND status <> 'undone'
"""
# A batch that was undone wrote and took back: as far as it went, it is as if it had never been.
_VOID: Final = """
    CREATE TEMP TABLE import_void ON COMMIT DROP AS
    SELECT c.id FROM commits c JOIN import_batches b ON b.id = c.batch_id WHERE b.status = 'undone'
"""
# The changes by staff that no import has written over, newest last; ``was`` is what stood before the first of them.
_EDITS: Final = """
    CREATE TEMP TABLE import_edits ON COMMIT DROP AS
    WITH events AS (
        SELECT c.number, h.id, h.commit_id, m.id IS NULL AS by_staff, f.part, f.field, f.was
        FROM import_changes c
        JOIN history h ON h.station_id = c.station_id AND h.table_name = 'stations' AND h.op = 'update'
        LEFT JOIN import_imported m ON m.id = h.commit_id
        CROSS JOIN LATERAL (
            SELECT p.part, e.key AS field, e.value->0 AS was
            FROM jsonb_each(h.held) e JOIN (VALUES {parts}) AS p (field, part) ON p.field = e.key
            UNION ALL
            SELECT 'name.' || tag, 'name.' || tag, h.held->'names'->0->tag
            FROM jsonb_object_keys((h.held->'names'->0) || (h.held->'names'->1)) tag
            WHERE (h.held->'names'->0->tag) IS DISTINCT FROM (h.held->'names'->1->tag)) f
        WHERE c.changes AND h.commit_id NOT IN (SELECT id FROM import_void)),
    settled AS (
        SELECT *, coalesce(max(id) FILTER (WHERE NOT by_staff) OVER (PARTITION BY number, part), 0) AS settled
        FROM events)
    SELECT number, part, field, (array_agg(was ORDER BY id))[1] AS was, max(id)::numeric AS last,
        (array_agg(commit_id ORDER BY id DESC))[1] AS commit_id
    FROM settled WHERE by_staff AND id > settled GROUP BY number, part, field
"""
# Dated exceptions are rows of their own: to write new hours would remove them.
_EXCEPTIONS: Final = """
    INSERT INTO import_edits
    SELECT c.number, 'hours', 'exceptions', NULL, max(x.id)::numeric, max(x.commit_id)
    FROM import_changes c
    CROSS JOIN LATERAL (
        SELECT 0 AS id, added_in AS commit_id FROM hours_exceptions WHERE station_id = c.station_id
        UNION ALL SELECT id, commit_id FROM history
        WHERE station_id = c.station_id AND table_name = 'hours_exceptions') x
    WHERE c.hours AND x.commit_id NOT IN (SELECT id FROM import_imported UNION ALL SELECT id FROM import_void)
        AND x.commit_id > coalesce((
            SELECT max(h.commit_id) FROM history h JOIN import_imported m ON m.id = h.commit_id
            WHERE h.station_id = c.station_id AND h.table_name = 'stations'
                AND h.held ?| ARRAY['hours_words', 'hours_expression']), 0)
    GROUP BY c.number
"""
# A row that was added has no history; it comes after whatever was removed under its key.
_AMENITY_EDITS: Final = """
    INSERT INTO import_edits
    WITH events AS (
        SELECT a.number, 'amenity.' || a.amenity AS part, e.key AS field, h.id::numeric AS id, h.commit_id,
            CASE h.op WHEN 'update' THEN e.value->0 ELSE e.value END AS was
        FROM import_amenity_changes a
        JOIN history h ON h.station_id = a.station_id AND h.table_name = 'amenities'
            AND h.row_key->>'amenity' = a.amenity
        CROSS JOIN LATERAL jsonb_each(h.held) e
        WHERE e.key IN ('value', 'out_of_order')
        UNION ALL
        SELECT a.number, 'amenity.' || a.amenity, f.field, 0.5 + coalesce((
                SELECT max(h.id) FROM history h WHERE h.station_id = a.station_id AND h.table_name = 'amenities'
                    AND h.op = 'delete' AND h.row_key->>'amenity' = a.amenity), 0), k.added_in, NULL
        FROM import_amenity_changes a JOIN amenities k USING (station_id, amenity)
        CROSS JOIN (VALUES ('value'), ('out_of_order')) AS f (field)),
    settled AS (
        SELECT e.*, m.id IS NULL AS by_staff,
            coalesce(max(e.id) FILTER (WHERE m.id IS NOT NULL) OVER (PARTITION BY number, part), 0) AS settled
        FROM events e LEFT JOIN import_imported m ON m.id = e.commit_id
        WHERE e.commit_id NOT IN (SELECT id FROM import_void))
    SELECT number, part, field, (array_agg(was ORDER BY id))[1], max(id), (array_agg(commit_id ORDER BY id DESC))[1]
    FROM settled WHERE by_staff AND id > settled GROUP BY number, part, field
"""
# What the file says of fields that staff have changed, where it differs from what stands there.
_GIVEN: Final = """
    CREATE TEMP TABLE import_given ON COMMIT DROP AS
    SELECT t.number, g.part, g.field, g.file, g.staff
    FROM (SELECT DISTINCT number FROM import_edits) e
    JOIN import_stage t USING (number) JOIN import_changes c USING (number)
    JOIN stations s ON s.id = c.station_id LEFT JOIN import_hours h USING (hours_id)
    CROSS JOIN LATERAL (
        VALUES {facts}, ('hours', 'hours_words', to_jsonb(h.words), to_jsonb(s.hours_words)),
            ('position', 'original_lon', to_jsonb(t.lon), to_jsonb(s.original_lon)),
            ('position', 'original_lat', to_jsonb(t.lat), to_jsonb(s.original_lat)),
            ('position', 'original_datum', to_jsonb(t.datum), to_jsonb(s.original_datum))
        UNION ALL SELECT 'name.' || n.key, 'name.' || n.key, n.value, s.names->n.key FROM jsonb_each(t.names) n
        ) AS g (part, field, file, staff)
    WHERE g.file IS NOT NULL AND g.file IS DISTINCT FROM g.staff
    UNION ALL
    SELECT a.number, 'amenity.' || a.amenity, g.field, g.file, g.staff
    FROM import_amenity_changes a LEFT JOIN amenities k USING (station_id, amenity)
    CROSS JOIN LATERAL (VALUES ('value', to_jsonb(a.value), to_jsonb(k.value)),
        ('out_of_order', to_jsonb(a.out_of_order), to_jsonb(k.out_of_order))) AS g (field, file, staff)
    WHERE g.file IS DISTINCT FROM g.staff
"""
_CONFLICTS: Final = """
    CREATE TEMP TABLE import_conflicts ON COMMIT DROP AS
    SELECT v.number, v.part, v.stands, v.commit_id, false AS believed,
        CASE v.part WHEN 'position' THEN jsonb_build_array(t.lon, t.lat, t.datum, false)
            WHEN 'hours' THEN jsonb_build_array(h.words, h.expression, h.calendar)
            WHEN 'lifecycle' THEN jsonb_build_array(coalesce(t.lifecycle, s.lifecycle), t.lifecycle_since,
                t.lifecycle_reason) ELSE v.file END AS file,
        CASE v.part WHEN 'position' THEN jsonb_build_array(s.original_lon, s.original_lat, s.original_datum,
                s.position_hold IS NOT NULL)
            WHEN 'hours' THEN jsonb_build_array(s.hours_words, s.hours_expression, s.hours_calendar)
            WHEN 'lifecycle' THEN jsonb_build_array(s.lifecycle, s.lifecycle_since, s.lifecycle_reason)
            ELSE v.staff END AS staff,
        v.was,
        CASE WHEN v.part = 'position' AND t.x IS NOT NULL
            THEN jsonb_build_object('at', jsonb_build_array(t.x, t.y), 'region', coalesce(t.region_at, t.region_named))
            WHEN v.part = 'hours' THEN jsonb_build_object('exceptions', h.exceptions) END AS take
    FROM (
        SELECT g.number, g.part, x.commit_id,
            bool_and(g.file IS NOT DISTINCT FROM CASE WHEN e.field IS NULL THEN g.staff ELSE e.was END) AS stands,
            jsonb_object_agg(g.field, CASE WHEN e.field IS NULL THEN g.staff ELSE e.was END) AS was,
            CASE WHEN g.part LIKE 'amenity.%%' THEN (
                SELECT to_jsonb(CASE WHEN a.out_of_order THEN 'broken' ELSE a.value END) FROM import_amenity_changes a
                WHERE a.number = g.number AND 'amenity.' || a.amenity = g.part)
                ELSE min(g.file::text)::jsonb END AS file,
            CASE WHEN g.part LIKE 'amenity.%%' THEN (
                SELECT to_jsonb(CASE WHEN k.out_of_order THEN 'broken' ELSE k.value END)
                FROM import_amenity_changes a JOIN amenities k USING (station_id, amenity)
                WHERE a.number = g.number AND 'amenity.' || a.amenity = g.part)
                ELSE min(g.staff::text)::jsonb END AS staff
        FROM import_given g
        JOIN (SELECT number, part, (array_agg(commit_id ORDER BY last DESC NULLS LAST))[1] AS commit_id
              FROM import_edits GROUP BY number, part) x USING (number, part)
        LEFT JOIN import_edits e USING (number, part, field)
        GROUP BY g.number, g.part, x.commit_id) v
    JOIN import_stage t USING (number) JOIN import_judged j USING (number) JOIN stations s ON s.id = j.station_id
    LEFT JOIN import_hours h USING (hours_id)
"""
# A list only adds partners, so only what staff have taken out can be contradicted.
_PARTNER_CONFLICTS: Final = """
    INSERT INTO import_conflicts (number, part, stands, commit_id, believed, file, staff, was)
    SELECT p.number, 'partner.' || p.role, bool_or(o.name = p.name), max(h.commit_id), false,
        jsonb_build_array(p.name), (SELECT jsonb_agg(n.name ORDER BY n.name) FROM partners k
            JOIN organisations n ON n.id = k.organisation_id WHERE k.station_id = p.station_id AND k.role = p.role),
        jsonb_agg(DISTINCT o.name)
    FROM import_partner_changes p
    JOIN history h ON h.station_id = p.station_id AND h.table_name = 'partners' AND h.op = 'delete'
        AND h.held->>'role' = p.role
    JOIN organisations o ON o.id = (h.held->>'organisation_id')::bigint
    WHERE h.commit_id NOT IN (SELECT id FROM import_imported UNION ALL SELECT id FROM import_void)
        AND NOT EXISTS (SELECT FROM partners k JOIN import_imported m ON m.id = k.added_in
            WHERE k.station_id = p.station_id AND k.role = p.role AND k.added_in > h.commit_id)
    GROUP BY p.number, p.role, p.name, p.station_id
"""
# Who was asked already is not asked again by every further copy of the list.
_ASKED: Final = """
    UPDATE import_conflicts x SET stands = true
    FROM import_judged j
    WHERE j.number = x.number AND NOT x.stands AND EXISTS (
        SELECT FROM import_rows r JOIN import_batches b ON b.id = r.batch_id
        WHERE r.station_id = j.station_id AND b.source_id = %(source)s AND b.status = 'applied'
            AND r.conflicts @> jsonb_build_array(jsonb_build_object('field', x.part, 'file', x.file)))
"""
_BELIEVED: Final = """
    UPDATE import_conflicts x SET believed = NOT x.stands
    FROM import_judged j WHERE j.number = x.number AND j.accepted
"""
_SAID: Final = """
    UPDATE import_judged j SET problems = j.problems || p.problems
    FROM (
        SELECT x.number, jsonb_agg(jsonb_build_object(
            'kind', CASE WHEN x.stands THEN %(stands)s ELSE %(changed)s END, 'field', x.part,
            'value', left(x.file #>> '{}', 80), 'reason', concat(
                coalesce(who.display_name, 'somebody'), ' changed it to ', coalesce(left(x.staff #>> '{}', 80), 'nothing'),
                ' on ', to_char(k.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'),
                CASE WHEN x.stands THEN ', and the list says what it said before; it stays'
                    ELSE '; it stays unless this row is accepted' END)) ORDER BY x.part) AS problems
        FROM import_conflicts x
        LEFT JOIN commits k ON k.id = x.commit_id LEFT JOIN staff who ON who.id = k.actor_id
        GROUP BY x.number) p
    WHERE p.number = j.number
"""


def find_conflicts(stage: Stage, source_id: int) -> int:
    """Fill ``import_conflicts`` for the rows that would change a station; returns how many stay as staff have them.

    Rows that are accepted take their conflicts along: there the file wins.
    """
    parts = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(name), sql.Literal(part)) for name, part in _PART.items()
    )
    facts = sql.SQL(", ").join(
        sql.SQL("({}, {}, to_jsonb(t.{n}), to_jsonb(s.{n}))").format(
            sql.Literal(part), sql.Literal(name), n=sql.Identifier(name)
        )
        for name, part in _PART.items()
        if name in FACTS
    )
    stage.run(_IMPORTED)
    stage.run(_VOID)
    stage.run(sql.SQL(_EDITS).format(parts=parts))
    stage.run(_EXCEPTIONS)
    stage.run(_AMENITY_EDITS)
    stage.run(sql.SQL(_GIVEN).format(facts=facts))
    stage.run(_CONFLICTS)
    stage.run(_PARTNER_CONFLICTS)
    if not stage.count("SELECT count(*) FROM import_conflicts"):
        return 0
    stage.run(_ASKED, source=source_id)
    stage.run(_BELIEVED)
    stage.run(_SAID, stands=str(Kind.STAFF_STANDS), changed=str(Kind.STAFF_CHANGED))
    return stage.count("SELECT count(*) FROM import_conflicts WHERE NOT believed")


def strip(stage: Stage) -> None:
    """Take out of the staged rows what staff keep, as if the file had not said it; ``restore`` puts it back."""
    stage.run("""
        CREATE TEMP TABLE import_unstripped ON COMMIT DROP AS
        SELECT * FROM import_stage WHERE number IN (SELECT number FROM import_conflicts WHERE NOT believed)
    """)
    columns = {
        "names": "t.names - x.tags",
        **{name: _unless(_PART[name], f"t.{name}") for name in FACTS},
        **{name: _unless("position", f"t.{name}") for name in ("lon", "lat", "datum", "x", "y", "region_at")},
        "hours_id": _unless("hours", "t.hours_id"),
        **{role: _unless(f"partner.{role}", f"t.{role}") for role in PARTNERS},
    }
    stage.run(
        sql.SQL("""
            UPDATE import_stage t SET {columns}
            FROM (SELECT number, array_agg(part) AS parts, array_agg(substr(part, 6)) FILTER (WHERE part LIKE 'name.%%')
                      || '{{}}'::text[] AS tags
                  FROM import_conflicts WHERE NOT believed GROUP BY number) x
            WHERE x.number = t.number
        """).format(
            columns=sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL(value))
                for name, value in columns.items()
            )
        )
    )
    stage.run("""
        UPDATE import_judged j SET held = false, odd_position = false
        FROM import_conflicts x WHERE x.number = j.number AND x.part = 'position' AND NOT x.believed
    """)
    for table, part, name in (
        ("import_amenity_changes", "amenity.", "amenity"),
        ("import_partner_changes", "partner.", "role"),
    ):
        stage.run(
            sql.SQL("""
                DELETE FROM {} c USING import_conflicts x
                WHERE x.number = c.number AND NOT x.believed AND x.part = {} || c.{}
            """).format(sql.Identifier(table), sql.Literal(part), sql.Identifier(name))
        )


def restore(stage: Stage) -> None:
    """Put back what ``strip`` took out."""
    if stage.count("SELECT (to_regclass('pg_temp.import_unstripped') IS NOT NULL)::int"):
        stage.run("DELETE FROM import_stage WHERE number IN (SELECT number FROM import_unstripped)")
        stage.run("INSERT INTO import_stage SELECT * FROM import_unstripped")
        stage.drop("import_unstripped")


def _unless(part: str, value: str) -> str:
    if not part.replace(".", "").replace("_", "").isalnum():
        raise ValueError(f"{part!r} is no field")
    return f"CASE WHEN '{part}' <> ALL (x.parts) THEN {value} END"
