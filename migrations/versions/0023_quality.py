"""Usage told by how it was counted, scans of the plate at the door without anybody's name, the quality of each month.

``scans`` are counts and nothing else: they have no commit in the ledger, as no person stands behind one. A month of
``quality_months`` is written once: the database itself refuses to change or remove it.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Null for the figures of before, and for rows that the history kept before: nobody noted how they came.
HOW = """
ALTER TABLE visits
    ADD COLUMN how text,
    ADD CONSTRAINT ck_visits_how CHECK (how IN ('typed', 'imported'))
"""
SCANS = """
CREATE TABLE scans (
    station_id bigint NOT NULL,
    day date NOT NULL,
    scans bigint NOT NULL,
    CONSTRAINT pk_scans PRIMARY KEY (station_id, day),
    CONSTRAINT fk_scans_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT ck_scans_scans CHECK (scans > 0)
)
"""
MONTHS = """
CREATE TABLE quality_months (
    month date NOT NULL,
    taken_at timestamptz NOT NULL,
    demonstration boolean DEFAULT false NOT NULL,
    figures jsonb NOT NULL,
    picture bytea NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_quality_months PRIMARY KEY (month),
    CONSTRAINT ck_quality_months_month CHECK (extract(day FROM month) = 1),
    CONSTRAINT ck_quality_months_over CHECK (taken_at >= month)
)
"""
STAYS = """
CREATE FUNCTION yz_month_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the quality of % was published and stays as it was', to_char(OLD.month, 'YYYY-MM')
        USING ERRCODE = 'restrict_violation';
END $$
"""
PUBLIC = "(SELECT yz_is_public())"
KEEPERS = "(SELECT yz_everywhere('administrator')) OR (demonstration AND (SELECT yz_everywhere('editor')))"


def upgrade() -> None:
    for statement in (HOW, SCANS, MONTHS, STAYS):
        op.execute(statement)

    for table in ("scans", "quality_months"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON scans FOR INSERT TO yizhan_app WITH CHECK ({PUBLIC})")
    op.execute(
        f"CREATE POLICY changed ON scans FOR UPDATE TO yizhan_app USING ({PUBLIC}) WITH CHECK ({PUBLIC})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON scans TO yizhan_app")

    op.execute(f"CREATE POLICY added ON quality_months FOR INSERT TO yizhan_app WITH CHECK ({KEEPERS})")
    op.execute("GRANT SELECT, INSERT ON quality_months TO yizhan_app")
    op.execute("""
        CREATE TRIGGER a_begin_write BEFORE INSERT ON quality_months
        FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
    """)
    op.execute("""
        CREATE TRIGGER b_month_stays BEFORE UPDATE OR DELETE ON quality_months
        FOR EACH ROW EXECUTE FUNCTION yz_month_stays()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE quality_months")
    op.execute("DROP FUNCTION yz_month_stays()")
    op.execute("DROP TABLE scans")
    op.execute("ALTER TABLE visits DROP COLUMN how")
