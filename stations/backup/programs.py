"""PostgreSQL's own programs for a server: of a version that can speak to it, with its address where no list of processes shows it."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import make_url

from stations.cluster.process import run
from stations.errors import Invalid, Unavailable

__all__ = ["Programs", "connect", "environment", "for_server"]

_PLACES: Final = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/lib/postgresql*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
)
_NEEDED: Final = ("pg_dump", "pg_restore", "psql")
#: What an address may say of a connection, and the variable that says it to a program.
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of one version's programs."""

    version: int
    folder: Path

    def path(self, name: str) -> str:
        """Name one by its full path."""
        return str(self.folder / name)


def for_server(version: int) -> Programs:
    """Choose the oldest programs that are not older than a server of this major version. Raises Unavailable."""
    folders = {folder.resolve() for place in _PLACES for folder in Path("/").glob(place)}
    if (found := shutil.which("pg_dump")) is not None:
        folders.add(Path(found).resolve().parent)
    fitting = [
        Programs(number, folder)
        for folder in folders
        if all(os.access(folder / name, os.X_OK) for name in _NEEDED)
        and (number := _version(folder / "pg_dump")) >= version
    ]
    if not fitting:
        raise Unavailable(
            f"The server is PostgreSQL {version}, and no pg_dump of {version} or newer is installed here "
            f"(Debian: postgresql-client-{version}). Install it and start again."
        )
    return min(fitting, key=lambda programs: (programs.version, str(programs.folder)))


def environment(url: str) -> dict[str, str]:
    """Spell an address of SQLAlchemy's for PostgreSQL's programs, as variables: arguments are seen by everybody.

    Raises Invalid for a part of the address that they could not be told.
    """
    address = make_url(url)
    said: dict[str, str] = {}
    for name, value in address.query.items():
        if name not in _VARIABLES or not isinstance(value, str):
            raise Invalid(
                f"the address of the database has {name}=…, which pg_dump could not be told; "
                f"known are {', '.join(_VARIABLES)}",
                field="database",
            )
        said[_VARIABLES[name]] = value
    plain = {
        "PGHOST": address.host,
        "PGPORT": address.port,
        "PGUSER": address.username,
        "PGPASSWORD": address.password,
        "PGDATABASE": address.database,
    }
    said |= {name: str(value) for name, value in plain.items() if value is not None}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8", "PGAPPNAME": "yizhan backup"} | said


def connect(url: str) -> psycopg.Connection:
    """Connect, each statement committed at once and none cut short. Raises Unavailable."""
    address = make_url(url)
    try:
        return psycopg.connect(
            address.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
            connect_timeout=10,
            application_name="yizhan backup",
            options="-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning",
        )
    except psycopg.OperationalError as error:
        shown = address.render_as_string(hide_password=True)
        raise Unavailable(f"The database at {shown} cannot be reached: {str(error).strip()}") from error


def _version(program: Path) -> int:
    match = re.search(r"\(PostgreSQL\) (\d+)", run([program, "--version"]).said)
    return int(match[1]) if match else 0
