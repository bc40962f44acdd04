"""Check plans beside one another, with no solver: that they really differ, and that a curve of gains is what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.siting.answer import PROVEN, Answer, Status
from geo.siting.certify import raise_if, same, terms
from geo.siting.rules import Rules

__all__ = ["PointLike", "certify_curve", "certify_different", "certify_least"]

_Ints = NDArray[np.int64]


class PointLike(Protocol):
    """A point of a curve of gains, such as ``geo.siting.curve.Point``."""

    @property
    def count(self) -> int:
        """At most so many sites."""

    @property
    def objective(self) -> float:
        """Of the plan; nan where there is none."""

    @property
    def bound(self) -> float:
        """What no such plan betters."""

    @property
    def status(self) -> Status:
        """What is known of it."""

    @property
    def sites(self) -> _Ints:
        """The plan."""


def certify_least(
    answer: Answer,
    *,
    site: ArrayLike,
    demand: ArrayLike,
    distance: ArrayLike,
    limit: float,
    rules: Rules,
    sites: int,
    demands: int,
    already: ArrayLike | None = None,
) -> None:
    """Raise SitingError naming everything that an answer of least cover says and that is not so.

    site, demand, distance: (q,) raw pairs; ``limit``: what counts as reached, itself included. The other arguments are
    those of the question.
    """
    reached = np.zeros(demands, dtype=bool) if already is None else np.array(already, dtype=bool)
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        near = np.asarray(distance) <= limit
        rows = np.asarray(site, dtype=np.int64)[near]
        columns = np.asarray(demand, dtype=np.int64)[near]
        can = reached.copy()
        can[columns[~np.isin(rows, rules.must_not)]] = True
        for chosen, adds, serves in zip(
            answer.sites.tolist(), answer.adds.tolist(), answer.serves, strict=True
        ):
            own = np.unique(columns[rows == chosen])
            new = own[~reached[own]]
            reached[new] = True
            if len(new) != adds or not np.array_equal(new, np.sort(serves)):
                wrong.append(f"site {chosen} reaches {len(new)} demand first, not those named")
        if (lost := np.flatnonzero(can & ~reached)).size:
            wrong.append(f"demand {int(lost[0])} can be reached and is not")
        if not same(cost := float(rules.costs(sites)[answer.sites].sum()), answer.objective):
            wrong.append(f"the sites cost {cost:g} and are said to cost {answer.objective:g}")
        if answer.bound > answer.objective * (1 + 1e-9) + 1e-9:
            wrong.append(f"the bound {answer.bound:g} lies above the plan's {answer.objective:g}")
    raise_if(wrong)


def certify_different(plans: Sequence[Answer], differing: int) -> None:
    """Raise SitingError where a plan has fewer than so many sites that a plan before it has not."""
    wrong = [
        f"plan {later} has only {fresh} sites that plan {earlier} has not"
        for later in range(1, len(plans))
        for earlier in range(later)
        if (fresh := len(np.setdiff1d(plans[later].sites, plans[earlier].sites))) < differing
    ]
    raise_if(wrong)


def certify_curve(
    points: Sequence[PointLike], *, worth: Callable[[_Ints], float], rules: Rules, sites: int, rising: bool
) -> None:
    """Raise SitingError naming every point of a curve that is not what it says.

    worth: what a plan is worth, from the raw pairs. rising: whether more is better. rules: their count is that of each
    point.
    """
    wrong: list[str] = []
    sign = 1.0 if rising else -1.0
    for before, point in zip([None, *points], points, strict=False):
        if before is not None and before.count >= point.count:
            wrong.append(f"{point.count} sites come after {before.count}")
        if before is not None and sign * before.bound > sign * point.bound + 1e-9 * abs(point.bound):
            wrong.append(f"the bound of {point.count} sites is worse than that of fewer")
        if np.isnan(point.objective):
            if len(point.sites) or point.status not in (Status.INFEASIBLE, Status.STOPPED):
                wrong.append(f"{point.count} sites have a plan or a standing and no objective")
            continue
        wrong += replace(rules, count=point.count).broken(point.sites, sites)
        if not same(found := worth(point.sites), point.objective):
            wrong.append(f"{point.count} sites bring {found:g} and are said to bring {point.objective:g}")
        if sign * point.bound < sign * point.objective - 1e-9 * max(1.0, abs(point.objective)):
            wrong.append(f"the plan of {point.count} sites is better than its bound")
        if point.status is Status.OPTIMAL and Answer.gap_of(point.objective, point.bound) > PROVEN:
            wrong.append(f"the plan of {point.count} sites is called optimal and is not")
    raise_if(wrong)
