"""Why no plan keeps to the rules, and the smallest change that would allow one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack

from geo.siting import solver
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import Limits, Model

__all__ = ["explain"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def explain(rules: Rules, total: int, limits: Limits) -> tuple[str, str]:
    """Say in words what contradicts, and what would have to give: fewest sites beyond the count, fewest below a floor,
    least money beyond the budget, fewest pairs closer than the spacing; each counted as a share of what was asked.
    """
    sites = np.setdiff1d(np.arange(total), np.union1d(rules.must, rules.must_not))
    rows, lower, upper = rule_rows(rules, sites, total)
    if not rows.shape[0]:
        return "no candidate is left to choose from", "allow more candidates"
    count = rows.shape[0]
    # One column a row says how far it must give way; what it is charged is one share of what was asked.
    asked = np.maximum(1.0, np.abs(np.where(np.isfinite(lower), lower, upper)))
    sign = np.where(np.isfinite(lower), 1.0, -1.0)
    slack = eye_array(count, format="csr").multiply(sign[:, None])
    model = Model(
        np.concatenate([np.zeros(len(sites)), 1.0 / asked]),
        np.zeros(len(sites) + count),
        np.concatenate([np.ones(len(sites)), np.full(count, np.inf)]),
        csr_array(hstack([rows, csr_array(slack)], format="csr")),
        lower,
        upper,
        np.concatenate([np.ones(len(sites), dtype=bool), np.zeros(count, dtype=bool)]),
        maximise=False,
    )
    found = solver.solve(model, limits)
    if found.values is None:
        return (
            "no plan keeps to all the rules together",
            "lower the floors or the spacing, or raise the count",
        )
    give = found.values[len(sites) :]
    words = _words(rules, sites, total, give)
    return "no plan keeps to all the rules together", "; ".join(
        words
    ) or "raise the count or the budget a little"


def _words(rules: Rules, sites: _Ints, total: int, give: _Floats) -> list[str]:
    """Name the rules that gave way, in the order in which ``rule_rows`` writes them."""
    must = np.zeros(total, dtype=bool)
    must[rules.must] = True
    left = np.zeros(total, dtype=bool)
    left[sites] = True
    names: list[str] = []
    if rules.count is not None:
        names.append(f"allow {{}} more than {rules.count} sites")
    if rules.budget is not None:
        names.append(f"raise the budget of {rules.budget:g} by {{}}")
    names += [
        f"lower the floor of {each.name} from {each.least} by {{}}"
        for each in rules.floors
        if each.least > int(must[np.unique(each.sites)].sum())
    ]
    for first, second in rules.apart.tolist():
        inside, taken = int(left[first]) + int(left[second]), int(must[first]) + int(must[second])
        if inside + taken > 1 and inside:
            names.append(f"let sites {first} and {second} stand that close")
    return [name.format(f"{amount:g}") for name, amount in zip(names, give, strict=True) if amount > 1e-6]
