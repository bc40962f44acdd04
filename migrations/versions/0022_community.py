"""Notices of day labour, job fairs and events at stations: kept in the ledger, but for telephone numbers, which pass."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOTICES = """
CREATE TABLE notices (
    id bigint GENERATED ALWAYS AS IDENTITY,
    station_id bigint NOT NULL,
    trade text NOT NULL,
    title text NOT NULL,
    starts date NOT NULL,
    ends date NOT NULL,
    assemble_at time NOT NULL,
    assemble_where text,
    pay_from bigint NOT NULL,
    pay_to bigint NOT NULL,
    headcount bigint NOT NULL,
    employer text NOT NULL,
    note text,
    until timestamptz NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_notices PRIMARY KEY (id),
    CONSTRAINT fk_notices_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT ck_notices_trade CHECK (trade IN ('helper', 'mason', 'carpenter', 'steel_fixer', 'painter', 'electrician_plumber', 'welder', 'loader',
        'sorter', 'courier', 'cleaner', 'kitchen', 'farm', 'gardener', 'factory', 'driver', 'guard',
        'carer', 'other')),
    CONSTRAINT ck_notices_title CHECK (char_length(title) BETWEEN 1 AND 60),
    CONSTRAINT ck_notices_employer CHECK (char_length(employer) BETWEEN 1 AND 80),
    CONSTRAINT ck_notices_assemble_where CHECK (char_length(assemble_where) BETWEEN 1 AND 120),
    CONSTRAINT ck_notices_note CHECK (char_length(note) BETWEEN 1 AND 500),
    CONSTRAINT ck_notices_days CHECK (ends >= starts),
    CONSTRAINT ck_notices_pay CHECK (pay_from BETWEEN 50 AND pay_to AND pay_to <= 5000),
    CONSTRAINT ck_notices_headcount CHECK (headcount BETWEEN 1 AND 500)
)
"""
# No key of this table is in the history and no commit tells of it: a number that is deleted is gone.
CONTACTS = """
CREATE TABLE notice_contacts (
    notice_id bigint NOT NULL,
    phone text NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_notice_contacts PRIMARY KEY (notice_id),
    CONSTRAINT fk_notice_contacts_notice_id_notices FOREIGN KEY (notice_id) REFERENCES notices (id),
    CONSTRAINT ck_notice_contacts_phone CHECK (char_length(phone) BETWEEN 3 AND 60)
)
"""
EVENTS = """
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    station_id bigint,
    region_code text,
    kind text NOT NULL,
    status text NOT NULL,
    title text,
    starts timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    place text,
    organiser text,
    note text,
    sessions bigint,
    firms bigint,
    people bigint,
    leaflets bigint,
    at_least text[] DEFAULT '{}' NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (id),
    CONSTRAINT fk_events_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_events_region_code_regions FOREIGN KEY (region_code) REFERENCES regions (code),
    CONSTRAINT ck_events_somewhere CHECK (num_nonnulls(station_id, region_code) = 1),
    CONSTRAINT ck_events_kind CHECK (kind IN ('health_check', 'legal_education', 'condolence', 'training', 'job_fair',
        'other', 'mediation', 'interview')),
    CONSTRAINT ck_events_status CHECK (status IN ('planned', 'held', 'cancelled')),
    CONSTRAINT ck_events_title CHECK (char_length(title) BETWEEN 1 AND 60),
    CONSTRAINT ck_events_place CHECK (char_length(place) BETWEEN 1 AND 120),
    CONSTRAINT ck_events_organiser CHECK (char_length(organiser) BETWEEN 1 AND 80),
    CONSTRAINT ck_events_note CHECK (char_length(note) BETWEEN 1 AND 500),
    CONSTRAINT ck_events_days CHECK (ends > starts),
    CONSTRAINT ck_events_cases_are_counts CHECK (CASE WHEN kind IN ('mediation', 'interview')
        THEN num_nonnulls(title, place, organiser, note) = 0 AND status = 'held' ELSE title IS NOT NULL END),
    CONSTRAINT ck_events_counts CHECK (sessions BETWEEN 0 AND 10000000 AND firms BETWEEN 0 AND 10000000
        AND people BETWEEN 0 AND 10000000 AND leaflets BETWEEN 0 AND 10000000),
    CONSTRAINT ck_events_counted_is_held CHECK
        (status = 'held' OR num_nonnulls(sessions, firms, people, leaflets) = 0),
    CONSTRAINT ck_events_at_least CHECK (at_least <@ ARRAY['sessions', 'firms', 'people', 'leaflets'])
)
"""
INDEXES = (
    "CREATE INDEX ix_notices_station_id ON notices (station_id, until)",
    "CREATE INDEX ix_notices_until ON notices (until)",
    "CREATE INDEX ix_notices_added_in ON notices (added_in)",
    "CREATE INDEX ix_notice_contacts_until ON notice_contacts (until)",
    "CREATE INDEX ix_events_station_id ON events (station_id, ends)",
    "CREATE INDEX ix_events_region_code ON events (region_code, ends)",
    "CREATE INDEX ix_events_planned ON events (ends) WHERE status = 'planned'",
    "CREATE INDEX ix_events_starts ON events (starts)",
    "CREATE INDEX ix_events_added_in ON events (added_in)",
)

WRITERS = "'editor', 'administrator'"
EVERYWHERE = f"(SELECT yz_everywhere({WRITERS}))"
HELD = f"(SELECT yz_regions({WRITERS}))::text[]"
AT_STATION = f"({EVERYWHERE} OR EXISTS (SELECT FROM stations s WHERE s.id = station_id AND s.region_code = ANY ({HELD})))"
SOMEWHERE = (
    f"({EVERYWHERE} OR region_code = ANY ({HELD}) OR EXISTS (SELECT FROM stations s WHERE s.id = station_id"
    f" AND s.region_code = ANY ({HELD})))"
)
OF_NOTICE = (
    f"({EVERYWHERE} OR EXISTS (SELECT FROM notices n JOIN stations s ON s.id = n.station_id"
    f" WHERE n.id = notice_id AND s.region_code = ANY ({HELD})))"
)
#: table: who may write
KEPT = {"notices": AT_STATION, "events": SOMEWHERE}


def upgrade() -> None:
    for statement in (NOTICES, CONTACTS, EVENTS, *INDEXES):
        op.execute(statement)
    for table, condition in KEPT.items():
        op.execute(f"""
            CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
        """)
        op.execute(f"""
            CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
        op.execute(f"""
            CREATE TRIGGER keep_update AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('id', 'station_id')
        """)
        op.execute(f"""
            CREATE TRIGGER keep_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_delete('id', 'station_id')
        """)
        _policies(table, condition)
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO yizhan_app")
    _policies("notice_contacts", OF_NOTICE)
    op.execute(f"CREATE POLICY removed ON notice_contacts FOR DELETE TO yizhan_app USING ({OF_NOTICE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON notice_contacts TO yizhan_app")


def _policies(table: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({condition})")
    op.execute(
        f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({condition}) WITH CHECK ({condition})"
    )


def downgrade() -> None:
    """Drop the tables, and what the history holds of them, which nobody could read any more."""
    op.execute("DELETE FROM history WHERE table_name IN ('notices', 'events')")
    for table in ("notice_contacts", "notices", "events"):
        op.execute(f"DROP TABLE {table}")
