"""How near so many sites can bring everybody: the p-centre, the least radius that a plan reaches all demand in.

(Hakimi 1964; Minieka 1970.) The radius is one of the distances that occur, so that it is sought among them by halving:
within a radius the fewest or cheapest sites that reach everybody either fit the rules or do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.cover import Cover
from geo.siting.infeasible import explain
from geo.siting.least import LeastCover, solve_least
from geo.siting.median import Median
from geo.siting.ordering import in_order
from geo.siting.rules import Rules
from geo.siting.solver import NO_PLAN, Limits

__all__ = ["Centre", "solve_centre"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]


@dataclass(frozen=True, eq=False)
class Centre:
    """The question: which sites, within the rules, make the largest distance to the nearest station least.

    site, demand, distance: (q,), each pair once. beyond: (n,) what a demand counts where no chosen site is nearer.
    """

    site: _Ints
    demand: _Ints
    distance: _Floats
    beyond: _Floats
    rules: Rules
    sites: int

    @classmethod
    def of(
        cls,
        site: ArrayLike,
        demand: ArrayLike,
        distance: ArrayLike,
        rules: Rules,
        *,
        sites: int,
        demands: int,
        existing: ArrayLike | None = None,
        penalty: float | None = None,
    ) -> Centre:
        """Check a question given as pairs in any order; of a pair given twice the nearer counts.

        existing: (n,) distance to the nearest station there is, inf where there is none. penalty: the most that any
        demand counts; needed where a demand has no station. Raises SitingError.
        """
        asked = Median.of(
            site, demand, distance, np.ones(demands), rules, sites=sites, existing=existing, penalty=penalty
        )
        rows = np.repeat(np.arange(demands), np.diff(asked.starts))
        return cls(asked.site, rows, asked.distance, asked.beyond, rules, sites)

    def value(self, sites: ArrayLike) -> float:
        """Return the radius of a plan: the largest distance to the nearest station."""
        picked = np.isin(self.site, np.asarray(sites, dtype=np.int64))
        far = self.beyond.copy()
        np.minimum.at(far, self.demand[picked], self.distance[picked])
        return float(far.max())

    def within(self, radius: float) -> tuple[Cover, NDArray[np.bool_]]:
        """Return who reaches whom within a radius, and whom an existing station or the penalty leaves there."""
        near = self.distance <= radius
        cover = Cover.of_pairs(self.site[near], self.demand[near], sites=self.sites, demands=len(self.beyond))
        return cover, self.beyond <= radius


def solve_centre(
    asked: Centre, limits: Limits | None = None, *, told: Told = lambda step, best, bound: None
) -> Answer:
    """Search for the least radius. told: called with the step, the best radius and the bound so far."""
    limits = limits or Limits()
    began = time.monotonic()
    told("reduce", np.inf, 0.0)
    radii = _radii(asked)
    shared: dict[str, Any] = {
        "problem": "centre",
        "sizes": Sizes(
            asked.sites, len(asked.beyond), len(asked.site),
            asked.sites, len(asked.beyond), int(np.searchsorted(np.sort(asked.distance), radii[-1])),
        ),
        "parameters": {
            "count": asked.rules.count, "budget": asked.rules.budget,
            "seconds": limits.seconds, "gap": limits.gap, "seed": limits.seed,
        },
        "versions": {"solver": solver.version(), "numpy": np.__version__},
    }  # fmt: skip
    # The least radius is one of radii[low:], and best has one of them.
    low, best = 0, None
    at = len(radii) - 1
    while True:
        left = limits.seconds - (time.monotonic() - began)
        if left <= 0 or limits.stop():
            break
        can, plan = _reaches(asked, float(radii[at]), replace(limits, seconds=left))
        if plan is not None and (best is None or asked.value(plan) < asked.value(best)):
            best = plan
        elif can:
            break
        if not can:
            if at == len(radii) - 1:
                reason, relaxation = explain(asked.rules, asked.sites, replace(limits, seconds=10.0))
                return Answer(
                    status=Status.INFEASIBLE, reason=reason, relaxation=relaxation,
                    seconds=time.monotonic() - began, **shared,
                )  # fmt: skip
            low = at + 1
        value = np.inf if best is None else asked.value(best)
        told("search", value, float(radii[low]))
        high = int(np.searchsorted(radii, value))
        if low >= high or Answer.gap_of(value, float(radii[low])) <= limits.gap:
            break
        at = (low + high) // 2
    seconds = time.monotonic() - began
    if best is None:
        return Answer(
            status=Status.STOPPED, reason=NO_PLAN, bound=float(radii[low]),
            seconds=seconds, **shared,
        )  # fmt: skip
    value = asked.value(best)
    cover, already = asked.within(value)
    sites, adds, serves = in_order(cover, np.ones(len(asked.beyond)), already, best)
    bound = min(value, float(radii[low]))
    return Answer(
        status=status_of(value, bound, asked=limits.gap), sites=sites, adds=adds, serves=serves,
        objective=value, bound=bound, gap=Answer.gap_of(value, bound), seconds=seconds, **shared,
    )  # fmt: skip


def _radii(asked: Centre) -> _Floats:
    """Return every radius that a plan may have, ascending."""
    far = asked.beyond.copy()
    may = ~np.isin(asked.site, asked.rules.must_not)
    np.minimum.at(far, asked.demand[may], asked.distance[may])
    found = np.unique(np.concatenate([asked.distance[may], asked.beyond]))
    possible: _Floats = found[(found >= far.max()) & (found <= asked.beyond.max())]
    return possible


def _reaches(asked: Centre, radius: float, limits: Limits) -> tuple[bool, _Ints | None]:
    """Tell whether a plan may reach everybody within a radius, and return one; none where that is not known."""
    cover, already = asked.within(radius)
    rules = asked.rules
    # Without a budget the fewest sites answer, and towns that share nothing are searched each by itself.
    plain = rules.budget is None
    question = LeastCover.of(
        cover, replace(rules, count=None, cost=None) if plain else rules, already=already
    )
    if len(question.beyond):
        return False, None
    found = solve_least(question, limits)
    if found.status is Status.INFEASIBLE:
        return False, None
    known = bool(np.isfinite(found.objective))
    if plain and rules.count is not None and not (known and len(found.sites) <= rules.count):
        return found.bound <= rules.count + 1e-6, None
    return True, found.sites if known else None
