"""Put a backup back: into an empty database, in one transaction that ends only where every table is what was saved.

pg_restore spells the dump as SQL, psql runs it, and behind it runs the SQL that compares each table with its checksum; only
then comes the COMMIT. Extensions and the schema ``public`` are there before: making them takes a superuser.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from stations.backup.archive import DATABASE, FILES, RECORD, Manifest, copy_out, member
from stations.backup.contents import expectation, tables
from stations.backup.programs import Programs, connect, environment, for_server
from stations.errors import Conflict, Full, Invalid, Unavailable
from stations.schema import head, is_known

__all__ = ["fill", "put_files_back", "require_known"]

_EXTENSIONS: Final = {"postgis", "pg_trgm"}
#: Entries of a dump that only a superuser could make, and that the database has already.
_THERE: Final = (
    "EXTENSION",
    "SCHEMA - public",
    "COMMENT - SCHEMA public",
    "ACL - SCHEMA public",
    "public spatial_ref_sys",
)
_CHUNK: Final = 1 << 20
#: Read last, because it names the others: a folder whose record is missing is taken for empty, not for damaged.
_RECORDS: Final = {RECORD, "registry"}


def require_known(manifest: Manifest, *, program: str) -> None:
    """Raise Invalid where a backup has a schema that this program does not know."""
    if not is_known(manifest.migration):
        raise Invalid(
            f"The backup was made by version {manifest.program} with schema {manifest.migration}; this is {program} with "
            f"schema {head()}. Upgrade first, then restore: an older program cannot read it."
        )


def fill(url: str, backup: Path, manifest: Manifest) -> None:
    """Fill the empty database at ``url`` (its owner's address) with a backup that ``inspect`` has read.

    It then holds what was saved, row for row, at the schema of that time; else nothing. Raises Conflict for a database that
    is not empty, Unavailable for a server that lacks an extension or is older, Full, and Invalid where a table came
    back otherwise than it was saved.
    """
    with connect(url) as connection:
        version = connection.info.server_version // 10_000
        if manifest.postgres > version:
            raise Unavailable(
                f"The backup is of PostgreSQL {manifest.postgres} and this server is {version}: "
                "restore it on that version or a newer one."
            )
        there = {name for (name,) in connection.execute("SELECT extname FROM pg_extension").fetchall()}
        if missing := sorted(_EXTENSIONS - there):
            raise Unavailable(
                f"The database {connection.info.dbname} lacks {', '.join(missing)}: as a superuser, "
                + " ".join(f"CREATE EXTENSION {name};" for name in missing)
            )
        if found := tables(connection):
            raise Conflict(
                f"The database {connection.info.dbname} is not empty: it holds {len(found)} tables, such as {found[0]}. "
                "Restore into an empty one."
            )
    _pour(url, backup, manifest, for_server(version))


def put_files_back(backup: Path, manifest: Manifest, folders: Mapping[str, Path]) -> int:
    """Write the files of a backup into their folders; returns how many were not there already.

    A file that is there with the same length is kept: names are digests of contents, but for the records, which are
    written always and last. Raises Full and Unavailable; what was written by then is named by nobody and does no harm.
    """
    wanted: dict[str, Path] = {}
    for kind, folder in folders.items():
        for name, held in manifest.files(kind).items():
            target = folder / name
            if name in _RECORDS or not target.is_file() or target.stat().st_size != held.bytes:
                wanted[f"{FILES}/{kind}/{name}"] = target
    ordered = sorted(wanted.items(), key=lambda item: item[1].name in _RECORDS)
    copy_out(backup, dict(ordered))
    return len(ordered)


def _pour(url: str, backup: Path, manifest: Manifest, programs: Programs) -> None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        wanted = Path(folder) / "wanted"
        wanted.write_text(_wanted(backup, programs), encoding="utf-8")
        known = environment(url)
        restoring = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [programs.path("pg_restore"), "--no-owner", "--file=-", f"--use-list={wanted}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=known,
            cwd="/",
        )
        running = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [programs.path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=known,
            cwd="/",
        )
        with restoring, running:
            try:
                done = _in_one_transaction(restoring, running, backup, manifest)
            except BaseException:
                restoring.kill()
                running.kill()
                raise
        said.seek(0)
        words = said.read().decode(errors="replace")
    if not done or running.returncode:
        raise _explained(words)


def _wanted(backup: Path, programs: Programs) -> str:
    """List the entries of the dump without what the database has already."""
    with subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
        [programs.path("pg_restore"), "--list"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
    ) as listing:
        feeding = _feed(backup, listing.stdin)
        listed = b"" if listing.stdout is None else listing.stdout.read()
        feeding.join()
    if listing.returncode:
        raise Invalid(f"pg_restore cannot read the database in {backup}: it is damaged")
    lines = listed.decode().splitlines()
    return "\n".join(line for line in lines if not any(f" {entry} " in f"{line} " for entry in _THERE))


def _in_one_transaction(
    restoring: subprocess.Popen[bytes], running: subprocess.Popen[bytes], backup: Path, manifest: Manifest
) -> bool:
    """Let one program spell the SQL and the other run it; commit where all of it came and is as it was."""
    feeding = _feed(backup, restoring.stdin)
    sql, lines = running.stdin, restoring.stdout
    if sql is None or lines is None:
        return False
    try:
        sql.write(b"BEGIN;\n")
        while chunk := lines.read(_CHUNK):
            sql.write(chunk)
        feeding.join()
        if restoring.wait():
            return False
        sql.write(f"{expectation(manifest.tables)}\nCOMMIT;\n".encode())
    except BrokenPipeError:
        restoring.kill()
        feeding.join()
        return False
    finally:
        with suppress(BrokenPipeError):
            sql.close()
        running.wait()
    return True


def _feed(backup: Path, target: IO[bytes] | None) -> threading.Thread:
    """Give a program the dump on its standard input, beside reading what it says; one that has enough may hang up."""

    def give() -> None:
        if target is None:
            return
        with suppress(BrokenPipeError), member(backup, DATABASE) as source:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
        with suppress(BrokenPipeError):
            target.close()

    feeding = threading.Thread(target=give, name="backup", daemon=True)
    feeding.start()
    return feeding


def _explained(words: str) -> Exception:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR:" in line or "error:" in line or "FATAL:" in line] or lines
    reason = telling[0].partition("ERROR:")[2].strip() or telling[0] if telling else "no reason was given"
    if "No space left on device" in words:
        return Full(
            "The disk of the database is full: nothing was restored. Free some space and start again."
        )
    if "came back" in reason:
        return Invalid(f"Nothing was restored: {reason}")
    return Unavailable(f"Nothing was restored: {reason}")
