"""How unequally something is shared: the Gini coefficient of people, and the worst-served tenth of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError

__all__ = ["Worst", "gini", "worst_served"]


class Worst(NamedTuple):
    """The people with the longest ways. from_s: what the best off of them need (inf where they are not reached).

    people: how many. mean_s: of those reached, NaN where none is. unreached: how many are not reached within the limit.
    """

    from_s: float
    people: float
    mean_s: float
    unreached: float


def gini(value: ArrayLike, weight: ArrayLike) -> float:
    """Return the Gini coefficient of a value over people: 0 where all have the same, towards 1 where one has all.

    value: (k,) 0 or more, such as an accessibility score. weight: (k,) people of each cell. Returns NaN where nobody has
    anything. Exact for grouped data: the area between the Lorenz curve and the diagonal by trapezoids.
    """
    values, people = np.asarray(value, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    if values.shape != people.shape or (values < 0).any() or (people < 0).any():
        raise CoordinateError("a Gini coefficient needs as many values as weights, all 0 or more")
    order = np.argsort(values, kind="stable")
    share = np.concatenate([[0.0], np.cumsum(people[order])])
    held = np.concatenate([[0.0], np.cumsum(values[order] * people[order])])
    if share[-1] == 0 or held[-1] == 0:
        return float("nan")
    return float(1.0 - np.trapezoid(held / held[-1], share / share[-1]) * 2.0)


def worst_served(seconds: ArrayLike, weight: ArrayLike, *, share: float = 0.1) -> Worst:
    """Describe the share of people with the longest ways; cells are divided where the share falls inside one.

    seconds: (k,), inf where not reached. Raises CoordinateError for a share outside 0 to 1.
    """
    if not 0 < share <= 1:
        raise CoordinateError(f"a share of people lies above 0 and at most at 1, not {share!r}")
    ways, people = np.asarray(seconds, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    order = np.argsort(-ways, kind="stable")
    ways, people = ways[order], people[order]
    before = np.concatenate([[0.0], np.cumsum(people)[:-1]]) if len(people) else people
    wanted = share * float(people.sum())
    counted: NDArray[np.float64] = np.clip(wanted - before, 0.0, people)
    taken = counted > 0
    if not taken.any():
        return Worst(float("nan"), 0.0, float("nan"), 0.0)
    reached = taken & np.isfinite(ways)
    mean = float(np.average(ways[reached], weights=counted[reached])) if reached.any() else float("nan")
    return Worst(float(ways[taken][-1]), wanted, mean, float(counted[taken & ~np.isfinite(ways)].sum()))
