"""The public view: one function makes a station's public row from its facts, complete and ready to send."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What SQL cannot make (how names are read, the key of the schedule) is handed in, station by station. The row keeps
# its old commit where nothing that the public sees has changed, so a rebuild is silent.
# The number of the commit is read in the statements and not before them: where nothing was written yet in this
# transaction, the trigger of the first of them is what gives it.
DERIVE = """
CREATE FUNCTION yz_derive(ids bigint[], search text[], bigrams text[], keys text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    -- Worked out once a region and not once a station: a page of stations shares a few regions.
    WITH chains AS MATERIALIZED (
        SELECT own.code, own.lineage, (
            SELECT json_agg(above.names->>'zh' ORDER BY above.lineage)
            FROM regions above WHERE above.code = ANY (own.lineage)) AS chain
        FROM regions own WHERE own.code IN (SELECT region_code FROM stations WHERE id = ANY (ids)))
    INSERT INTO public_stations AS p (
        station_id, code, listed, commit_id, name, kind, station_class, lifecycle, region_code, lineage, access, fee,
        has, inferred, lacks, schedule_key, location, location_3857, search_text, search_bigrams, feature)
    SELECT s.id, s.code, true, current_setting('yz.commit')::bigint, s.names->>'zh', s.kind, s.station_class,
        s.lifecycle, s.region_code,
        coalesce(r.lineage, '{}'), s.access, s.fee,
        coalesce(a.has, '{}'), coalesce(a.inferred, '{}'), coalesce(a.lacks, '{}'), d.schedule_key,
        s.location, ST_Transform(s.location, 3857), d.search, string_to_array(d.bigrams, ' '),
        json_build_object(
            'type', 'Feature', 'id', s.code, 'geometry', ST_AsGeoJSON(s.location, 7)::json,
            'properties', json_build_object(
                'code', s.code, 'names', s.names, 'kind', s.kind, 'class', s.station_class,
                'lifecycle', s.lifecycle, 'lifecycle_since', s.lifecycle_since,
                'lifecycle_reason', s.lifecycle_reason, 'opened_on', s.opened_on, 'expected_on', s.expected_on,
                'region', s.region_code, 'region_names', coalesce(r.chain, '[]'), 'address', s.address,
                'directions', s.directions, 'premises', s.premises,
                'position', json_build_object(
                    'quality', s.position_quality, 'origin', s.position_origin, 'datum_received', s.original_datum,
                    'held', s.position_hold IS NOT NULL),
                'access', s.access, 'fee', s.fee, 'accepted_cards', to_json(s.accepted_cards), 'phone', s.phone,
                'capacity', s.capacity, 'area_m2', s.area_m2,
                'hours', json_build_object(
                    'expression', s.hours_expression, 'calendar', s.hours_calendar, 'words', s.hours_words,
                    'exceptions', coalesce(h.list, '[]')),
                'amenities', coalesce(a.list, '[]'), 'partners', coalesce(o.list, '[]'),
                'honours', coalesce(n.list, '[]'), 'photos', coalesce(f.list, '[]'),
                'verified_at', s.verified_at, 'verified_how', s.verified_how,
                'source', CASE WHEN c.id IS NOT NULL THEN json_build_object(
                    'name', c.name, 'licence', c.licence, 'retrieved_on', c.retrieved_on) END,
                'demonstration', i.demonstration
            ))::text
    FROM unnest(ids, search, bigrams, keys) AS d (id, search, bigrams, schedule_key)
    JOIN stations s ON s.id = d.id AND s.withdrawn_reason IS NULL
    CROSS JOIN registry_info i
    LEFT JOIN sources c ON c.id = s.source_id
    LEFT JOIN chains r ON r.code = s.region_code
    LEFT JOIN LATERAL (
        SELECT
            array_agg(amenity) FILTER (WHERE value = 'yes' AND NOT out_of_order AND basis <> 'inferred') AS has,
            array_agg(amenity) FILTER (WHERE value = 'yes' AND NOT out_of_order AND basis = 'inferred') AS inferred,
            array_agg(amenity) FILTER (WHERE out_of_order OR (value = 'no' AND basis <> 'inferred')) AS lacks,
            json_agg(json_build_object('amenity', amenity, 'value', value, 'out_of_order', out_of_order,
                'basis', basis, 'verified_at', verified_at) ORDER BY amenity) AS list
        FROM amenities WHERE station_id = s.id
    ) a ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('starts', starts, 'ends', ends, 'expression', expression,
            'reason', reason) ORDER BY starts, id) AS list
        FROM hours_exceptions WHERE station_id = s.id
    ) h ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('role', p.role, 'name', org.name) ORDER BY p.role, org.name) AS list
        FROM partners p JOIN organisations org ON org.id = p.organisation_id WHERE p.station_id = s.id
    ) o ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('title', title, 'level', level, 'year', year, 'standard', standard)
            ORDER BY year DESC, id) AS list
        FROM honours WHERE station_id = s.id AND revoked_on IS NULL
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('sha256', sha256, 'shows', shows, 'caption', caption) ORDER BY id) AS list
        FROM photos WHERE station_id = s.id
    ) f ON true
    ON CONFLICT (station_id) DO UPDATE SET
        listed = true, commit_id = excluded.commit_id, name = excluded.name, kind = excluded.kind,
        station_class = excluded.station_class, lifecycle = excluded.lifecycle, region_code = excluded.region_code,
        lineage = excluded.lineage, access = excluded.access, fee = excluded.fee, has = excluded.has,
        inferred = excluded.inferred, lacks = excluded.lacks, schedule_key = excluded.schedule_key,
        location = excluded.location, location_3857 = excluded.location_3857, search_text = excluded.search_text,
        search_bigrams = excluded.search_bigrams, feature = excluded.feature
    WHERE (p.listed, p.feature, p.lineage, p.schedule_key, p.search_text, p.search_bigrams, p.has, p.inferred, p.lacks)
        IS DISTINCT FROM (true, excluded.feature, excluded.lineage, excluded.schedule_key, excluded.search_text,
            excluded.search_bigrams, excluded.has, excluded.inferred, excluded.lacks)
       OR p.location::bytea IS DISTINCT FROM excluded.location::bytea;
    GET DIAGNOSTICS made = ROW_COUNT;

    -- What leaves the public view leaves a tombstone and nothing else.
    UPDATE public_stations p SET
        listed = false, commit_id = current_setting('yz.commit')::bigint, name = NULL, kind = NULL, station_class = NULL, lifecycle = NULL,
        region_code = NULL, lineage = '{}', access = NULL, fee = NULL, has = '{}', inferred = '{}', lacks = '{}',
        schedule_key = NULL, location = NULL, location_3857 = NULL, search_text = NULL, search_bigrams = '{}',
        feature = NULL
    FROM stations s
    WHERE p.station_id = s.id AND s.id = ANY (ids) AND s.withdrawn_reason IS NOT NULL AND p.listed;

    DELETE FROM stale_stations WHERE station_id = ANY (ids);
    RETURN made;
END $$
"""

# Features are a kilobyte or two of text that is written once and read often; pglz is slow at both. A server built
# without lz4 keeps its default.
COMPRESSION = """
DO $$ BEGIN
    ALTER TABLE public_stations ALTER COLUMN feature SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$
"""

# A public row is written under the same rule as a fact: by an actor, in a numbered commit.
BEGIN_DERIVE = """
CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON public_stations
FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
"""


def upgrade() -> None:
    op.execute(COMPRESSION)
    op.execute(DERIVE)
    op.execute(BEGIN_DERIVE)
    op.execute("GRANT SELECT ON public_stations, stale_stations TO yizhan_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("the public view is what every page reads: restore a backup instead")
