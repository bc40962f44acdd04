"""How long siting takes, how far it proves and how the peers do: PySAL spopt, pbp-pmedian, HiGHS on the model as written down.

    python benchmarks/siting.py [--full] [--quick] [--patience 120] [--only NAME …]

Lands are made (``parts/siting_land.py``, the seed fixed before anything was measured); the p-medians are those of OR-Library,
where ``../shared/data/siting`` has them. Every run is a process of its own. Each plan is counted again here from the distances,
and where two sides both claim the best plan their values must be equal. A peer that has not ended after ``--patience`` seconds
(480 with --full) is ended and told as such. Peers are installed into an environment of their own under ``var/benchmarks``.
The page is written after each instance into ``benchmarks/results/siting.md``; --only measures some again and leaves the
others as they were; --quick asks only the small ones and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[1]
PARTS = ROOT / "benchmarks" / "parts"
sys.path[:0] = [str(ROOT), str(PARTS)]

import numpy as np  # noqa: E402
from siting_clock import graph  # noqa: E402
from siting_land import Land, land, pairs  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "siting.md"
FILES = ROOT / "var" / "benchmarks" / "siting"
KEPT = FILES / "runs.json"
PEERS = FILES.parent / "siting-peers"
WANTED: Final = ("spopt==0.7.0", "pulp==3.3.2", "pbp-pmedian==0.2.2", f"highspy=={version('highspy')}")
PUBLISHED = ROOT.parent / "shared" / "data" / "siting"
SEED: Final = 7
#: Beyond so many GB a matrix of all distances is not asked for.
MATRIX_GB: Final = 12.0
TEXT = """# Siting

`python benchmarks/siting.py --patience {patience:g}`: lands that are made, the same every time
(`benchmarks/parts/siting_land.py`: towns by rank and size with sprawl, candidates where people are; the generator was fixed
before anything was measured on it, and no instance was changed afterwards). Peers search for {patience:g} s at most, for half
of that in p-medians. Each line is a process of its own, one thread; reading the land is not counted, finding the pairs within
reach is (for spopt: the matrix of distances that it asks for). *Peak* is the most memory of the process. *Load* is the
machine's when the run began: above {cores}, others were at work on the same cores and the seconds are longer than those of a
quiet machine; CPU seconds are not. *Gap* is between plan and bound, *root* what fractions alone left of it. Every plan was
counted again from the distances: {checked} plans, all worth what they claim; where two sides both claimed the best plan, their
values were equal.

{tables}

## Aims

{aims}

Python {python}, {versions}; {cores} cores.
"""


@dataclass(frozen=True)
class Case:
    """What is asked. make: the land; none for an instance of OR-Library. gap: that is near enough. seconds: given to ours."""

    name: str
    count: int
    make: dict[str, Any] | None = None
    gap: float = 0.0
    seconds: float = 180.0
    small: bool = False
    optimum: float = float("nan")
    sides: tuple[str, ...] = ("ours", "highs", "spopt")

    @property
    def problem(self) -> str:
        """The one that the runs know."""
        return "median" if self.make is None else "cover"

    def path(self) -> Path:
        """Return the file of the instance, made where it is not there yet."""
        if self.make is None:
            return PUBLISHED / f"{self.name}.txt"
        path = FILES / f"{self.name.replace(' ', '-').replace(',', '')}.npz"
        if not path.exists():
            FILES.mkdir(parents=True, exist_ok=True)
            land(SEED, **self.make).save(path)
        return path


MEDIANS: Final = {"pmed1": 5819, "pmed2": 4093, "pmed3": 4250, "pmed6": 7824, "pmed11": 7696, "pmed16": 8162}
CASES: Final = (
    Case("10,000 × 1,000", 100, {"demand": 10_000, "candidates": 1_000}, seconds=600.0),
    Case("50,000 × 2,000", 200, {"demand": 50_000, "candidates": 2_000}),
    Case(
        "1,000,000 × 5,000, 800 stand", 200,
        {"demand": 1_000_000, "candidates": 5_000, "existing": 800}, gap=0.001, seconds=60.0,
    ),
    Case("dense 10,000 × 1,000", 10, {"demand": 10_000, "candidates": 1_000, "each": 200.0}),
    Case("1,000 × 100", 10, {"demand": 1_000, "candidates": 100}, small=True),
    Case("2,000 × 200", 20, {"demand": 2_000, "candidates": 200}, small=True),
    Case("dense 2,000 × 500", 10, {"demand": 2_000, "candidates": 500, "each": 100.0}, small=True),
    *(
        Case(name, 0, optimum=best, small=name == "pmed1", sides=("ours", "highs", "spopt", "pbp"))
        for name, best in MEDIANS.items()
        if (PUBLISHED / f"{name}.txt").exists()
    ),
)  # fmt: skip


@dataclass
class Run:
    """What one process took and said. words: instead, where it did not end."""

    case: Case
    side: str
    load: float
    seconds: dict[str, float] = field(default_factory=dict)
    cpu: float = float("nan")
    peak_mib: float = float("nan")
    facts: dict[str, Any] = field(default_factory=dict)
    words: str = ""

    @property
    def wall(self) -> float:
        """Seconds end to end."""
        return sum(self.seconds.values())

    @property
    def proven(self) -> bool:
        """Whether the side claims that its plan is best."""
        return str(self.facts.get("status", "")).startswith("optimal")

    def number(self, name: str) -> float:
        """Return a figure that was told; nan where none was."""
        value = self.facts.get(name)
        return float("nan") if value is None else float(value)

    @property
    def gap(self) -> float:
        """Between plan and bound; nan where no bound was told."""
        bound, value = self.number("bound"), self.number("objective")
        return abs(bound - value) / max(abs(bound), abs(value), 1e-12)


def run(case: Case, side: str, *, patience: float, peers: Path | str) -> Run:
    """Ask one side in a process of its own."""
    found = Run(case, side, os.getloadavg()[0])
    if side in ("spopt", "pbp"):
        if isinstance(peers, str):
            found.words = peers
            return found
        if case.make and (needed := case.make["demand"] * case.make["candidates"] * 8e-9) > MATRIX_GB:
            found.words = f"not asked: its matrix of distances alone would be {needed:.0f} GB"
            return found
        command = [str(peers), str(PARTS / "siting_peers.py"), side]
    else:
        command = [sys.executable, str(PARTS / "siting_runs.py"), side]
    seconds = case.seconds if side == "ours" else patience
    command += [case.problem, str(case.path()), str(case.count), str(seconds)]
    if side in ("ours", "highs"):
        command.append(str(case.gap))
    # What a side is given is time to search in; reading and building come on top of that, but not without end.
    end = 1.5 * seconds + 30
    asked = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        said, _ = asked.communicate(timeout=end)
    except subprocess.TimeoutExpired:
        status = Path(f"/proc/{asked.pid}/status").read_text(encoding="ascii")
        found.peak_mib = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        asked.kill()
        asked.communicate()
        found.words = f"did not finish in {end:,.0f} s"
        return found
    if asked.returncode:
        found.words = f"ended with status {asked.returncode}"
        return found
    told = json.loads(said.strip().splitlines()[-1])
    found.seconds, found.cpu, found.peak_mib, found.facts = (
        told["seconds"], told["cpu"], told["peak_mib"], told["facts"],
    )  # fmt: skip
    return found


class Counter:
    """Counts plans again, from the distances."""

    def check(self, runs: list[Run]) -> None:
        """Raise ValueError where a plan is not worth what it claims, or two best plans are not worth the same."""
        case = runs[0].case
        worth = self._median(case) if case.problem == "median" else self._cover(case)
        for each in runs:
            if not each.facts.get("sites"):
                continue
            found = worth(each.facts["sites"])
            if abs(found - each.number("objective")) > 1e-6 * max(1.0, found):
                raise ValueError(
                    f"{each.side}, {case.name}: worth {found}, claims {each.number('objective')}"
                )
        best = {each.side: each.number("objective") for each in runs if each.proven and each.facts["sites"]}
        if best and max(best.values()) - min(best.values()) > 1e-6 * max(best.values()):
            raise ValueError(f"{case.name}: all claim the best plan: {best}")
        if np.isfinite(case.optimum) and best.get("ours", case.optimum) != case.optimum:
            raise ValueError(f"{case.name}: ours {best['ours']}, published {case.optimum}")

    @staticmethod
    def _cover(case: Case) -> Any:
        held = Land.load(case.path())
        starts, cell = pairs(held.candidates, held.demand, held.reach)
        weight = held.weight.copy()
        if len(held.existing):
            weight[pairs(held.existing, held.demand, held.reach)[1]] = 0.0

        def worth(sites: list[int]) -> float:
            reached = np.unique(np.concatenate([cell[starts[site] : starts[site + 1]] for site in sites]))
            return float(weight[reached].sum())

        return worth

    @staticmethod
    def _median(case: Case) -> Any:
        metres, _ = graph(case.path())
        return lambda sites: float(metres[sites].min(axis=0).sum())


def peers() -> Path | str:
    """Return the Python that has the peers, installed where they are not there yet; else the words why there is none."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    got = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED],
        check=False, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return python if got.returncode == 0 else "not installed: no registry of packages was reached"


def table(runs: list[Run]) -> str:
    """Write what was asked, how small it became, and a line for each side."""
    case, own = runs[0].case, runs[0]
    lines = [f"## {case.name}" + (f", {case.count} to choose" if case.count else "") + "\n"]
    if sizes := own.facts.get("sizes"):
        lines.append(
            f"{sizes['sites']:,} candidates, {sizes['demand']:,} demand, {sizes['pairs']:,} pairs "
            f"({sizes['pairs'] / sizes['demand']:.1f} candidates a demand); after reduction {sizes['sites_left']:,}, "
            f"{sizes['demand_left']:,} and {sizes['pairs_left']:,}."
            + (f" A gap of {case.gap:.1%} is asked for." if case.gap else "")
            + "\n"
        )
    lines.append(
        "| | status, as claimed | objective | bound | gap | root | seconds | of these | CPU, s | peak MiB | load |"
    )
    lines.append("|---|---|---:|---:|---:|---:|---:|---|---:|---:|---:|")
    lines += [line(each) for each in runs]
    return "\n".join(lines)


NAMES: Final = {"ours": "ours", "highs": "plain HiGHS", "spopt": "PySAL spopt", "pbp": "pbp-pmedian"}


def line(each: Run) -> str:
    """Write a line of a table."""
    if each.words:
        peak = f"{each.peak_mib:,.0f}" if np.isfinite(each.peak_mib) else ""
        return f"| {NAMES[each.side]} | {each.words} | | | | | | | | {peak} | {each.load:.1f} |"

    def told(value: float, form: str) -> str:
        return format(value, form) if np.isfinite(value) else ""

    steps = ", ".join(f"{name} {value:.2f}" for name, value in each.seconds.items())
    return (
        f"| {NAMES[each.side]} | {each.facts['status']} | {told(each.number('objective'), ',.0f')} | "
        f"{told(each.number('bound'), ',.0f')} | {told(each.gap, '.3%')} | {told(each.number('root_gap'), '.3%')} | "
        f"{each.wall:.2f} | {steps} | {each.cpu:.1f} | {each.peak_mib:,.0f} | {each.load:.1f} |"
    )


def aims(runs: dict[str, list[Run]]) -> str:
    """Say which aims were met, and by how much the others were missed."""
    found: list[str] = []

    def side(name: str, which: str) -> Run | None:
        return next((each for each in runs.get(name, []) if each.side == which and not each.words), None)

    def say(aim: str, met: bool, words: str) -> None:
        found.append(f"- {aim}: {'met' if met else '**missed**'} ({words}).")

    def standing(each: Run) -> str:
        return f"{each.facts['status']}, gap {each.gap:.3%}, {each.wall:.1f} s, {each.cpu:.1f} s CPU"

    for name in ("10,000 × 1,000", "50,000 × 2,000", "dense 10,000 × 1,000"):
        if own := side(name, "ours"):
            say(f"{name} proven", own.proven, standing(own))
            their = next((each for each in runs[name] if each.side == "spopt"), None)
            if their is None:
                continue
            if their.words:
                found.append(
                    f"- {name} beside spopt: {their.words}; ours took {own.wall:.1f} s, {own.cpu:.1f} s of CPU."
                )
            else:
                times = their.wall / own.wall
                say(f"{name}, 100 times spopt end to end", times >= 100, f"{times:,.0f} times")
            if np.isfinite(their.peak_mib):
                more = ", when it was ended" if their.words else ""
                say(
                    f"{name}, a tenth of spopt's memory", own.peak_mib <= their.peak_mib / 10,
                    f"{own.peak_mib:,.0f} MiB beside {their.peak_mib:,.0f}{more}",
                )  # fmt: skip
    if own := side("1,000,000 × 5,000, 800 stand", "ours"):
        say(
            "a million cells, gap of at most 0.1 % in a minute",
            own.gap <= 1e-3 and own.wall <= 60,
            standing(own),
        )
    medians = [each for each in (side(name, "ours") for name in MEDIANS) if each]
    if medians:
        proven = [each for each in medians if each.proven]
        say(
            "p-medians of OR-Library proven", len(proven) == len(medians),
            f"{len(proven)} of {len(medians)}, at most {max(each.wall for each in medians):.2f} s",
        )  # fmt: skip
    return "\n".join(found)


def main() -> None:
    """Ask everybody and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="give the peers eight minutes each")
    parser.add_argument("--quick", action="store_true", help="only the small instances; nothing kept")
    parser.add_argument("--patience", type=float, help="seconds a peer may search (120, with --full 480)")
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        help="instances whose names hold one of these; the others stay as measured",
    )
    asked = parser.parse_args()
    patience = asked.patience or (480.0 if asked.full else 120.0)
    chosen = [
        case
        for case in CASES
        if (case.small or not asked.quick)
        and (not asked.only or any(word in case.name for word in asked.only))
    ]
    python, counter = peers(), Counter()
    runs = kept() if asked.only else {}
    for case in chosen:
        each = patience / 2 if case.problem == "median" else patience
        runs[case.name] = [run(case, side, patience=each, peers=python) for side in case.sides]
        counter.check(runs[case.name])
        print(table(runs[case.name]), "\n", flush=True)
        if not asked.quick:
            # After each instance: what was measured stays where a later one is cut off.
            keep(runs)
            RESULTS.write_text(page(runs, patience), encoding="utf-8")
    print(aims(runs))


def keep(runs: dict[str, list[Run]]) -> None:
    """Write down what was measured, so that one instance can be measured again and the others stay."""
    told = {name: [{**vars(each), "case": name} for each in of_case] for name, of_case in runs.items()}
    KEPT.write_text(json.dumps(told), encoding="utf-8")


def kept() -> dict[str, list[Run]]:
    """Return what was measured before; of instances that there are no more, nothing."""
    if not KEPT.exists():
        return {}
    cases = {case.name: case for case in CASES}
    told = json.loads(KEPT.read_text(encoding="utf-8"))
    return {
        name: [Run(**{**each, "case": cases[name]}) for each in of_case]
        for name, of_case in told.items()
        if name in cases
    }


def page(runs: dict[str, list[Run]], patience: float) -> str:
    """Write everything that was measured."""
    return TEXT.format(
        patience=patience,
        cores=os.cpu_count(),
        checked=sum(bool(each.facts.get("sites")) for of_case in runs.values() for each in of_case),
        tables="\n\n".join(table(runs[case.name]) for case in CASES if case.name in runs),
        aims=aims(runs),
        python=platform.python_version(),
        versions=", ".join((*WANTED, *(f"{each}=={version(each)}" for each in ("numpy", "scipy")))).replace(
            "==", " "
        ),
    )


if __name__ == "__main__":
    main()
