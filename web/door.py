"""The options of ``script/server``, and whether its port is free: what can be refused before anything long is done.

Only the standard library is needed, so ``script/server`` runs this file before the first installation.
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web.settings import Settings

__all__ = ["knock", "require_port", "settings_from"]

_ROOT = Path(__file__).resolve().parents[1]
_LISTENING = "0A"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Install what is missing and serve the map. Without options: the demonstration registry (Qinghai).",
        epilog="YIZHAN_PORT=8001 script/server serves on another port; docs/operating.md lists every setting. "
        "Ctrl-C stops everything that was started.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--registry", metavar="NAME", help="open a registry of your own, in a database of its own"
    )
    parser.add_argument(
        "--province", metavar="CODE", help="load the regions of this province into it, such as 41"
    )
    return parser


def settings_from(arguments: Sequence[str] | None = None) -> Settings:
    """Read the options of the command line over the environment.

    Raises SettingsError for a value that cannot be used, SystemExit (2) for an unknown option.
    """
    from web.settings import DEMO, Settings, SettingsError

    options = _parser().parse_args(arguments)
    given = {"YIZHAN_REGISTRY": options.registry, "YIZHAN_PROVINCE": options.province}
    environment = dict(os.environ) | {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        if value is not None and not value.strip():
            raise SettingsError(
                f"--{name.removeprefix('YIZHAN_').lower()} is empty.", field=name, value=value
            )
    try:
        settings = Settings.read(environment)
    except SettingsError as error:
        if error.field is None or given.get(error.field) is None:
            raise
        option = f"--{error.field.removeprefix('YIZHAN_').lower()} "
        raise SettingsError(
            str(error).replace(f"{error.field}=", option), field=error.field, value=error.value
        ) from error
    if settings.province is not None and settings.registry is None and options.province is not None:
        raise SettingsError(
            f"--province {options.province} needs --registry NAME: the demonstration registry is of Qinghai only.",
            field="YIZHAN_PROVINCE",
            value=options.province,
        )
    if settings.registry_name == DEMO:
        settings = replace(settings, province=None)
    return settings


def require_port(host: str, port: int) -> None:
    """Raise SettingsError, with who holds it and the way out, where the port cannot be listened on."""
    from web.settings import SettingsError

    other = f"choose another: YIZHAN_PORT={port + 1 if port < 65535 else 8000} script/server"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"YIZHAN_HOST={host!r} is not an address of this machine: {error}.", field="YIZHAN_HOST"
        ) from error
    with socket.socket(family, kind, protocol) as probe:
        # As the server will: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                holder = _holder(port)
                raise SettingsError(
                    f"Port {port} of {host} is taken{f' by {holder}' if holder else ''}. End that, or {other}",
                    field="YIZHAN_PORT",
                    value=port,
                ) from error
            if error.errno == errno.EACCES:
                raise SettingsError(
                    f"Port {port} may not be opened by this user (ports below 1024 are kept for root): {other}",
                    field="YIZHAN_PORT",
                    value=port,
                ) from error
            raise SettingsError(
                f"YIZHAN_HOST={host!r} cannot be listened on: {error.strerror}.",
                field="YIZHAN_HOST",
                value=host,
            ) from error


def _holder(port: int) -> str | None:
    """Name the process that listens on a port, where Linux tells us."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        columns = (row.split() for row in rows)
        inodes |= {
            row[9] for row in columns if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
        }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(
                os.readlink(file).removeprefix("socket:[").rstrip("]") in inodes
                for file in (process / "fd").iterdir()
            ):
                words = (
                    (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
                return f"process {process.name} ({words[:80]})"
        except OSError:
            continue
    return None


def knock(arguments: Sequence[str] | None = None) -> int:
    """Check options and port. Returns 0 to go on, 2 where something is wrong (and says what), 3 after giving help."""
    from stations.errors import Invalid

    try:
        settings = settings_from(arguments)
        require_port(settings.host, settings.port)
    except Invalid as error:
        print(error, file=sys.stderr)
        return 2
    except SystemExit as asked:
        return 2 if asked.code else 3
    return 0


if __name__ == "__main__":
    # The package is entered without its __init__, which needs Flask.
    web = ModuleType("web")
    web.__path__ = [str(_ROOT / "web")]
    sys.modules["web"] = web
    sys.path[0] = str(_ROOT)
    sys.exit(knock())
