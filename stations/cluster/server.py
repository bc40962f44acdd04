"""The PostgreSQL servers installed here that also have PostGIS."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from stations.cluster.place import ClusterError
from stations.cluster.process import run

__all__ = ["Server", "choose", "installed"]

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
)
_OLDEST = 14


@dataclass(frozen=True, slots=True)
class Server:
    """One installed PostgreSQL: its major version and the folder of its programs."""

    version: int
    folder: Path

    def program(self, name: str) -> str:
        """Name one of its programs by full path."""
        return str(self.folder / name)


def installed() -> list[Server]:
    """List the servers with PostGIS, newest first."""
    folders = {folder.resolve() for place in _PLACES for folder in Path("/").glob(place.removeprefix("/"))}
    if on_path := shutil.which("postgres"):
        folders.add(Path(on_path).resolve().parent)
    found = [
        Server(version, folder)
        for folder in folders
        if (version := _version(folder)) and _has_postgis(folder)
    ]
    return sorted(found, key=lambda server: (server.version, str(server.folder)), reverse=True)


def choose(version: int | None = None, *, data: Path | None = None) -> Server:
    """Choose the newest server, or the one of ``version`` that the folder ``data`` was made by."""
    servers = [server for server in installed() if server.version >= _OLDEST]
    if not servers:
        raise ClusterError(
            f"No PostgreSQL of version {_OLDEST} or newer with PostGIS is installed. On Debian and Ubuntu "
            "script/bootstrap installs it (package postgresql-NN-postgis-3); elsewhere install PostgreSQL and "
            "PostGIS 3, or give the address of a server in YIZHAN_DATABASE_URL."
        )
    if version is None:
        return servers[0]
    for server in servers:
        if server.version == version:
            return server
    here = ", ".join(str(server.version) for server in servers)
    raise ClusterError(
        f"The data folder {data} was made by PostgreSQL {version}; installed here with PostGIS: {here}. "
        f"Install postgresql-{version}-postgis-3 and start again. To begin with an empty registry instead, "
        "move the folder away."
    )


def _version(folder: Path) -> int | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "pg_ctl", "initdb")):
        return None
    said = run([folder / "postgres", "--version"]).said
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else None


def _has_postgis(folder: Path) -> bool:
    # Debian keeps one share folder for each version; pg_config of that version may belong to a package that is absent.
    shares = [Path("/usr/share/postgresql") / folder.parent.name]
    if os.access(folder / "pg_config", os.X_OK):
        shares.append(Path(run([folder / "pg_config", "--sharedir"]).said.strip()))
    return any((share / "extension" / "postgis.control").is_file() for share in shares)
