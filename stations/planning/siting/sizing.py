"""How large a question of siting is, told before any way is measured, and refused where it would outgrow the memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from stations.errors import Invalid
from stations.planning import inputs
from stations.planning.ground import Ground, inside
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.candidates import offered
from stations.planning.ways import Estimated
from stations.registry.areas import Areas

__all__ = ["Size", "guard", "pairs_about", "peopled", "size"]

#: Pairs of a candidate and a cell that a search has room for: some 100 bytes each.
_MOST_PAIRS: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a question. candidates_found: before their number was bounded; pairs: of a candidate and a cell within
    reach of it, at most about."""

    candidates: int
    candidates_found: int
    cells: int
    people: float
    pairs: float


def size(session: Session, question: SitingQuestion) -> Size:
    """Return how large a question is. Raises what ``propose`` raises before it measures: NotFound, Invalid."""
    areas = Areas.load(session)
    ground = peopled(inside(inputs.demand(session, areas, question.reach), areas, question.reach.region))
    offers = offered(session, question, areas, ground)
    guard(question, len(offers.table), len(ground.cells))
    return Size(
        len(offers.table),
        offers.found,
        len(ground.cells),
        float(ground.cells.weight.sum()),
        pairs_about(question, len(offers.table), len(ground.cells)),
    )


def peopled(ground: Ground) -> Ground:
    """Leave out the cells that nobody is in: they ask for no station."""
    kept = ground.cells.weight > 0
    cells = ground.cells
    return Ground(
        replace(cells, column=cells.column[kept], row=cells.row[kept], weight=cells.weight[kept]),
        (ground.lonlat[0][kept], ground.lonlat[1][kept]),
        ground.region[kept],
        {
            level: [code for code, here in zip(codes, kept, strict=True) if here]
            for level, codes in ground.codes.items()
        },
    )


def guard(question: SitingQuestion, candidates: int, cells: int) -> None:
    """Refuse what would outgrow the memory before any way is measured; streets reach no more than straight lines."""
    reach, pairs = question.reach, pairs_about(question, candidates, cells)
    if pairs > _MOST_PAIRS:
        raise Invalid(
            f"{candidates:,} candidates and cells of {reach.size_m:g} m would be about {pairs:,.0f} pairs within reach, and a "
            f"search has room for {_MOST_PAIRS:,}: ask for larger cells, fewer candidates or a shorter limit",
            field="size_m", value=reach.size_m, reason="memory",
        )  # fmt: skip


def pairs_about(question: SitingQuestion, candidates: int, cells: int) -> float:
    """Return about how many pairs of a candidate and a cell lie within reach, along the straight line."""
    reach = question.reach
    speed_ms = Estimated(reach.mode, reach.detour).basis()["speed_ms"]
    radius = question.search_s * speed_ms / reach.detour / reach.size_m + 1
    return float(candidates * min(float(cells), np.pi * radius**2))
