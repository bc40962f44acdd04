"""How much any plan can save at most: a level for each demand, and what sites save beyond it.

Whatever is saved of a demand is at most its level and what the sites of a plan save beyond that level, added up. So no plan
saves more than all levels and the most that sites are worth at them: the Lagrangean bound of the p-median (Cornuéjols,
Fisher and Nemhauser 1977; Beasley 1993). Levels are improved by a deflected subgradient, as the prices of ``price``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.siting.price import Priced, Worth
from geo.siting.savings import Savings

__all__ = ["beyond", "level"]

_Floats = NDArray[np.float64]

_DEFLECTION: Final = 0.9
_STUCK: Final = 20
_SMALLEST_STEP: Final = 1e-3
_ROUNDING: Final = 1e-9


def beyond(savings: Savings, levels: _Floats) -> _Floats:
    """Return what each site saves beyond the levels, (m,). levels: (n,)."""
    more = np.maximum(savings.saving - levels[savings.demand], 0.0)
    return np.bincount(savings.site, weights=more, minlength=savings.sites).astype(np.float64)


def level(
    savings: Savings,
    bonus: _Floats,
    most: Worth,
    *,
    known: float,
    start: _Floats | None = None,
    steps: int = 800,
    go_on: Callable[[float], bool] = lambda bound: True,
) -> Priced:
    """Look for the levels whose bound is lowest.

    known: what a plan is known to save. start: (n,) levels to begin from, such as what that plan saves. go_on: asked with
    the bound after each step.
    """
    levels = np.zeros(savings.demands) if start is None else start.copy()
    best_bound, best = np.inf, levels
    direction = np.zeros_like(levels)
    share, rounds = np.zeros(savings.sites), 0
    pace, since = 1.0, 0
    for _ in range(steps):
        value, taken = most.best(beyond(savings, levels) + bonus)
        bound = float(levels.sum()) + value
        if bound < best_bound - _ROUNDING * max(1.0, abs(bound)):
            best_bound, best, since = bound, levels, 0
        else:
            since += 1
        share += taken
        rounds += 1
        if since >= _STUCK:
            pace, since, levels = pace / 2, 0, best
            direction[:] = 0.0
        if best_bound - known <= _ROUNDING * max(1.0, known) or pace < _SMALLEST_STEP:
            break
        if not go_on(best_bound):
            break
        above = savings.saving > levels[savings.demand]
        slope = 1.0 - np.bincount(
            savings.demand[above], weights=taken[savings.site[above]], minlength=savings.demands
        )
        slope[(levels <= 0) & (slope > 0)] = 0.0
        slope[(levels >= savings.most) & (slope < 0)] = 0.0
        direction = slope + _DEFLECTION * direction
        length = float(direction @ direction)
        if length == 0.0:
            break
        step = pace * max(bound - known, _ROUNDING * max(1.0, abs(bound))) / length
        levels = np.clip(levels - step * direction, 0.0, savings.most)
    return Priced(best_bound, best, beyond(savings, best) + bonus, share / max(1, rounds))
