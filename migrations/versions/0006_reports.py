"""What the public says: an actor that may only add reports, and passing tables that delete what they counted by."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REPORTS = """
CREATE TABLE reports (
    id bigint GENERATED ALWAYS AS IDENTITY,
    client_id uuid,
    station_id bigint NOT NULL,
    choice text NOT NULL,
    amenity text,
    words text,
    photo_sha256 text,
    made_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    status text DEFAULT 'waiting' NOT NULL,
    decided_at timestamptz,
    decided_by bigint,
    decided_note text,
    released_at timestamptz,
    released_by bigint,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_reports PRIMARY KEY (id),
    CONSTRAINT uq_reports_client_id UNIQUE (client_id),
    CONSTRAINT fk_reports_station_id_stations FOREIGN KEY (station_id) REFERENCES stations (id),
    CONSTRAINT fk_reports_decided_by_staff FOREIGN KEY (decided_by) REFERENCES staff (id),
    CONSTRAINT fk_reports_released_by_staff FOREIGN KEY (released_by) REFERENCES staff (id),
    CONSTRAINT ck_reports_choice CHECK (choice IN ('correct', 'closed_now', 'moved', 'hours_wrong',
        'amenity_missing', 'amenity_broken', 'access_differs', 'service_attitude', 'safety', 'other')),
    CONSTRAINT ck_reports_amenity CHECK (amenity IN ('drinking_water', 'microwave', 'phone_charging', 'seating',
        'toilet', 'heating', 'air_conditioning', 'first_aid', 'battery_swap', 'ebike_charging', 'fridge',
        'resting_chair', 'shower', 'laundry', 'wifi', 'rain_gear', 'reading', 'blood_pressure', 'aed', 'repair_tools',
        'nursing_room', 'wheelchair', 'womens_room', 'haircut', 'legal_aid', 'discount_meal', 'job_board', 'oxygen',
        'ebike_parking')),
    CONSTRAINT ck_reports_amenity_is_named CHECK
        ((amenity IS NOT NULL) = (choice IN ('amenity_missing', 'amenity_broken'))),
    CONSTRAINT ck_reports_words CHECK (char_length(words) BETWEEN 1 AND 500),
    CONSTRAINT ck_reports_photo CHECK (photo_sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_reports_confirmation_is_bare CHECK (choice <> 'correct' OR num_nonnulls(words, photo_sha256) = 0),
    CONSTRAINT ck_reports_order CHECK (made_at <= received_at),
    CONSTRAINT ck_reports_status CHECK (status IN ('waiting', 'accepted', 'rejected')),
    CONSTRAINT ck_reports_decided_by_somebody CHECK
        (num_nonnulls(decided_at, decided_by) = CASE status WHEN 'waiting' THEN 0 ELSE 2 END),
    CONSTRAINT ck_reports_released_by_somebody CHECK (num_nonnulls(released_at, released_by) <> 1),
    CONSTRAINT ck_reports_rejected_stays_hidden CHECK (status <> 'rejected' OR released_at IS NULL)
)
"""
PASSING = (
    """
CREATE TABLE report_marks (
    report_id bigint NOT NULL,
    key_day date NOT NULL,
    device bytea NOT NULL,
    network bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_report_marks PRIMARY KEY (report_id, key_day),
    CONSTRAINT fk_report_marks_report_id_reports FOREIGN KEY (report_id) REFERENCES reports (id)
)""",
    """
CREATE TABLE report_keys (
    day date NOT NULL,
    key bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_report_keys PRIMARY KEY (day)
)""",
    """
CREATE TABLE report_requests (
    id bigint GENERATED ALWAYS AS IDENTITY,
    caller bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_report_requests PRIMARY KEY (id)
)""",
    """
CREATE TABLE spent_challenges (
    challenge bytea NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_spent_challenges PRIMARY KEY (challenge)
)""",
)
INDEXES = (
    "CREATE INDEX ix_reports_station_id ON reports (station_id, choice, made_at)",
    "CREATE INDEX ix_reports_waiting ON reports (received_at) WHERE status = 'waiting' AND choice <> 'correct'",
    "CREATE INDEX ix_report_marks_until ON report_marks (until)",
    "CREATE INDEX ix_report_requests_caller ON report_requests (caller)",
    "CREATE INDEX ix_report_requests_until ON report_requests (until)",
    "CREATE INDEX ix_spent_challenges_until ON spent_challenges (until)",
)

# The public holds no grant, so every policy that asks for one refuses it; these tables ask for the public itself.
IS_PUBLIC = """
CREATE FUNCTION yz_is_public() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM staff WHERE id = yz_actor() AND login = 'public' AND is_system AND active)
$$
"""

# What was said may be taken out (a name that slipped through, the phone's own number), never put in or changed.
REPORT_STAYS = """
CREATE FUNCTION yz_report_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.client_id IS DISTINCT FROM OLD.client_id AND NEW.client_id IS NOT NULL
       OR NEW.words IS DISTINCT FROM OLD.words AND NEW.words IS NOT NULL
       OR NEW.photo_sha256 IS DISTINCT FROM OLD.photo_sha256 AND NEW.photo_sha256 IS NOT NULL THEN
        RAISE EXCEPTION 'report % stays what it was: words and photos can be taken out and not changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
DECIDED = (
    "status, decided_at, decided_by, decided_note, released_at, released_by, client_id, words, photo_sha256"
)

PUBLIC = "(SELECT yz_is_public())"
UNDECIDED = (
    "status = 'waiting' AND num_nonnulls(decided_at, decided_by, decided_note, released_at, released_by) = 0"
)
DECIDERS = "'editor', 'administrator', 'inspector'"
AT_STATION = (
    f"((SELECT yz_everywhere({DECIDERS})) OR EXISTS (SELECT FROM stations s WHERE s.id = station_id"
    f" AND s.region_code = ANY ((SELECT yz_regions({DECIDERS}))::text[])))"
)
ADMINISTRATOR = "(SELECT yz_everywhere('administrator'))"
PASSING_TABLES = ("report_marks", "report_keys", "report_requests", "spent_challenges")


def upgrade() -> None:
    for statement in (REPORTS, *PASSING, *INDEXES, IS_PUBLIC, REPORT_STAYS):
        op.execute(statement)

    op.execute("""
        SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'operator'), true),
               set_config('yz.reason', 'the public may report', true)
    """)
    op.execute(
        "INSERT INTO staff (login, display_name, is_system) VALUES ('public', '公众 The public', true)"
    )
    # Numbered now, so that later migrations of the same transaction find no trigger waiting.
    op.execute("SET CONSTRAINTS number_commit IMMEDIATE")
    op.execute("SET CONSTRAINTS number_commit DEFERRED")
    op.execute(
        "SELECT set_config(name, '', true) FROM unnest(ARRAY['yz.actor', 'yz.reason', 'yz.commit']) AS name"
    )

    op.execute("""
        CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON reports
        FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
    """)
    op.execute("""
        CREATE TRIGGER b_report_stays BEFORE UPDATE ON reports
        FOR EACH ROW EXECUTE FUNCTION yz_report_stays()
    """)
    op.execute("ALTER TABLE reports ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY seen ON reports FOR SELECT TO yizhan_app USING (true)")
    op.execute(
        f"CREATE POLICY added ON reports FOR INSERT TO yizhan_app WITH CHECK ({PUBLIC} AND {UNDECIDED})"
    )
    op.execute(
        f"CREATE POLICY changed ON reports FOR UPDATE TO yizhan_app USING ({AT_STATION}) WITH CHECK ({AT_STATION})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ({DECIDED}) ON reports TO yizhan_app")
    # Passing rows are no facts of the registry: no commit tells when somebody knocked, or that a trace was deleted.
    for table in PASSING_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({PUBLIC})")
        op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({ADMINISTRATOR})")
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("what the public said cannot be said again: restore a backup instead")
