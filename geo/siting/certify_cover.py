"""Check answers of backup coverage and of capacitated covering from the raw pairs, with no solver.

As with every certificate, that no plan is better stays the solver's claim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geo.siting.answer import Answer, Status
from geo.siting.certify import raise_if, same, terms
from geo.siting.rules import Rules

__all__ = ["certify_backup", "certify_capacitated"]


def certify_backup(
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
    first: float = 0.0,
    everybody: bool = False,
) -> None:
    """Raise SitingError naming everything that an answer of backup coverage says and that is not so.

    site, demand, distance: (q,) raw pairs; ``limit``: what counts as reached, itself included. The other arguments are
    those of the question.
    """
    amounts = np.asarray(weight, dtype=np.float64)
    times = np.zeros(len(amounts), dtype=np.int64)
    if already is not None:
        times += np.asarray(already, dtype=np.int64)
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        near = np.asarray(distance) <= limit
        rows = np.asarray(site, dtype=np.int64)[near]
        columns = np.asarray(demand, dtype=np.int64)[near]
        total = 0.0
        for chosen, adds, serves in zip(
            answer.sites.tolist(), answer.adds.tolist(), answer.serves, strict=True
        ):
            own = np.unique(columns[rows == chosen])
            rise = np.where(times[own] == 0, first, np.where(times[own] == 1, 1.0 - first, 0.0))
            worth = float(amounts[own] @ rise)
            total += worth
            if not same(worth, adds):
                wrong.append(f"site {chosen} adds {worth:g} and is said to add {adds:g}")
            if not np.array_equal(own[times[own] < 2], np.sort(serves)):
                wrong.append(f"site {chosen} does not serve whom it is said to serve")
            times[own] += 1
        if not same(total, answer.objective):
            wrong.append(f"the sites bring {total:g} and are said to bring {answer.objective:g}")
        if everybody:
            can = np.zeros(len(amounts), dtype=bool)
            can[columns[~np.isin(rows, rules.must_not)]] = True
            if (lost := can & (times == 0)).any():
                wrong.append(f"demand {int(np.flatnonzero(lost)[0])} is not reached and everybody shall be")
        wrong += _below(answer)
    raise_if(wrong)


def certify_capacitated(
    answer: Answer,
    *,
    site: ArrayLike,
    demand: ArrayLike,
    distance: ArrayLike,
    limit: float,
    weight: ArrayLike,
    holds: ArrayLike,
    rules: Rules,
    sites: int,
    at: ArrayLike,
    sent: ArrayLike,
    amount: ArrayLike,
) -> None:
    """Raise SitingError naming everything that an answer of capacitated covering says and that is not so.

    site, demand, distance: (q,) raw pairs, existing stations numbered from ``sites`` on; holds: (m + e,). at, sent,
    amount: (k,) how much of which demand is said to go where. The other arguments are those of the question.
    """
    amounts, most = np.asarray(weight, dtype=np.float64), np.asarray(holds, dtype=np.float64)
    wrong = terms(answer, rules, sites)
    if answer.status is not Status.INFEASIBLE and not wrong and np.isfinite(answer.objective):
        near = np.asarray(distance) <= limit
        there = set(zip(np.asarray(site)[near].tolist(), np.asarray(demand)[near].tolist(), strict=True))
        where, who = np.asarray(at, dtype=np.int64), np.asarray(sent, dtype=np.int64)
        much = np.asarray(amount, dtype=np.float64)
        if not set(zip(where.tolist(), who.tolist(), strict=True)) <= there:
            wrong.append("demand goes to a site that does not reach it")
            raise_if(wrong)
        if (much < 0).any():
            wrong.append("less than nothing goes somewhere")
        if not np.isin(where[where < sites], answer.sites).all():
            wrong.append("demand goes to a site that is not chosen")
        load = np.bincount(where, weights=much, minlength=len(most))
        gone = np.bincount(who, weights=much, minlength=len(amounts))
        for name, given, can in (("site", load, most), ("demand", gone, amounts)):
            if len(bad := np.flatnonzero(given > can * (1 + 1e-9) + 1e-9)):
                wrong.append(
                    f"{name} {int(bad[0])} is given {given[bad[0]]:g}, more than its {can[bad[0]]:g}"
                )
        for chosen, adds, serves in zip(
            answer.sites.tolist(), answer.adds.tolist(), answer.serves, strict=True
        ):
            if not same(float(load[chosen]), adds):
                wrong.append(f"site {chosen} serves {load[chosen]:g} and is said to serve {adds:g}")
            if not np.array_equal(np.unique(who[where == chosen]), np.sort(serves)):
                wrong.append(f"site {chosen} does not serve whom it is said to serve")
        if not same(float(much.sum()), answer.objective):
            wrong.append(f"{much.sum():g} is served and is said to be {answer.objective:g}")
        wrong += _below(answer)
    raise_if(wrong)


def _below(answer: Answer) -> list[str]:
    """Say where a bound from above lies below the plan."""
    if answer.bound < answer.objective * (1 - 1e-9) - 1e-9:
        return [f"the bound {answer.bound:g} lies below the plan's {answer.objective:g}"]
    return []
