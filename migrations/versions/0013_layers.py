"""Layers of demand that planners bring: what each is of and from whom, and its amounts on a grid beside it.

The amounts are bulk and stand in a table of their own, whose changes the history does not repeat.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

LAYERS = """
CREATE TABLE demand_layers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    counts text NOT NULL,
    unit text NOT NULL,
    source text NOT NULL,
    licence text,
    year bigint,
    form text NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    reading jsonb NOT NULL,
    total double precision NOT NULL,
    outside double precision NOT NULL,
    elsewhere jsonb NOT NULL,
    largest jsonb NOT NULL,
    squares bigint NOT NULL,
    side_m double precision NOT NULL,
    added_by bigint NOT NULL,
    added_at timestamptz NOT NULL,
    removed_at timestamptz,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_demand_layers PRIMARY KEY (id),
    CONSTRAINT fk_demand_layers_added_by_staff FOREIGN KEY (added_by) REFERENCES staff (id),
    CONSTRAINT ck_demand_layers_name CHECK (char_length(name) BETWEEN 1 AND 80 AND name <> 'census'),
    CONSTRAINT ck_demand_layers_counts CHECK (counts IN ('residents', 'orders_noon', 'orders_night', 'sanitation', 'other')),
    CONSTRAINT ck_demand_layers_form CHECK (form IN ('raster', 'points', 'areas')),
    CONSTRAINT ck_demand_layers_year CHECK (year BETWEEN 1900 AND 2200),
    CONSTRAINT ck_demand_layers_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_demand_layers_amounts CHECK (total > 0 AND outside >= 0 AND total < 'Infinity' AND squares > 0 AND side_m > 0)
)
"""
GRIDS = """
CREATE TABLE demand_grids (
    layer_id bigint NOT NULL,
    content bytea NOT NULL,
    preview jsonb NOT NULL,
    CONSTRAINT pk_demand_grids PRIMARY KEY (layer_id),
    CONSTRAINT fk_demand_grids_layer_id_demand_layers FOREIGN KEY (layer_id) REFERENCES demand_layers (id)
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_demand_layers_name ON demand_layers (name) WHERE removed_at IS NULL",
    # Compressed already: a second attempt costs seconds and gains nothing.
    "ALTER TABLE demand_grids ALTER COLUMN content SET STORAGE EXTERNAL",
)
PLANNER = "(SELECT yz_anywhere('planner', 'administrator'))"
#: table: keys kept in the history, or nothing
TABLES = {"demand_layers": "id", "demand_grids": ""}
#: Who may send files: planners too, now that layers are files.
SENDER = "(SELECT yz_anywhere('editor', 'planner', 'administrator'))"


def upgrade() -> None:
    for statement in (LAYERS, GRIDS, *INDEXES):
        op.execute(statement)
    for table, keys in TABLES.items():
        op.execute(f"""
            CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
        """)
        op.execute(f"""
            CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
        if keys:
            op.execute(f"""
                CREATE TRIGGER keep_update AFTER UPDATE ON {table}
                REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('{keys}', '')
            """)
            op.execute(f"""
                CREATE TRIGGER keep_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
                FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_delete('{keys}', '')
            """)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({PLANNER})")
        op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({PLANNER})")
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO yizhan_app")
    # A layer stays what it was when runs were made of it; all that changes is that it is not offered any more.
    op.execute(
        f"CREATE POLICY changed ON demand_layers FOR UPDATE TO yizhan_app USING ({PLANNER}) WITH CHECK ({PLANNER})"
    )
    op.execute("GRANT UPDATE (removed_at) ON demand_layers TO yizhan_app")
    op.execute("DROP POLICY added ON uploads")
    op.execute(f"""
        CREATE POLICY added ON uploads FOR INSERT TO yizhan_app
        WITH CHECK (actor_id = (SELECT yz_actor()) AND {SENDER})
    """)


def downgrade() -> None:
    raise RuntimeError("layers of demand would be lost: restore a backup instead")
