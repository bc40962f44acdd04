"""What planners keep: runs of coverage, the one that the public sees, and programmes with their targets."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

RUNS = """
CREATE TABLE coverage_runs (
    id bigint GENERATED ALWAYS AS IDENTITY,
    title text NOT NULL,
    question jsonb NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamptz,
    seconds double precision,
    versions jsonb DEFAULT '{}' NOT NULL,
    basis jsonb,
    summary jsonb,
    areas jsonb,
    hours jsonb,
    gaps jsonb,
    doors jsonb,
    cells bytea,
    published boolean DEFAULT false NOT NULL,
    published_at timestamptz,
    published_by bigint,
    removed_at timestamptz,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_coverage_runs PRIMARY KEY (id),
    CONSTRAINT fk_coverage_runs_asked_by_staff FOREIGN KEY (asked_by) REFERENCES staff (id),
    CONSTRAINT fk_coverage_runs_published_by_staff FOREIGN KEY (published_by) REFERENCES staff (id),
    CONSTRAINT ck_coverage_runs_title CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT ck_coverage_runs_whole CHECK (num_nonnulls(finished_at, seconds, basis, summary, areas, hours, gaps,
        doors, cells) IN (0, 9)),
    CONSTRAINT ck_coverage_runs_published_is_finished CHECK (NOT published OR finished_at IS NOT NULL),
    CONSTRAINT ck_coverage_runs_published_by_somebody CHECK (NOT published OR num_nonnulls(published_at, published_by) = 2),
    CONSTRAINT ck_coverage_runs_removed_is_not_published CHECK (NOT published OR removed_at IS NULL)
)
"""
PROGRAMMES = """
CREATE TABLE programmes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    title text NOT NULL,
    note text,
    regions text[] NOT NULL,
    year bigint NOT NULL,
    due date,
    standard text,
    kinds text[] DEFAULT '{}' NOT NULL,
    target bigint NOT NULL,
    target_is text NOT NULL,
    budget_yuan numeric(14, 2),
    demonstration boolean DEFAULT false NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_programmes PRIMARY KEY (id),
    CONSTRAINT uq_programmes_code UNIQUE (code),
    CONSTRAINT ck_programmes_title CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT ck_programmes_year CHECK (year BETWEEN 2000 AND 2100),
    CONSTRAINT ck_programmes_target CHECK (target > 0),
    CONSTRAINT ck_programmes_target_is CHECK (target_is IN ('total', 'tagged')),
    CONSTRAINT ck_programmes_regions CHECK (cardinality(regions) > 0)
)
"""
MEMBERS = """
CREATE TABLE programme_stations (
    programme_id bigint NOT NULL,
    station_id bigint NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_programme_stations PRIMARY KEY (programme_id, station_id),
    CONSTRAINT fk_programme_stations_programme_id_programmes FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_programme_stations_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id)
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_coverage_runs_published ON coverage_runs (published) WHERE published",
    "CREATE INDEX ix_coverage_runs_asked_at ON coverage_runs (asked_at)",
    "CREATE INDEX ix_programme_stations_station_id ON programme_stations (station_id)",
)
PLANNER = "(SELECT yz_anywhere('planner', 'administrator'))"
#: table: (whether rows may be removed, keys kept in the history or nothing)
TABLES = {
    "coverage_runs": (False, ""),
    "programmes": (False, "id"),
    "programme_stations": (True, "programme_id,station_id"),
}


def upgrade() -> None:
    for statement in (RUNS, PROGRAMMES, MEMBERS, *INDEXES):
        op.execute(statement)
    for table, (removable, keys) in TABLES.items():
        op.execute(f"""
            CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
        """)
        op.execute(f"""
            CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
        if keys:
            station = "station_id" if table == "programme_stations" else ""
            op.execute(f"""
                CREATE TRIGGER keep_update AFTER UPDATE ON {table}
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('{keys}', '{station}')
            """)
            op.execute(f"""
                CREATE TRIGGER keep_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
                FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_delete('{keys}', '{station}')
            """)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({PLANNER})")
        op.execute(
            f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({PLANNER}) WITH CHECK ({PLANNER})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO yizhan_app")
        if removable:
            op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({PLANNER})")
            op.execute(f"GRANT DELETE ON {table} TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("runs and programmes would be lost: restore a backup instead")
