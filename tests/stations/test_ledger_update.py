"""What a change leaves in the history: each column that reads otherwise, with both of its values, and nothing else.

The trigger compares columns as they are stored. Here a row is written out whole before and after, as JSON, and the
difference is taken in Python: for a table of the types that compare oddly, and for a copy of every table that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from stations.cluster import OWNER, Cluster

#: Values of each type, as they stand in a statement: some are stored in two ways and read as one, some are equal and read
#: as two, some differ only beyond the digits of a GeoJSON.
VALUES: dict[str, tuple[str, ...]] = {
    "bigint": ("1", "2", "-9007199254740993"),
    "integer": ("1", "2"),
    "boolean": ("true", "false"),
    "text": ("''", "'电话'", "'NaN'", "E'a\\tb\"\\\\'", "repeat('长', 5000)"),
    "double precision": ("0", "-0", "0.1", "0.1 + 2e-17", "'NaN'", "'Infinity'", "1e300"),
    "numeric": ("1.0", "1.00", "'NaN'", "123456.75"),
    "date": ("date '2026-01-01'", "date 'infinity'"),
    "daterange": ("daterange('2026-01-01', '2026-02-01')", "'empty'", "daterange(NULL, '2026-02-01')"),
    "int4range": ("int4range(1, 3)", "int4range(1, 2, '[]')", "int4range(1, 4)"),
    "interval": ("interval '1 month'", "interval '30 days'", "interval '720 hours'"),
    "time without time zone": ("time '07:30'", "time '24:00'"),
    "timestamp with time zone": ("timestamptz '2026-01-01 08:00+08'", "timestamptz '2026-01-01 00:00Z'", "'infinity'"),
    "uuid": ("'2f1c4e8a-0b3d-4c57-9e68-a1b2c3d4e5f6'", "'00000000-0000-0000-0000-000000000000'"),
    "bytea": ("'\\x00ff'", "''"),
    "text[]": ("'{}'", "'{a,b}'", "'[0:1]={a,b}'", "'{a,NULL}'", "'{{a},{b}}'"),
    "json": ("""'{"a":1}'""", """'{ "a": 1 }'""", "'null'", """'[1, 1.0]'"""),
    "jsonb": ("""'{"zh":"站"}'""", """'{"zh":null}'""", "'null'", "'1.0'", "'1.00'", "'{}'"),
    "geometry(Point,4326)": (
        "'SRID=4326;POINT(101.5 36.5)'", "'SRID=4326;POINT(101.5 36.50000000000001)'",
        "'SRID=4326;POINT(0 0)'", "'SRID=4326;POINT(-0 0)'", "'SRID=4326;POINT EMPTY'",
    ),
    "geometry(MultiPolygon,4326)": (
        "'SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'", "'SRID=4326;MULTIPOLYGON(((1 0,1 1,0 0,1 0)))'",
        "'SRID=4326;MULTIPOLYGON EMPTY'",
    ),
}  # fmt: skip
KEPT_UPDATE = """
    SELECT c.relname, string_to_array(split_part(encode(t.tgargs, 'escape'), '\\000', 1), ','),
        split_part(encode(t.tgargs, 'escape'), '\\000', 2)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgfoid = 'yz_keep_update'::regproc AND c.relnamespace = %s::regnamespace ORDER BY 1
"""


@pytest.fixture(scope="module")
def owned(new_database: Callable[[], str], cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A registry of one's own, as its owner: copies of its tables stand in the schema ``copies``, without their rules."""
    name = make_url(new_database()).database
    assert name is not None
    address = cluster.url(name, OWNER).replace("+psycopg", "")
    with psycopg.connect(address, options="-c search_path=copies,public") as connection:
        connection.execute("CREATE SCHEMA copies")
        odd = ", ".join(f'"{kind}" {kind}' for kind in VALUES)
        connection.execute(f'CREATE TABLE copies.odd (id bigint, gone text, {odd}, "it\'s 100%% ""I""" text)')
        connection.execute("ALTER TABLE copies.odd DROP COLUMN gone")
        kept = connection.execute(KEPT_UPDATE, ["public"]).fetchall()
        for table, _, _ in kept:
            made = sql.SQL("CREATE TABLE copies.{0} AS SELECT * FROM public.{0} WITH NO DATA")
            connection.execute(made.format(sql.Identifier(table)))
        for table, keys, station in [*kept, ("odd", ["id"], "")]:
            connection.execute(
                sql.SQL("""
                    CREATE TRIGGER keep_update AFTER UPDATE ON copies.{}
                    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION public.yz_keep_update({}, {})
                """).format(sql.Identifier(table), ",".join(keys), station)
            )
        # The commit that made the schema; whoever writes by the ledger has one.
        connection.execute("SELECT set_config('yz.commit', '1', false)")
        connection.commit()
        yield connection


def test_every_type_of_a_table_that_is_kept_is_tried(owned: psycopg.Connection) -> None:
    kinds = {kind for table, _, _ in copies(owned) for kind in columns(owned, table).values()}
    assert {plain(kind) for kind in kinds} == set(VALUES)


def test_the_tables_that_are_kept_are_tried(owned: psycopg.Connection) -> None:
    tables = {table for table, _, _ in copies(owned)}
    assert {"stations", "amenities", "regions", "visits", "programmes", "demand_layers", "api_keys"} < tables


def test_the_history_of_a_change_is_the_difference_of_the_two_rows(owned: psycopg.Connection) -> None:
    """Change every value of every type into every other, in every column, by one statement a table."""
    for table, keys, station in copies(owned):
        types = columns(owned, table)
        facts = {name: kind for name, kind in types.items() if name not in keys}
        pairs = {
            name: list(product(["NULL", *VALUES[plain(kind)]], repeat=2)) for name, kind in facts.items()
        }
        rows = range(max(map(len, pairs.values()), default=1))

        def row(number: int, side: int, *, types: Any = types, pairs: Any = pairs) -> str:
            told = (
                f"({pairs[name][number % len(pairs[name])][side] if name in pairs else key(kind, number)})::{kind}"
                for name, kind in types.items()
            )
            return f"({', '.join(told)})"

        names = sql.SQL(", ").join(map(sql.Identifier, types))
        owned.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
                sql.Identifier("copies", table),
                names,
                sql.SQL(", ").join(sql.SQL(row(number, 0)) for number in rows),
            )
        )
        before = rows_of(owned, table, keys)
        owned.execute(
            sql.SQL("UPDATE {} AS t SET {} FROM (VALUES {}) AS v ({}) WHERE {}").format(
                sql.Identifier("copies", table),
                sql.SQL(", ").join(sql.SQL("{0} = v.{0}").format(sql.Identifier(name)) for name in facts),
                sql.SQL(", ").join(sql.SQL(row(number, 1)) for number in rows),
                names,
                sql.SQL(" AND ").join(sql.SQL("t.{0} = v.{0}").format(sql.Identifier(name)) for name in keys),
            )
        )
        after = rows_of(owned, table, keys)
        expected = {}
        for named, was in before.items():
            now = after[named]
            held = {name: [was[name], now[name]] for name in types if was[name] != now[name]}
            if held:
                expected[named] = (now[station] if station else None, held)
        assert len(expected) > len(rows) // 2
        assert held_of(owned, table, keys) == expected, table
        owned.rollback()


@pytest.mark.parametrize(
    ("kind", "before", "after", "kept"),
    [
        ("interval", "interval '1 month'", "interval '30 days'", True),
        ("json", """'{"a":1}'""", """'{"a":2}'""", True),
        ("json", """'{"a":1}'""", """'{ "a": 1 }'""", False),
        ("jsonb", "NULL", "'null'", False),
        ("text[]", "'{a,b}'", "'[0:1]={a,b}'", False),
        ("numeric", "1.0", "1.00", False),
        ("double precision", "0", "'-0'", False),
    ],
)
def test_what_reads_otherwise_is_kept_even_where_it_is_equal_and_what_reads_alike_is_not(
    owned: psycopg.Connection, kind: str, before: str, after: str, kept: bool
) -> None:
    try:
        owned.execute(f'INSERT INTO odd (id, "{kind}") VALUES (1, {before})')
        owned.execute(f'UPDATE odd SET "{kind}" = {after}')
        assert bool(held_of(owned, "odd", ["id"])) is kept
    finally:
        owned.rollback()


def copies(connection: psycopg.Connection) -> list[tuple[str, list[str], str]]:
    """Return the tables with the trigger, the columns that name a row of each, and the one that names its station."""
    return connection.execute(KEPT_UPDATE, ["copies"]).fetchall()


def columns(connection: psycopg.Connection, table: str) -> dict[str, str]:
    """Return the types of a copy's columns by their names."""
    return dict(
        connection.execute(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f"copies.{table}"],
        ).fetchall()
    )


def plain(kind: str) -> str:
    """Return a type without its digits."""
    return "numeric" if kind.startswith("numeric") else kind


def key(kind: str, number: int) -> str:
    """Write the value of a row's key."""
    return f"'{number}'" if kind == "text" else str(number)


def rows_of(connection: psycopg.Connection, table: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    """Return the rows by their keys, as the database writes each out whole."""
    found = connection.execute(
        sql.SQL("SELECT to_jsonb(t) FROM {} AS t").format(sql.Identifier("copies", table))
    ).fetchall()
    return {named(row, keys): row for (row,) in found}


def held_of(connection: psycopg.Connection, table: str, keys: list[str]) -> dict[str, tuple[Any, Any]]:
    """Return what the history holds of a table: the station and the change, by the row's keys."""
    found = connection.execute(
        "SELECT row_key, station_id, held FROM history WHERE table_name = %s AND op = 'update'", [table]
    ).fetchall()
    assert all(set(row_key) == set(keys) for row_key, _, _ in found)
    return {named(row_key, keys): (station, held) for row_key, station, held in found}


def named(row: dict[str, Any], keys: list[str]) -> str:
    """Write a row's keys as one text."""
    return "|".join(str(row[name]) for name in keys)
