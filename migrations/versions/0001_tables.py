"""The registry's tables, and the public codes that stations are given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: ISO 7064 MOD 11,10: finds every single wrong digit and nearly every swapped pair on a plate read aloud.
CHECK_DIGIT = """
CREATE FUNCTION yz_check_digit(digits text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    product integer := 10;
    total integer;
BEGIN
    FOR place IN 1 .. length(digits) LOOP
        total := (product + substr(digits, place, 1)::integer) % 10;
        IF total = 0 THEN total := 10; END IF;
        product := (total * 2) % 11;
    END LOOP;
    RETURN ((11 - product) % 10)::text;
END $$
"""

#: Two digits of the province, a serial number that a sequence never gives twice, a check digit.
STATION_CODE = """
CREATE FUNCTION yz_station_code(province text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    serial text := nextval('station_serial')::text;
    digits text;
BEGIN
    digits := left(coalesce(province, (SELECT province_code FROM registry_info), '00'), 2)
        || lpad(serial, greatest(5, length(serial)), '0');
    RETURN digits || yz_check_digit(digits);
END $$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE SEQUENCE station_serial")
    op.execute(CHECK_DIGIT)
    op.execute(STATION_CODE)
    op.create_table(
        "commit_counter",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_commit_counter_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_commit_counter")),
    )
    op.create_table(
        "commits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("txid", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commits")),
        sa.UniqueConstraint("seq", name=op.f("uq_commits_seq")),
    )
    op.create_index("ix_commits_batch_id", "commits", ["batch_id"], unique=False)
    op.create_geospatial_table(
        "regions",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("population_year", sa.BigInteger(), nullable=True),
        sa.Column("publishable", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("credit", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("lineage", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("code ~ '^[0-9]{6}([0-9]{3}){0,2}$'", name=op.f("ck_regions_code")),
        sa.CheckConstraint(
            "level IN ('country', 'province', 'prefecture', 'county', 'township')",
            name=op.f("ck_regions_level"),
        ),
        sa.CheckConstraint("names ? 'zh'", name=op.f("ck_regions_names")),
        sa.CheckConstraint("population > 0", name=op.f("ck_regions_population")),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["regions.code"], name=op.f("fk_regions_merged_into_regions")
        ),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["regions.code"], name=op.f("fk_regions_parent_code_regions")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_geospatial_index(
        "ix_regions_geom", "regions", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_regions_lineage", "regions", ["lineage"], unique=False, postgresql_using="gin")
    op.create_index("ix_regions_parent_code", "regions", ["parent_code"], unique=False)
    op.create_table(
        "registry_info",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("mainland", sa.LargeBinary(), nullable=True),
        sa.Column("regions_loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("one = 1", name=op.f("ck_registry_info_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_registry_info")),
    )
    op.create_table(
        "schedules",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "made_in",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("expression", sa.Text(), nullable=True),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("exceptions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("open_spans", postgresql.TSTZMULTIRANGE(), nullable=False),
        sa.Column("unknown_spans", postgresql.TSTZMULTIRANGE(), nullable=False),
        sa.Column("covers", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("always_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", "made_in", name=op.f("pk_schedules")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("datum", sa.Text(), nullable=True),
        sa.Column("retrieved_on", sa.Date(), nullable=True),
        sa.Column("demonstration", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("code", name=op.f("uq_sources_code")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_system", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT is_system OR password_hash IS NULL", name=op.f("ck_staff_system_has_no_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_table(
        "stale_stations",
        sa.Column("station_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_stale_stations")),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("commit_id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("op", sa.Text(), nullable=False),
        sa.Column("held", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("op IN ('update', 'delete')", name=op.f("ck_history_op")),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.id"], name=op.f("fk_history_commit_id_commits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index("ix_history_commit_id", "history", ["commit_id"], unique=False)
    op.create_index("ix_history_station_id", "history", ["station_id"], unique=False)
    op.create_table(
        "import_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="judged", nullable=False),
        sa.Column("demonstration", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('judged', 'applied', 'refused', 'undone')", name=op.f("ck_import_batches_status")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["staff.id"], name=op.f("fk_import_batches_actor_id_staff")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_import_batches_source_id_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_index("ix_import_batches_source_id", "import_batches", ["source_id"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_organisations_name")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_organisations_region_code_regions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
    )
    op.create_geospatial_table(
        "places",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("population_year", sa.BigInteger(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("credit", sa.Text(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("population > 0", name=op.f("ck_places_population")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_places_region_code_regions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_places_source_source_id")),
    )
    op.create_geospatial_index(
        "ix_places_location", "places", ["location"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_places_region_code", "places", ["region_code"], unique=False)
    op.create_table(
        "staff_grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'inspector', 'planner', 'administrator')",
            name=op.f("ck_staff_grants_role"),
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_staff_grants_region_code_regions")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_grants_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_grants")),
    )
    op.create_index(
        "uq_staff_grants_role",
        "staff_grants",
        ["staff_id", "role", sa.literal_column("coalesce(region_code, '')")],
        unique=True,
    )
    op.create_geospatial_table(
        "stations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), server_default=sa.text("yz_station_code(NULL)"), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "station_class",
            sa.Text(),
            sa.Computed(
                "CASE WHEN kind IN ('union_station', 'rider_station', 'workers_harbour', 'care_station', 'outdoor_workers_station') THEN 'rest' ELSE 'service' END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("lifecycle", sa.Text(), server_default="open", nullable=False),
        sa.Column("lifecycle_since", sa.Date(), nullable=True),
        sa.Column("lifecycle_reason", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=True),
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
        sa.Column("position_quality", sa.Text(), nullable=True),
        sa.Column("position_hold", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("directions", sa.Text(), nullable=True),
        sa.Column("original_lon", sa.Double(), nullable=True),
        sa.Column("original_lat", sa.Double(), nullable=True),
        sa.Column("original_datum", sa.Text(), nullable=True),
        sa.Column("position_origin", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("district_received", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("premises", sa.Text(), nullable=True),
        sa.Column("access", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("fee", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("accepted_cards", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("area_m2", sa.Numeric(precision=8, scale=1), nullable=True),
        sa.Column("hours_expression", sa.Text(), nullable=True),
        sa.Column("hours_calendar", sa.Text(), server_default="plain", nullable=False),
        sa.Column("hours_words", sa.Text(), nullable=True),
        sa.Column("doubts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.BigInteger(), nullable=True),
        sa.Column("verified_how", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("same_as", sa.BigInteger(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "access IN ('open_door', 'scan', 'app', 'card', 'ask_staff', 'unknown')",
            name=op.f("ck_stations_access"),
        ),
        sa.CheckConstraint("fee IN ('free', 'fee', 'unknown')", name=op.f("ck_stations_fee")),
        sa.CheckConstraint(
            "hours_calendar IN ('plain', 'official')", name=op.f("ck_stations_hours_calendar")
        ),
        sa.CheckConstraint(
            "kind IN ('union_station', 'rider_station', 'workers_harbour', 'care_station', 'outdoor_workers_station', 'rights_centre', 'care_supermarket', 'care_pharmacy', 'care_clinic')",
            name=op.f("ck_stations_kind"),
        ),
        sa.CheckConstraint(
            "lifecycle IN ('planned', 'building', 'open', 'suspended', 'closed')",
            name=op.f("ck_stations_lifecycle"),
        ),
        sa.CheckConstraint(
            "lifecycle NOT IN ('suspended', 'closed') OR (lifecycle_since IS NOT NULL AND btrim(lifecycle_reason) <> '')",
            name=op.f("ck_stations_ends_with_date_and_reason"),
        ),
        sa.CheckConstraint("names ? 'zh' AND btrim(names->>'zh') <> ''", name=op.f("ck_stations_names")),
        sa.CheckConstraint(
            "original_datum IN ('wgs84', 'gcj02', 'bd09')", name=op.f("ck_stations_original_datum")
        ),
        sa.CheckConstraint(
            "position_quality IN ('door', 'building', 'approximate', 'place')",
            name=op.f("ck_stations_position_quality"),
        ),
        sa.CheckConstraint(
            "premises IN ('community_hall', 'bank', 'petrol_station', 'courier_depot', 'pharmacy', 'bus_station', 'railway_station', 'shop', 'hospital', 'union_building', 'public_office', 'kiosk', 'other')",
            name=op.f("ck_stations_premises"),
        ),
        sa.CheckConstraint("area_m2 >= 0", name=op.f("ck_stations_area")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_stations_capacity")),
        sa.CheckConstraint(
            "location IS NULL OR (ST_X(location) BETWEEN -180 AND 180 AND ST_Y(location) BETWEEN -90 AND 90)",
            name=op.f("ck_stations_location"),
        ),
        sa.CheckConstraint(
            "position_hold IS NULL OR location IS NULL", name=op.f("ck_stations_held_is_not_drawn")
        ),
        sa.CheckConstraint(
            "same_as IS NULL OR withdrawn_reason IS NOT NULL", name=op.f("ck_stations_same_as")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_stations_region_code_regions")
        ),
        sa.ForeignKeyConstraint(["same_as"], ["stations.id"], name=op.f("fk_stations_same_as_stations")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_stations_source_id_sources")),
        sa.ForeignKeyConstraint(["verified_by"], ["staff.id"], name=op.f("fk_stations_verified_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sa.UniqueConstraint("code", name=op.f("uq_stations_code")),
    )
    op.create_index("ix_stations_added_in", "stations", ["added_in"], unique=False)
    op.create_geospatial_index(
        "ix_stations_location",
        "stations",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        "ix_stations_location_metres",
        "stations",
        [sa.literal_column("(location::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index("ix_stations_region_code", "stations", ["region_code"], unique=False)
    op.create_index("ix_stations_source_id", "stations", ["source_id"], unique=False)
    op.create_table(
        "amenities",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("amenity", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("out_of_order", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT out_of_order OR value = 'yes'", name=op.f("ck_amenities_only_what_is_there_breaks")
        ),
        sa.CheckConstraint(
            "amenity IN ('drinking_water', 'microwave', 'phone_charging', 'seating', 'toilet', 'heating', 'air_conditioning', 'first_aid', 'battery_swap', 'ebike_charging', 'fridge', 'resting_chair', 'shower', 'laundry', 'wifi', 'rain_gear', 'reading', 'blood_pressure', 'aed', 'repair_tools', 'nursing_room', 'wheelchair', 'womens_room', 'haircut', 'legal_aid', 'discount_meal', 'job_board', 'oxygen', 'ebike_parking')",
            name=op.f("ck_amenities_amenity"),
        ),
        sa.CheckConstraint("basis IN ('observed', 'listed', 'inferred')", name=op.f("ck_amenities_basis")),
        sa.CheckConstraint("value IN ('yes', 'no', 'unknown')", name=op.f("ck_amenities_value")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_amenities_station_id_stations")
        ),
        sa.PrimaryKeyConstraint("station_id", "amenity", name=op.f("pk_amenities")),
    )
    op.create_table(
        "honours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "level IN ('national', 'provincial', 'prefecture', 'county', 'other')",
            name=op.f("ck_honours_level"),
        ),
        sa.CheckConstraint(
            "(revoked_on IS NULL) = (revoked_reason IS NULL)", name=op.f("ck_honours_revoked")
        ),
        sa.CheckConstraint("num_nonnulls(station_id, organisation_id) = 1", name=op.f("ck_honours_holder")),
        sa.CheckConstraint("year BETWEEN 1949 AND 2200", name=op.f("ck_honours_year")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_honours_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_honours_station_id_stations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_honours")),
    )
    op.create_index("ix_honours_organisation_id", "honours", ["organisation_id"], unique=False)
    op.create_index("ix_honours_station_id", "honours", ["station_id"], unique=False)
    op.create_table(
        "hours_exceptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("starts <= ends", name=op.f("ck_hours_exceptions_order")),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_hours_exceptions_station_id_stations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_exceptions")),
    )
    op.create_index("ix_hours_exceptions_station_id", "hours_exceptions", ["station_id"], unique=False)
    op.create_table(
        "import_rows",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("received", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('new', 'changed', 'unchanged', 'rejected', 'suspect', 'conflict', 'absent')",
            name=op.f("ck_import_rows_verdict"),
        ),
        sa.ForeignKeyConstraint(["accepted_by"], ["staff.id"], name=op.f("fk_import_rows_accepted_by_staff")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batches.id"], name=op.f("fk_import_rows_batch_id_import_batches")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_import_rows_station_id_stations")
        ),
        sa.PrimaryKeyConstraint("batch_id", "row_number", name=op.f("pk_import_rows")),
    )
    op.create_index("ix_import_rows_station_id", "import_rows", ["station_id"], unique=False)
    op.create_index(
        "ix_import_rows_waiting",
        "import_rows",
        ["batch_id"],
        unique=False,
        postgresql_where=sa.text("verdict = 'suspect' AND accepted_at IS NULL"),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('host', 'co_builder', 'funder', 'operator')", name=op.f("ck_partners_role")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_partners_organisation_id_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_partners_station_id_stations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_index("ix_partners_organisation_id", "partners", ["organisation_id"], unique=False)
    op.create_index(
        "uq_partners_station_role", "partners", ["station_id", "organisation_id", "role"], unique=True
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("shows IN ('door', 'inside', 'outside', 'amenity')", name=op.f("ck_photos_shows")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_photos_station_id_stations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_station_id", "photos", ["station_id"], unique=False)
    op.create_geospatial_table(
        "public_stations",
        sa.Column("station_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("commit_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("station_class", sa.Text(), nullable=True),
        sa.Column("lifecycle", sa.Text(), nullable=True),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("lineage", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("access", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=True),
        sa.Column("has", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("inferred", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("lacks", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("schedule_key", sa.Text(), nullable=True),
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
        sa.Column(
            "location_3857",
            Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.Column("search_bigrams", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("feature", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", name=op.f("pk_public_stations")),
        sa.UniqueConstraint("code", name=op.f("uq_public_stations_code")),
    )
    op.create_index("ix_public_stations_commit_id", "public_stations", ["commit_id"], unique=False)
    op.create_index(
        "ix_public_stations_has", "public_stations", ["has"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "ix_public_stations_lineage", "public_stations", ["lineage"], unique=False, postgresql_using="gin"
    )
    op.create_geospatial_index(
        "ix_public_stations_location",
        "public_stations",
        ["location"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_geospatial_index(
        "ix_public_stations_location_3857",
        "public_stations",
        ["location_3857"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        "ix_public_stations_location_metres",
        "public_stations",
        [sa.literal_column("(location::geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index("ix_public_stations_schedule_key", "public_stations", ["schedule_key"], unique=False)
    op.create_index(
        "ix_public_stations_search_bigrams",
        "public_stations",
        ["search_bigrams"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_public_stations_search_text",
        "public_stations",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_table(
        "station_sources",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("identity_key", sa.Text(), nullable=False),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_station_sources_source_id_sources")
        ),
        sa.ForeignKeyConstraint(
            ["station_id"], ["stations.id"], name=op.f("fk_station_sources_station_id_stations")
        ),
        sa.PrimaryKeyConstraint("station_id", "source_id", name=op.f("pk_station_sources")),
    )
    op.create_index(
        "ix_station_sources_external_id",
        "station_sources",
        ["source_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index(
        "ix_station_sources_identity_key", "station_sources", ["source_id", "identity_key"], unique=False
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("period", postgresql.DATERANGE(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("at_least", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("occupation", sa.Text(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "added_in",
            sa.BigInteger(),
            server_default=sa.text("current_setting('yz.commit')::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint("NOT isempty(period)", name=op.f("ck_visits_period")),
        sa.CheckConstraint("visits >= 0", name=op.f("ck_visits_visits")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_visits_source_id_sources")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_visits_station_id_stations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_station_id", "visits", ["station_id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("the first schema cannot be taken back: drop the database, or restore a backup")
