"""The ledger: no write without an actor and a reason, every change kept, every commit numbered in its order."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: table: (key columns, the column that names the station)
KEPT = {
    "stations": ("id", "id"),
    "station_sources": ("station_id,source_id", "station_id"),
    "amenities": ("station_id,amenity", "station_id"),
    "hours_exceptions": ("id", "station_id"),
    "partners": ("id", "station_id"),
    "photos": ("id", "station_id"),
    "visits": ("id", "station_id"),
    "honours": ("id", "station_id"),
    "organisations": ("id", ""),
    "regions": ("code", ""),
    "sources": ("id", ""),
    "staff": ("id", ""),
    "staff_grants": ("id", ""),
}
#: Bulk data that is loaded whole, or keeps its own before and after: the actor is asked, changes are not kept.
ASKED = ("places", "import_batches", "import_rows", "registry_info")
#: A change here changes what the public sees of a station.
SEEN = ("stations", "amenities", "hours_exceptions", "partners", "photos", "honours", "station_sources")

ACTOR = """
CREATE FUNCTION yz_actor() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('yz.actor', true), '')::bigint
$$
"""

# The setting yz.commit is only a cache: the row must belong to this transaction, else somebody set it by hand.
BEGIN_WRITE = """
CREATE FUNCTION yz_begin_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    actor bigint := yz_actor();
    known bigint := nullif(current_setting('yz.commit', true), '')::bigint;
    holder bigint;
BEGIN
    IF known IS NOT NULL THEN
        SELECT actor_id INTO holder FROM commits
        WHERE id = known AND txid = pg_current_xact_id()::text::bigint;
        IF holder = actor THEN RETURN NULL; END IF;
        IF holder IS NOT NULL THEN
            RAISE EXCEPTION 'the actor changed from % to % within one transaction', holder, actor
                USING ERRCODE = 'insufficient_privilege', HINT = 'commit first, then write as somebody else';
        END IF;
    END IF;
    IF NOT EXISTS (SELECT FROM staff WHERE id = actor AND active) THEN
        RAISE EXCEPTION 'no actor, no write: % is asked to change by %', TG_TABLE_NAME, coalesce(actor::text, 'nobody')
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'set yz.actor (the id of an active member of staff) and yz.reason with SET LOCAL';
    END IF;
    IF btrim(coalesce(current_setting('yz.reason', true), '')) = '' THEN
        RAISE EXCEPTION 'no reason, no write: % is asked to change without one', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege', HINT = 'set yz.reason with SET LOCAL';
    END IF;
    INSERT INTO commits (actor_id, reason, batch_id, txid)
    VALUES (actor, current_setting('yz.reason'), nullif(current_setting('yz.batch', true), '')::bigint,
            pg_current_xact_id()::text::bigint)
    RETURNING id INTO known;
    PERFORM set_config('yz.commit', known::text, true);
    RETURN NULL;
END $$
"""

# Deferred to the end of the transaction: the lock on the counter is held for the commit alone, and is let go only
# when the commit can be seen, so whoever gets the next number comes after it in every snapshot.
NUMBER_COMMIT = """
CREATE FUNCTION yz_number_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    given bigint;
BEGIN
    UPDATE commit_counter SET last = last + 1 RETURNING last INTO STRICT given;
    UPDATE commits SET seq = given, at = clock_timestamp() WHERE id = NEW.id;
    RETURN NULL;
END $$
"""

KEEP_UPDATE = """
CREATE FUNCTION yz_keep_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    keys text[] := string_to_array(TG_ARGV[0], ',');
    same text := (SELECT string_agg(format('o.%1$I = n.%1$I', k), ' AND ') FROM unnest(keys) k);
    key text := (SELECT string_agg(format('%1$L, n.%1$I', k), ', ') FROM unnest(keys) k);
    station text := CASE WHEN TG_ARGV[1] = '' THEN 'NULL::bigint' ELSE format('n.%I', TG_ARGV[1]) END;
    paired boolean;
BEGIN
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS
        (SELECT FROM old_rows o WHERE %s))', same) INTO paired;
    IF NOT paired THEN
        RAISE EXCEPTION 'the key (%) of % never changes: add a new row and end the old one', TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('
        INSERT INTO history (commit_id, table_name, row_key, station_id, op, held)
        SELECT current_setting(''yz.commit'')::bigint, %L, jsonb_build_object(%s), %s, ''update'', d.held
        FROM old_rows o JOIN new_rows n ON %s
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(key, jsonb_build_array(was.value, now.value)) AS held
            FROM jsonb_each(to_jsonb(o)) was JOIN jsonb_each(to_jsonb(n)) now USING (key)
            WHERE was.value IS DISTINCT FROM now.value
        ) d
        WHERE d.held IS NOT NULL', TG_TABLE_NAME, key, station, same);
    RETURN NULL;
END $$
"""

KEEP_DELETE = """
CREATE FUNCTION yz_keep_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    keys text[] := string_to_array(TG_ARGV[0], ',');
    key text := (SELECT string_agg(format('%1$L, o.%1$I', k), ', ') FROM unnest(keys) k);
    station text := CASE WHEN TG_ARGV[1] = '' THEN 'NULL::bigint' ELSE format('o.%I', TG_ARGV[1]) END;
BEGIN
    EXECUTE format('
        INSERT INTO history (commit_id, table_name, row_key, station_id, op, held)
        SELECT current_setting(''yz.commit'')::bigint, %L, jsonb_build_object(%s), %s, ''delete'', to_jsonb(o)
        FROM old_rows o', TG_TABLE_NAME, key, station);
    RETURN NULL;
END $$
"""

MARK_STALE = """
CREATE FUNCTION yz_mark_stale() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('
        INSERT INTO stale_stations (station_id)
        SELECT DISTINCT %1$I FROM %2$I WHERE %1$I IS NOT NULL ON CONFLICT DO NOTHING',
        TG_ARGV[0], CASE WHEN TG_OP = 'DELETE' THEN 'old_rows' ELSE 'new_rows' END);
    RETURN NULL;
END $$
"""

# Names of regions, organisations and sources are written into the public rows of their stations.
MARK_STALE_BY = """
CREATE FUNCTION yz_mark_stale_by() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'regions' THEN
        INSERT INTO stale_stations (station_id)
        SELECT s.id FROM stations s JOIN regions r ON r.code = s.region_code
        WHERE r.lineage && (SELECT array_agg(n.code) FROM new_rows n JOIN old_rows o USING (code)
                            WHERE (n.names, n.lineage) IS DISTINCT FROM (o.names, o.lineage))
        ON CONFLICT DO NOTHING;
    ELSIF TG_TABLE_NAME = 'organisations' THEN
        INSERT INTO stale_stations (station_id)
        SELECT station_id FROM partners WHERE organisation_id IN (SELECT id FROM new_rows)
        UNION SELECT p.station_id FROM partners p WHERE p.organisation_id IN (SELECT id FROM new_rows)
        ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO stale_stations (station_id)
        SELECT s.id FROM stations s JOIN new_rows n ON n.id = s.source_id JOIN old_rows o ON o.id = n.id
        WHERE (n.name, n.licence, n.retrieved_on) IS DISTINCT FROM (o.name, o.licence, o.retrieved_on)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$
"""

LINEAGE = """
CREATE FUNCTION yz_lineage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.lineage := coalesce((SELECT lineage FROM regions WHERE code = NEW.parent_code), '{}') || NEW.code;
    RETURN NEW;
END $$
"""

# A region that moves to another parent takes all below it along.
LINEAGE_BELOW = """
CREATE FUNCTION yz_lineage_below() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.lineage IS DISTINCT FROM OLD.lineage THEN
        UPDATE regions SET lineage = '{}' WHERE parent_code = NEW.code;
    END IF;
    RETURN NULL;
END $$
"""

STATION_STAYS = """
CREATE FUNCTION yz_station_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.code = OLD.code AND NEW.id = OLD.id THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'the code % is on a plate at a door and never changes', OLD.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'station % is not deleted: close it with a date and a reason, or withdraw it', OLD.code
        USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    for function in (
        ACTOR,
        BEGIN_WRITE,
        NUMBER_COMMIT,
        KEEP_UPDATE,
        KEEP_DELETE,
        MARK_STALE,
        MARK_STALE_BY,
        LINEAGE,
        LINEAGE_BELOW,
        STATION_STAYS,
    ):
        op.execute(function)

    # The first two actors cannot be written by an actor; everything after them is.
    op.execute("INSERT INTO commit_counter (one, last) VALUES (1, 1)")
    op.execute("INSERT INTO commits (seq, actor_id, reason) VALUES (1, 1, 'the schema was made')")
    op.execute("SELECT set_config('yz.commit', (SELECT id::text FROM commits), true)")
    op.execute("""
        INSERT INTO staff (login, display_name, is_system) VALUES
            ('operator', '命令行 Command line', true), ('demonstration', '演示数据 Demonstration', true)
    """)
    op.execute("""
        INSERT INTO staff_grants (staff_id, role)
        SELECT id, 'administrator' FROM staff WHERE login = 'operator'
        UNION ALL SELECT id, 'editor' FROM staff WHERE login = 'demonstration'
    """)
    op.execute("SELECT set_config('yz.commit', '', true)")

    op.execute("""
        CREATE CONSTRAINT TRIGGER number_commit AFTER INSERT ON commits DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION yz_number_commit()
    """)
    for table in (*KEPT, *ASKED):
        op.execute(f"""
            CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
        """)
        op.execute(f"""
            CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
    for table, (keys, station) in KEPT.items():
        op.execute(f"""
            CREATE TRIGGER keep_update AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('{keys}', '{station}')
        """)
        op.execute(f"""
            CREATE TRIGGER keep_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_delete('{keys}', '{station}')
        """)
    for table in SEEN:
        station = KEPT[table][1]
        for event, tables in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        ):
            op.execute(f"""
                CREATE TRIGGER stale_{event.lower()} AFTER {event} ON {table} REFERENCING {tables}
                FOR EACH STATEMENT EXECUTE FUNCTION yz_mark_stale('{station}')
            """)
    for table in ("regions", "organisations", "sources"):
        op.execute(f"""
            CREATE TRIGGER stale_by AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_mark_stale_by()
        """)
    op.execute("""
        CREATE TRIGGER lineage BEFORE INSERT OR UPDATE ON regions
        FOR EACH ROW EXECUTE FUNCTION yz_lineage()
    """)
    op.execute("""
        CREATE TRIGGER lineage_below AFTER UPDATE ON regions
        FOR EACH ROW EXECUTE FUNCTION yz_lineage_below()
    """)
    op.execute("""
        CREATE TRIGGER b_station_stays BEFORE UPDATE OR DELETE ON stations
        FOR EACH ROW EXECUTE FUNCTION yz_station_stays()
    """)


def downgrade() -> None:
    raise RuntimeError("the ledger cannot be taken back without losing history: restore a backup instead")
