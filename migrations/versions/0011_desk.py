"""What the desk keeps beside the registry: decisions on reports, the promise of freshness, ways into the ledger."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: Rows of these tables are found by the commit that added them, as those of the other kept tables already are.
FOUND_BY_COMMIT = ("station_sources", "organisations", "regions", "sources", "reports")
LEDGER_INDEXES = (
    "CREATE INDEX ix_history_table_name ON history (table_name, commit_id)",
    # What belongs to no station is found by its key; the rows of a station by the station.
    "CREATE INDEX ix_history_row_key ON history (table_name, row_key) WHERE station_id IS NULL",
    "CREATE INDEX ix_history_removed ON history (((held ->> 'added_in')::bigint)) WHERE op = 'delete'",
    "CREATE INDEX ix_commits_at ON commits (at)",
    "CREATE INDEX ix_commits_actor_id ON commits (actor_id, seq)",
    *(f"CREATE INDEX ix_{table}_added_in ON {table} (added_in)" for table in FOUND_BY_COMMIT),
)

REPORT_COLUMNS = """
ALTER TABLE reports
    ADD COLUMN outcome text,
    ADD COLUMN decided_in bigint,
    ADD COLUMN words_shown boolean DEFAULT false NOT NULL,
    ADD COLUMN photo_shown boolean DEFAULT false NOT NULL
"""
# Until now both were released at once.
SHOWN_SO_FAR = (
    "ALTER TABLE reports DISABLE TRIGGER USER",
    "UPDATE reports SET words_shown = words IS NOT NULL, photo_shown = photo_sha256 IS NOT NULL WHERE released_at IS NOT NULL",
    "UPDATE reports SET released_at = NULL, released_by = NULL WHERE NOT words_shown AND NOT photo_shown",
    "UPDATE reports SET outcome = 'noted' WHERE status = 'accepted'",
    "ALTER TABLE reports ENABLE TRIGGER USER",
)
REPORT_CHECKS = """
ALTER TABLE reports
    ADD CONSTRAINT ck_reports_outcome CHECK (outcome IN ('closed_today', 'suspended', 'out_of_order',
        'amenity_absent', 'edited', 'noted')),
    ADD CONSTRAINT ck_reports_accepted_has_outcome CHECK ((outcome IS NOT NULL) = (status = 'accepted')),
    ADD CONSTRAINT ck_reports_shown_is_released CHECK ((words_shown OR photo_shown) = (released_at IS NOT NULL)),
    ADD CONSTRAINT ck_reports_shown_is_there CHECK
        ((words IS NOT NULL OR NOT words_shown) AND (photo_sha256 IS NOT NULL OR NOT photo_shown))
"""
REPORT_INDEXES = (
    "CREATE INDEX ix_reports_decided ON reports (decided_at) WHERE status <> 'waiting'",
    "CREATE INDEX ix_reports_photo ON reports (photo_sha256) WHERE photo_sha256 IS NOT NULL",
)
# What was taken out is shown no more.
REPORT_STAYS = """
CREATE OR REPLACE FUNCTION yz_report_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.client_id IS DISTINCT FROM OLD.client_id AND NEW.client_id IS NOT NULL
       OR NEW.words IS DISTINCT FROM OLD.words AND NEW.words IS NOT NULL
       OR NEW.photo_sha256 IS DISTINCT FROM OLD.photo_sha256 AND NEW.photo_sha256 IS NOT NULL THEN
        RAISE EXCEPTION 'report % stays what it was: words and photos can be taken out and not changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.words_shown := NEW.words_shown AND NEW.words IS NOT NULL;
    NEW.photo_shown := NEW.photo_shown AND NEW.photo_sha256 IS NOT NULL;
    IF NOT NEW.words_shown AND NOT NEW.photo_shown THEN
        NEW.released_at := NULL;
        NEW.released_by := NULL;
    END IF;
    RETURN NEW;
END $$
"""
# Only decisions: what somebody asked to have taken out must not live on in the history.
KEEP_DECISION = """
CREATE FUNCTION yz_keep_decision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO history (commit_id, table_name, row_key, station_id, op, held)
    SELECT current_setting('yz.commit')::bigint, 'reports', jsonb_build_object('id', n.id), n.station_id, 'update', d.held
    FROM old_rows o JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(key, jsonb_build_array(was.value, now.value)) AS held
        FROM jsonb_each(to_jsonb(o)) was JOIN jsonb_each(to_jsonb(n)) now USING (key)
        WHERE was.value IS DISTINCT FROM now.value AND key IN ('status', 'decided_at', 'decided_by', 'decided_note',
            'outcome', 'decided_in', 'released_at', 'released_by', 'words_shown', 'photo_shown')
    ) d
    WHERE d.held IS NOT NULL;
    RETURN NULL;
END $$
"""
DECIDED = (
    "status, decided_at, decided_by, decided_note, decided_in, outcome, released_at, released_by,"
    " words_shown, photo_shown, client_id, words, photo_sha256"
)
PUBLIC = "(SELECT yz_is_public())"
UNDECIDED = (
    "status = 'waiting' AND NOT words_shown AND NOT photo_shown AND num_nonnulls(decided_at, decided_by,"
    " decided_note, decided_in, outcome, released_at, released_by) = 0"
)
DECIDERS = "'editor', 'administrator'"
AT_STATION = (
    f"((SELECT yz_everywhere({DECIDERS})) OR EXISTS (SELECT FROM stations s WHERE s.id = station_id"
    f" AND s.region_code = ANY ((SELECT yz_regions({DECIDERS}))::text[])))"
)

PROMISES = """
CREATE TABLE freshness_promises (
    kind text NOT NULL,
    days bigint NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_freshness_promises PRIMARY KEY (kind),
    CONSTRAINT ck_freshness_promises_kind CHECK (kind IN ('union_station', 'rider_station', 'workers_harbour',
        'care_station', 'outdoor_workers_station', 'rights_centre', 'care_supermarket', 'care_pharmacy', 'care_clinic')),
    CONSTRAINT ck_freshness_promises_days CHECK (days BETWEEN 7 AND 1095)
)
"""
#: A place to rest is asked after each quarter; a service that is only shown, twice a year.
PROMISED_DAYS = {
    "union_station": 90,
    "rider_station": 90,
    "workers_harbour": 90,
    "care_station": 90,
    "outdoor_workers_station": 90,
    "rights_centre": 180,
    "care_supermarket": 180,
    "care_pharmacy": 180,
    "care_clinic": 180,
}
WORK_INDEXES = (
    "CREATE INDEX ix_stations_unlocated ON stations (id)"
    " WHERE location IS NULL AND withdrawn_reason IS NULL AND lifecycle <> 'closed'",
    "CREATE INDEX ix_stations_unverified ON stations (verified_at NULLS FIRST, id)"
    " WHERE lifecycle = 'open' AND withdrawn_reason IS NULL",
    "CREATE INDEX ix_stations_expected_on ON stations (expected_on)"
    " WHERE expected_on IS NOT NULL AND lifecycle IN ('planned', 'building', 'suspended')",
    "CREATE INDEX ix_hours_exceptions_starts ON hours_exceptions (starts)",
    "CREATE INDEX ix_hours_exceptions_ends ON hours_exceptions (ends)",
)


def upgrade() -> None:
    ways_into_the_ledger()
    decisions_on_reports()
    promises_of_freshness()


def ways_into_the_ledger() -> None:
    """Let the history be asked by table, by row, by actor and by time."""
    for statement in LEDGER_INDEXES:
        op.execute(statement)


def decisions_on_reports() -> None:
    """Say what came of a report, show its words and its photo apart, and keep every decision."""
    op.execute(REPORT_COLUMNS)
    for statement in (*SHOWN_SO_FAR, REPORT_CHECKS, *REPORT_INDEXES, REPORT_STAYS, KEEP_DECISION):
        op.execute(statement)
    op.execute("""
        CREATE TRIGGER keep_update AFTER UPDATE ON reports
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_decision()
    """)
    op.execute("DROP POLICY added ON reports")
    op.execute("DROP POLICY changed ON reports")
    op.execute(
        f"CREATE POLICY added ON reports FOR INSERT TO yizhan_app WITH CHECK ({PUBLIC} AND {UNDECIDED})"
    )
    op.execute(
        f"CREATE POLICY changed ON reports FOR UPDATE TO yizhan_app USING ({AT_STATION}) WITH CHECK ({AT_STATION})"
    )
    op.execute(f"GRANT UPDATE ({DECIDED}) ON reports TO yizhan_app")


def promises_of_freshness() -> None:
    """Promise for each kind how old the last look at a station may be, and find quickly what needs one."""
    op.execute(PROMISES)
    op.execute("""
        SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'operator'), true),
               set_config('yz.reason', 'the promises of freshness', true)
    """)
    op.execute("""
        CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON freshness_promises
        FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
    """)
    op.execute("""
        CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON freshness_promises
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
    """)
    rows = ", ".join(f"('{kind}', {days})" for kind, days in PROMISED_DAYS.items())
    op.execute(f"INSERT INTO freshness_promises (kind, days) VALUES {rows}")
    # Numbered now, so that later migrations of the same transaction find no trigger waiting.
    op.execute("SET CONSTRAINTS number_commit IMMEDIATE")
    op.execute("SET CONSTRAINTS number_commit DEFERRED")
    op.execute(
        "SELECT set_config(name, '', true) FROM unnest(ARRAY['yz.actor', 'yz.reason', 'yz.commit']) AS name"
    )
    op.execute("""
        CREATE TRIGGER keep_update AFTER UPDATE ON freshness_promises
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('kind', '')
    """)
    op.execute("ALTER TABLE freshness_promises ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY seen ON freshness_promises FOR SELECT TO yizhan_app USING (true)")
    administrator = "(SELECT yz_everywhere('administrator'))"
    op.execute(
        f"CREATE POLICY changed ON freshness_promises FOR UPDATE TO yizhan_app USING ({administrator})"
        f" WITH CHECK ({administrator})"
    )
    op.execute("GRANT SELECT, UPDATE (days) ON freshness_promises TO yizhan_app")
    for statement in WORK_INDEXES:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError(
        "decisions on reports cannot be taken back without losing them: restore a backup instead"
    )
