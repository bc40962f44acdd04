"""The sites of a plan in the order of what they add, and whom each is the first to serve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.siting.cover import Cover

__all__ = ["in_order"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def in_order(
    cover: Cover, weight: _Floats, already: NDArray[np.bool_], chosen: _Ints
) -> tuple[_Ints, _Floats, tuple[_Ints, ...]]:
    """Order the sites of a plan so that the one that adds most comes first; ties by number.

    Returns the sites, what each adds to those before it, and the demand that each serves first.
    """
    served = already.copy()
    left = sorted(int(site) for site in chosen)
    order, adds, serves = [], [], []
    gains = {site: _gain(cover, weight, served, site) for site in left}
    while left:
        # What a site adds only falls as others come, so that the first whose gain is still true is the best.
        left.sort(key=lambda site: (-gains[site], site))
        best = left[0]
        fresh = _gain(cover, weight, served, best)
        if fresh < gains[best] and len(left) > 1 and (-fresh, best) > (-gains[left[1]], left[1]):
            gains[best] = fresh
            continue
        row = cover.row(best)
        new = row[~served[row]]
        served[new] = True
        order.append(best)
        adds.append(float(weight[new].sum()))
        serves.append(new)
        left.pop(0)
    return np.array(order, dtype=np.int64), np.array(adds), tuple(serves)


def _gain(cover: Cover, weight: _Floats, served: NDArray[np.bool_], site: int) -> float:
    row = cover.row(site)
    return float(weight[row[~served[row]]].sum())
