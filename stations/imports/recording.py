"""The rows of a batch: each row of the file with what was received, how it was judged, what stood before and what after.

A batch that is only judged holds what would come; applying it brings its rows up to what came.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

from stations.imports.problems import Kind
from stations.imports.staging import Stage

__all__ = ["find_absent", "gather", "record", "record_rejects", "update"]

# A county is named by a row that lies there or says so; what a doubted position says does not count.
_ABSENT: Final = """
    CREATE TEMP TABLE import_absent ON COMMIT DROP AS
    WITH named AS (
        SELECT DISTINCT g.code FROM (
            SELECT t.region_named AS code FROM import_stage t WHERE t.region_named IS NOT NULL
            UNION SELECT t.region_at FROM import_stage t JOIN import_judged j USING (number)
            WHERE NOT j.odd_position AND t.region_at IS NOT NULL
            UNION SELECT s.region_code FROM import_matches m JOIN stations s ON s.id = m.station_id) r
        JOIN regions o ON o.code = r.code
        JOIN regions g ON g.code = ANY (o.lineage) AND g.level = 'county'),
    told AS MATERIALIZED (
        SELECT t.external_id, split_part(t.key, E'\\x1f', 1) AS name
        FROM import_judged j JOIN import_stage t USING (number)
        WHERE j.station_id IS NULL AND (j.rejected OR j.ambiguous)),
    missing AS MATERIALIZED (
        SELECT k.station_id, k.external_id, split_part(k.identity_key, E'\\x1f', 1) AS name
        FROM station_sources k
        WHERE k.source_id = %(source)s AND k.station_id NOT IN (SELECT station_id FROM import_matches))
    SELECT s.id AS station_id, s.code, s.names->>'zh' AS name, m.external_id, s.region_code
    FROM missing m
    JOIN stations s ON s.id = m.station_id
    JOIN regions r ON r.code = s.region_code
    WHERE s.withdrawn_reason IS NULL AND s.lifecycle IN ('planned', 'building', 'open')
        AND r.lineage && (SELECT array_agg(code) FROM named)
        AND m.name NOT IN (SELECT name FROM told WHERE name IS NOT NULL)
        AND (m.external_id IS NULL OR m.external_id NOT IN (
            SELECT external_id FROM told WHERE external_id IS NOT NULL))
        AND ((SELECT yz_everywhere('editor', 'administrator'))
            OR s.region_code = ANY ((SELECT yz_regions('editor', 'administrator'))::text[]))
"""
_ENDING: Final = """
    CREATE TEMP TABLE import_ending ON COMMIT DROP AS
    SELECT a.station_id, s.xmin::text AS version FROM import_absent a JOIN stations s ON s.id = a.station_id
    WHERE -a.station_id = ANY (%(accepted)s::bigint[])
"""
_NOW: Final = """
    CREATE TEMP TABLE import_rows_now ON COMMIT DROP AS
    SELECT t.number::bigint AS number, v.verdict, j.problems, {station} AS station_id, t.received,
        CASE WHEN c.waits THEN coalesce(d.before, '{{}}') || c.stood ELSE d.before END AS before,
        CASE WHEN j.station_id IS NULL AND v.verdict IN ('new', 'suspect') AND NOT j.ambiguous THEN t.facts
            WHEN c.waits THEN coalesce(d.after, '{{}}') ELSE d.after END
            || CASE WHEN v.verdict IN ('suspect', 'conflict') AND j.odd_position AND t.x IS NOT NULL
                THEN jsonb_build_object('proposed', jsonb_build_array(t.x, t.y), 'original_lon', t.lon,
                    'original_lat', t.lat, 'original_datum', t.datum) ELSE '{{}}' END AS after,
        x.conflicts, v.verdict IN ('suspect', 'conflict') AND j.accepted AND NOT j.ambiguous AS accepted
    FROM import_stage t JOIN import_judged j USING (number) JOIN import_verdicts v USING (number)
    LEFT JOIN import_changes c USING (number)
    LEFT JOIN import_diffs d USING (number)
    LEFT JOIN (
        SELECT y.number, jsonb_agg(jsonb_build_object('field', y.part, 'file', y.file, 'staff', y.staff, 'was', y.was,
            'by', who.display_name, 'at', k.at, 'take', y.take) ORDER BY y.part) AS conflicts
        FROM import_conflicts y LEFT JOIN commits k ON k.id = y.commit_id LEFT JOIN staff who ON who.id = k.actor_id
        WHERE NOT y.stands GROUP BY y.number) x USING (number)
    {made}
    UNION ALL
    SELECT -a.station_id, 'absent', jsonb_build_array(jsonb_build_object('kind', %(absent)s::text, 'field', '',
        'value', a.name, 'reason', 'the list has named it before and does not any more')), a.station_id,
        jsonb_strip_nulls(jsonb_build_object('code', a.code, 'name', a.name, 'id', a.external_id)), NULL, NULL, NULL,
        a.station_id IN (SELECT station_id FROM import_ending)
    FROM import_absent a
"""
_RECORD: Final = """
    INSERT INTO import_rows (batch_id, row_number, verdict, problems, station_id, received, before, after, conflicts,
        accepted_at, accepted_by)
    SELECT %(batch)s, number, verdict, problems, station_id, received, before, after, conflicts,
        CASE WHEN accepted AND %(applied)s THEN clock_timestamp() END,
        CASE WHEN accepted AND %(applied)s THEN yz_actor() END
    FROM import_rows_now WHERE verdict = 'rejected' OR NOT %(rejects)s
    ORDER BY number
"""
_UPDATE: Final = (
    """
    UPDATE import_rows r SET verdict = n.verdict, problems = n.problems, station_id = n.station_id,
        before = n.before, after = n.after, conflicts = n.conflicts,
        accepted_at = CASE WHEN n.accepted THEN clock_timestamp() END,
        accepted_by = CASE WHEN n.accepted THEN coalesce(r.decided_by, yz_actor()) END
    FROM import_rows_now n
    WHERE r.batch_id = %(batch)s AND r.row_number = n.number AND (n.accepted OR
        (r.verdict, r.problems, r.station_id, r.before, r.after, r.conflicts)
            IS DISTINCT FROM (n.verdict, n.problems, n.station_id, n.before, n.after, n.conflicts))
    """,
    # Named again, closed or withdrawn since the file was judged.
    """
    UPDATE import_rows r SET verdict = 'unchanged'
    WHERE r.batch_id = %(batch)s AND r.verdict = 'absent'
        AND r.row_number NOT IN (SELECT number FROM import_rows_now WHERE verdict = 'absent')
    """,
    """
    INSERT INTO import_rows (batch_id, row_number, verdict, problems, station_id, received)
    SELECT %(batch)s, number, verdict, problems, station_id, received FROM import_rows_now WHERE verdict = 'absent'
    ON CONFLICT DO NOTHING
    """,
)


def find_absent(stage: Stage, source_id: int, *, partial: bool, accepted: frozenset[int]) -> int:
    """Fill ``import_absent``: stations of the source, in the counties that the file names, that it does not name.

    accepted: numbers of rows; ``import_ending`` has the absent stations among them, which somebody wants suspended.
    """
    stage.drop("import_absent", "import_ending")
    stage.run(_ABSENT, source=0 if partial else source_id)
    stage.run(_ENDING, accepted=sorted(accepted))
    return stage.count("SELECT count(*) FROM import_absent")


def gather(stage: Stage, *, made: bool) -> None:
    """Fill ``import_rows_now`` with the rows as they are judged; made: the new stations are in ``import_ids``."""
    stage.drop("import_rows_now")
    stage.run(
        sql.SQL(_NOW).format(
            station=sql.SQL("coalesce(i.station_id, j.station_id)" if made else "j.station_id"),
            made=sql.SQL("LEFT JOIN import_ids i USING (number)" if made else ""),
        ),
        absent=str(Kind.ABSENT),
    )


def record(stage: Stage, batch_id: int, *, applied: bool) -> None:
    """Keep the gathered rows under a new batch."""
    stage.run(_RECORD, batch=batch_id, applied=applied, rejects=False)


def record_rejects(stage: Stage, batch_id: int) -> None:
    """Keep the rows for which a batch was refused."""
    stage.run(_RECORD, batch=batch_id, applied=False, rejects=True)


def update(stage: Stage, batch_id: int) -> None:
    """Bring the rows of a judged batch up to what was gathered."""
    for statement in _UPDATE:
        stage.run(statement, batch=batch_id)
