"""What planners keep of siting: plans with their question, their sites and how sure they are."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PLANS = """
CREATE TABLE siting_plans (
    id bigint GENERATED ALWAYS AS IDENTITY,
    title text NOT NULL,
    question jsonb NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamptz DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamptz,
    seconds double precision,
    versions jsonb DEFAULT '{}' NOT NULL,
    basis jsonb,
    summary jsonb,
    status text,
    reason text,
    relaxation text,
    sites jsonb,
    regions jsonb,
    hours jsonb,
    arrays bytea,
    removed_at timestamptz,
    added_in bigint DEFAULT current_setting('yz.commit')::bigint NOT NULL,
    CONSTRAINT pk_siting_plans PRIMARY KEY (id),
    CONSTRAINT fk_siting_plans_asked_by_staff FOREIGN KEY (asked_by) REFERENCES staff (id),
    CONSTRAINT ck_siting_plans_title CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT ck_siting_plans_whole CHECK (num_nonnulls(finished_at, seconds, basis, summary, status, sites, regions,
        hours, arrays) IN (0, 9)),
    CONSTRAINT ck_siting_plans_status CHECK (status IN ('optimal', 'gap', 'stopped', 'infeasible')),
    CONSTRAINT ck_siting_plans_infeasible_says_why CHECK (status IS DISTINCT FROM 'infeasible' OR reason IS NOT NULL)
)
"""
INDEX = "CREATE INDEX ix_siting_plans_asked_at ON siting_plans (asked_at)"
PLANNER = "(SELECT yz_anywhere('planner', 'administrator'))"


def upgrade() -> None:
    op.execute(PLANS)
    op.execute(INDEX)
    op.execute("""
        CREATE TRIGGER a_begin_write BEFORE INSERT OR UPDATE OR DELETE ON siting_plans
        FOR EACH STATEMENT EXECUTE FUNCTION yz_begin_write()
    """)
    op.execute("""
        CREATE TRIGGER z_nothing_changed BEFORE UPDATE ON siting_plans
        FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()
    """)
    op.execute("ALTER TABLE siting_plans ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY seen ON siting_plans FOR SELECT TO yizhan_app USING (true)")
    op.execute(f"CREATE POLICY added ON siting_plans FOR INSERT TO yizhan_app WITH CHECK ({PLANNER})")
    op.execute(
        f"CREATE POLICY changed ON siting_plans FOR UPDATE TO yizhan_app USING ({PLANNER}) WITH CHECK ({PLANNER})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON siting_plans TO yizhan_app")


def downgrade() -> None:
    raise RuntimeError("plans of sites would be lost: restore a backup instead")
