"""The command ``yizhan``: the registry's functions at the prompt, each in one transaction, with a report and a status.

``script/server`` calls the same functions: ``fill_demo``, ``load_regions``, ``upkeep``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from geo.errors import GeoError
from stations.errors import StationsError

if TYPE_CHECKING:
    from web.cli.work import fill_demo, load_regions, upkeep

__all__ = ["cli", "fill_demo", "load_regions", "main", "upkeep"]

_DISK_FULL = "53100"

#: name: (module, its command, what it is about). A module is read when its command runs, so that help comes at once.
_COMMANDS = {
    "backup": ("web.cli.backup", "backup", "Everything of a registry as one file, proven whole."),
    "community": ("web.cli.community", "community", "Events at stations, added up for the yearly report."),
    "checklist": ("web.cli.checklist", "checklist", "Checklists that stations are inspected under."),
    "coverage": ("web.cli.coverage", "coverage", "Who has a station within reach, and who has not."),
    "db": ("web.cli.database", "db", "The database of a registry."),
    "demand": ("web.cli.demand", "demand", "Layers of demand: who needs a station, and where."),
    "demo": ("web.cli.contents", "demo", "The demonstration registry: invented stations over real regions."),
    "gaps": ("web.cli.asking", "gaps", "Count who and what is far from every open rest station, by county."),
    "honours": ("web.cli.honours", "honours", "Honours of stations and organisations: list, give, revoke."),
    "import": ("web.cli.importing", "import_", "Import a list, accept rows of one, undo one, list them all."),
    "key": ("web.cli.keys", "key", "Keys for programs that ask more than everybody may."),
    "ledger": ("web.cli.ledger", "ledger", "A region's ledger as XLSX: download, edit, upload."),
    "places": ("web.cli.contents", "places", "The named places that coverage is counted by."),
    "programme": ("web.cli.programme", "programme", "Targets by region, counted from the registry."),
    "quality": ("web.cli.quality", "quality", "How well the stations serve, in public figures."),
    "regions": ("web.cli.regions", "regions", "Provinces, prefectures, counties, townships."),
    "restore": ("web.cli.backup", "restore", "A backup back into a database, proven equal."),
    "site": ("web.cli.site", "site", "Where the next stations help most, and how sure that is."),
    "stations": ("web.cli.asking", "stations", "Stations, asked by the query string of the map and the API."),
    "streets": ("web.cli.streets", "streets", "Streets that minutes are measured on."),
    "usage": ("web.cli.usage", "usage", "Visits of stations: lists of them imported, figures shown."),
    "user": ("web.cli.users", "user", "Members of staff: their roles, links and passwords."),
}


class _Commands(click.Group):
    """The commands, each in its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])


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
    except OSError as error:
        return _failed(f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}")
    except Exception as error:
        if (sentence := _explained(error)) is None:
            raise
        return _failed(sentence)
    return status if isinstance(status, int) else 0


def __getattr__(name: str) -> Any:
    """Give the functions that ``script/server`` calls, without reading them for every command."""
    if name not in {"fill_demo", "load_regions", "upkeep"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("web.cli.work"), name)


def _explained(error: Exception) -> str | None:
    from sqlalchemy.exc import DBAPIError, OperationalError

    if not isinstance(error, DBAPIError):
        return None
    if getattr(error.orig, "sqlstate", None) == _DISK_FULL:
        return "The disk of the database is full. Free some space and try again; what was stored is safe."
    if isinstance(error, OperationalError):
        first = str(error.orig).strip().splitlines()
        return f"The database cannot be reached or ended the connection: {first[0] if first else 'no reason given'}"
    return None


def _failed(sentence: str, status: int = 1) -> int:
    click.echo(sentence, err=True)
    return status
