"""Copies of a database inside the private cluster: a fresh one takes the place of the old in one step."""

from __future__ import annotations

from psycopg import errors, sql

from stations.cluster.cluster import Cluster
from stations.cluster.roles import valid_name

__all__ = ["copy", "is_used", "note_of"]

#: Any number will do, as long as whoever copies takes the same.
_LOCK = 7_265_221_096


def copy(cluster: Cluster, source: str, name: str, *, note: str) -> bool:
    """Make ``name`` a copy of ``source``; False, and nothing is changed, where somebody is connected to the source.

    What was called so before is dropped with everything in it, its sessions ended, once the copy is whole. note: kept with
    the copy, for ``note_of``. Two processes that copy at once do it one after the other.
    """
    fresh = valid_name(f"{name}_fresh")
    with cluster.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cluster.drop_database(fresh)
        try:
            cluster.create_database(fresh, template=source)
        except errors.ObjectInUse:
            return False
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(fresh), sql.Literal(note))
        )
        cluster.drop_database(name)
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(fresh), sql.Identifier(valid_name(name))
            )
        )
    return True


def note_of(cluster: Cluster, name: str) -> str | None:
    """Return the note of a copy; None where there is no such database, or none was made of it."""
    with cluster.connect() as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
    return None if row is None else row[0]


def is_used(cluster: Cluster, name: str) -> bool:
    """Tell whether somebody is connected to the database."""
    with cluster.connect() as connection:
        row = connection.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
    return row is not None
