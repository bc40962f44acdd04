"""The roles and databases of a private cluster.

``yizhan_owner`` owns databases and tables and migrates them. ``yizhan_app`` owns nothing and is bound by the row
policies; the web and the commands connect as it.
"""

from __future__ import annotations

import re

from psycopg import Connection, sql

from stations.errors import Invalid

__all__ = [
    "APP",
    "OWNER",
    "create_database",
    "drop_database",
    "ensure_roles",
    "furnish",
    "has_database",
    "valid_name",
]

OWNER = "yizhan_owner"
APP = "yizhan_app"
_EXTENSIONS = ("postgis", "pg_trgm")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def valid_name(name: str) -> str:
    """Pass a database name through, or raise Invalid: lower-case letters, digits and _, a letter first, 63 at most."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"{name!r} cannot name a database: use lower-case letters, digits and _, beginning with a letter, "
            "63 characters at most.",
            field="database",
            value=name,
        )
    return name


def ensure_roles(connection: Connection) -> None:
    """Make the two roles where they are missing. ``connection`` is a superuser's."""
    for role in (OWNER, APP):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if known is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(
                    sql.Identifier(role)
                )
            )


def has_database(connection: Connection, name: str) -> bool:
    """Tell whether the database exists."""
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def create_database(connection: Connection, name: str, *, template: str | None = None) -> bool:
    """Create a database of ``yizhan_owner``; False where it is there already. Needs an autocommit connection."""
    if has_database(connection, valid_name(name)):
        return False
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name),
            sql.Identifier(OWNER),
            sql.Identifier(valid_name(template) if template else "template0"),
        )
    )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
            sql.Identifier(name), sql.Identifier(APP)
        )
    )
    return True


def furnish(connection: Connection) -> None:
    """Create the extensions and settle who may create tables, in the database that ``connection`` is in.

    Safe to repeat: a run that was killed between creating a database and this leaves it to the next.
    """
    for extension in _EXTENSIONS:
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(sql.Identifier(OWNER)))


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database with everything in it, ending the sessions that use it."""
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(valid_name(name)))
    )
