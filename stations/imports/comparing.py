"""What the staged rows would change: positions that others hold, near stations of a like name, the verdicts.

``import_judged`` says of each row which station it means and what stands against it; ``import_changes`` says of
each row that means a known station what it would change there. A station that an undo has withdrawn comes back with
the next file that names it (``revives``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psycopg import sql

from geo.io.rows import row_label
from stations.imports.conflicts import find_conflicts, restore, strip
from stations.imports.names import alike
from stations.imports.problems import DOUBTS, HOLDS, REJECTS, Kind
from stations.imports.staging import FACTS, PARTNERS, Stage

__all__ = ["NEAR_M", "UNLISTED", "judge_together", "verdicts"]

#: What readers are told of a station that was suspended because its list names it no more.
UNLISTED: Final = "名单不再列出"

#: A new station this near to one of a like name may be the same one.
NEAR_M: Final = 30.0

# Two stations in one building share a position and an address; one position for two addresses is a geocoder's guess.
_PILES: Final = """
    WITH here AS (
        SELECT number, lon, lat, datum, coalesce(external_id, key) AS station, split_part(key, E'\\x1f', 1) AS name,
            split_part(key, E'\\x1f', 4) AS place
        FROM import_stage WHERE NOT rejected AND lon IS NOT NULL),
    piles AS (
        SELECT lon, lat, datum, min(number) AS first, max(number) AS last FROM here
        GROUP BY lon, lat, datum
        HAVING count(DISTINCT station) > 1
            AND (count(DISTINCT place) > 1 OR min(place) LIKE 'p%%' OR count(DISTINCT name) < count(DISTINCT station)))
    SELECT h.number, h.lon, h.lat, CASE WHEN h.number = p.first THEN p.last ELSE p.first END AS other
    FROM here h JOIN piles p USING (lon, lat, datum)
"""
_ON_TOP_OF_KNOWN: Final = """
    SELECT DISTINCT ON (t.number) t.number, t.lon, t.lat, s.code, s.names->>'zh' AS name
    FROM import_stage t
    JOIN stations s ON s.original_lon = t.lon AND s.original_lat = t.lat AND s.original_datum = t.datum
    LEFT JOIN import_matches m ON m.number = t.number
    WHERE NOT t.rejected AND s.withdrawn_reason IS NULL AND s.id IS DISTINCT FROM m.station_id
        AND NOT EXISTS (SELECT FROM import_matches o WHERE o.station_id = s.id)
        AND NOT EXISTS (SELECT FROM import_flags f WHERE f.number = t.number)
        AND NOT EXISTS (SELECT FROM station_sources c WHERE c.station_id = s.id
            AND split_part(c.identity_key, E'\\x1f', 4) = split_part(t.key, E'\\x1f', 4)
            AND split_part(t.key, E'\\x1f', 4) LIKE 'a%%')
    ORDER BY t.number, s.id
"""
_NEAR: Final = """
    SELECT t.number, t.names->>'zh' AS name, c.code, c.other, c.metres
    FROM import_stage t
    LEFT JOIN import_matches m ON m.number = t.number
    LEFT JOIN stations own ON own.id = m.station_id
    CROSS JOIN LATERAL (
        SELECT s.code, s.names->>'zh' AS other,
            ST_Distance(s.location::geography, ST_SetSRID(ST_MakePoint(t.x, t.y), 4326)::geography) AS metres
        FROM stations s
        WHERE ST_DWithin(s.location::geography, ST_SetSRID(ST_MakePoint(t.x, t.y), 4326)::geography, %(metres)s)
            AND s.withdrawn_reason IS NULL AND s.id IS DISTINCT FROM m.station_id
            AND NOT EXISTS (SELECT FROM import_matches o WHERE o.station_id = s.id)
        ORDER BY metres, s.id LIMIT 5) c
    WHERE NOT t.rejected AND NOT t.held AND t.x IS NOT NULL
        AND (own.id IS NULL OR (own.original_lon, own.original_lat) IS DISTINCT FROM (t.lon, t.lat))
        AND NOT EXISTS (SELECT FROM import_flags f WHERE f.number = t.number)
"""
_JUDGED: Final = """
    CREATE TEMP TABLE import_judged ON COMMIT DROP AS
    SELECT t.number, m.station_id, w.id IS NOT NULL AND NOT w.undone AS withdrawn, coalesce(w.undone, false) AS revives,
        t.rejected OR coalesce(f.rejects, false) AS rejected,
        coalesce(f.ambiguous, false) AS ambiguous, coalesce(f.repeats, false) AS repeats,
        (t.held OR coalesce(f.holds, false)) AND NOT a.accepted AS held, a.accepted,
        t.doubted OR coalesce(f.doubts, false) AS doubted,
        t.held OR coalesce(f.holds, false) AS odd_position,
        CASE WHEN f.number IS NULL THEN t.problems ELSE t.problems || f.problems END AS problems
    FROM import_stage t
    CROSS JOIN LATERAL (SELECT %(accept_all)s OR t.number = ANY (%(accepted)s::bigint[]) AS accepted) a
    LEFT JOIN import_matches m USING (number)
    LEFT JOIN (
        SELECT s.id, coalesce((
            SELECT b.status = 'undone' FROM history h JOIN commits c ON c.id = h.commit_id
            LEFT JOIN import_batches b ON b.id = c.batch_id
            WHERE h.station_id = s.id AND h.table_name = 'stations' AND h.held ? 'withdrawn_reason'
            ORDER BY h.id DESC LIMIT 1), false) AS undone
        FROM stations s WHERE s.withdrawn_reason IS NOT NULL) w ON w.id = m.station_id
    LEFT JOIN (
        SELECT number, jsonb_agg(problem ORDER BY kind, problem::text) AS problems,
            bool_or(kind = ANY (%(rejects)s)) AS rejects, bool_or(kind = ANY (%(holds)s)) AS holds,
            bool_or(kind = ANY (%(doubts)s)) AS doubts, bool_or(kind = ANY (%(ambiguous)s)) AS ambiguous,
            bool_or(kind = %(repeated)s) AS repeats
        FROM import_flags GROUP BY number) f USING (number)
"""
_AMENITY_CHANGES: Final = """
    CREATE TEMP TABLE import_amenity_changes ON COMMIT DROP AS
    SELECT j.number, j.station_id, a.amenity, a.value, a.out_of_order, a.basis,
        (k.value, k.out_of_order, k.basis)::text AS stood
    FROM import_judged j
    JOIN import_stage t USING (number)
    JOIN import_amenities a USING (amenity_set)
    LEFT JOIN amenities k ON k.station_id = j.station_id AND k.amenity = a.amenity
    WHERE j.station_id IS NOT NULL AND NOT j.rejected AND NOT j.withdrawn
        AND (k.value, k.out_of_order, k.basis) IS DISTINCT FROM (a.value, a.out_of_order, a.basis)
        AND (k.basis IS NULL OR array_position(%(weaker)s, k.basis) <= array_position(%(weaker)s, a.basis))
"""
_PARTNER_CHANGES: Final = """
    CREATE TEMP TABLE import_partner_changes ON COMMIT DROP AS
    SELECT j.number, j.station_id, g.role, g.name
    FROM import_judged j JOIN import_stage t USING (number)
    CROSS JOIN LATERAL (VALUES {roles}) AS g (role, name)
    WHERE g.name IS NOT NULL AND j.station_id IS NOT NULL AND NOT j.rejected AND NOT j.withdrawn
        AND NOT EXISTS (
            SELECT FROM partners p JOIN organisations o ON o.id = p.organisation_id
            WHERE p.station_id = j.station_id AND p.role = g.role AND o.name = g.name)
"""
# A row that a doubt keeps from moving a station says so again on every run; it is asked once.
_CHANGES: Final = """
    CREATE TEMP TABLE import_changes ON COMMIT DROP AS
    SELECT c.*, a.number IS NOT NULL AS amenities, p.number IS NOT NULL AS partners,
        c.facts OR c.hours OR c.moves OR c.released OR c.holds OR c.revives
            OR a.number IS NOT NULL OR p.number IS NOT NULL AS changes
    FROM (
        SELECT j.number, j.station_id, j.revives, p.elsewhere AND NOT j.held AS moves,
            NOT p.elsewhere AND NOT j.held AND s.position_hold IS NOT NULL AND t.lon IS NOT NULL AS released,
            p.elsewhere AND j.held AND s.location IS NULL AS holds,
            p.elsewhere AND j.held AND s.location IS NOT NULL AND NOT EXISTS (
                SELECT FROM import_rows b JOIN import_batches i ON i.id = b.batch_id AND i.status = 'applied'
                WHERE b.station_id = s.id AND b.verdict IN ('suspect', 'conflict')
                    AND b.accepted_at IS NULL AND (b.after->>'original_lon')::float8 = t.lon
                    AND (b.after->>'original_lat')::float8 = t.lat AND b.after->>'original_datum' = t.datum) AS waits,
            CASE WHEN p.elsewhere AND j.held AND s.location IS NOT NULL THEN jsonb_build_object(
                'original_lon', s.original_lon, 'original_lat', s.original_lat,
                'original_datum', s.original_datum) END AS stood,
            t.district_received IS NOT NULL AND t.district_received IS DISTINCT FROM s.district_received AS renamed,
            {facts} OR (s.names || t.names) <> s.names AS facts,
            t.hours_id IS NOT NULL AND (s.hours_words IS DISTINCT FROM h.words
                OR (s.hours_expression IS NULL AND h.expression IS NOT NULL)) AS hours
        FROM import_judged j
        JOIN import_stage t USING (number)
        JOIN stations s ON s.id = j.station_id
        LEFT JOIN import_hours h USING (hours_id)
        CROSS JOIN LATERAL (SELECT t.lon IS NOT NULL AND (s.original_lon, s.original_lat, s.original_datum)
            IS DISTINCT FROM (t.lon, t.lat, t.datum) AS elsewhere) p
        WHERE NOT j.rejected AND NOT j.ambiguous AND NOT j.withdrawn) c
    LEFT JOIN (SELECT DISTINCT number FROM import_amenity_changes) a USING (number)
    LEFT JOIN (SELECT DISTINCT number FROM import_partner_changes) p USING (number)
"""
_VERDICTS: Final = """
    CREATE TEMP TABLE import_verdicts ON COMMIT DROP AS
    SELECT j.number, CASE
        WHEN j.rejected THEN 'rejected'
        WHEN j.ambiguous THEN 'suspect'
        WHEN j.repeats OR j.withdrawn THEN 'unchanged'
        WHEN j.station_id IS NULL AND (j.odd_position OR j.doubted) THEN 'suspect'
        WHEN j.station_id IS NULL THEN 'new'
        WHEN x.number IS NOT NULL THEN 'conflict'
        WHEN c.waits OR ((c.moves OR c.holds OR c.released) AND j.odd_position)
            OR (j.doubted AND (c.moves OR c.renamed)) THEN 'suspect'
        WHEN j.revives THEN 'new'
        WHEN c.changes THEN 'changed'
        ELSE 'unchanged' END AS verdict
    FROM import_judged j LEFT JOIN import_changes c USING (number)
    LEFT JOIN (SELECT DISTINCT number FROM import_conflicts WHERE NOT stands) x USING (number)
"""
# The actor may write nothing there: a station of another county, or a new one in it.
_NOT_YOURS: Final = """
    WITH own AS (SELECT (yz_regions('editor', 'administrator'))::text[] AS regions),
    foreign_rows AS (
        SELECT v.number, coalesce(s.region_code, n.region) AS region
        FROM import_verdicts v JOIN import_judged j USING (number) JOIN import_stage t USING (number)
        LEFT JOIN stations s ON s.id = j.station_id LEFT JOIN import_changes c USING (number)
        CROSS JOIN own
        CROSS JOIN LATERAL (SELECT CASE WHEN j.held THEN t.region_named
            ELSE coalesce(t.region_at, t.region_named) END AS region) n
        WHERE v.verdict IN ('new', 'changed', 'suspect', 'conflict') AND NOT j.ambiguous AND (
            (s.id IS NOT NULL AND s.region_code = ANY (own.regions) IS NOT TRUE)
            OR ((s.id IS NULL OR c.moves) AND n.region = ANY (own.regions) IS NOT TRUE))),
    said AS (
        UPDATE import_judged j SET rejected = true, problems = j.problems || jsonb_build_array(jsonb_build_object(
            'kind', %(kind)s::text, 'field', 'district', 'value', coalesce(f.region, ''), 'reason', concat(
                'the row writes in ', coalesce(g.names->>'zh', f.region, 'no region that is known'),
                ', where you may change nothing; its own union imports it')))
        FROM foreign_rows f LEFT JOIN regions g ON g.code = f.region WHERE j.number = f.number
        RETURNING j.number)
    UPDATE import_verdicts v SET verdict = 'rejected' FROM said WHERE said.number = v.number
"""
# Said of what stands there, whatever the row says.
_STANDING: Final = """
    UPDATE import_judged j SET problems = j.problems || jsonb_build_array(jsonb_build_object(
        'kind', CASE WHEN j.withdrawn THEN %(withdrawn)s::text ELSE %(again)s::text END, 'field', '',
        'value', s.code, 'reason', CASE WHEN j.withdrawn
            THEN concat('station ', s.code, ' was withdrawn: ', s.withdrawn_reason)
            ELSE concat('station ', s.code, ' was suspended when the list did not name it; it is named again') END))
    FROM stations s
    WHERE s.id = j.station_id AND (j.withdrawn OR (s.lifecycle = 'suspended' AND s.lifecycle_reason = %(reason)s))
"""
_LEAVE_OUT: Final = """
    DELETE FROM {} c USING import_judged j
    WHERE j.number = c.number AND (j.rejected OR j.number IN (SELECT number FROM import_left_out))
"""
#: A weaker ground never overwrites a stronger one.
_WEAKER: Final = ["inferred", "listed", "observed"]


def judge_together(stage: Stage) -> None:
    """Flag what shows only between rows, or between rows and stations: shared positions, near ones of a like name."""
    stage.flag(
        (
            row.number,
            Kind.ON_TOP,
            "lon/lat",
            f"{row.lon:.15g}, {row.lat:.15g}",
            f"row {row_label(row.other)} has the same position and another address or name",
        )
        for row in stage.run(_PILES)
    )
    stage.flag(
        (
            row.number,
            Kind.ON_TOP,
            "lon/lat",
            f"{row.lon:.15g}, {row.lat:.15g}",
            f"station {row.code} {row.name} has the same position and another address",
        )
        for row in stage.run(_ON_TOP_OF_KNOWN)
    )
    if stage.count("SELECT EXISTS (SELECT FROM stations WHERE location IS NOT NULL)::int"):
        stage.flag(_near(stage))


def _near(stage: Stage) -> Iterator[tuple[int, str, str, str, str]]:
    told: set[int] = set()
    for row in stage.run(_NEAR, metres=NEAR_M):
        if row.number not in told and alike(row.name, row.other):
            told.add(row.number)
            reason = f"station {row.code} {row.other} is {row.metres:.0f} m away; is it the same?"
            yield row.number, Kind.NEAR_LIKE, "name", row.name, reason


def verdicts(
    stage: Stage,
    accepted: frozenset[int] | None,
    *,
    source_id: int,
    left_out: frozenset[int] = frozenset(),
) -> dict[str, int]:
    """Decide every row; returns how many there are of each verdict. May be asked again with other decisions.

    accepted: rows that are believed whatever stands against them; None for all. left_out: rows that write nothing.
    ``yz.actor`` is set: what it may not change is rejected.
    """
    restore(stage)
    stage.drop(*_MADE)
    stage.run(
        _JUDGED,
        accept_all=accepted is None,
        accepted=sorted(accepted or ()),
        rejects=list(REJECTS),
        holds=list(HOLDS),
        doubts=list(DOUBTS),
        ambiguous=[str(Kind.AMBIGUOUS), str(Kind.CONTRADICTED)],
        repeated=str(Kind.REPEATED_ROW),
    )
    stage.run("ANALYZE import_judged")
    stage.run(_AMENITY_CHANGES, weaker=_WEAKER)
    stage.run(
        sql.SQL(_PARTNER_CHANGES).format(
            roles=sql.SQL(", ").join(
                sql.SQL("({}, t.{})").format(sql.Literal(role), sql.Identifier(role)) for role in PARTNERS
            )
        )
    )
    _changes(stage)
    if find_conflicts(stage, source_id):
        strip(stage)
        stage.drop("import_changes")
        _changes(stage)
    stage.run(_VERDICTS)
    if not stage.count("SELECT yz_everywhere('editor', 'administrator')::int"):
        stage.run(_NOT_YOURS, kind=str(Kind.NOT_YOURS))
    stage.run(_STANDING, withdrawn=str(Kind.WITHDRAWN), again=str(Kind.BACK_AGAIN), reason=UNLISTED)
    stage.run("CREATE TEMP TABLE import_left_out (number bigint) ON COMMIT DROP")
    stage.run("INSERT INTO import_left_out SELECT unnest(%(left_out)s::bigint[])", left_out=sorted(left_out))
    for table in ("import_changes", "import_amenity_changes", "import_partner_changes"):
        stage.run(sql.SQL(_LEAVE_OUT).format(sql.Identifier(table)))
    counted = "SELECT verdict, count(*) AS n FROM import_verdicts GROUP BY verdict ORDER BY verdict"
    return {row.verdict: row.n for row in stage.run(counted)}


_MADE: Final = (
    "import_judged",
    "import_amenity_changes",
    "import_partner_changes",
    "import_changes",
    "import_imported",
    "import_void",
    "import_edits",
    "import_given",
    "import_conflicts",
    "import_verdicts",
    "import_left_out",
)


def _changes(stage: Stage) -> None:
    stage.run(
        sql.SQL(_CHANGES).format(
            facts=sql.SQL(" OR ").join(
                sql.SQL("(t.{0} IS NOT NULL AND t.{0} IS DISTINCT FROM s.{0})").format(sql.Identifier(name))
                for name in FACTS
            )
        )
    )
    stage.run("ANALYZE import_changes")
