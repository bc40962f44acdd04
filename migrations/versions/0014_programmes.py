"""What programmes need beyond their targets: parts of them by region, priority areas, townships; who may write where.

A programme belongs to its regions: who changes it plans in all of them. A station is put into one by who plans where
the station stands. Planners may add stations that are planned, and only those.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE programmes
    ADD COLUMN starts date,
    ADD COLUMN tag text,
    ADD COLUMN standard_source text,
    ADD COLUMN base bigint,
    ADD COLUMN committed_yuan numeric(14, 2),
    ADD COLUMN spent_yuan numeric(14, 2),
    ADD COLUMN owner_id bigint,
    ADD COLUMN closed_on date,
    ADD COLUMN closed_reason text,
    ADD COLUMN version bigint DEFAULT 1 NOT NULL,
    ADD CONSTRAINT fk_programmes_owner_id_organisations FOREIGN KEY (owner_id) REFERENCES organisations (id),
    ADD CONSTRAINT ck_programmes_code CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
    ADD CONSTRAINT ck_programmes_days CHECK (due >= starts),
    ADD CONSTRAINT ck_programmes_base CHECK (base >= 0 AND base < target),
    ADD CONSTRAINT ck_programmes_money CHECK (budget_yuan >= 0 AND committed_yuan >= 0 AND spent_yuan >= 0),
    ADD CONSTRAINT ck_programmes_closed CHECK ((closed_on IS NULL) = (closed_reason IS NULL))
"""
TARGETS = """
CREATE TABLE programme_targets (
    programme_id bigint NOT NULL,
    region_code text NOT NULL,
    target bigint NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_programme_targets PRIMARY KEY (programme_id, region_code),
    CONSTRAINT fk_programme_targets_programme_id_programmes FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_programme_targets_region_code_regions FOREIGN KEY (region_code) REFERENCES regions (code),
    CONSTRAINT ck_programme_targets_target CHECK (target > 0)
)
"""
AREAS = """
CREATE TABLE programme_areas (
    programme_id bigint NOT NULL,
    region_code text NOT NULL,
    weight double precision NOT NULL,
    reason text NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_programme_areas PRIMARY KEY (programme_id, region_code),
    CONSTRAINT fk_programme_areas_programme_id_programmes FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_programme_areas_region_code_regions FOREIGN KEY (region_code) REFERENCES regions (code),
    CONSTRAINT ck_programme_areas_weight CHECK (weight > 0 AND weight <= 100),
    CONSTRAINT ck_programme_areas_reason CHECK (btrim(reason) <> '')
)
"""
TOWNSHIPS = """
CREATE TABLE programme_townships (
    id bigint GENERATED ALWAYS AS IDENTITY,
    programme_id bigint NOT NULL,
    number bigint NOT NULL,
    code text,
    name text NOT NULL,
    county_received text,
    region_code text,
    location geometry(POINT, 4326),
    original_lon double precision,
    original_lat double precision,
    original_datum text,
    point_by text,
    problem text,
    candidates text[] DEFAULT '{}' NOT NULL,
    stray boolean DEFAULT false NOT NULL,
    station_id bigint,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_programme_townships PRIMARY KEY (id),
    CONSTRAINT fk_programme_townships_programme_id_programmes FOREIGN KEY (programme_id) REFERENCES programmes (id),
    CONSTRAINT fk_programme_townships_region_code_regions FOREIGN KEY (region_code) REFERENCES regions (code),
    CONSTRAINT fk_programme_townships_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT ck_programme_townships_name CHECK (btrim(name) <> ''),
    CONSTRAINT ck_programme_townships_code CHECK (code ~ '^[0-9]{9}([0-9]{3})?$'),
    CONSTRAINT ck_programme_townships_point_by CHECK (point_by IN ('list', 'code', 'name', 'hand')),
    CONSTRAINT ck_programme_townships_point CHECK ((location IS NULL) = (point_by IS NULL))
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_programmes_code_folded ON programmes (lower(code))",
    "CREATE INDEX ix_programmes_owner_id ON programmes (owner_id)",
    "CREATE UNIQUE INDEX uq_programme_townships_code ON programme_townships (programme_id, code)"
    " WHERE code IS NOT NULL AND NOT stray",
    "CREATE INDEX ix_programme_townships_programme_id ON programme_townships (programme_id)",
    "CREATE INDEX ix_programme_townships_station_id ON programme_townships (station_id)",
)

PLANNERS = "'planner', 'administrator'"
HELD = f"(SELECT yz_regions({PLANNERS}))::text[]"
EVERYWHERE = f"(SELECT yz_everywhere({PLANNERS}))"
IN_ALL_REGIONS = f"({EVERYWHERE} OR regions <@ ({HELD}))"
OF_PROGRAMME = (
    f"({EVERYWHERE} OR EXISTS (SELECT FROM programmes p WHERE p.id = programme_id AND p.regions <@ ({HELD})))"
)
AT_STATION = f"({EVERYWHERE} OR EXISTS (SELECT FROM stations s WHERE s.id = station_id AND s.region_code = ANY ({HELD})))"
PLANNED_HERE = f"(lifecycle = 'planned' AND ({EVERYWHERE} OR region_code = ANY ({HELD})))"
#: table: (keys kept in the history, the column that names the station)
NEW = {
    "programme_targets": ("programme_id,region_code", ""),
    "programme_areas": ("programme_id,region_code", ""),
    "programme_townships": ("id", ""),
}


def upgrade() -> None:
    for statement in (COLUMNS, TARGETS, AREAS, TOWNSHIPS, *INDEXES):
        op.execute(statement)
    for table, (keys, station) in NEW.items():
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
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('{keys}', '{station}')
        """)
        op.execute(f"""
            CREATE TRIGGER keep_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_delete('{keys}', '{station}')
        """)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        _policies(table, OF_PROGRAMME, removable=True)
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO yizhan_app")
    for table, condition, removable in (
        ("programmes", IN_ALL_REGIONS, False),
        ("programme_stations", AT_STATION, True),
    ):
        for policy in ("seen", "added", "changed", *(["removed"] if removable else [])):
            op.execute(f"DROP POLICY {policy} ON {table}")
        _policies(table, condition, removable=removable)
    op.execute(f"CREATE POLICY planned ON stations FOR INSERT TO yizhan_app WITH CHECK ({PLANNED_HERE})")
    op.execute(
        "CREATE POLICY named_by_planners ON organisations FOR INSERT TO yizhan_app"
        f" WITH CHECK ((SELECT yz_anywhere({PLANNERS})))"
    )


def _policies(table: str, condition: str, *, removable: bool) -> None:
    op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({condition})")
    op.execute(
        f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({condition}) WITH CHECK ({condition})"
    )
    if removable:
        op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({condition})")


def downgrade() -> None:
    raise RuntimeError("targets, areas and townships of programmes would be lost: restore a backup instead")
