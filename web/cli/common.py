"""What all commands share: which registry, one transaction over it, and errors as one sentence."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from web.registries import opened
from web.settings import DEMO, Settings, SettingsError

__all__ = ["is_terminal", "on_registry", "province_code", "registry_session", "say", "table", "transaction"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def say(words: str) -> None:
    """Tell how work goes on: to standard error, so that a report or data on standard output stays clean."""
    click.echo(words, err=True)


def on_registry(command: Callable[Concatenate[Settings, _P], _T]) -> Callable[_P, _T]:
    """Give a command the option ``--registry`` and, as its first argument, the settings of that registry."""

    @click.option(
        "--registry",
        metavar="NAME",
        help="Which registry: demo, or one of your own. Default: YIZHAN_REGISTRY, else the demonstration.",
    )
    @wraps(command)
    def run(*arguments: _P.args, **options: _P.kwargs) -> _T:
        return command(_settings(options.pop("registry", None)), *arguments, **options)

    return run


def _settings(registry: object) -> Settings:
    settings = Settings.read() if registry is None else _read("registry", str(registry), dict(os.environ))
    return replace(settings, province=None) if settings.registry_name == DEMO else settings


def province_code(text: str) -> str:
    """Read the option ``--province``: the first two digits of GB/T 2260. Raises SettingsError."""
    return str(_read("province", text, {}).province)


def _read(option: str, text: str, environment: dict[str, str]) -> Settings:
    """Read an option as the variable of the same name is read, and call it by its own name in an error."""
    if not text.strip():
        raise SettingsError(f"--{option} is empty; write a value, or leave the option out", value=text)
    name = f"YIZHAN_{option.upper()}"
    try:
        return Settings.read(environment | {name: text})
    except SettingsError as error:
        raise SettingsError(
            str(error).replace(f"{name}=", f"--{option} "), field=error.field, value=error.value
        ) from error


@contextmanager
def registry_session(settings: Settings, *, province: str | None = None) -> Iterator[Session]:
    """Open the registry of ``settings`` for one transaction, committed at the end of the block.

    The private cluster is started where it is down, and stops with its last user. province: needed for a registry
    that does not exist yet, which is then made. Raises SettingsError and Unavailable as ``opened`` does.
    """
    asked = replace(settings, province=province or settings.province)
    with opened(asked, say=say) as ready, transaction(ready) as session:
        yield session


@contextmanager
def transaction(settings: Settings) -> Iterator[Session]:
    """Open one transaction over a database that is up, committed at the end of the block, undone by an error."""
    engine = create_engine(settings.require_database(), connect_args={"application_name": "yizhan command"})
    try:
        with Session(engine) as session, session.begin():
            # A command may think and write for as long as it needs; limits are for requests.
            session.execute(
                text(
                    "SELECT set_config('statement_timeout', '0', true), "
                    "set_config('idle_in_transaction_session_timeout', '0', true)"
                )
            )
            yield session
    finally:
        engine.dispose()


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lay rows out in columns: Chinese characters two wide, None as a dash, columns of numbers to the right."""
    lines = [["–" if cell is None else _one_line(str(cell)) for cell in row] for row in rows]
    columns = [[head, *(line[at] for line in lines)] for at, head in enumerate(heads)]
    laid = [_column(cells) for cells in columns]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*laid, strict=True))


def _column(cells: list[str]) -> list[str]:
    width = max(map(_width, cells))
    right = all(cell == "–" or _is_number(cell) for cell in cells[1:])
    pads = [" " * (width - _width(cell)) for cell in cells]
    return [pad + cell if right else cell + pad for cell, pad in zip(cells, pads, strict=True)]


def _one_line(cell: str) -> str:
    # What a registry holds came from outside: a control character must not reach the terminal.
    return "".join(character if character.isprintable() else " " for character in cell)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).isdecimal()


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in cell)


def is_terminal() -> bool:
    """Tell whether somebody watches standard error."""
    return sys.stderr.isatty()
