"""How long streets take: building and keeping a network, opening it in another process, a rider's question on it.

    python benchmarks/streets.py [--side 1000] [--questions 60]

A drawn grid of side² nodes with 60 m between them, denser than any town, so that an hour's search is as large as it can
be; and the extracts in ``../shared/data/streets`` where they are. A question is: snap the rider, search for 15, 30 and 60
minutes, measure 300 doors that were asked about before. Asked in a process of its own, which has only opened the files.
The table it prints is kept in ``benchmarks/results/streets.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.io.networks import read_network, write_network  # noqa: E402
from geo.io.streets import read_ways  # noqa: E402
from geo.nearby import Neighbourhood, in_squares  # noqa: E402
from geo.passing import Mode  # noqa: E402
from geo.streets import Network, build  # noqa: E402

MINUTES = (15, 30, 60)
DOORS = 300
#: Walking, and an e-bike on a residential street.
SPEED_MS = {Mode.WALK: 1.3, Mode.EBIKE: 15 / 3.6}


def grid(side: int, mode: Mode) -> Network:
    """Draw a grid whose nodes are numbered at random, as those of an extract nearly are."""
    random = np.random.default_rng(1)
    at = np.arange(side * side).reshape(side, side)
    xy = np.column_stack([at.ravel() // side, at.ravel() % side]) * 60.0 + random.uniform(
        -15, 15, (side * side, 2)
    )
    number = random.permutation(side * side)
    placed = np.empty_like(xy)
    placed[number] = xy + np.array([300_000.0, 4_000_000.0])
    tail = number[np.concatenate([at[:-1].ravel(), at[:, :-1].ravel()])]
    head = number[np.concatenate([at[1:].ravel(), at[:, 1:].ravel()])]
    length = np.hypot(*(placed[head] - placed[tail]).T)
    seconds = length / SPEED_MS[mode]
    return Network(
        mode, CRS.from_epsg(32647), placed, tail, head, length, seconds, seconds, f"grid of {side}²"
    )


def private_mb() -> float:
    """Return the memory that no other process shares with this one."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def asked(folder: Path, questions: int) -> dict[str, Any]:
    """Open a network and ask; in the child process."""
    before, started = private_mb(), time.perf_counter()
    network = read_network(folder)
    about = Neighbourhood(network)
    opened = time.perf_counter() - started
    random = np.random.default_rng(2)
    low, size = network.xy.min(axis=0), np.ptp(network.xy, axis=0)
    took = []
    for _ in range(questions):
        here = low + random.uniform(0.2, 0.8, (1, 2)) * size
        doors = network.snap(*network.lonlat(here + random.uniform(-3_000, 3_000, (DOORS, 2))))
        lon, lat = network.lonlat(here)
        row = []
        for minutes in MINUTES:
            started = time.perf_counter()
            origin = network.snap(lon, lat)
            about.seconds(about.search(origin, limit_s=60.0 * minutes), doors)
            row.append(1_000 * (time.perf_counter() - started))
        took.append(row)
    return {
        "open": 1_000 * opened,
        "first": took[0][0],
        "p50": np.percentile(took, 50, axis=0).tolist(),
        "p95": np.percentile(took, 95, axis=0).tolist(),
        "private": private_mb() - before,
    }


def measured(name: str, network: Network, built_s: float, questions: int) -> str:
    """Keep a network, ask a child process, and return a line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "network"
        started = time.perf_counter()
        write_network(kept, in_squares(network))
        written = time.perf_counter() - started
        size = sum(file.stat().st_size for file in kept.iterdir()) / 1e6
        child = [sys.executable, __file__, "--asked", str(kept), "--questions", str(questions)]
        found = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    times = " | ".join(f"{a:.1f} / {b:.1f}" for a, b in zip(found["p50"], found["p95"], strict=True))
    return (
        f"| {name} | {network.mode} | {len(network.xy):,} | {built_s:.1f} | {written:.1f} | {size:,.0f} | "
        f"{found['open']:.0f} | {found['first']:.0f} | {times} | {found['private']:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=1_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--asked", type=Path)
    given = parser.parse_args()
    if given.asked is not None:
        print(json.dumps(asked(given.asked, given.questions)))
        return
    load = os.getloadavg()[0]
    print(
        "| streets | mode | nodes | build s | keep s | MB | open ms | first ms | 15 min | 30 min | 60 min | own MB |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for extract in sorted((ROOT.parent / "shared" / "data" / "streets").glob("*.osm.pbf")):
        for mode in Mode:
            started = time.perf_counter()
            network = build(read_ways(extract), mode)
            print(measured(extract.name, network, time.perf_counter() - started, given.questions), flush=True)
    for mode in Mode:
        print(measured(f"grid {given.side}²", grid(given.side, mode), 0.0, given.questions), flush=True)
    print(f"\n{os.cpu_count()} cores, load {load:.1f} before and {os.getloadavg()[0]:.1f} after.")


if __name__ == "__main__":
    main()
