"""What is told beyond a plan: the gain of every number of sites, other plans that are nearly as good, what stays where demand strays.

Each is checked from the ways before it is told, as the plan itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.siting import (
    PROVEN,
    Answer,
    Centre,
    LeastCover,
    Limits,
    MaximalCover,
    Median,
    Point,
    Status,
    alternatives,
    gain_curve,
    stability,
)
from geo.siting.certify_plans import certify_curve, certify_different
from stations.planning.siting.searching import Searched

__all__ = ["Beyond", "beyond"]

#: Numbers of sites that a curve is told at, at most.
_POINTS: Final = 40
#: Of the time that a plan was given, so much for the curve and for each of the others.
_CURVE, _OTHERS = 0.25, 0.5
_FEW: Final = 10

Beyond = dict[str, Any]
Told = Callable[[float], None]


def beyond(
    searched: Searched, answer: Answer, limits: Limits, *, told: Told = lambda share: None
) -> tuple[Beyond, NDArray[np.float64] | None]:
    """Return what was asked beyond a plan, and in which share of the runs each candidate was chosen, (m,) or None.

    ``curve``: [{count, objective, bound, gap, status, sites}], ``alternatives``: [(Answer)], ``stability``: {runs, spread,
    proven, mean_regret, largest_regret}; only what was asked and can be told. Raises SitingError for what is not as it says.
    """
    found: Beyond = {}
    share = None
    if not len(answer.sites):
        return found, share
    wants = searched.question.further
    told(0.0)
    if points := _curve(searched, answer, limits):
        found["curve"] = points
    told(0.3)
    if wants.alternatives and not limits.stop():
        found["alternatives"] = _alternatives(searched, answer, limits)
    told(0.6)
    if wants.runs and not isinstance(searched.asks, LeastCover | Centre) and not limits.stop():
        part = replace(limits, seconds=max(0.01, limits.seconds * _OTHERS))
        how = stability(searched.asks, answer, runs=wants.runs, spread=wants.spread, limits=part)
        if how.runs:
            share = how.share
            found["stability"] = {
                "runs": how.runs, "spread": wants.spread, "proven": how.proven,
                "mean_regret": float(how.regret.mean()), "largest_regret": float(how.regret.max()),
            }  # fmt: skip
    told(1.0)
    return found, share


def _counts(searched: Searched, answer: Answer) -> list[int]:
    """Return the numbers of sites that a curve is told at; none where a curve says nothing."""
    question, rules = searched.question, searched.measured.asked.rules
    wanted = question.further.curve_to
    if not isinstance(searched.asks, MaximalCover | Median) or question.budget is not None or wanted == 0:
        return []
    last = max(2 * (question.count or 0), _FEW) if wanted is None else wanted
    last = min(last, len(searched.measured.allowed))
    # Fewer sites than floors and musts need are no plan, and no point.
    needed = len(rules.must) + sum(floor.least for floor in rules.floors)
    first = needed
    if last < first:
        return []
    counts = np.unique(np.linspace(first, last, min(_POINTS + 1, last - first + 1)).round().astype(int))
    here = len(answer.sites)
    return sorted({*counts.tolist(), here} if here <= last and here >= first else counts.tolist())


def _curve(searched: Searched, answer: Answer, limits: Limits) -> list[dict[str, Any]]:
    asks = searched.asks
    if not isinstance(asks, MaximalCover | Median) or not (counts := _counts(searched, answer)):
        return []
    part = replace(limits, seconds=max(0.01, limits.seconds * _CURVE))
    points = _with(answer, gain_curve(asks, counts, limits=part), searched, limits.gap)
    rising = isinstance(asks, MaximalCover)
    certify_curve(
        points,
        worth=_worth_of(searched, rising=rising),
        rules=asks.rules,
        sites=searched.measured.asked.cover.sites,
        rising=rising,
    )
    return [
        {
            "count": point.count, "objective": point.objective, "bound": point.bound,
            "gap": Answer.gap_of(point.objective, point.bound), "status": str(point.status),
            "people": _newly(searched, point.sites),
        }
        for point in points
    ]  # fmt: skip


def _worth_of(searched: Searched, *, rising: bool) -> Callable[[NDArray[np.int64]], float]:
    """Return what a plan is worth, added up from the pairs themselves."""
    measured = searched.measured
    weight = measured.asked.weight

    def people(sites: NDArray[np.int64]) -> float:
        at = measured.asked.cover.pairs_of(sites)
        near = measured.asked.cover.demand[at[measured.asked.seconds[at] <= measured.limit_s]]
        new = np.zeros(len(weight), dtype=bool)
        new[near] = True
        return float(weight[new & (measured.times == 0)].sum())

    def seconds(sites: NDArray[np.int64]) -> float:
        return float(weight @ measured.seconds_with(sites))

    return people if rising else seconds


def _newly(searched: Searched, sites: NDArray[np.int64]) -> float:
    measured = searched.measured
    new = (measured.within.reached(sites) > 0) & (measured.times == 0)
    return float(measured.people[new].sum())


def _with(answer: Answer, points: Sequence[Point], searched: Searched, gap: float) -> list[Point]:
    """Put what the search knows of its own number of sites into a curve: its plan for as many or more, its bound for as
    many or fewer.
    """
    count = searched.question.count
    rising = isinstance(searched.asks, MaximalCover)
    sign = 1.0 if rising else -1.0
    found = []
    for each in points:
        objective, bound, sites = each.objective, each.bound, each.sites
        if len(answer.sites) <= each.count and not sign * objective >= sign * answer.objective:
            objective, sites = answer.objective, answer.sites
        if count is not None and each.count <= count and sign * bound > sign * answer.bound:
            bound = answer.bound
        status = each.status
        if np.isfinite(objective):
            # Rounding may leave a bound a hair on the wrong side of the plan that proves it.
            bound = sign * max(sign * bound, sign * objective)
            away = Answer.gap_of(objective, bound)
            status = Status.OPTIMAL if away <= PROVEN else Status.GAP if away <= gap else Status.STOPPED
        found.append(Point(each.count, objective, bound, status, sites))
    return found


def _alternatives(searched: Searched, answer: Answer, limits: Limits) -> list[Answer]:
    wants = searched.question.further
    part = replace(limits, seconds=max(0.01, limits.seconds * _OTHERS))
    differing = min(wants.differing, len(answer.sites))
    others = alternatives(searched.asks, answer, count=wants.alternatives, differing=differing, limits=part)
    for each in others:
        searched.check(each)
    certify_different([answer, *others], differing)
    return [searched.whole(each) for each in others]
