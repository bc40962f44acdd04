"""A child process with little memory and processor time, in which a hostile file is opened and read to its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["outcome", "outcomes"]

ROOT = Path(__file__).resolve().parents[2]
#: Generous: what is bounded needs a tenth of it.
MEMORY = 2 << 30
PROCESSOR_S = 120
_PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
from geo.errors import FileError
from geo.io import open_source
for path in sys.argv[1:]:
    try:
        chunks = list(map(len, open_source(path).chunks()))
    except FileError as error:
        print("refused", repr(str(error)), flush=True)
    else:
        print("read", sum(chunks), flush=True)
"""


def outcomes(paths: Sequence[Path]) -> list[str]:
    """Return of each file ``read N`` or ``refused …`` with the sentence; the child must reach the end by itself."""
    child = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(memory=MEMORY, seconds=PROCESSOR_S), *map(str, paths)],
        cwd=ROOT,
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    told = child.stdout.splitlines()
    where = paths[min(len(told), len(paths) - 1)].name
    assert child.returncode == 0, f"exit {child.returncode} at {where}: {child.stderr[-2000:]}"
    assert len(told) == len(paths)
    return told


def outcome(path: Path) -> str:
    """Return what becomes of one file."""
    return outcomes([path])[0]
