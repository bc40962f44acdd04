"""Make a backup: the database as it is at one moment, the files that it names, and what all of it must be when it comes back.

The moment is a snapshot that this process, pg_dump and the checksums share. Files are read after it: they are written once,
under the names that rows give them, before the rows are. What was swept away meanwhile is named by nobody who was asked.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from alembic.migration import MigrationContext
from psycopg import Connection
from sqlalchemy import create_engine

from stations.backup.archive import DATABASE, FILES, RECORD, Manifest, Writer, writing
from stations.backup.contents import contents
from stations.backup.programs import connect, environment, for_server
from stations.errors import Conflict, Unavailable

__all__ = ["back_up"]


def back_up(
    url: str, to: Path, *, registry: str, program: str, folders: Mapping[str, Path], now: datetime
) -> Manifest:
    """Write the backup of the database at ``url`` (its owner's address) to the file ``to``.

    program: the version of this program. folders: the files of the registry by their kind; one that is not there holds
    nothing. Whatever schema the database has, it is taken as it is. Raises Full, Unavailable, and Conflict for a database
    without a registry; nothing is then written and nothing removed.
    """
    migration = _migration(url)
    with connect(url) as connection, writing(to) as writer:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        _dump(url, connection, str(row and row[0]), writer)
        tables = contents(connection)
        connection.execute("ROLLBACK")
        for kind, folder in sorted(folders.items()):
            _add_files(writer, kind, folder)
        manifest = Manifest(
            registry=registry,
            made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            program=program,
            migration=migration,
            postgres=_major(connection),
            tables=tables,
            members=dict(writer.members),
        )
        writer.close(manifest)
    return manifest


def _add_files(writer: Writer, kind: str, folder: Path) -> None:
    before = _record(folder)
    for path in _files(folder):
        # A file may be swept away while the folder is read.
        with suppress(FileNotFoundError), path.open("rb") as source:
            writer.add(f"{FILES}/{kind}/{path.relative_to(folder).as_posix()}", source)
    if _record(folder) != before:
        raise Conflict(f"Other {kind} were loaded into {folder} while it was read: start the backup again.")


def _record(folder: Path) -> bytes | None:
    """Read the record that names what else of a folder counts; most folders have none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return (folder / RECORD).read_bytes()
    return None


def _migration(url: str) -> str:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    if found is None:
        raise Conflict(f"The database {engine.url.database} holds no registry: there is nothing to back up.")
    return found


def _dump(url: str, connection: Connection, snapshot: str, writer: Writer) -> None:
    programs = for_server(_major(connection))
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [
                programs.path("pg_dump"),
                *("--format=custom", "--no-owner", "--encoding=UTF8", "--lock-wait-timeout=60s"),
                f"--snapshot={snapshot}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment(url),
            cwd="/",
        ) as dumping,
    ):
        try:
            if dumping.stdout is not None:
                writer.add(DATABASE, dumping.stdout)
            status = dumping.wait()
        except BaseException:
            dumping.kill()
            raise
        if status:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()
            raise Unavailable(f"pg_dump failed: {words[-1] if words else f'status {status}'}")


def _major(connection: Connection) -> int:
    return connection.info.server_version // 10_000


def _files(folder: Path) -> Iterator[Path]:
    """List the files of a folder in the order of their names, without those that are being written."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if (
                not hidden
                and path.suffix not in {".new", ".part"}
                and not path.is_symlink()
                and path.is_file()
            ):
                yield path
