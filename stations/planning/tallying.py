"""What the doors of one moment do for each cell, and the same added up by area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.coverage import cover_counts, tally
from geo.reach import Nearest, Pairs
from stations import vocabulary as words
from stations.planning import serving
from stations.planning.ground import Ground

__all__ = ["Reached", "by_area", "reached"]


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of each cell. nearest: the quickest station. counts: (k,) stations within the main limit. scores:
    (k,) seats per person, see ``serving.scores``. offer: the amenities within the main limit."""

    nearest: Nearest
    counts: NDArray[np.int64]
    scores: Mapping[str, NDArray[np.float64]]
    offer: serving.Offer


def reached(
    ground: Ground, nearest: Nearest, pairs: Pairs, stations: pd.DataFrame, limit_s: float
) -> Reached:
    """Put together what stations do for the cells. pairs: within the main limit, ``limit_s``."""
    weight = ground.cells.weight
    return Reached(
        nearest,
        cover_counts(pairs, len(weight)),
        serving.scores(pairs, weight, stations["capacity"], limit_s=limit_s),
        serving.offers(pairs, stations, len(weight)),
    )


def by_area(
    codes: Sequence[str | None],
    ground: Ground,
    found: Reached,
    limits_s: Sequence[float],
    *,
    amenities: Sequence[str] = words.FILTER_AMENITIES,
) -> pd.DataFrame:
    """Count one level: ``geo.coverage.tally``, with what the people of each area find within the main limit.

    codes: (k,) the area of each cell. More columns are ``people_twice`` (two stations or more), ``score`` and
    ``enhanced`` (seats per person of the area, on the average of its people) and ``with_`` each of the amenities.
    """
    weight = ground.cells.weight
    table = tally(found.nearest, weight, codes, limits_s=limits_s)
    people = {"people_twice": np.where(found.counts >= 2, weight, 0.0)}
    people |= {name: weight * score for name, score in found.scores.items()}
    people |= {f"with_{code}": np.where(found.offer.has(code), weight, 0.0) for code in amenities}
    keys = pd.Series(list(codes), dtype="object")
    summed = pd.DataFrame(people).groupby(keys, dropna=False, sort=True).sum()
    held = table["people"].where(table["people"] > 0).to_numpy()
    # Both are grouped by the same keys in the same order; an index with a NaN in it is nothing to join by.
    return table.assign(
        **{
            str(name): summed[name].to_numpy() / (held if name in found.scores else 1.0)
            for name in summed.columns
        }
    )
