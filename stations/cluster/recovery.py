"""Back to any moment: the write-ahead log kept in an archive, copies of the data folder, and the two put together.

Archiving is a setting of the data folder itself, so it holds whoever starts the cluster. A recovery takes the place of the
data folder in one step, and gives it back where it fails.
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from psycopg import errors, sql

from stations.cluster import leftovers
from stations.cluster.cluster import Cluster
from stations.cluster.place import ClusterError
from stations.cluster.process import run
from stations.cluster.server import choose
from stations.errors import Invalid

__all__ = ["archive_to", "base_backup", "recover"]

_SUPERUSER = "postgres"
_PLAIN = re.compile(r"/[\w./+-]+")
_RECOVERED_S = 3600.0
#: So much of the newest changes is lost at most with the disk of the data folder.
_TIMEOUT = "5min"


def archive_to(cluster: Cluster, folder: Path | None) -> None:
    """Keep every finished piece of the write-ahead log in ``folder`` from the next start on; None ends that.

    A piece is finished after 16 MB, or after five minutes in which something was written. The cluster is stopped. Raises
    ClusterError while somebody uses it.
    """
    wanted: dict[str, str | None] = dict.fromkeys(("archive_mode", "archive_command", "archive_timeout"))
    if folder is not None:
        _make(cluster, folder)
        kept, part = f"'{folder}/%f'", f"'{folder}/.%f.part'"
        # A piece that is there already, and the same, was archived by a server that was killed before it could say so.
        command = f"if test -f {kept}; then cmp -s '%p' {kept}; else cp '%p' {part} && sync {part} && mv {part} {kept}; fi"
        wanted = {"archive_mode": "on", "archive_command": command, "archive_timeout": _TIMEOUT}
    with cluster.running(), cluster.connect() as connection:
        for name, value in wanted.items():
            spelled = sql.SQL("RESET {}") if value is None else sql.SQL("SET {} = {}")
            parts = [sql.Identifier(name)] + ([] if value is None else [sql.Literal(value)])
            connection.execute(sql.SQL("ALTER SYSTEM ") + spelled.format(*parts))
    cluster.stop()


def base_backup(cluster: Cluster, folder: Path, *, now: datetime) -> Path:
    """Copy the data folder of the running cluster into a new folder below ``folder`` and return that.

    Together with the archive it leads to every moment from its end on. It has its name only when it is whole.
    """
    _make(cluster, folder)
    made = folder / f"base-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    part = folder / f".{made.name}.part"
    _remove(cluster, part)
    server = choose(leftovers.version_of(cluster.place.data), data=cluster.place.data)
    # One that was left running by hand stays so.
    with nullcontext() if cluster.is_running() else cluster.running():
        words = (
            *(server.program("pg_basebackup"), "-h", cluster.place.sockets, "-p", "5432", "-U", _SUPERUSER),
            *("-D", part, "-X", "stream", "-c", "fast", "-l", made.name),
        )
        done = run(cluster.place.command(*words))
    if done.status:
        _remove(cluster, part)
        raise ClusterError(leftovers.explain(cluster.place, "The base backup failed", done.said, logs=False))
    part.rename(made)
    return made


def recover(cluster: Cluster, *, base: Path, archive: Path, until: datetime) -> Path:
    """Let the cluster be what it was at ``until``, and leave it running; returns where the data of before now lie.

    base: made by ``base_backup`` before that moment. archive: as ``archive_to`` filled it; copy into it what
    ``pg_wal`` of the data folder holds beyond, where the disk of that still reads. Raises ClusterError where the cluster is in use
    or the moment is not reached; the data folder is then what it was.
    """
    if until.tzinfo is None:
        raise Invalid(
            f"{until.isoformat()} names no zone: write 2026-11-23T10:15:00+08:00", value=until.isoformat()
        )
    for folder in (base, archive):
        _require_plain(folder)
    if not (base / "backup_label").is_file():
        raise Invalid(f"{base} is no base backup: it has no backup_label", value=str(base))
    cluster.stop()
    place = cluster.place
    aside = place.data.with_name(f"{place.data.name}.before-recovery-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    fresh = place.data.with_name(f"{place.data.name}.recovering")
    _remove(cluster, fresh)
    fresh.mkdir(mode=0o700)
    place.give(fresh)
    if (copied := run(place.command("cp", "-a", f"{base}/.", fresh))).status:
        _remove(cluster, fresh)
        raise ClusterError(f"{base} cannot be copied: {copied.said.strip()}")
    conf = fresh / "postgresql.auto.conf"
    lines = {
        "restore_command": f"cp '{archive}/%f' '%p'",
        "recovery_target_time": until.astimezone(UTC).isoformat(sep=" "),
        "recovery_target_action": "promote",
    }
    with conf.open("a", encoding="utf-8") as file:
        file.writelines(
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in lines.items()
        )
    signal = fresh / "recovery.signal"
    signal.touch(mode=0o600)
    place.give(signal)
    place.data.rename(aside)
    fresh.rename(place.data)
    try:
        cluster.start()
        _await_end(cluster)
    except (ClusterError, errors.OperationalError) as error:
        # It most often has ended by itself, in this very moment.
        with suppress(ClusterError):
            cluster.stop(force=True)
        failed = _last_words(place.data)
        _remove(cluster, place.data)
        aside.rename(place.data)
        raise ClusterError(
            f"The moment {until.isoformat()} was not reached: {failed or error}. The data folder is what it was."
        ) from error
    with cluster.connect() as connection:
        for name in lines:
            connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
    return aside


def _await_end(cluster: Cluster) -> None:
    deadline = time.monotonic() + _RECOVERED_S
    while time.monotonic() < deadline:
        with cluster.connect() as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if row == (False,):
            return
        time.sleep(0.2)
    raise ClusterError(f"the log was still being replayed after {_RECOVERED_S:.0f} s")


def _last_words(data: Path) -> str:
    files = [data / "start.log", *(data / "log").glob("*.log")]
    said = "\n".join(
        file.read_text(encoding="utf-8", errors="replace")[-4000:] for file in files if file.is_file()
    )
    telling = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
    telling = [line for line in telling if "starting up" not in line]
    return telling[-1] if telling else ""


def _make(cluster: Cluster, folder: Path) -> None:
    _require_plain(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster.place.give(folder)
    except OSError as error:
        raise ClusterError(
            f"{folder} cannot be made or given to {cluster.place.user}: {error.strerror}"
        ) from error
    if run(cluster.place.command("test", "-w", folder)).status:
        raise ClusterError(f"{folder} cannot be written by {cluster.place.user}, as whom PostgreSQL runs")


def _require_plain(folder: Path) -> None:
    """Refuse a path that a shell would read otherwise: it becomes part of PostgreSQL's commands."""
    if not _PLAIN.fullmatch(str(folder)):
        raise Invalid(
            f"{str(folder)!r}: write the absolute path of a folder, of letters, digits and . _ + - /",
            value=str(folder),
        )


def _remove(cluster: Cluster, folder: Path) -> None:
    if folder.exists() and run(cluster.place.command("rm", "-rf", folder)).status:
        shutil.rmtree(folder, ignore_errors=True)
