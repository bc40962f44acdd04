"""The measured halves of ``benchmarks/siting.py`` that need this project: ours, and HiGHS on the model as it is written down.

    python benchmarks/parts/siting_runs.py SIDE PROBLEM FILE COUNT SECONDS GAP

SIDE: ours or highs. PROBLEM: cover (FILE is a land, ``siting_land``) or median (FILE is an instance of OR-Library, COUNT is
its own). Each is a process of its own and prints what it took as JSON; reading the file is not measured, finding the pairs
within reach is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "parts")]

import numpy as np  # noqa: E402
from scipy.sparse import csr_array, eye_array, hstack, vstack  # noqa: E402
from siting_clock import Clock, graph, tell  # noqa: E402
from siting_land import Land, pairs  # noqa: E402

from geo.siting import (  # noqa: E402
    Answer,
    Cover,
    Limits,
    MaximalCover,
    Median,
    Rules,
    solve_maximal,
    solve_median,
    solver,
)
from geo.siting.solver import Model  # noqa: E402


def cover(side: str, file: Path, count: int, limits: Limits) -> None:
    """Maximal cover of a land."""
    land = Land.load(file)
    clock = Clock()
    with clock.step("pairs"):
        starts, cell = pairs(land.candidates, land.demand, land.reach)
        reach = Cover(starts, cell, len(land.demand))
        already = np.zeros(len(land.demand), dtype=bool)
        if len(land.existing):
            already[pairs(land.existing, land.demand, land.reach)[1]] = True
    with clock.step("search"):
        if side == "ours":
            asked = MaximalCover.of(reach, land.weight, Rules.of(count=count), already=already)
            found = solve_maximal(asked, limits)
        else:
            found = _plain(reach, np.where(already, 0.0, land.weight), count, limits)
    _told(clock, found)


def median(side: str, file: Path, count: int, limits: Limits) -> None:
    """The p-median of a graph, every node a demand and a candidate."""
    metres, count = graph(file)
    nodes = len(metres)
    clock = Clock()
    with clock.step("search"):
        if side == "ours":
            site, demand = np.divmod(np.arange(nodes * nodes), nodes)
            asked = Median.of(
                site=site, demand=demand, distance=metres.ravel(), weight=np.ones(nodes),
                rules=Rules.of(count=count), sites=nodes, existing=metres.max(axis=0),
            )  # fmt: skip
            found = solve_median(asked, limits)
        else:
            found = _plain_median(metres, count, limits)
    _told(clock, found)


def _told(clock: Clock, found: Answer) -> None:
    tell(
        clock,
        status=str(found.status),
        objective=found.objective,
        bound=found.bound,
        root_gap=found.root_gap,
        sizes=None if found.sizes is None else vars(found.sizes),
        sites=found.sites.tolist(),
    )


def _plain(reach: Cover, weight: Any, count: int, limits: Limits) -> Answer:
    """Write every demand and every pair down, and leave the rest to the solver."""
    sites, demands = reach.sites, reach.demands
    body = hstack([reach.matrix.T.tocsr(), -eye_array(demands, format="csr")], format="csr")
    total = hstack([csr_array(np.ones((1, sites))), csr_array((1, demands))], format="csr")
    model = Model(
        np.concatenate([np.zeros(sites), weight]),
        np.zeros(sites + demands),
        np.ones(sites + demands),
        csr_array(vstack([body, total], format="csr")),
        np.concatenate([np.zeros(demands), [-np.inf]]),
        np.concatenate([np.full(demands, np.inf), [float(count)]]),
        np.concatenate([np.ones(sites, dtype=bool), np.zeros(demands, dtype=bool)]),
    )
    found = solver.solve(model, limits)
    if found.values is None:
        return Answer("maximal cover", status=_status(found.ended), bound=found.bound)
    chosen = np.flatnonzero(found.values[:sites] > 0.5)
    value = float(weight[reach.reached(chosen) > 0].sum())
    return Answer("maximal cover", _status(found.ended), chosen, objective=value, bound=found.bound)


def _plain_median(metres: Any, count: int, limits: Limits) -> Answer:
    """Write the assignment model down: who goes where, only where a site is (ReVelle and Swain 1970)."""
    nodes = len(metres)
    goes = nodes * nodes
    each = np.arange(goes)
    site, demand = np.divmod(each, nodes)
    ones = np.ones(goes)
    once = csr_array((ones, (demand, each)), shape=(nodes, goes))
    open_there = csr_array((ones, (each, site)), shape=(goes, nodes))
    rows = vstack(
        [
            hstack([csr_array((nodes, nodes)), once]),
            hstack([open_there, -eye_array(goes, format="csr")]),
            hstack([csr_array(np.ones((1, nodes))), csr_array((1, goes))]),
        ],
        format="csr",
    )
    model = Model(
        np.concatenate([np.zeros(nodes), metres.ravel()]),
        np.zeros(nodes + goes),
        np.ones(nodes + goes),
        csr_array(rows),
        np.concatenate([np.ones(nodes), np.zeros(goes), [float(count)]]),
        np.concatenate([np.ones(nodes), np.full(goes, np.inf), [float(count)]]),
        np.concatenate([np.ones(nodes, dtype=bool), np.zeros(goes, dtype=bool)]),
        maximise=False,
    )
    found = solver.solve(model, limits)
    if found.values is None:
        return Answer("p-median", status=_status(found.ended), bound=found.bound)
    chosen = np.flatnonzero(found.values[:nodes] > 0.5)
    value = float(metres[chosen].min(axis=0).sum())
    return Answer("p-median", _status(found.ended), chosen, objective=value, bound=found.bound)


def _status(ended: solver.Ended) -> Any:
    return {"optimal": "optimal", "stopped": "stopped", "infeasible": "infeasible"}[ended]


if __name__ == "__main__":
    _side, _problem, _file, _count, _seconds, _gap = sys.argv[1:]
    {"cover": cover, "median": median}[_problem](
        _side,
        Path(_file),
        int(_count),
        # The model as written down is searched however large it is; ours keeps to what it is given.
        Limits(float(_seconds), float(_gap), megabytes=4_000.0 if _side == "ours" else 1e6),
    )
