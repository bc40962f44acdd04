"""Keys for programs that ask a lot: who holds one, how much it may ask, and its digest; never the key itself."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEYS = """
CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY,
    digest bytea NOT NULL,
    hint text NOT NULL,
    holder text NOT NULL,
    per_minute bigint NOT NULL,
    made_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    made_by bigint NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT uq_api_keys_digest UNIQUE (digest),
    CONSTRAINT fk_api_keys_made_by_staff FOREIGN KEY (made_by) REFERENCES staff (id),
    CONSTRAINT ck_api_keys_digest CHECK (octet_length(digest) = 32),
    CONSTRAINT ck_api_keys_holder CHECK (char_length(holder) BETWEEN 1 AND 200),
    CONSTRAINT ck_api_keys_per_minute CHECK (per_minute BETWEEN 1 AND 1000000)
)
"""
ADMINISTRATOR = "(SELECT yz_everywhere('administrator'))"


def upgrade() -> None:
    op.execute(KEYS)
    op.execute("""
        CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON api_keys
        FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
    """)
    op.execute("""
        CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON api_keys
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
    """)
    op.execute("""
        CREATE TRIGGER keep_update AFTER UPDATE ON api_keys
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION yz_keep_update('id', '')
    """)
    op.execute("ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY")
    # A digest of 256 random bits tells nobody the key; every request that shows one is looked up by it.
    op.execute("CREATE POLICY seen ON api_keys FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON api_keys FOR INSERT TO yizhan_app WITH CHECK ({ADMINISTRATOR})")
    op.execute(
        f"CREATE POLICY changed ON api_keys FOR UPDATE TO yizhan_app USING ({ADMINISTRATOR}) WITH CHECK ({ADMINISTRATOR})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON api_keys TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("the keys of programs would be lost: restore a backup instead")
