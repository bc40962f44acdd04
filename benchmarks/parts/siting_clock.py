"""What the measured halves of ``benchmarks/siting.py`` share: seconds by step, the peak of memory, one line of JSON.

Knows NumPy and SciPy alone, so that peers measure themselves alike in environments of their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

__all__ = ["Clock", "graph", "tell"]


class Clock:
    """Seconds by step, and those of the processor, from the moment that it was made."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu = time.process_time()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens within."""
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began


def tell(clock: Clock, **facts: Any) -> None:
    """Print what was measured as the last line."""
    # Not the peak of getrusage, which counts what the parent held when it forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    told: Mapping[str, Any] = {
        "seconds": clock.seconds,
        "cpu": time.process_time() - clock.cpu,
        "peak_mib": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
        "facts": facts,
    }
    print(json.dumps(told))


def graph(path: Path) -> tuple[NDArray[np.float64], int]:
    """Read an instance of OR-Library: all shortest paths, (n, n), and how many sites.

    A repeated edge counts as given last, as the published optima need.
    """
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    nodes, _, count = map(int, lines[0])
    edges = {tuple(sorted((int(i) - 1, int(j) - 1))): float(cost) for i, j, cost in lines[1:]}
    ends = np.array(list(edges))
    matrix = csr_array((list(edges.values()), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    return shortest_path(matrix, directed=False), count
