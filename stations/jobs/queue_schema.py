"""procrastinate's own tables, in a schema of their own, brought up to the version that is installed.

The library ships its schema whole and as migrations from version to version. Which of these a database has is kept
beside them, so that a migration of ours has only to call ``bring_up`` again after the lock moved.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from sqlalchemy import Connection, text

__all__ = ["SCHEMA", "applied", "bring_up", "shipped"]

SCHEMA: Final = "queue"

_SETTLE: Final = f"""
    DO $$ DECLARE known regprocedure; BEGIN
        FOR known IN SELECT oid FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = {SCHEMA}, pg_temp', known);
        END LOOP;
    END $$
"""  # noqa: S608 - a constant


def shipped() -> list[str]:
    """Return the names of the migrations that the installed library has, in their order."""
    return sorted(
        entry.name
        for entry in (files("procrastinate") / "sql" / "migrations").iterdir()
        if entry.name.endswith(".sql")
    )


def applied(connection: Connection) -> list[str]:
    """Return the names of the migrations that a database has; none where it has no queue."""
    if connection.scalar(text("SELECT to_regclass(:table)"), {"table": f"{SCHEMA}.applied"}) is None:
        return []
    return list(connection.scalars(text(f"SELECT name FROM {SCHEMA}.applied ORDER BY name")))  # noqa: S608 - a constant


def bring_up(connection: Connection) -> list[str]:
    """Make the queue's tables, or bring them to the installed version; returns the migrations that were missing.

    ``connection`` is the owner's, in a transaction, which gets back the search path that it had.
    """
    known = applied(connection)
    missing = [name for name in shipped() if name not in known]
    sql = files("procrastinate") / "sql"
    before = connection.scalar(text("SELECT current_setting('search_path')"))
    if not known:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        connection.execute(text(f"CREATE TABLE {SCHEMA}.applied (name text PRIMARY KEY)"))
        scripts = [sql / "schema.sql"]
    else:
        scripts = [sql / "migrations" / name for name in missing]
    connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
    for script in scripts:
        # A file of many statements goes to the driver as it is: SQLAlchemy would look for parameters in it.
        cursor = connection.connection.cursor()
        cursor.execute(script.read_text(encoding="utf-8"))
        cursor.close()
    connection.execute(text("SELECT set_config('search_path', :before, true)"), {"before": before})
    # The library's functions name its tables without their schema, whoever calls them.
    connection.execute(text(_SETTLE))
    for name in missing:
        connection.execute(text(f"INSERT INTO {SCHEMA}.applied VALUES (:name)"), {"name": name})  # noqa: S608
    return missing
