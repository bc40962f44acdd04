"""The search looks through places and regions as through stations, and through names as they sound."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Names of regions and places cannot be read aloud in SQL. The writer's transaction only notes that some changed, and
# makes the gazetteer again when it leaves ``acting``.
MARK_GAZETTEER = """
CREATE FUNCTION yz_mark_gazetteer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('yz.gazetteer', 'stale', true);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_geospatial_table(
        "gazetteer",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("lineage", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("search_bigrams", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.CheckConstraint("kind IN ('region', 'place')", name=op.f("ck_gazetteer_kind")),
        sa.PrimaryKeyConstraint("kind", "code", name=op.f("pk_gazetteer")),
    )
    op.create_index(
        "ix_gazetteer_search_text",
        "gazetteer",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_index("ix_gazetteer_search_bigrams", "gazetteer", ["search_bigrams"], postgresql_using="gin")
    op.execute(MARK_GAZETTEER)
    for table in ("regions", "places"):
        op.execute(f"""
            CREATE TRIGGER stale_gazetteer AFTER INSERT OR UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION yz_mark_gazetteer()
        """)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON gazetteer TO yizhan_app")
    # What a station's row says for the search is written otherwise from here on: all are made again by the next write
    # or by the upkeep of a running server, whichever comes first.
    op.execute("INSERT INTO stale_stations (station_id) SELECT id FROM stations ON CONFLICT DO NOTHING")


def downgrade() -> None:
    raise RuntimeError("the search texts were rewritten: restore a backup instead")
