"""How long coverage takes, how much memory it needs and how the peers do: a city, a province, the country.

    python benchmarks/coverage.py [--quick] [--rounds 3] [--patience 1800]

(a) seconds from each of a million crossings to the nearest of 1,000 stations, beside pandana with its build counted;
(b) the 250 m cells of Qinghai, straight and on streets, with tables by county; (c) 186,000 stations and millions of
cells as one question and in parts with a halo, which must answer alike to the last digit; (d) two-step floating
catchment areas beside PySAL ``access``. Lands are made (``parts/coverage_land.py``); every run is a process of its own;
ours and the peers' take turns, and the best of each counts. pandana is installed into an environment of its own under
``var/benchmarks``; where that is not possible, or it takes longer than ``--patience`` seconds, the table says so. The
page it prints is kept in ``benchmarks/results/coverage.md``; --quick makes everything small and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[1]
PARTS = ROOT / "benchmarks" / "parts"
sys.path[:0] = [str(ROOT), str(PARTS)]

import numpy as np  # noqa: E402
import shapely  # noqa: E402
from coverage_land import Country, city, country  # noqa: E402

from geo.io.outlines import read_outlines  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "coverage.md"
FILES = ROOT / "var" / "benchmarks" / "coverage"
PEER = FILES.parent / "pandana"
WANTED: Final = "pandana==0.8"
AIM_S, AIM_TIMES = 3.0, 50.0
PROCESSES: Final = 2
TEXT = """# Coverage

`python benchmarks/coverage.py`: lands that are made, the same every time (`benchmarks/parts/coverage_land.py`). Each line
is a process of its own; its memory is the peak of that process, everything that it was given included; reading the land
from disk is not counted. CPU seconds are those of the whole process, all its steps. *Load* is the machine's when the run
began: where it is above {cores}, others were at work on the same cores, and the seconds are longer than those of a quiet
machine. Sides of a comparison take turns; {rounds} rounds, and the best of each side counts.

## (a) Nearest station of every crossing

A city of {graph[nodes]:,} crossings and {graph[arcs]:,} arcs, {graph[stations]:,} stations. Streets have a hierarchy (every 4th,
16th and 64th is faster): without one, pandana's contraction takes many times as long.

| | seconds | CPU, s | peak MiB | load |
|---|---:|---:|---:|---:|
{a}

Answers differ by {apart}. {ratio}

## (b) A province in 250 m cells

Qinghai's border and counties, with made towns and roads: {province[cells]:,} inhabited cells ({province[inside]:,} inside a
county) of the 11.5 million that the province has, since nobody lives in the others; {province[stations]:,} stations;
{province[nodes]:,} street nodes; {province[without_street]:,} cells have no street within 1 km. Limits 5, 15 and 30 minutes,
tables of {province[counties]} counties.

| step | seconds |
|---|---:|
{b}
| together | {b_total:.1f} |

Peak {b_peak:,.0f} MiB, load {b_load:.1f}.

## (c) The country

{national[stations]:,} stations, {national[cells]:,} cells, {national[nodes]:,} nodes, {national[segments]:,} segments, limit 30 minutes;
{national[reached]:,} cells are reached. Parts: 36 squares, each with a halo. Both answers were equal to the last digit, seconds,
stations and standing.

| | cells, s | snap, s | nearest, s | straight line, s | CPU, s | peak MiB | of a worker | load |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
{c}

## (d) Two-step floating catchment areas

{sharing[cells]:,} cells, {sharing[stations]:,} stations, {sharing[pairs]:,} pairs, given to both; scores agree to 1e-9.

| | seconds |
|---|---:|
| ours | {d[ours]:.4f} |
| PySAL access | {d[PySAL access]:.4f} |
| ratio | {d_ratio:.0f} |

Python {python}, {versions}{peer}; {cores} cores.
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large everything is."""

    nodes: int
    stations: int
    province: dict[str, int]
    national: dict[str, int]
    sharing: dict[str, int]


FULL = Size(
    1_000_000,
    1_000,
    {"towns": 3_000, "nodes": 900_000, "people": 2_000_000, "stations": 1_000},
    {"towns": 12_000, "nodes": 3_000_000, "people": 6_000_000, "stations": 186_000},
    {"towns": 500, "nodes": 100_000, "people": 500_000, "stations": 1_000},
)
QUICK = Size(
    40_000,
    40,
    {"towns": 300, "nodes": 90_000, "people": 100_000, "stations": 100},
    {"towns": 1_200, "nodes": 200_000, "people": 200_000, "stations": 6_000},
    {"towns": 100, "nodes": 20_000, "people": 50_000, "stations": 200},
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took. load: of the machine when it began."""

    seconds: dict[str, float]
    cpu: float
    peak_mib: float
    worker_mib: float
    load: float
    facts: dict[str, Any]


def made(name: str, land: Callable[[], Country]) -> Path:
    """Return the file of a land, made where it is not there yet."""
    path = FILES / f"{name}.npz"
    if not path.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        found = land()
        np.savez(path, **{key: getattr(found, key) for key in Country.__slots__})
    return path


def run(python: Path | str, script: str, *arguments: str, patience: float | None = None) -> Run:
    """Do one run in a process of its own. Raises TimeoutExpired where it takes longer than ``patience`` seconds."""
    load = os.getloadavg()[0]
    done = subprocess.run(
        [str(python), str(PARTS / script), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=patience,
    )
    told = json.loads(done.stdout.strip().splitlines()[-1].rpartition("% ")[2])
    found = Run(
        told["seconds"],
        told["cpu"],
        told["peak_mib"],
        told["facts"].get("worker_mib", 0.0),
        load,
        told["facts"],
    )
    steps = ", ".join(f"{name} {value:.2f}" for name, value in found.seconds.items())
    print(f"{script} {' '.join(arguments[:1])}: {steps}; load {load:.1f}", flush=True)
    return found


def ours(name: str, path: Path, *more: str) -> Run:
    """Do one of our runs."""
    return run(sys.executable, "coverage_runs.py", name, str(path), *more)


def peer() -> Path | str:
    """Return the Python that has pandana, installed where it is not there yet; else the words why there is none."""
    python = PEER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
    got = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WANTED], check=False
    )
    return python if got.returncode == 0 else f"{WANTED} could not be installed"


def best(runs: list[Run], *steps: str) -> Run:
    """Return the run whose steps took the least together."""
    return min(runs, key=lambda each: sum(each.seconds[step] for step in steps))


def line(name: str, each: Run, *steps: str) -> str:
    """Write one line of the first table: so many steps together."""
    total = sum(each.seconds[step] for step in steps)
    return f"| {name} | {total:.2f} | {each.cpu:.1f} | {each.peak_mib:,.0f} | {each.load:.1f} |"


def first(size: Size, *, rounds: int, patience: float) -> dict[str, Any]:
    """Compare with pandana; give what the first table needs."""
    path = made(f"city-{size.nodes}", lambda: city(size.nodes, size.stations))
    python = peer()
    own: list[Run] = []
    snaps: list[Run] = []
    theirs: list[Run] = []
    said = python if isinstance(python, str) else ""
    for turn in range(rounds):
        own.append(ours("graph", path))
        snaps.append(ours("snapping", path))
        # A peer that takes minutes is asked once: its own seconds hardly differ from turn to turn.
        if not said and (turn == 0 or sum(theirs[0].seconds.values()) < 60):
            try:
                theirs.append(run(python, "coverage_pandana.py", str(path), patience=patience))
            except subprocess.TimeoutExpired:
                said = f"pandana had not ended after {patience:,.0f} s"
    steps = ("graph", "file segments", "snap stations", "search")
    mine, again, snapped = best(own, *steps), best(own, "other stations"), best(snaps, "snap")
    total = sum(mine.seconds[step] for step in steps)
    lines = [
        line("ours, from bare arrays: graph, segments filed, stations snapped, search", mine, *steps),
        line("ours, the graph and the search alone", best(own, "graph", "search"), "graph", "search"),
        line("ours, other stations on the same streets", again, "other stations"),
        line(f"ours, {snapped.facts['places']:,} places snapped to the nearest segment", snapped, "snap"),
        line("ours, these places door to door, within 30 minutes", best(snaps, "nearest"), "nearest"),
    ]
    aim = (
        f"Aim: at most {AIM_S:g} s from bare arrays: {'met' if total <= AIM_S else 'missed'} ({total:.2f} s)."
    )
    if not theirs:
        lines.append(f"| pandana | {said} | | | |")
        floor = f" At least {patience / total:,.0f} times quicker." if said.startswith("pandana had") else ""
        return {"a": lines, "apart": "nothing that was measured", "ratio": aim + floor, "graph": mine.facts}
    steps = ("build", "set stations", "search")
    slow = best(theirs, *steps)
    times = sum(slow.seconds[step] for step in steps) / total
    lines += [
        line("pandana, built and asked", slow, *steps),
        line("pandana, other stations on the same streets", slow, "set stations", "search"),
        line("pandana, places snapped to the nearest *node*", slow, "snap"),
    ]
    return {
        "a": lines,
        "apart": f"{max(each.facts['apart_s'] for each in theirs):.2g} s at most (pandana rounds)",
        "ratio": f"{aim} Aim: at least {AIM_TIMES:g} times quicker than pandana with its build: "
        f"{'met' if times >= AIM_TIMES else 'missed'} ({times:,.0f} times by the clock, {slow.cpu / mine.cpu:,.0f} by CPU seconds, "
        "which other programs on the machine do not lengthen).",
        "graph": mine.facts,
        "peer": f"; {slow.facts['versions']}",
    }


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small lands, nothing kept")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (3)")
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds a peer may take (1800)")
    asked = parser.parse_args()
    size = QUICK if asked.quick else FULL
    words: dict[str, Any] = {"peer": ""} | first(size, rounds=asked.rounds, patience=asked.patience)

    border = read_outlines("province", "63").to_crs("EPSG:32647").geometry.iloc[0]
    qinghai = made(f"province-{size.province['people']}", lambda: country(border, **size.province))
    province = ours("province", qinghai)

    square = shapely.box(-1.5e6, -1.2e6, 1.5e6, 1.2e6)
    whole = made(f"national-{size.national['people']}", lambda: country(square, **size.national))
    runs = {
        "one question": ours("national", whole),
        "in parts, in this process": ours("national", whole, "1"),
        f"in parts, {PROCESSES} processes": ours("national", whole, str(PROCESSES)),
    }
    share = made(f"sharing-{size.sharing['people']}", lambda: country(border, **size.sharing))
    sharing = ours("sharing", share)

    page = TEXT.format(
        **(words | {"a": "\n".join(words["a"])}),
        rounds=asked.rounds,
        cores=os.cpu_count(),
        province=province.facts,
        b="\n".join(f"| {name} | {value:.2f} |" for name, value in province.seconds.items()),
        b_total=sum(province.seconds.values()),
        b_peak=province.peak_mib,
        b_load=province.load,
        national=runs["one question"].facts,
        c="\n".join(
            f"| {name} | {each.seconds['cells']:.1f} | {each.seconds['snap']:.1f} | {each.seconds['nearest']:.1f} | "
            f"{each.seconds.get('straight line', float('nan')):.1f} | {each.cpu:.1f} | {each.peak_mib:,.0f} | "
            f"{each.worker_mib:,.0f} | {each.load:.1f} |".replace("nan", "")
            for name, each in runs.items()
        ),
        sharing=sharing.facts,
        d=sharing.seconds,
        d_ratio=sharing.seconds["PySAL access"] / sharing.seconds["ours"],
        python=platform.python_version(),
        versions=", ".join(f"{each} {version(each)}" for each in ("numpy", "scipy", "shapely", "access")),
    )
    print(page)
    if not asked.quick:
        RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
