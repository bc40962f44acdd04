"""What stations do for the people within reach: how many, how many have no other, what they offer, how much they are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geo.coverage import depending, enhanced_two_step, offered, packed, two_step
from geo.reach import Pairs
from stations import vocabulary as words

__all__ = ["AMENITIES", "Offer", "offers", "scores", "weighed"]

#: The amenities that are counted, in the order of the bits that stand for them.
AMENITIES: Final = tuple(words.AMENITIES)
#: Thirds of the main limit and what a seat there counts: the weights of Luo and Qi 2009, their first set.
_ZONES: Final = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))


class Offer:
    """Which amenities each cell finds within the main limit: certainly, perhaps, or not.

    certain, possible: (k,) whole numbers, a bit for each of ``AMENITIES``; what is certain is possible too.
    """

    def __init__(self, certain: NDArray[np.uint64], possible: NDArray[np.uint64]) -> None:
        self.certain, self.possible = certain, possible

    def has(self, amenity: str) -> NDArray[np.bool_]:
        """Mark the cells that reach a station which has it."""
        return _bit(self.certain, amenity)

    def perhaps(self, amenity: str) -> NDArray[np.bool_]:
        """Mark the cells that reach none which is known to have it, and one of which nobody knows."""
        return _bit(self.possible, amenity) & ~self.has(amenity)


def offers(pairs: Pairs, stations: pd.DataFrame, cells: int) -> Offer:
    """Put together what each of so many cells finds. stations: as ``inputs.serving`` gives them."""
    has = _marks(stations["has"])
    certain = packed(has)
    possible = packed(has | ~_marks(stations["lacks"]))
    return Offer(offered(pairs, certain, cells), offered(pairs, possible, cells))


def told(offer: Offer, weight: NDArray[np.float64], covered: NDArray[np.bool_]) -> dict[str, float]:
    """Count the people by what they find: ``with_``, ``perhaps_`` and ``without_`` each amenity.

    The three add up to the people who are covered: who reaches no station at all is in none of them.
    """
    found: dict[str, float] = {}
    for amenity in AMENITIES:
        has, perhaps = offer.has(amenity), offer.perhaps(amenity)
        found[f"with_{amenity}"] = float(weight[has].sum())
        found[f"perhaps_{amenity}"] = float(weight[perhaps].sum())
        found[f"without_{amenity}"] = float(weight[covered & ~has & ~perhaps].sum())
    return found


def scores(
    pairs: Pairs, weight: NDArray[np.float64], capacity: ArrayLike, *, limit_s: float
) -> Mapping[str, NDArray[np.float64]]:
    """Return the seats per person of each cell: ``score`` (2SFCA) and ``enhanced`` (E2SFCA, nearer seats count more)."""
    zones = [(share * limit_s, factor) for share, factor in _ZONES]
    return {
        "score": two_step(pairs, weight, capacity),
        "enhanced": enhanced_two_step(pairs, weight, capacity, zones=zones),
    }


def weighed(
    stations: pd.DataFrame, pairs: Pairs, weight: NDArray[np.float64], use: pd.DataFrame
) -> pd.DataFrame:
    """Return the stations with the people they serve and how they are used, as far as anybody has counted.

    ``people_within`` the limit, ``people_only_here`` (who have no other), and what ``stations.planning.use`` knows.
    """
    of = np.repeat(np.arange(len(stations)), np.diff(pairs.starts))
    within = np.bincount(of, weight[pairs.place], minlength=len(stations))
    known = use.reindex(stations["code"]).astype(object)
    return stations.assign(
        people_within=within,
        people_only_here=depending(pairs, weight),
        **{name: known[name].where(known[name].notna(), None).to_numpy() for name in known.columns},
    )


def _marks(amenities: pd.Series[list[str]]) -> NDArray[np.bool_]:
    number = {code: bit for bit, code in enumerate(AMENITIES)}
    marks = np.zeros((len(amenities), len(AMENITIES)), dtype=bool)
    for row, codes in enumerate(amenities):
        marks[row, [number[code] for code in codes]] = True
    return marks


def _bit(packed_: NDArray[np.uint64], amenity: str) -> NDArray[np.bool_]:
    bit = np.uint64(1) << np.uint64(AMENITIES.index(amenity))
    marked: NDArray[np.bool_] = (packed_ & bit) != 0
    return marked
