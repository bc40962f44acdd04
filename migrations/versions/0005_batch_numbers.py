"""A batch knows its number before its first write, so that the commit can carry it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT USAGE ON SEQUENCE import_batches_id_seq TO yizhan_app")


def downgrade() -> None:
    op.execute("REVOKE USAGE ON SEQUENCE import_batches_id_seq FROM yizhan_app")
