"""Imports that wait for a decision, staff edits that win, batches that are undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATUSES = (
    "'waiting', 'judging', 'judged', 'applying', 'applied', 'refused', 'discarded', 'stopped', 'undone'"
)
WAITING = "verdict IN ('suspect', 'conflict', 'absent') AND accepted_at IS NULL AND decision IS NULL"
#: Whose facts can be taken back: each finds the rows that a commit added.
ADDED = ("amenities", "hours_exceptions", "partners", "photos", "visits", "honours")

# What a batch wrote is told by its rows for good; what was only judged may be judged again, or thrown away.
OWN_UNAPPLIED = (
    "EXISTS (SELECT FROM import_batches b WHERE b.id = batch_id"
    " AND b.status NOT IN ('applied', 'undone')"
    " AND (b.actor_id = yz_actor() OR (SELECT yz_everywhere('administrator'))))"
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_import_batches_status"), "import_batches")
    op.create_check_constraint(op.f("ck_import_batches_status"), "import_batches", f"status IN ({STATUSES})")
    op.add_column("import_batches", sa.Column("ledger", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("import_batches", sa.Column("mapping", postgresql.JSONB(), nullable=True))
    op.add_column("import_batches", sa.Column("report", postgresql.JSONB(), nullable=True))
    op.add_column("import_batches", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("import_batches", sa.Column("applied_in", sa.BigInteger(), nullable=True))

    op.add_column("import_rows", sa.Column("conflicts", postgresql.JSONB(), nullable=True))
    op.add_column("import_rows", sa.Column("decision", sa.Text(), nullable=True))
    op.add_column("import_rows", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("import_rows", sa.Column("decided_by", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_import_rows_decision"), "import_rows", "decision IN ('accept', 'reject')"
    )
    op.create_check_constraint(
        op.f("ck_import_rows_decided_by_somebody"),
        "import_rows",
        "num_nonnulls(decision, decided_at, decided_by) IN (0, 3)",
    )
    op.create_foreign_key(
        op.f("fk_import_rows_decided_by_staff"), "import_rows", "staff", ["decided_by"], ["id"]
    )
    op.drop_index("ix_import_rows_waiting", "import_rows")
    op.create_index("ix_import_rows_waiting", "import_rows", ["batch_id"], postgresql_where=sa.text(WAITING))
    op.execute("GRANT DELETE ON import_rows TO yizhan_app")
    op.execute(f"CREATE POLICY removed ON import_rows FOR DELETE TO yizhan_app USING ({OWN_UNAPPLIED})")

    for table in ADDED:
        op.create_index(f"ix_{table}_added_in", table, ["added_in"])

    # The commit that applied a batch, for batches of before: the first that carried its number. Written under the
    # name of the command line, as every change of a batch is asked for an actor.
    op.execute("""
        SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'operator'), true),
               set_config('yz.reason', 'batches know the commit that applied them', true)
    """)
    op.execute("""
        UPDATE import_batches b SET applied_in = c.id
        FROM (SELECT batch_id, min(id) AS id FROM commits WHERE batch_id IS NOT NULL GROUP BY batch_id) c
        WHERE b.id = c.batch_id AND b.status = 'applied'
    """)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute("SET CONSTRAINTS ALL DEFERRED")
    op.execute(
        "SELECT set_config(name, '', true) FROM unnest(ARRAY['yz.actor', 'yz.reason', 'yz.commit']) AS name"
    )


def downgrade() -> None:
    raise RuntimeError("decisions about imports cannot be taken back: restore a backup instead")
