"""What an interrupted run leaves in the data folder, and how the next run tells it from sound data.

Nothing that may hold a registry is deleted: what cannot be used is set aside under a new name.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from stations.cluster.place import ClusterError, Place
from stations.cluster.process import run

__all__ = [
    "clear_stale_locks",
    "explain",
    "is_served",
    "mark_complete",
    "set_aside_half_made",
    "sweep",
    "version_of",
]

_PROC = Path("/proc")
_MARK = "yizhan-map.complete"
_ORPHANS_S = 10.0
_TELLING = ("FATAL", "PANIC", "ERROR", "error:", "could not")


def mark_complete(place: Place, folder: Path) -> None:
    """Note in a fresh data folder that initdb finished."""
    mark = folder / _MARK
    mark.write_text("initdb finished; script/server may use this data folder.\n", encoding="utf-8")
    place.give(mark)


def version_of(data: Path) -> int:
    """Read the major version that made a data folder."""
    return int((data / "PG_VERSION").read_text(encoding="ascii").strip())


def sweep(place: Place) -> None:
    """Delete what initdb was making when an earlier run was killed; it never held a registry."""
    for folder in place.home.glob(f"{place.name}.new-*"):
        shutil.rmtree(folder, ignore_errors=True)


def set_aside_half_made(place: Place) -> Path | None:
    """Move a data folder that cannot be one out of the way and return its new name; None where it is sound or absent.

    Raises ClusterError for a folder that once was complete and has lost files: that is damage, and a person decides.
    """
    data = place.data
    if not data.exists() or all((data / part).is_file() for part in ("PG_VERSION", "global/pg_control")):
        return None
    if (data / _MARK).exists():
        raise ClusterError(
            f"The data folder {data} has lost files (PG_VERSION or global/pg_control). Put back a copy of it, or "
            "move it away to begin with an empty registry."
        )
    aside = data.with_name(f"{data.name}.half-made-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    data.rename(aside)
    return aside


def is_served(place: Place) -> bool:
    """Tell whether a server runs on the data folder, which postmaster.pid alone does not prove.

    A process of a cluster is known by its working folder, which is the data folder. A number that now belongs to a
    stranger, or to a dead process that nobody has waited for, is no server.
    """
    number = _number_in(place.data / "postmaster.pid")
    if number is None:
        return False
    if _PROC.exists():
        return _works_in(_PROC / str(number), place.data)
    return run(["ps", "-p", str(number)]).status == 0


def clear_stale_locks(place: Place) -> None:
    """Remove postmaster.pid and the socket's lock where a killed server's number is now a stranger's.

    Numbers often return after a restart of a container, and PostgreSQL then takes the stranger for a server. Where the
    number is free it removes both itself, and checks better than we could that none of its own is left.
    """
    deadline = time.monotonic() + _ORPHANS_S
    while orphans := _working_in(place.data):
        if time.monotonic() > deadline:
            numbers = ", ".join(map(str, orphans))
            raise ClusterError(
                f"Processes of a killed PostgreSQL still use {place.data}: {numbers}. End them and start again."
            )
        time.sleep(0.1)
    for stale in (place.data / "postmaster.pid", *place.sockets.glob(".s.PGSQL.*.lock")):
        number = _number_in(stale)
        if number is not None and (_PROC / str(number)).exists():
            stale.unlink(missing_ok=True)


def explain(place: Place, trouble: str, said: str, *, logs: bool) -> str:
    """Say why one of PostgreSQL's programs failed, from its output and the server's log, and what to do."""
    if logs:
        files = [
            place.data / "start.log",
            *sorted((place.data / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)[-1:],
        ]
        said += "".join(
            file.read_text(encoding="utf-8", errors="replace")[-4000:] for file in files if file.is_file()
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in _TELLING)] or lines
    reason = telling[-1] if telling else "it said nothing"
    if "No space left on device" in said:
        return (
            f"{trouble}: the disk of {place.data} is full. Free some space and start again; nothing is lost."
        )
    where = f" Its logs are {place.data}/start.log and {place.data}/log/." if logs else ""
    return f"{trouble}: {reason}.{where}"


def _working_in(folder: Path) -> list[int]:
    return [int(process.name) for process in _PROC.glob("[0-9]*") if _works_in(process, folder)]


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return os.path.samefile(process / "cwd", folder)
    except OSError:
        return False


def _number_in(file: Path) -> int | None:
    """Read the process number that begins a lock file of PostgreSQL's."""
    try:
        return int(file.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return None
