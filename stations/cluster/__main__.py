"""``python -m stations.cluster start|stop|status|psql|archive|base|recover``: the private cluster by hand."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from stations.cluster import APP, OWNER, Cluster, recovery
from stations.errors import StationsError

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m stations.cluster", description="The private PostGIS cluster of this checkout."
    )
    parser.add_argument(
        "--name", default="cluster", help="the data folder below var/ (test-cluster for the tests')"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start it and leave it running")
    commands.add_parser("stop", help="stop it").add_argument(
        "--force", action="store_true", help="even while it is in use"
    )
    commands.add_parser(
        "status", help="say where it is and whether it runs (exit status 3 where it does not)"
    )
    psql = commands.add_parser("psql", help="open psql; further words are psql's own")
    psql.add_argument("database", nargs="?", default="yizhan_demo")
    psql.add_argument("--role", default=OWNER, choices=[OWNER, APP, "postgres"])
    archive = commands.add_parser(
        "archive", help="keep its write-ahead log in a folder, from the next start on"
    )
    archive.add_argument("folder", help="an absolute path on another disk, or: off")
    base = commands.add_parser("base", help="copy its data folder into a folder of its own below this one")
    base.add_argument("folder", type=Path)
    recover = commands.add_parser("recover", help="let it be what it was at a moment")
    recover.add_argument("--base", type=Path, required=True, help="the folder that base made")
    recover.add_argument("--archive", type=Path, required=True, help="the folder that archive fills")
    recover.add_argument(
        "--until", type=datetime.fromisoformat, required=True, help="such as 2026-11-23T10:15:00+08:00"
    )
    options, further = parser.parse_known_args(arguments)
    if further and options.command != "psql":
        parser.error(f"unknown words: {' '.join(further)}")
    cluster = Cluster.locate(_ROOT, name=options.name, fsync=options.name != "test-cluster", say=print)
    if options.command == "start":
        cluster.start()
    elif options.command == "stop":
        cluster.stop(force=options.force)
    elif options.command == "archive":
        recovery.archive_to(cluster, None if options.folder == "off" else Path(options.folder))
    elif options.command == "base":
        print(recovery.base_backup(cluster, options.folder, now=datetime.now(UTC)))
    elif options.command == "recover":
        aside = recovery.recover(cluster, base=options.base, archive=options.archive, until=options.until)
        print(f"It is now what it was at {options.until.isoformat()}; the data of before lie in {aside}.")
    elif options.command == "psql":
        return _psql(cluster, options.database, options.role, further)
    running = cluster.is_running()
    print(
        f"{'running' if running else 'not running'}; data {cluster.place.data}; socket {cluster.place.sockets}"
    )
    return 3 if options.command == "status" and not running else 0


def _psql(cluster: Cluster, database: str, role: str, further: list[str]) -> int:
    program = shutil.which("psql")
    if program is None:
        print("psql is not installed (package postgresql-client).", file=sys.stderr)
        return 1
    words = [program, "-h", str(cluster.place.sockets), "-p", "5432", "-U", role, "-d", database, *further]
    with cluster.running():
        # Ctrl-C is for psql, which cancels its query with it.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return subprocess.run(words, check=False).returncode  # noqa: S603 - psql is what was asked for
        finally:
            signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StationsError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
