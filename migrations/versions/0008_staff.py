"""Accounts of staff: what is needed to log in, in tables of their own, and nothing of it in the history."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE credentials (
    staff_id bigint NOT NULL,
    email text,
    lang text,
    password_hash text,
    password_set_at timestamptz,
    totp_sealed bytea,
    totp_since timestamptz,
    totp_step bigint,
    oidc_issuer text,
    oidc_subject text,
    logged_in_at timestamptz,
    CONSTRAINT pk_credentials PRIMARY KEY (staff_id),
    CONSTRAINT fk_credentials_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
    CONSTRAINT uq_credentials_oidc_issuer_oidc_subject UNIQUE (oidc_issuer, oidc_subject),
    CONSTRAINT ck_credentials_email CHECK (char_length(email) BETWEEN 3 AND 254),
    CONSTRAINT ck_credentials_password CHECK ((password_hash IS NULL) = (password_set_at IS NULL)),
    CONSTRAINT ck_credentials_totp CHECK (totp_since IS NULL OR totp_sealed IS NOT NULL),
    CONSTRAINT ck_credentials_oidc CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL))
)""",
    """
CREATE TABLE recovery_codes (
    staff_id bigint NOT NULL,
    code_hash bytea NOT NULL,
    CONSTRAINT pk_recovery_codes PRIMARY KEY (staff_id, code_hash),
    CONSTRAINT fk_recovery_codes_staff_id_credentials FOREIGN KEY (staff_id) REFERENCES credentials (staff_id)
)""",
    """
CREATE TABLE staff_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    staff_id bigint NOT NULL,
    token_hash bytea NOT NULL,
    device text NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    confirmed_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_staff_sessions PRIMARY KEY (id),
    CONSTRAINT uq_staff_sessions_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_staff_sessions_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
)""",
    """
CREATE TABLE staff_links (
    token_hash bytea NOT NULL,
    staff_id bigint NOT NULL,
    made_by bigint,
    made_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT pk_staff_links PRIMARY KEY (token_hash),
    CONSTRAINT fk_staff_links_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
    CONSTRAINT fk_staff_links_made_by_staff FOREIGN KEY (made_by) REFERENCES staff (id)
)""",
    """
CREATE TABLE log_in_failures (
    who bytea NOT NULL,
    whence bytea NOT NULL,
    failures bigint NOT NULL,
    locked_until timestamptz,
    until timestamptz NOT NULL,
    CONSTRAINT pk_log_in_failures PRIMARY KEY (who, whence)
)""",
    """
CREATE TABLE account_events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    staff_id bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    by_id bigint,
    until timestamptz NOT NULL,
    CONSTRAINT pk_account_events PRIMARY KEY (id),
    CONSTRAINT fk_account_events_staff_id_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
    CONSTRAINT fk_account_events_by_id_staff FOREIGN KEY (by_id) REFERENCES staff (id)
)""",
)
INDEXES = (
    "CREATE INDEX ix_staff_sessions_staff_id ON staff_sessions (staff_id)",
    "CREATE INDEX ix_staff_links_staff_id ON staff_links (staff_id)",
    "CREATE INDEX ix_log_in_failures_until ON log_in_failures (until)",
    "CREATE INDEX ix_account_events_staff_id ON account_events (staff_id, at)",
    "CREATE INDEX ix_account_events_until ON account_events (until)",
)

# Who knocks has no name yet, and who is inside has no business with anybody's password: only the door reads them.
IS_DOOR = """
CREATE FUNCTION yz_is_door() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM staff WHERE id = yz_actor() AND login = 'door' AND is_system AND active)
$$
"""

# An administrator of a region manages those whose every role is held in that region; else a link to set the password
# of somebody mightier would be a way up.
MAY_MANAGE = """
CREATE FUNCTION yz_may_manage(someone bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT yz_everywhere('administrator') OR yz_anywhere('administrator') AND NOT EXISTS (
        SELECT FROM staff_grants g WHERE g.staff_id = someone
        AND (g.region_code IS NULL OR g.region_code <> ALL (yz_regions('administrator'))))
$$
"""
GRANT_HERE = (
    "((SELECT yz_everywhere('administrator')) OR"
    " (region_code = ANY ((SELECT yz_regions('administrator'))::text[]) AND yz_may_manage(staff_id)))"
)
POLICIES = {
    "staff": {
        "added": "WITH CHECK ((SELECT yz_anywhere('administrator')) AND NOT is_system)",
        "changed": "USING (NOT is_system AND yz_may_manage(id)) WITH CHECK (NOT is_system AND yz_may_manage(id))",
    },
    "staff_grants": {
        "added": f"WITH CHECK ({GRANT_HERE})",
        "changed": f"USING ({GRANT_HERE}) WITH CHECK ({GRANT_HERE})",
        "removed": f"USING ({GRANT_HERE})",
    },
}
COMMANDS = {"added": "INSERT", "changed": "UPDATE", "removed": "DELETE"}

DOOR = "(SELECT yz_is_door())"
#: What happened to an account is added and forgotten in time, never rewritten.
RIGHTS = {
    "credentials": "SELECT, INSERT, UPDATE",
    "recovery_codes": "SELECT, INSERT, DELETE",
    "staff_sessions": "SELECT, INSERT, UPDATE, DELETE",
    "staff_links": "SELECT, INSERT, DELETE",
    "log_in_failures": "SELECT, INSERT, UPDATE, DELETE",
    "account_events": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    for statement in (*TABLES, *INDEXES, IS_DOOR, MAY_MANAGE):
        op.execute(statement)
    op.execute("""
        INSERT INTO credentials (staff_id, email, password_hash, password_set_at)
        SELECT id, email, password_hash, CASE WHEN password_hash IS NOT NULL THEN now() END
        FROM staff WHERE num_nonnulls(email, password_hash) > 0
    """)
    op.execute("ALTER TABLE staff DROP CONSTRAINT ck_staff_system_has_no_login")
    op.execute("ALTER TABLE staff DROP COLUMN password_hash, DROP COLUMN email")
    op.execute("""
        UPDATE history SET held = held - '{password_hash,email}'::text[]
        WHERE table_name = 'staff' AND held ?| ARRAY['password_hash', 'email']
    """)
    op.execute("DELETE FROM history WHERE table_name = 'staff' AND held = '{}'")

    op.execute("""
        SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'operator'), true),
               set_config('yz.reason', 'staff may log in', true)
    """)
    op.execute("INSERT INTO staff (login, display_name, is_system) VALUES ('door', '登录 Log-in', true)")
    # Numbered now, so that later migrations of the same transaction find no trigger waiting.
    op.execute("SET CONSTRAINTS number_commit IMMEDIATE")
    op.execute("SET CONSTRAINTS number_commit DEFERRED")
    op.execute(
        "SELECT set_config(name, '', true) FROM unnest(ARRAY['yz.actor', 'yz.reason', 'yz.commit']) AS name"
    )

    for table, policies in POLICIES.items():
        for name, condition in policies.items():
            op.execute(f"DROP POLICY {name} ON {table}")
            op.execute(f"CREATE POLICY {name} ON {table} FOR {COMMANDS[name]} TO yizhan_app {condition}")
    for table, rights in RIGHTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY door ON {table} TO yizhan_app USING ({DOOR}) WITH CHECK ({DOOR})")
        op.execute(f"GRANT {rights} ON {table} TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError(
        "passwords cannot go back into a table whose history is kept: restore a backup instead"
    )
