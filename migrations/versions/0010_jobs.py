"""Long work: what is to be done, how far it is, and files that wait for it.

The queue itself is procrastinate's, in a schema of its own, so that ``public`` holds the registry and nothing else.
``work`` and ``uploads`` are no facts of the registry and pass: no commit of the ledger tells of them.
"""

from __future__ import annotations

from alembic import op

from stations.jobs.queue_schema import SCHEMA, bring_up

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WORK = """
CREATE TABLE work (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject text NOT NULL,
    key text,
    arguments jsonb DEFAULT '{}' NOT NULL,
    actor_id bigint NOT NULL,
    job_id bigint,
    state text DEFAULT 'waiting' NOT NULL,
    attempts bigint DEFAULT 0 NOT NULL,
    step text,
    progress double precision,
    result jsonb,
    error text,
    made_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    started_at timestamptz,
    heartbeat_at timestamptz,
    cancel_requested_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT pk_work PRIMARY KEY (id),
    CONSTRAINT fk_work_actor_id_staff FOREIGN KEY (actor_id) REFERENCES staff (id),
    CONSTRAINT ck_work_state CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped', 'cancelled')),
    CONSTRAINT ck_work_progress CHECK (progress BETWEEN 0 AND 1),
    CONSTRAINT ck_work_ended CHECK
        ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'stopped', 'cancelled')))
)
"""
UPLOADS = """
CREATE TABLE uploads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    sha256 text NOT NULL,
    file_name text NOT NULL,
    bytes bigint NOT NULL,
    actor_id bigint NOT NULL,
    choices jsonb DEFAULT '{}' NOT NULL,
    batch_id bigint,
    made_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_uploads PRIMARY KEY (id),
    CONSTRAINT fk_uploads_actor_id_staff FOREIGN KEY (actor_id) REFERENCES staff (id),
    CONSTRAINT fk_uploads_batch_id_import_batches FOREIGN KEY (batch_id) REFERENCES import_batches (id),
    CONSTRAINT ck_uploads_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$')
)
"""
INDEXES = (
    "CREATE UNIQUE INDEX uq_work_key ON work (key) WHERE state IN ('waiting', 'running')",
    "CREATE INDEX ix_work_open ON work (id) WHERE state IN ('waiting', 'running')",
    "CREATE INDEX ix_work_made_at ON work (made_at)",
    "CREATE INDEX ix_uploads_sha256 ON uploads (sha256)",
    "CREATE INDEX ix_uploads_made_at ON uploads (made_at)",
    "CREATE INDEX ix_uploads_batch_id ON uploads (batch_id)",
)

ADMINISTRATOR = "(SELECT yz_everywhere('administrator'))"
STAFF = "(SELECT yz_anywhere('viewer', 'editor', 'inspector', 'planner', 'administrator'))"
WRITER = "(SELECT yz_anywhere('editor', 'administrator'))"
OWN = f"(actor_id = (SELECT yz_actor()) OR {ADMINISTRATOR})"
#: table: who may add a row of one's own
ADDED_BY = {"work": STAFF, "uploads": WRITER}


def upgrade() -> None:
    for statement in (WORK, UPLOADS, *INDEXES):
        op.execute(statement)
    for table, adder in ADDED_BY.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY seen ON {table} FOR SELECT TO yizhan_app USING (true)")
        op.execute(
            f"CREATE POLICY added ON {table} FOR INSERT TO yizhan_app"
            f" WITH CHECK (actor_id = (SELECT yz_actor()) AND {adder})"
        )
        op.execute(
            f"CREATE POLICY changed ON {table} FOR UPDATE TO yizhan_app USING ({OWN}) WITH CHECK ({OWN})"
        )
        op.execute(f"CREATE POLICY removed ON {table} FOR DELETE TO yizhan_app USING ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO yizhan_app")
    bring_up(op.get_bind())
    op.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO yizhan_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO yizhan_app")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("work that somebody waits for would be lost: restore a backup instead")
