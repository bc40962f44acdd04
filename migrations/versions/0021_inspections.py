"""Checklists in versions, inspections under them, findings with deadlines; an inspection may verify its station."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE checklists (
    id bigint GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    version bigint NOT NULL,
    title jsonb NOT NULL,
    document jsonb NOT NULL,
    published_at timestamptz DEFAULT now() NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_checklists PRIMARY KEY (id),
    CONSTRAINT uq_checklists_code_version UNIQUE (code, version),
    CONSTRAINT ck_checklists_code CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
    CONSTRAINT ck_checklists_version CHECK (version BETWEEN 1 AND 9999)
)""",
    """
CREATE TABLE inspections (
    id bigint GENERATED ALWAYS AS IDENTITY,
    client_id uuid NOT NULL,
    station_id bigint NOT NULL,
    checklist_id bigint NOT NULL,
    inspector_id bigint NOT NULL,
    made_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    answers jsonb NOT NULL,
    remark text,
    lon double precision,
    lat double precision,
    accuracy_m double precision,
    observed text NOT NULL,
    posted text NOT NULL,
    posted_hours text,
    confirms boolean DEFAULT false NOT NULL,
    earned bigint NOT NULL,
    possible bigint NOT NULL,
    rating text,
    passes boolean NOT NULL,
    withdrawn_reason text,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_inspections PRIMARY KEY (id),
    CONSTRAINT uq_inspections_client_id UNIQUE (client_id),
    CONSTRAINT fk_inspections_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_inspections_checklist_id_checklists FOREIGN KEY (checklist_id) REFERENCES checklists (id),
    CONSTRAINT fk_inspections_inspector_id_staff FOREIGN KEY (inspector_id) REFERENCES staff (id),
    CONSTRAINT ck_inspections_order CHECK (made_at <= received_at),
    CONSTRAINT ck_inspections_position CHECK (num_nonnulls(lon, lat, accuracy_m) IN (0, 3)),
    CONSTRAINT ck_inspections_position_range CHECK
        (lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90 AND accuracy_m >= 0),
    CONSTRAINT ck_inspections_observed CHECK (observed IN ('open', 'shut', 'unseen')),
    CONSTRAINT ck_inspections_posted CHECK (posted IN ('open', 'closed', 'unknown')),
    CONSTRAINT ck_inspections_points CHECK (earned BETWEEN 0 AND possible),
    CONSTRAINT ck_inspections_withdrawn_reason CHECK (btrim(withdrawn_reason) <> '')
)""",
    """
CREATE TABLE findings (
    id bigint GENERATED ALWAYS AS IDENTITY,
    inspection_id bigint NOT NULL,
    station_id bigint NOT NULL,
    item text NOT NULL,
    what text NOT NULL,
    due date NOT NULL,
    status text DEFAULT 'open' NOT NULL,
    mended_on date,
    mended_by bigint,
    mended_note text,
    checked_on date,
    checked_by bigint,
    checked_note text,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_findings PRIMARY KEY (id),
    CONSTRAINT fk_findings_inspection_id_inspections FOREIGN KEY (inspection_id) REFERENCES inspections (id),
    CONSTRAINT fk_findings_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_findings_mended_by_staff FOREIGN KEY (mended_by) REFERENCES staff (id),
    CONSTRAINT fk_findings_checked_by_staff FOREIGN KEY (checked_by) REFERENCES staff (id),
    CONSTRAINT ck_findings_what CHECK (btrim(what) <> ''),
    CONSTRAINT ck_findings_status CHECK (status IN ('open', 'mended', 'checked', 'dropped')),
    CONSTRAINT ck_findings_mended_by_somebody CHECK (num_nonnulls(mended_on, mended_by) <> 1),
    CONSTRAINT ck_findings_mended_has_day CHECK (status <> 'mended' OR mended_on IS NOT NULL),
    CONSTRAINT ck_findings_checked_by_somebody CHECK
        (num_nonnulls(checked_on, checked_by) = CASE WHEN status IN ('checked', 'dropped') THEN 2 ELSE 0 END)
)""",
    """
CREATE TABLE inspection_photos (
    id bigint GENERATED ALWAYS AS IDENTITY,
    client_id uuid NOT NULL,
    inspection_id bigint NOT NULL,
    station_id bigint NOT NULL,
    item text,
    finding_id bigint,
    sha256 text,
    left_out boolean DEFAULT false NOT NULL,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_inspection_photos PRIMARY KEY (id),
    CONSTRAINT uq_inspection_photos_client_id UNIQUE (client_id),
    CONSTRAINT fk_inspection_photos_inspection_id_inspections FOREIGN KEY (inspection_id) REFERENCES inspections (id),
    CONSTRAINT fk_inspection_photos_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_inspection_photos_finding_id_findings FOREIGN KEY (finding_id) REFERENCES findings (id),
    CONSTRAINT ck_inspection_photos_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_inspection_photos_left_out CHECK (NOT left_out OR sha256 IS NULL)
)""",
)
HONOURS = """
ALTER TABLE honours
    ADD COLUMN inspection_id bigint,
    ADD COLUMN review_on date,
    ADD CONSTRAINT fk_honours_inspection_id_inspections FOREIGN KEY (inspection_id) REFERENCES inspections (id)
"""
INDEXES = (
    "CREATE INDEX ix_checklists_added_in ON checklists (added_in)",
    "CREATE INDEX ix_inspections_station_id ON inspections (station_id, checklist_id, made_at)",
    "CREATE INDEX ix_inspections_made_at ON inspections (made_at)",
    "CREATE INDEX ix_inspections_added_in ON inspections (added_in)",
    "CREATE INDEX ix_findings_station_id ON findings (station_id)",
    "CREATE INDEX ix_findings_inspection_id ON findings (inspection_id)",
    "CREATE INDEX ix_findings_due ON findings (due, id) WHERE status IN ('open', 'mended')",
    "CREATE INDEX ix_findings_added_in ON findings (added_in)",
    "CREATE INDEX ix_inspection_photos_inspection_id ON inspection_photos (inspection_id)",
    "CREATE INDEX ix_inspection_photos_finding_id ON inspection_photos (finding_id)",
    "CREATE INDEX ix_inspection_photos_sha256 ON inspection_photos (sha256) WHERE sha256 IS NOT NULL",
    "CREATE INDEX ix_inspection_photos_added_in ON inspection_photos (added_in)",
)
# Inspectors have no right to a station's row; that they stood at its door and found it as told is a fact of theirs.
VERIFIED = """
CREATE FUNCTION yz_inspected() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE stations SET verified_at = NEW.made_at, verified_by = NEW.inspector_id, verified_how = '现场核实'
    WHERE id = NEW.station_id AND (verified_at IS NULL OR verified_at < NEW.made_at);
    RETURN NULL;
END $$
"""

EDITORS = "'editor', 'administrator'"
FINDERS = "'editor', 'inspector', 'administrator'"
AT_STATION = (
    f"((SELECT yz_everywhere({FINDERS})) OR EXISTS (SELECT FROM stations s WHERE s.id = station_id"
    f" AND s.region_code = ANY ((SELECT yz_regions({FINDERS}))::text[])))"
)
#: table: (who may add, who may change, the columns that may change); a version of a checklist has none.
POLICIES = {
    "checklists": (f"(SELECT yz_everywhere({EDITORS}))", None, ""),
    "inspections": (f"({AT_STATION} AND inspector_id = yz_actor())", AT_STATION, "withdrawn_reason"),
    "findings": (
        AT_STATION,
        AT_STATION,
        "due, status, mended_on, mended_by, mended_note, checked_on, checked_by, checked_note",
    ),
    "inspection_photos": (AT_STATION, AT_STATION, "sha256, left_out"),
}
#: Whose changes are kept; a photo only ever gets its picture.
KEPT = ("inspections", "findings")


def upgrade() -> None:
    for statement in (*TABLES, HONOURS, *INDEXES, VERIFIED):
        op.execute(statement)
    for table, (adds, changes, columns) in POLICIES.items():
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
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({adds})")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO yizhan_app")
        if changes:
            op.execute(
                f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({changes}) WITH CHECK ({changes})"
            )
            op.execute(f"GRANT UPDATE ({columns}) ON {table} TO yizhan_app")
    for table in KEPT:
        op.execute(f"""
            CREATE TRIGGER keep_update AFTER UPDATE ON {table}
            REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('id', 'station_id')
        """)
    op.execute("""
        CREATE TRIGGER verified AFTER INSERT ON inspections FOR EACH ROW WHEN (NEW.confirms)
        EXECUTE FUNCTION yz_inspected()
    """)


def downgrade() -> None:
    op.execute(
        "ALTER TABLE honours DROP CONSTRAINT fk_honours_inspection_id_inspections,"
        " DROP COLUMN inspection_id, DROP COLUMN review_on"
    )
    for table in ("inspection_photos", "findings", "inspections", "checklists"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION yz_inspected()")
