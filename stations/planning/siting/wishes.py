"""What planners wish of regions, as the search takes it: what a person counts for where, and stations that each gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.siting import Floor
from stations.errors import Invalid
from stations.planning.ground import Ground
from stations.planning.siting.asking import SitingQuestion
from stations.registry.areas import Areas

__all__ = ["floors", "importance"]

_NEVER: Final = "no region of this level has an outline here"


def importance(question: SitingQuestion, areas: Areas, ground: Ground) -> NDArray[np.float64]:
    """Return what a person of each cell counts for, (k,); of nested regions the lowest decides. Raises NotFound."""
    wished = dict(question.priority)
    for code in wished:
        areas.lineage(code)  # raises NotFound
    weight: dict[str, float] = {}
    for code in set(ground.region.tolist()):
        named = [each for each in areas.lineage(code) if each in wished]
        weight[code] = wished[named[-1]] if named else 1.0
    return np.array([weight[code] for code in ground.region], dtype=np.float64)


def floors(
    question: SitingQuestion, areas: Areas, candidates: Sequence[str], stations: pd.DataFrame
) -> tuple[Floor, ...]:
    """Return how many new stations regions need, beside those that stand there and count.

    candidates: the lowest region of each. Raises NotFound for a region that is not there, Invalid for a level without
    outlines; a region without enough candidates is told by the search, with what would help.
    """
    wished = dict(question.floors)
    for code in wished:
        areas.lineage(code)  # raises NotFound
    if question.each is not None:
        inside = [
            code
            for code in areas.shapes
            if areas.areas[code].level == question.each
            and (question.reach.region is None or question.reach.region in areas.lineage(code))
        ]
        if not inside:
            raise Invalid(
                f"each {question.each} shall have a station, and {_NEVER}: name regions one by one, or a level above",
                field="each", value=question.each, reason="no_outlines",
            )  # fmt: skip
        wished = dict.fromkeys(sorted(inside), 1) | wished
    standing = [frozenset(areas.lineage(code)) for code in stations["region"] if code in areas]
    offered = [frozenset(areas.lineage(code)) for code in candidates]
    found = []
    for code, least in wished.items():
        missing = least - sum(code in lineage for lineage in standing)
        if missing > 0:
            sites = np.array([at for at, lineage in enumerate(offered) if code in lineage], dtype=np.int64)
            found.append(Floor(f"{code} {areas.name(code)}", sites, missing))
    return tuple(found)
