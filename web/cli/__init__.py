"""The command ``yizhan``: the registry's functions at the prompt, each in one transaction, with a report and a status.

``script/server`` calls the same functions: ``fill_demo``, ``load_regions``, ``upkeep``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from geo.errors import GeoError
from stations.errors import StationsError
from web.cli.work import fill_demo, load_regions, upkeep

__all__ = ["cli", "fill_demo", "load_regions", "main", "upkeep"]

_DISK_FULL = "53100"

#: name: (module, its command); read only when asked for, so that every command starts at once.
_COMMANDS = {
    "coverage": ("web.cli.coverage", "coverage"),
    "db": ("web.cli.database", "db"),
    "demo": ("web.cli.contents", "demo"),
    "gaps": ("web.cli.asking", "gaps"),
    "import": ("web.cli.importing", "import_"),
    "places": ("web.cli.contents", "places"),
    "regions": ("web.cli.regions", "regions"),
    "stations": ("web.cli.asking", "stations"),
    "user": ("web.cli.users", "user"),
}


class _Commands(click.Group):
    """The commands, each in its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def cli() -> None:
    """驿站地图: the registry of outdoor workers' stations, at the prompt."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done. 1: it could not be done, or rows were rejected; the reason is one sentence on standard error. 2: a wrong
    option. 130: stopped with Ctrl-C; nothing was written.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status: Any = cli.main(args=arguments, prog_name="yizhan", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return _failed("Stopped; nothing of this command was written.", 130)
    except (StationsError, GeoError) as error:
        return _failed(str(error))
    except DBAPIError as error:
        if (sentence := _explained(error)) is None:
            raise
        return _failed(sentence)
    except OSError as error:
        return _failed(f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}")
    return status if isinstance(status, int) else 0


def _explained(error: DBAPIError) -> str | None:
    if getattr(error.orig, "sqlstate", None) == _DISK_FULL:
        return "The disk of the database is full. Free some space and try again; what was stored is safe."
    if isinstance(error, OperationalError):
        first = str(error.orig).strip().splitlines()
        return f"The database cannot be reached or ended the connection: {first[0] if first else 'no reason given'}"
    return None


def _failed(sentence: str, status: int = 1) -> int:
    click.echo(sentence, err=True)
    return status
