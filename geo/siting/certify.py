"""Check an answer from the distances themselves, with no solver: that it keeps to the rules and reaches what it says.

What is not checked is the bound: that no plan is better is the solver's claim, and is labelled so wherever it is shown.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import SitingError
from geo.siting.answer import PROVEN, Answer, Status
from geo.siting.rules import Rules

__all__ = ["certify_maximal", "raise_if", "same", "standing", "terms"]

_Floats = NDArray[np.float64]
#: What adding up in another order may change.
_ROUNDING: Final = 1e-9


def certify_maximal(
    answer: Answer,
    *,
    site: ArrayLike,
    demand: ArrayLike,
    distance: ArrayLike,
    limit: float,
    weight: ArrayLike,
    rules: Rules,
    sites: int,
    already: ArrayLike | None = None,
) -> None:
    """Raise SitingError naming everything that an answer of maximal cover says and that is not so.

    site, demand, distance: (q,) raw pairs with their metres or seconds; ``limit``: what counts as reached, itself
    included. The other arguments are those of the question.
    """
    amounts = np.asarray(weight, dtype=np.float64)
    reached = (
        np.zeros(len(amounts), dtype=bool) if already is None else np.asarray(already, dtype=bool).copy()
    )
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        near = np.asarray(distance) <= limit
        rows, columns = np.asarray(site)[near], np.asarray(demand)[near]
        total = 0.0
        for number, (chosen, adds) in enumerate(
            zip(answer.sites.tolist(), answer.adds.tolist(), strict=True)
        ):
            served = np.unique(columns[rows == chosen])
            new = served[~reached[served]]
            reached[new] = True
            worth = float(amounts[new].sum())
            total += worth
            if not same(worth, adds):
                wrong.append(f"site {chosen} adds {worth:g} and is said to add {adds:g}")
            if set(new.tolist()) != set(answer.serves[number].tolist()):
                wrong.append(
                    f"site {chosen} serves {len(new)} demand first, not the {len(answer.serves[number])} named"
                )
        if not same(total, answer.objective):
            wrong.append(f"the sites reach {total:g} and are said to reach {answer.objective:g}")
        if (np.diff(answer.adds) > _ROUNDING * max(1.0, total)).any():
            wrong.append("the sites are not in the order of what they add")
        if answer.bound < answer.objective * (1 - _ROUNDING) - _ROUNDING:
            wrong.append(f"the bound {answer.bound:g} lies below the plan's {answer.objective:g}")
    raise_if(wrong)


def raise_if(wrong: list[str]) -> None:
    """Raise SitingError where anything is wrong."""
    if wrong:
        raise SitingError("the answer is not what it says: " + "; ".join(wrong))


def terms(answer: Answer, rules: Rules, sites: int) -> list[str]:
    """Say where an answer contradicts itself, and which rules its plan breaks.

    Without a plan (infeasible, or stopped before one was found) there is nothing that could keep to the rules.
    """
    wrong = standing(answer)
    if wrong or len(answer.sites) or np.isfinite(answer.objective):
        wrong += rules.broken(answer.sites, sites)
    return wrong


def standing(answer: Answer) -> list[str]:
    """Say where the status, the numbers and the lists of an answer contradict each other."""
    if answer.status is Status.INFEASIBLE:
        return [] if not len(answer.sites) and answer.reason else ["no plan, but sites or no reason"]
    if not np.isfinite(answer.objective):
        return [] if answer.status is Status.STOPPED and not len(answer.sites) else ["no objective"]
    wrong = []
    if not len(answer.sites) == len(answer.adds) == len(answer.serves):
        wrong.append("sites, what they add and whom they serve differ in number")
    gap = Answer.gap_of(answer.objective, answer.bound)
    if not same(gap, answer.gap):
        wrong.append(f"the gap is {gap:g} and is said to be {answer.gap:g}")
    if answer.status is Status.OPTIMAL and gap > PROVEN:
        wrong.append(f"it is called optimal with a gap of {gap:g}")
    if answer.status is Status.GAP and gap > float(answer.parameters.get("gap", 0.0)):
        wrong.append(f"a gap of {gap:g} is more than was asked for")
    return wrong


def same(first: float, second: float) -> bool:
    """Tell whether two sums are equal but for the order in which they were added up."""
    return abs(first - second) <= _ROUNDING * max(1.0, abs(first), abs(second))
