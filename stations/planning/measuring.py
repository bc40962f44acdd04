"""One run of coverage: who is reached, by area, by limit, by hour; what hangs on one station; where the gaps lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.coverage import gini, tally, totals, worst_served
from geo.demand import Cells
from geo.reach import Nearest
from stations.hours import SHANGHAI
from stations.planning import inputs, serving
from stations.planning.asking import CENSUS, CoverageQuestion
from stations.planning.clock import Clock, round_the_clock
from stations.planning.gaps import gaps
from stations.planning.ground import LEVELS, Ground, inside
from stations.planning.tallying import Reached, by_area, reached
from stations.planning.use import use
from stations.planning.ways import Estimated, LonLat, Ways
from stations.registry.areas import Areas

__all__ = ["LEVELS", "Measured", "measure"]

#: What is kept of the gaps, most people first.
_MOST_GAPS: Final = 500

Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found.

    ground: the demand inside the region asked about. nearest: of each cell at the moment asked. counts: (k,) stations
    within the main limit. scores: (k,) seats per person within it, see ``stations.planning.serving.scores``. areas:
    level → table by code, as ``geo.coverage.tally`` counts, with ``people_twice``, the mean ``score`` and ``enhanced`` of
    its people, and ``with_`` each amenity of the filter row. gaps: patches of cells beyond the main limit. stations:
    those that counted, as ``serving.weighed`` gives them. clock: the day by its hours, empty unless asked for. summary:
    figures of the whole. basis: what the run stands on.
    """

    question: CoverageQuestion
    ground: Ground
    nearest: Nearest
    counts: NDArray[np.int64]
    scores: Mapping[str, NDArray[np.float64]]
    areas: dict[str, pd.DataFrame]
    clock: Clock
    gaps: pd.DataFrame
    stations: pd.DataFrame
    summary: dict[str, float]
    basis: dict[str, Any]

    @property
    def cells(self) -> Cells:
        """The demand."""
        return self.ground.cells

    @property
    def lonlat(self) -> LonLat:
        """The middles of the cells."""
        return self.ground.lonlat

    @property
    def region(self) -> NDArray[np.object_]:
        """The lowest region of each cell, (k,)."""
        return self.ground.region

    @property
    def hours(self) -> pd.DataFrame:
        """One row for each hour of the day that was asked about."""
        return self.clock.rows


def measure(
    session: Session,
    question: CoverageQuestion,
    *,
    now: datetime,
    ways: Ways | None = None,
    told: Told = lambda step, share: None,
) -> Measured:
    """Answer a question of coverage.

    now: the moment of asking, for the record. ways: how minutes are measured; the estimate of the question where None.
    told: called with the step and how much of it is done, 0 to 1; what it raises ends the run.
    Raises NotFound for a region or a layer that is not there, Invalid where there is nobody to reach.
    """
    told("demand", 0.0)
    areas = Areas.load(session)
    ground = inside(inputs.demand(session, areas, question), areas, question.region)
    travel = ways or Estimated(question.mode, question.detour)
    told("reach", 0.0)
    stations = inputs.serving(session, question, question.at)
    doors, weight, main_s = inputs.doors(stations), ground.cells.weight, 60.0 * question.main_min
    nearest = travel.nearest(ground.lonlat, doors, limit_s=question.limits_s[-1])
    told("pairs", 0.0)
    pairs = travel.pairs(ground.lonlat, doors, limit_s=main_s)
    told("count", 0.0)
    found = reached(ground, nearest, pairs, stations, main_s)
    used = use(session, now=now)
    return Measured(
        question=question,
        ground=ground,
        nearest=nearest,
        counts=found.counts,
        scores=found.scores,
        areas={
            level: by_area(codes, ground, found, question.limits_s) for level, codes in ground.codes.items()
        },
        gaps=gaps(ground, found.counts == 0, travel, stations, most=_MOST_GAPS),
        stations=serving.weighed(stations, pairs, weight, used),
        clock=round_the_clock(session, question, travel, ground, told),
        summary=_summary(question, ground.cells, found)
        | serving.told(found.offer, weight, found.counts >= 1)
        | {"stations": float(len(stations)), "stations_used": float(stations["code"].isin(used.index).sum())},
        basis=_basis(question, ground.cells, stations, travel, now)
        | {"layers": inputs.layers_told(session, question)},
    )


def _summary(
    question: CoverageQuestion,
    cells: Cells,
    found: Reached,
) -> dict[str, float]:
    nearest, counts, scores = found.nearest, found.counts, found.scores
    whole = totals(tally(nearest, cells.weight, ["all"] * len(cells), limits_s=question.limits_s))
    worst = worst_served(nearest.seconds, cells.weight)
    people = float(cells.weight.sum())
    return {str(name): float(value) for name, value in whole.items()} | {
        "people_twice": float(cells.weight[counts >= 2].sum()),
        "share_main": float(cells.weight[counts >= 1].sum()) / people if people else float("nan"),
        "worst_tenth_from_s": worst.from_s,
        "worst_tenth_mean_s": worst.mean_s,
        "worst_tenth_unreached": worst.unreached,
        **{f"gini_{name}": gini(score, cells.weight) for name, score in scores.items()},
        **{f"mean_{name}": float(np.average(score, weights=cells.weight)) for name, score in scores.items()},
    }


def _basis(
    question: CoverageQuestion, cells: Cells, stations: pd.DataFrame, travel: Ways, now: datetime
) -> dict[str, Any]:
    return {
        "asked_at": now.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "demand": cells.source,
        "estimated_demand": any(name == CENSUS and factor > 0 for name, factor in question.layers),
        "people_outside": cells.outside,
        "crs": cells.crs.to_string(),
        "cells": len(cells),
        "stations": len(stations),
        **travel.basis(),
    }
