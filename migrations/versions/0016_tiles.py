"""Where a station lies among the tiles of Web Mercator: a number by which every tile, at every zoom, is one range.

The columns are generated from ``location_3857`` by the database itself, so nothing can forget them.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

# The world is 2^31 steps wide, from the west, and 2^31 high, from the north: about two centimetres. What lies beyond the
# square of Web Mercator lies in no tile.
STEP = """
CREATE FUNCTION yz_tile_step(metres double precision) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN metres BETWEEN -20037508.342789244 AND 20037508.342789244 THEN
        least(floor((metres + 20037508.342789244) / 40075016.685578488 * 2147483648.0), 2147483647.0)::integer END
$$
"""
# Bits of both in turns (G. M. Morton, 1966): the first 2z bits name the tile of zoom z.
KEY = """
CREATE FUNCTION yz_tile_key(x integer, y integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    a bigint := x;
    b bigint := y;
BEGIN
    a := (a | (a << 16)) & x'0000FFFF0000FFFF'::bigint; b := (b | (b << 16)) & x'0000FFFF0000FFFF'::bigint;
    a := (a | (a << 8)) & x'00FF00FF00FF00FF'::bigint;  b := (b | (b << 8)) & x'00FF00FF00FF00FF'::bigint;
    a := (a | (a << 4)) & x'0F0F0F0F0F0F0F0F'::bigint;  b := (b | (b << 4)) & x'0F0F0F0F0F0F0F0F'::bigint;
    a := (a | (a << 2)) & x'3333333333333333'::bigint;  b := (b | (b << 2)) & x'3333333333333333'::bigint;
    a := (a | (a << 1)) & x'5555555555555555'::bigint;  b := (b | (b << 1)) & x'5555555555555555'::bigint;
    RETURN a | (b << 1);
END $$
"""
COLUMNS = """
ALTER TABLE public_stations
    ADD COLUMN tile_x integer GENERATED ALWAYS AS (yz_tile_step(st_x(location_3857))) STORED,
    ADD COLUMN tile_y integer GENERATED ALWAYS AS (yz_tile_step(-st_y(location_3857))) STORED,
    ADD COLUMN tile_key bigint GENERATED ALWAYS AS
        (yz_tile_key(yz_tile_step(st_x(location_3857)), yz_tile_step(-st_y(location_3857)))) STORED
"""
# All that a tile of many stations is counted from stands in the index: their rows are a kilobyte or two each.
INDEX = """
CREATE INDEX ix_public_stations_tile_key ON public_stations (tile_key)
    INCLUDE (tile_x, tile_y, station_id, lifecycle, station_class, kind) WHERE listed IS TRUE
"""


def upgrade() -> None:
    for statement in (STEP, KEY, COLUMNS, INDEX):
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE public_stations DROP COLUMN tile_key, DROP COLUMN tile_x, DROP COLUMN tile_y")
    op.execute("DROP FUNCTION yz_tile_key(integer, integer)")
    op.execute("DROP FUNCTION yz_tile_step(double precision)")
