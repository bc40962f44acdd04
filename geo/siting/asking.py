"""Any question of siting asked by one name, and asked again under other rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from geo.siting.answer import Answer
from geo.siting.backup import BackupCover, solve_backup
from geo.siting.capacitated import CapacitatedCover, solve_capacitated
from geo.siting.centre import Centre, solve_centre
from geo.siting.least import LeastCover, solve_least
from geo.siting.maximal import MaximalCover, solve_maximal
from geo.siting.median import Median
from geo.siting.median_search import solve_median
from geo.siting.rules import Rules
from geo.siting.solver import Limits

__all__ = ["Question", "grows", "share_time", "sites_of", "solve", "under"]

Question = MaximalCover | LeastCover | Median | Centre | BackupCover | CapacitatedCover

_SOLVERS: dict[type[Any], Callable[..., Answer]] = {
    MaximalCover: solve_maximal,
    LeastCover: solve_least,
    Median: solve_median,
    Centre: solve_centre,
    BackupCover: solve_backup,
    CapacitatedCover: solve_capacitated,
}


def solve(asked: Question, limits: Limits | None = None) -> Answer:
    """Search for the best plan, whatever the question."""
    return _SOLVERS[type(asked)](asked, limits)


def grows(asked: Question) -> bool:
    """Tell whether more is better, as with people reached, or worse, as with costs and distances."""
    return isinstance(asked, MaximalCover | BackupCover | CapacitatedCover)


def sites_of(asked: Question) -> int:
    """Return how many candidates there are."""
    return asked.sites if isinstance(asked, Median | Centre | CapacitatedCover) else asked.cover.sites


def under(asked: Question, rules: Rules) -> Question:
    """Ask the same under other rules. Raises SitingError where they contradict themselves."""
    rules.check(sites_of(asked))
    # Whom a least cover must reach stays as it was, also where a site that reaches them is barred now.
    return replace(asked, rules=rules)


def share_time(limits: Limits, began: float, parts: int) -> Limits:
    """Return limits for the next of so many parts of the time that is left."""
    left = limits.seconds - (time.monotonic() - began)
    return replace(limits, seconds=max(0.01, left / parts))
