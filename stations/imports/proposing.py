"""What the judged rows would write into stations that are known: the proposal, and how it differs from what stands there.

A proposal is worked out once, shown to whoever decides, and written as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from psycopg import sql

from stations.imports.problems import DOUBTS, HOLDS
from stations.imports.staging import FACTS, Stage

__all__ = ["CHANGED", "NEW", "propose", "values"]

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
NEW: Final[Mapping[str, str]] = {
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
CHANGED: Final[Mapping[str, str]] = {
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
    "withdrawn_reason": "CASE WHEN j.revives THEN NULL ELSE s.withdrawn_reason END",
    "same_as": "CASE WHEN j.revives THEN NULL ELSE s.same_as END",
    "doubts": (
        f"CASE WHEN NOT (c.moves OR c.renamed) THEN s.doubts WHEN j.doubted AND NOT j.accepted THEN {_DOUBTED} END"
    ),
}


# The version of a row tells whether somebody has written it since.
_PROPOSED: Final = """
    CREATE TEMP TABLE import_proposed ON COMMIT DROP AS
    SELECT c.number, s.id AS station_id, s.xmin::text AS version, {columns}
    FROM import_changes c JOIN import_stage t USING (number) JOIN import_judged j USING (number)
    JOIN stations s ON s.id = c.station_id
    LEFT JOIN import_hours h USING (hours_id)
    WHERE c.changes
"""
_AMENITIES: Final = """
    SELECT a.number, jsonb_object_agg(a.amenity, jsonb_build_object(
        'value', a.value, 'out_of_order', a.out_of_order, 'basis', a.basis)) AS given
    FROM import_amenity_changes a GROUP BY a.number
"""
_PARTNERS: Final = """
    SELECT p.number, jsonb_agg(jsonb_build_array(p.role, p.name) ORDER BY p.role, p.name) AS given
    FROM import_partner_changes p GROUP BY p.number
"""
_DIFFS: Final = """
    CREATE TEMP TABLE import_diffs ON COMMIT DROP AS
    SELECT p.number, d.before || e.before AS before, d.after || e.after AS after
    FROM import_proposed p
    JOIN stations s ON s.id = p.station_id
    JOIN import_changes c ON c.number = p.number
    JOIN import_stage t ON t.number = p.number
    LEFT JOIN import_hours h USING (hours_id)
    LEFT JOIN ({amenities}) a ON a.number = p.number
    LEFT JOIN ({partners}) o ON o.number = p.number
    CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(key, was.value), '{{}}') AS before,
            coalesce(jsonb_object_agg(key, now.value), '{{}}') AS after
        FROM jsonb_each(to_jsonb(s)) was JOIN jsonb_each(to_jsonb(p)) now USING (key)
        WHERE was.value IS DISTINCT FROM now.value) d
    LEFT JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(k.amenity, jsonb_build_object(
            'value', k.value, 'out_of_order', k.out_of_order, 'basis', k.basis)), '{{}}') AS stood
        FROM amenities k WHERE k.station_id = s.id AND a.given IS NOT NULL) k ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_array(q.role, n.name) ORDER BY q.role, n.name), '[]') AS stood
        FROM partners q JOIN organisations n ON n.id = q.organisation_id
        WHERE q.station_id = s.id AND o.given IS NOT NULL) q ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(jsonb_agg(jsonb_build_object('starts', x.starts, 'ends', x.ends, 'expression', x.expression,
            'reason', x.reason) ORDER BY x.starts, x.ends), '[]') AS stood
        FROM hours_exceptions x WHERE x.station_id = s.id AND c.hours) x ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.given IS NULL THEN '{{}}' ELSE jsonb_build_object('amenities', k.stood) END
            || CASE WHEN o.given IS NULL THEN '{{}}' ELSE jsonb_build_object('partners', q.stood) END
            || CASE WHEN c.hours AND x.stood <> h.exceptions THEN jsonb_build_object('hours_exceptions', x.stood)
                ELSE '{{}}' END AS before,
            CASE WHEN a.given IS NULL THEN '{{}}' ELSE jsonb_build_object('amenities', k.stood || a.given) END
            || CASE WHEN o.given IS NULL THEN '{{}}' ELSE jsonb_build_object('partners', q.stood || o.given) END
            || CASE WHEN c.hours AND x.stood <> h.exceptions THEN jsonb_build_object('hours_exceptions', h.exceptions)
                ELSE '{{}}' END AS after) e
"""


def values(source_id: int, today: date) -> dict[str, Any]:
    """Return the parameters that ``NEW`` and ``CHANGED`` speak of."""
    return {"source": source_id, "today": today, "holds": list(HOLDS), "doubts": list(DOUBTS)}


def propose(stage: Stage, *, source_id: int, today: date) -> None:
    """Fill ``import_proposed`` (the columns of each station that changes) and ``import_diffs`` (before and after)."""
    stage.drop("import_proposed", "import_diffs")
    stage.run(
        sql.SQL(_PROPOSED).format(
            columns=sql.SQL(", ").join(
                sql.SQL("{} AS {}").format(sql.SQL(value), sql.Identifier(name))
                for name, value in CHANGED.items()
            )
        ),
        **values(source_id, today),
    )
    stage.run("ANALYZE import_proposed (number, station_id)")
    stage.run(sql.SQL(_DIFFS).format(amenities=sql.SQL(_AMENITIES), partners=sql.SQL(_PARTNERS)))
    stage.run("ANALYZE import_diffs (number)")
