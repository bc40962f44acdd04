"""What plans of sites keep beside their sites: a note, what was asked of them further, lists of candidates, what became of sites."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PLANS = """
ALTER TABLE siting_plans
    ADD COLUMN note text,
    ADD COLUMN further jsonb,
    ADD CONSTRAINT ck_siting_plans_note CHECK (char_length(note) <= 4000),
    ADD CONSTRAINT ck_siting_plans_further_is_of_an_answer CHECK (further IS NULL OR finished_at IS NOT NULL)
"""
LISTS = """
CREATE TABLE candidate_lists (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    source text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    reading jsonb NOT NULL,
    candidates bigint NOT NULL,
    added_by bigint NOT NULL,
    added_at timestamptz NOT NULL,
    removed_at timestamptz,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_candidate_lists PRIMARY KEY (id),
    CONSTRAINT fk_candidate_lists_added_by_staff FOREIGN KEY (added_by) REFERENCES staff (id),
    CONSTRAINT ck_candidate_lists_name CHECK (char_length(name) BETWEEN 1 AND 80),
    CONSTRAINT ck_candidate_lists_source CHECK (char_length(source) <= 200),
    CONSTRAINT ck_candidate_lists_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_candidate_lists_candidates CHECK (candidates > 0)
)
"""
CANDIDATES = """
CREATE TABLE candidates (
    list_id bigint NOT NULL,
    key text NOT NULL,
    name text,
    location geometry(POINT, 4326) NOT NULL,
    original_lon double precision NOT NULL,
    original_lat double precision NOT NULL,
    address text,
    host text,
    premises text,
    consent text,
    cost double precision,
    note text,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_candidates PRIMARY KEY (list_id, key),
    CONSTRAINT fk_candidates_list_id_candidate_lists FOREIGN KEY (list_id) REFERENCES candidate_lists (id),
    CONSTRAINT ck_candidates_key CHECK (char_length(key) BETWEEN 1 AND 100),
    CONSTRAINT ck_candidates_consent CHECK (consent IN ('given', 'asked', 'refused')),
    CONSTRAINT ck_candidates_cost CHECK (cost >= 0 AND cost < 'Infinity')
)
"""
ADOPTIONS = """
CREATE TABLE siting_adoptions (
    plan_id bigint NOT NULL,
    site_key text NOT NULL,
    station_id bigint NOT NULL,
    programme_id bigint NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_siting_adoptions PRIMARY KEY (plan_id, site_key, station_id),
    CONSTRAINT fk_siting_adoptions_plan_id_siting_plans FOREIGN KEY (plan_id) REFERENCES siting_plans (id),
    CONSTRAINT fk_siting_adoptions_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_siting_adoptions_programme_id_programmes FOREIGN KEY (programme_id) REFERENCES programmes (id)
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_candidate_lists_name ON candidate_lists (name) WHERE removed_at IS NULL",
    "CREATE INDEX ix_siting_adoptions_station_id ON siting_adoptions (station_id)",
)
PLANNERS = "'planner', 'administrator'"
#: Who hosts a planned station is known before anybody keeps it: who plans it may say so.
HOST_OF_PLANNED = f"""role = 'host' AND EXISTS (SELECT FROM stations s WHERE s.id = station_id AND s.lifecycle = 'planned'
    AND ((SELECT yz_everywhere({PLANNERS})) OR s.region_code = ANY ((SELECT yz_regions({PLANNERS}))::text[])))"""
PLANNER = "(SELECT yz_anywhere('planner', 'administrator'))"
#: table: what may be done with its rows beside reading and adding them
TABLES = {"candidate_lists": ("UPDATE",), "candidates": (), "siting_adoptions": ()}


def upgrade() -> None:
    for statement in (PLANS, LISTS, CANDIDATES, ADOPTIONS, *INDEXES):
        op.execute(statement)
    for table, more in TABLES.items():
        op.execute(f"""
            CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
        """)
        op.execute(f"""
            CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({PLANNER})")
        if more:
            op.execute(
                f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({PLANNER}) WITH CHECK ({PLANNER})"
            )
        op.execute(f"GRANT {', '.join(('SELECT', 'INSERT', *more))} ON {table} TO yizhan_app")
    op.execute(f"CREATE POLICY planned ON partners FOR INSERT TO yizhan_app WITH CHECK ({HOST_OF_PLANNED})")


def downgrade() -> None:
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM candidate_lists) OR EXISTS (SELECT FROM siting_adoptions)
                OR EXISTS (SELECT FROM siting_plans WHERE note IS NOT NULL OR further IS NOT NULL) THEN
                RAISE EXCEPTION 'notes of plans, lists of candidates and what became of sites would be lost: restore a backup instead';
            END IF;
        END $$
    """)
    op.execute("DROP POLICY planned ON partners")
    for table in ("siting_adoptions", "candidates", "candidate_lists"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE siting_plans DROP COLUMN note, DROP COLUMN further")
