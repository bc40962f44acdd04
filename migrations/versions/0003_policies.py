"""Who may write where, said in the database: the application's role owns nothing and is held by row policies."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'yizhan_app') THEN
        RAISE EXCEPTION 'the application''s role yizhan_app does not exist'
            USING HINT = 'create it as a superuser: CREATE ROLE yizhan_app LOGIN';
    END IF;
    IF pg_has_role('yizhan_app', current_user, 'MEMBER') THEN
        RAISE EXCEPTION 'the role % runs the migrations and yizhan_app is a member of it', current_user
            USING HINT = 'the application must not own the tables: migrate as another role';
    END IF;
END $$
"""

# Asked as a sub-select of constants, each is worked out once a statement and not once a row.
EVERYWHERE = """
CREATE FUNCTION yz_everywhere(VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM staff_grants g JOIN staff s ON s.id = g.staff_id
                   WHERE g.staff_id = yz_actor() AND s.active AND g.role = ANY (roles) AND g.region_code IS NULL)
$$
"""
ANYWHERE = """
CREATE FUNCTION yz_anywhere(VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM staff_grants g JOIN staff s ON s.id = g.staff_id
                   WHERE g.staff_id = yz_actor() AND s.active AND g.role = ANY (roles))
$$
"""
REGIONS = """
CREATE FUNCTION yz_regions(VARIADIC roles text[]) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(r.code), '{}') FROM regions r
    WHERE r.lineage && (SELECT array_agg(g.region_code) FROM staff_grants g JOIN staff s ON s.id = g.staff_id
                        WHERE g.staff_id = yz_actor() AND s.active AND g.role = ANY (roles))
$$
"""

WRITERS = "'editor', 'administrator'"
HERE = f"((SELECT yz_everywhere({WRITERS})) OR region_code = ANY ((SELECT yz_regions({WRITERS}))::text[]))"
AT_STATION = (
    f"((SELECT yz_everywhere({WRITERS})) OR EXISTS (SELECT FROM stations s WHERE s.id = station_id"
    f" AND s.region_code = ANY ((SELECT yz_regions({WRITERS}))::text[])))"
)
# What an inspector finds at the door may be written by inspectors too.
FOUND_AT_STATION = AT_STATION.replace(WRITERS, f"{WRITERS}, 'inspector'")
ADMINISTRATOR = "(SELECT yz_everywhere('administrator'))"
ANY_WRITER = f"(SELECT yz_anywhere({WRITERS}))"
OWN_BATCH = f"({ANY_WRITER} AND (actor_id = yz_actor() OR {ADMINISTRATOR}))"
ROW_OF_OWN_BATCH = f"({ADMINISTRATOR} OR EXISTS (SELECT FROM import_batches b WHERE b.id = batch_id AND b.actor_id = yz_actor()))"
HONOUR = (
    f"((SELECT yz_everywhere({WRITERS})) OR (station_id IS NOT NULL AND {AT_STATION})"
    " OR (organisation_id IS NOT NULL AND EXISTS (SELECT FROM organisations o WHERE o.id = organisation_id"
    f" AND o.region_code = ANY ((SELECT yz_regions({WRITERS}))::text[]))))"
)

#: table: (who may add and change, whether rows may be removed)
POLICIES = {
    "stations": (HERE, False),
    "station_sources": (AT_STATION, False),
    "amenities": (FOUND_AT_STATION, True),
    "hours_exceptions": (AT_STATION, True),
    "partners": (AT_STATION, True),
    "photos": (FOUND_AT_STATION, True),
    "visits": (AT_STATION, True),
    "honours": (HONOUR, False),
    "sources": (ANY_WRITER, False),
    "import_batches": (OWN_BATCH, False),
    "import_rows": (ROW_OF_OWN_BATCH, False),
    "regions": (ADMINISTRATOR, False),
    "places": (ADMINISTRATOR, True),
    "registry_info": (ADMINISTRATOR, False),
    "staff": (ADMINISTRATOR, False),
    "staff_grants": (ADMINISTRATOR, True),
}
READ_ONLY = ("commits", "history", "commit_counter", "alembic_version")


def upgrade() -> None:
    for statement in (ROLE, EVERYWHERE, ANYWHERE, REGIONS):
        op.execute(statement)
    op.execute("GRANT USAGE ON SCHEMA public TO yizhan_app")
    for table, (condition, removable) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app WITH CHECK ({condition})")
        op.execute(
            f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({condition}) WITH CHECK ({condition})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO yizhan_app")
        if removable:
            op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({condition})")
            op.execute(f"GRANT DELETE ON {table} TO yizhan_app")
    # Any writer may name an organisation; only those of its region may change it afterwards.
    op.execute("ALTER TABLE organisations ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY seen ON organisations FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON organisations FOR INSERT TO yizhan_app WITH CHECK ({ANY_WRITER})")
    op.execute(
        f"CREATE POLICY changed ON organisations FOR UPDATE TO yizhan_app USING {HERE} WITH CHECK {HERE}"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON organisations TO yizhan_app")
    op.execute(f"GRANT SELECT ON {', '.join(READ_ONLY)} TO yizhan_app")
    op.execute("GRANT USAGE ON SEQUENCE station_serial TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("the policies cannot be taken back: without them any code could write anywhere")
