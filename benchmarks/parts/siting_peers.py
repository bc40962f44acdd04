"""The same questions put to PySAL spopt and to pbp-pmedian, in a virtual environment that knows nothing of this project.

    python benchmarks/parts/siting_peers.py SIDE PROBLEM FILE COUNT SECONDS

SIDE: spopt or pbp. The other arguments are those of ``siting_runs.py``. What a peer claims is printed as it claims it; the
parent counts its plan again.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from siting_clock import Clock, graph, tell
from siting_land import Land


def spopt_cover(file: Path, count: int, seconds: float) -> None:
    """Maximal cover by spopt, its model solved by the HiGHS that we use."""
    import pulp
    from spopt.locate import MCLP

    land = Land.load(file)
    clock = Clock()
    with clock.step("distances"):
        metres = cdist(land.demand, land.candidates)
    with clock.step("build"):
        model = MCLP.from_cost_matrix(metres, land.weight, land.reach, p_facilities=count)
    with clock.step("search"):
        model.solve(pulp.HiGHS(msg=False, threads=1, gapRel=0.0, timeLimit=seconds), results=False)
    _told(clock, model)


def spopt_median(file: Path, _: int, seconds: float) -> None:
    """The p-median by spopt."""
    import pulp
    from spopt.locate import PMedian

    metres, count = graph(file)
    clock = Clock()
    with clock.step("build"):
        model = PMedian.from_cost_matrix(metres, np.ones(len(metres)), p_facilities=count)
    with clock.step("search"):
        model.solve(pulp.HiGHS(msg=False, threads=1, gapRel=0.0, timeLimit=seconds), results=False)
    _told(clock, model)


def pbp_median(file: Path, _: int, seconds: float) -> None:
    """The p-median by pbp-pmedian."""
    from pbp_pmedian import solve

    metres, count = graph(file)
    clock = Clock()
    with clock.step("search"):
        value, sites, _took, status, engine = solve(metres, count, time_limit=seconds)
    tell(
        clock,
        status=f"{'optimal' if status == 0 else f'status {status}'} ({engine})",
        objective=None if value is None else float(value),
        sites=[] if sites is None else [int(each) for each in sites],
    )


def _told(clock: Clock, model: Any) -> None:
    import pulp

    value = model.problem.objective.value()
    chosen = [site for site, each in enumerate(model.fac_vars) if (each.value() or 0.0) > 0.5]
    tell(
        clock,
        status=pulp.LpStatus[model.problem.status].lower(),
        objective=None if value is None else float(value),
        sites=chosen,
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _side, _problem, _file, _count, _seconds = sys.argv[1:]
    {
        ("spopt", "cover"): spopt_cover,
        ("spopt", "median"): spopt_median,
        ("pbp", "median"): pbp_median,
    }[_side, _problem](Path(_file), int(_count), float(_seconds))
