"""What a database holds, as one count and one checksum for each table, worked out where the rows are.

The checksum of a table is the SHA-256 of the SHA-256s of its rows, the rows in the order of those: no key, no collation and
no place on the disk has a say in it. A row is its text as PostgreSQL writes it under fixed settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import Connection

__all__ = ["Content", "contents", "expectation", "tables"]

#: How values are written as text, whatever a server or a role has set otherwise.
SPELLING = """
    SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
    SET extra_float_digits = 1; SET row_security = off; SET jit = off; SET statement_timeout = 0;
"""

_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
        AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""
#: Hashes are gathered in parts of 65,536 rows, so that no value of the database passes its gigabyte.
_CHECKSUM = """
    WITH hashed AS (SELECT sha256(convert_to(yz_row::text, 'UTF8')) AS hash FROM {table} yz_row),
        numbered AS (SELECT hash, row_number() OVER (ORDER BY hash) AS n FROM hashed),
        parts AS (SELECT (n - 1) / 65536 AS part, count(*) AS held, sha256(string_agg(hash, ''::bytea ORDER BY n)) AS hash
            FROM numbered GROUP BY 1)
    SELECT coalesce(sum(held), 0)::bigint, encode(sha256(coalesce(string_agg(hash, ''::bytea ORDER BY part), '')), 'hex')
    FROM parts
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What one table holds: how many rows, and their checksum in hexadecimal."""

    rows: int
    sha256: str


def tables(connection: Connection) -> list[str]:
    """List the tables that are ours, as schema.table, quoted where they must be; those of extensions are left out."""
    return [name for (name,) in connection.execute(_TABLES).fetchall()]


def contents(connection: Connection) -> dict[str, Content]:
    """Count and sum every table, as the connection's transaction sees it. Changes settings of the session."""
    for statement in filter(None, map(str.strip, SPELLING.split(";"))):
        connection.execute(statement.encode())
    found = {}
    for table in tables(connection):
        row = connection.execute(_CHECKSUM.format(table=table).encode()).fetchone()
        if row is not None:
            found[table] = Content(*row)
    return found


def expectation(wanted: Mapping[str, Content]) -> str:
    """Write the SQL that raises an error unless the database holds exactly these tables with exactly these rows."""
    names = ", ".join(_quoted(name) for name in sorted(wanted))
    checks = "\n".join(
        f"""EXECUTE {_quoted(_CHECKSUM.format(table=name))} INTO held, hash;
        IF held <> {content.rows} OR hash <> {_quoted(content.sha256)} THEN
            RAISE EXCEPTION 'the table % came back with % rows and checksum %, and was saved with % and %',
                {_quoted(name)}, held, hash, {content.rows}, {_quoted(content.sha256)};
        END IF;"""
        for name, content in sorted(wanted.items())
    )
    return f"""{SPELLING}
    DO $yz_expected$ DECLARE held bigint; hash text; strays text; BEGIN
        SELECT string_agg(name, ', ') INTO strays FROM ({_TABLES}) found (name)
        WHERE name <> ALL (ARRAY[{names}]::text[]);
        IF strays IS NOT NULL THEN RAISE EXCEPTION 'tables came back that were not saved: %', strays; END IF;
        {checks}
    END $yz_expected$;
    """  # noqa: S608 - names of tables as PostgreSQL quoted them, and constants


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
