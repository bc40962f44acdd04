"""The server, its worker and the database, each killed once in the middle of an import: whole or not at all, nothing lost.

The same fifty times is ``benchmarks/kill_drill.py``.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.drill.site import Site, site
from benchmarks.kill_drill import TARGETS, drill
from stations.imports.sampling import AT_ONCE


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    # Not below pytest's own folder: the database's user must be able to enter it.
    folder = Path(tempfile.mkdtemp(prefix="yz-drill-"))
    with site(folder) as found:
        yield found
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("target", TARGETS)
def test_an_import_is_there_whole_or_not_at_all_whatever_is_killed_and_no_edit_is_lost(
    running: Site, target: str
) -> None:
    number = TARGETS.index(target)
    chance = random.Random(number)  # noqa: S311 - the moment of the kill
    rows = AT_ONCE + 50 if target == "worker" else 300
    outcome = drill(running, number, target, chance=chance, rows=rows, lasts_s=2.0)
    assert outcome.after in {0, outcome.rows}, outcome
    assert outcome.final == outcome.rows, outcome
    assert outcome.lost == 0, outcome
    assert outcome.edits > 0, outcome
