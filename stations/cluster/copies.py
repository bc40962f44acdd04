"""Copies of a database inside the private cluster: a fresh one takes the place of the old in one step."""

from __future__ import annotations

from psycopg import errors, sql

from stations.cluster.cluster import Cluster
from stations.cluster.place import ClusterError
from stations.cluster.roles import valid_name

__all__ = ["copy", "is_empty", "is_used", "note_of", "put_in_place"]

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


def put_in_place(cluster: Cluster, fresh: str, name: str) -> str | None:
    """Let the database ``fresh`` be called ``name`` in one step; returns the new name of the one that was called so.

    That is ``name_replaced``, and an earlier one of that name is dropped; None where there was none. Raises
    ClusterError, and nothing is changed, while somebody is connected to one of them.
    """
    aside = valid_name(f"{name}_replaced")
    there = cluster.has_database(name)
    try:
        if there:
            cluster.drop_database(aside)
        with cluster.connect() as connection, connection.transaction():
            for old, new in ([(name, aside)] if there else []) + [(fresh, name)]:
                connection.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(old), sql.Identifier(valid_name(new))
                    )
                )
    except errors.ObjectInUse as error:
        raise ClusterError(
            f"Somebody is connected to {name} (script/server, a command): end that first. Nothing was changed."
        ) from error
    return aside if there else None


def is_empty(cluster: Cluster, name: str) -> bool:
    """Tell whether a database is not there, or holds no table of ours."""
    if not cluster.has_database(name):
        return True
    with cluster.connect(name) as connection:
        row = connection.execute("SELECT to_regclass('public.alembic_version') IS NULL").fetchone()
    return row == (True,)


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
