"""Check answers about distances from the raw pairs, with no solver: the p-median and the p-centre.

As with every certificate, that no plan is better stays the solver's claim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.siting.answer import Answer, Status
from geo.siting.certify import raise_if, same, terms
from geo.siting.rules import Rules

__all__ = ["certify_centre", "certify_median"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def certify_median(
    answer: Answer,
    *,
    site: ArrayLike,
    demand: ArrayLike,
    distance: ArrayLike,
    weight: ArrayLike,
    rules: Rules,
    sites: int,
    existing: ArrayLike | None = None,
    penalty: float | None = None,
) -> None:
    """Raise SitingError naming everything that an answer of a p-median says and that is not so. The arguments are those
    of the question.
    """
    amounts = np.asarray(weight, dtype=np.float64)
    far = np.full(len(amounts), np.inf if penalty is None else penalty)
    if existing is not None:
        far = np.minimum(far, np.asarray(existing, dtype=np.float64))
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        goes = np.full(len(amounts), -1, dtype=np.int64)
        rows, columns = np.asarray(site, dtype=np.int64), np.asarray(demand, dtype=np.int64)
        metres = np.asarray(distance, dtype=np.float64)
        for chosen, adds in zip(answer.sites.tolist(), answer.adds.tolist(), strict=True):
            reached, metres_there = nearest_pairs(columns[rows == chosen], metres[rows == chosen])
            before = far[reached]
            nearer = (metres_there < before) | (
                (metres_there == before) & (goes[reached] >= 0) & (chosen < goes[reached])
            )
            far[reached[nearer]] = metres_there[nearer]
            goes[reached[nearer]] = chosen
            saved = float(amounts[reached] @ (before - far[reached]))
            if not same(saved, adds):
                wrong.append(f"site {chosen} saves {saved:g} and is said to save {adds:g}")
        for chosen, serves in zip(answer.sites.tolist(), answer.serves, strict=True):
            served = np.flatnonzero(goes == chosen)
            if not np.array_equal(served, np.sort(serves)):
                wrong.append(f"{len(served)} demand is nearest to site {chosen}, not the {len(serves)} named")
        if not same(total := float(amounts @ far), answer.objective):
            wrong.append(f"the distances add up to {total:g}, not to {answer.objective:g}")
        if (np.diff(answer.adds) > 1e-9 * max(1.0, float(answer.adds.max(initial=0.0)))).any():
            wrong.append("the sites are not in the order of what they save")
        wrong += above(answer)
    raise_if(wrong)


def certify_centre(
    answer: Answer,
    *,
    site: ArrayLike,
    demand: ArrayLike,
    distance: ArrayLike,
    rules: Rules,
    sites: int,
    demands: int,
    existing: ArrayLike | None = None,
    penalty: float | None = None,
) -> None:
    """Raise SitingError naming everything that an answer of a p-centre says and that is not so. The arguments are those
    of the question.
    """
    far = np.full(demands, np.inf if penalty is None else penalty)
    if existing is not None:
        far = np.minimum(far, np.asarray(existing, dtype=np.float64))
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        rows, columns = np.asarray(site, dtype=np.int64), np.asarray(demand, dtype=np.int64)
        metres = np.asarray(distance, dtype=np.float64)
        inside = far <= answer.objective
        for chosen, adds, serves in zip(
            answer.sites.tolist(), answer.adds.tolist(), answer.serves, strict=True
        ):
            own = rows == chosen
            np.minimum.at(far, columns[own], metres[own])
            new = np.unique(columns[own & (metres <= answer.objective)])
            new = new[~inside[new]]
            inside[new] = True
            if len(new) != adds or not np.array_equal(new, np.sort(serves)):
                wrong.append(f"site {chosen} brings {len(new)} demand within the radius, not those named")
        if not same(radius := float(far.max()), answer.objective):
            wrong.append(f"the radius is {radius:g} and is said to be {answer.objective:g}")
        wrong += above(answer)
    raise_if(wrong)


def above(answer: Answer) -> list[str]:
    """Say where a bound from below lies above the plan."""
    if answer.bound > answer.objective * (1 + 1e-9) + 1e-9:
        return [f"the bound {answer.bound:g} lies above the plan's {answer.objective:g}"]
    return []


def nearest_pairs(demand: _Ints, distance: _Floats) -> tuple[_Ints, _Floats]:
    """Return each demand of one site once, with its least distance."""
    order = np.lexsort((distance, demand))
    named, first = np.unique(demand[order], return_index=True)
    return named, distance[order][first]
