"""An answer is shown only after it was checked from the ways themselves; its bound stays the solver's claim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geo.errors import SitingError
from geo.siting import Answer, Asked, LeastCover, Status
from geo.siting.certify import certify_maximal, raise_if, same, standing
from stations.planning.siting.wants import Problem

__all__ = ["check"]


def check(answer: Answer, asked: Asked, problem: Problem, *, limit_s: float) -> None:
    """Raise SitingError naming what an answer says and that the pairs within the limit do not bear out."""
    if not np.isfinite(answer.objective):
        # Without a plan there is nothing to measure: that it says why is all that is asked of it.
        raise_if(standing(answer))
        return
    if problem is Problem.MAXIMAL:
        _certify(answer, asked, asked.weight, limit_s)
        return
    raise_if(standing(answer))
    # The plan of a least cover reaches what it says if it does so as a maximal cover of equal weights; what is left to
    # check is that it costs what it says and misses nobody who could be reached.
    worth = float(answer.adds.sum())
    as_maximal = replace(answer, objective=worth, bound=worth, gap=0.0, status=Status.OPTIMAL)
    _certify(as_maximal, asked, np.ones(len(asked.weight)), limit_s)
    least = LeastCover.of(asked.cover, asked.rules, already=asked.already > 0)
    wrong = []
    if len(missed := least.missed(answer.sites)):
        wrong.append(f"{len(missed)} demand is missed that a candidate reaches, such as {int(missed[0])}")
    if not same(least.cost(answer.sites), answer.objective):
        wrong.append(f"the sites cost {least.cost(answer.sites):g} and are said to cost {answer.objective:g}")
    if answer.bound > answer.objective and not same(answer.bound, answer.objective):
        wrong.append(f"the bound {answer.bound:g} lies above the plan's {answer.objective:g}")
    raise_if(wrong)


def _certify(
    answer: Answer, asked: Asked, weight: np.ndarray[tuple[int], np.dtype[np.float64]], limit_s: float
) -> None:
    cover = asked.cover
    if len(asked.seconds) != len(cover.demand):
        raise SitingError(f"{len(asked.seconds)} ways were measured for {len(cover.demand)} pairs")
    certify_maximal(
        answer,
        site=np.repeat(np.arange(cover.sites), np.diff(cover.starts)),
        demand=cover.demand,
        distance=asked.seconds,
        limit=limit_s,
        weight=weight,
        rules=asked.rules,
        sites=cover.sites,
        already=asked.already > 0,
    )
