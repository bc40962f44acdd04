"""An answer is shown only after it was checked from the ways themselves; its bound stays the solver's claim."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import SitingError
from geo.siting import Allotted, Answer
from geo.siting.certify import certify_maximal, raise_if, standing
from geo.siting.certify_cover import certify_backup, certify_capacitated
from geo.siting.certify_distance import certify_centre, certify_median
from geo.siting.certify_plans import certify_least
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.measured import Measured
from stations.planning.siting.wants import Problem

__all__ = ["check"]


def check(
    answer: Answer, measured: Measured, question: SitingQuestion, kept: NDArray[np.int64] | None = None
) -> None:
    """Raise SitingError naming what an answer says and that the pairs within the limit do not bear out.

    kept: (r,) the demand that the answer numbers from 0, where it was asked about a part.
    """
    asked = measured.asked
    if len(asked.seconds) != len(asked.cover.demand):
        raise SitingError(f"{len(asked.seconds)} ways were measured for {len(asked.cover.demand)} pairs")
    if not np.isfinite(answer.objective):
        # Without a plan there is nothing to measure: that it says why is all that is asked of it.
        raise_if(standing(answer))
        return
    raw: dict[str, Any] = {
        "site": measured.site, "demand": asked.cover.demand, "distance": asked.seconds,
        "rules": asked.rules, "sites": asked.cover.sites,
    }  # fmt: skip
    problem, limit = question.problem, question.search_s
    far: dict[str, Any] = {"existing": measured.existing_s, "penalty": measured.search_s}
    if problem is Problem.MAXIMAL:
        certify_maximal(answer, **raw, limit=limit, weight=asked.weight, already=measured.times > 0)
    elif problem is Problem.LEAST:
        certify_least(answer, **raw, limit=limit, demands=len(asked.weight), already=measured.times > 0)
    elif problem is Problem.BACKUP:
        certify_backup(
            answer, **raw, limit=limit, weight=asked.weight, already=measured.times, first=question.once,
            everybody=question.everybody,
        )  # fmt: skip
    elif problem is Problem.CAPACITATED:
        _capacitated(answer, raw, measured, question)
    elif problem is Problem.MEDIAN:
        certify_median(answer, **raw, weight=asked.weight, **far)
    else:
        _centre(answer, raw, measured, np.arange(len(asked.weight)) if kept is None else kept)


def _capacitated(answer: Answer, raw: dict[str, Any], measured: Measured, question: SitingQuestion) -> None:
    if not isinstance(answer, Allotted):
        raise SitingError("the answer is not what it says: it does not tell who goes where")
    there, sites = measured.existing, int(raw["sites"])
    holds = np.full(sites, question.holds)
    if there is not None:
        stations = len(there.starts) - 1
        theirs = question.holds if question.stations_hold is None else question.stations_hold
        holds = np.concatenate([holds, np.full(stations, theirs)])
        number = np.repeat(np.arange(stations), np.diff(there.starts)) + sites
        raw = raw | {
            "site": np.concatenate([raw["site"], number]),
            "demand": np.concatenate([raw["demand"], there.place]),
            "distance": np.concatenate([raw["distance"], there.seconds]),
        }
    certify_capacitated(
        answer, **raw, limit=question.search_s, weight=measured.asked.weight, holds=holds, at=answer.at,
        sent=answer.demand, amount=answer.amount,
    )  # fmt: skip


def _centre(answer: Answer, raw: dict[str, Any], measured: Measured, kept: NDArray[np.int64]) -> None:
    number = np.full(len(measured.people), -1)
    number[kept] = np.arange(len(kept))
    mine = number[raw["demand"]] >= 0
    left_out = np.setdiff1d(np.arange(len(measured.people)), kept)
    wrong = measured.asked.cover.reached(measured.allowed)[left_out] > 0
    if wrong.any() or np.isfinite(measured.existing_s[left_out]).any():
        raise SitingError("the answer is not what it says: somebody is left out who can be reached")
    certify_centre(
        answer, site=raw["site"][mine], demand=number[raw["demand"][mine]], distance=raw["distance"][mine],
        rules=raw["rules"], sites=raw["sites"], demands=len(kept), existing=measured.existing_s[kept],
        penalty=measured.search_s,
    )  # fmt: skip
