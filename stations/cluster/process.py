"""Run a program to its end and keep what it said."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finished", "run"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended: its exit status, and what it wrote to both outputs."""

    status: int
    said: str


def run(words: Sequence[str | Path]) -> Finished:
    """Run a program and wait for it, in ``/`` and without libpq's variables.

    A user who may not enter the present folder would be warned about it, and PGPORT or PGDATA would point
    PostgreSQL's programs at another cluster.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["LC_ALL"] = "C.UTF-8"
    # A file and not a pipe: pg_ctl's server inherits it, and a pipe would stay open for as long as the server runs.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        done = subprocess.run(  # noqa: S603 - the words are this package's own, never a shell's
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            cwd="/",
            env=environment,
        )
        output.seek(0)
        return Finished(done.returncode, output.read())
