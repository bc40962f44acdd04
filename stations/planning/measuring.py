"""One run of coverage: who is reached, by area, by limit, by hour; what hangs on one station; where the gaps lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.coverage import cover_counts, depending, gini, patches, tally, totals, two_step, worst_served
from geo.demand import Cells
from geo.reach import Nearest, Pairs
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.planning import inputs
from stations.planning.asking import CENSUS, CoverageQuestion
from stations.planning.ways import Estimated, LonLat, Ways
from stations.registry.areas import Areas

__all__ = ["LEVELS", "Measured", "measure"]

#: The levels that are counted, the largest first.
LEVELS: Final = ("province", "prefecture", "county", "township")
#: What is kept of the gaps, most people first.
_MOST_GAPS: Final = 500

Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found.

    cells: the demand inside the region asked about; lonlat: their middles; region: (k,) the lowest region of each.
    nearest: of each cell at the moment asked. counts: (k,) stations within the main limit. score: (k,) seats per person
    within it (two-step floating catchment). areas: level → table by code, as ``geo.coverage.tally`` counts. hours: one
    row for each hour of the day, with ``counties`` (code → people within the main limit); empty unless asked for.
    gaps: patches of cells beyond the main limit, with ``people``,
    ``cells``, ``lon``, ``lat``, ``region``, ``nearest`` (a code) and ``nearest_s``. stations: those that counted, with
    ``people_within`` the main limit and ``people_only_here``, who have no other. summary: figures of the whole.
    basis: what the run stands on.
    """

    question: CoverageQuestion
    cells: Cells
    lonlat: LonLat
    region: NDArray[np.object_]
    nearest: Nearest
    counts: NDArray[np.int64]
    score: NDArray[np.float64]
    areas: dict[str, pd.DataFrame]
    hours: pd.DataFrame
    gaps: pd.DataFrame
    stations: pd.DataFrame
    summary: dict[str, float]
    basis: dict[str, Any]


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
    cells, places, region = _inside(inputs.demand(session, areas, question), areas, question.region)
    travel = ways or Estimated(question.mode, question.detour)
    told("reach", 0.0)
    stations = inputs.serving(session, question, question.at)
    nearest = travel.nearest(places, inputs.doors(stations), limit_s=question.limits_s[-1])
    told("pairs", 0.0)
    pairs = travel.pairs(places, inputs.doors(stations), limit_s=60.0 * question.main_min)
    told("count", 0.0)
    codes = {level: _codes(areas, region, level) for level in LEVELS}
    tables = {
        level: tally(nearest, cells.weight, of, limits_s=question.limits_s)
        for level, of in codes.items()
        if any(code is not None for code in of)
    }
    counts = cover_counts(pairs, len(cells))
    score = two_step(pairs, cells.weight, stations["capacity"])
    stations = _weighed(stations, pairs, cells)
    gaps = _gaps(cells, places, region, counts == 0, (travel, stations))
    hours = _around_the_clock(session, question, travel, (cells, places, codes["county"]), told)
    return Measured(
        question=question,
        cells=cells,
        lonlat=places,
        region=region,
        nearest=nearest,
        counts=counts,
        score=score,
        areas=tables,
        hours=hours,
        gaps=gaps,
        stations=stations,
        summary=_summary(question, cells, nearest, counts, score) | {"stations": float(len(stations))},
        basis={
            "asked_at": now.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            "demand": cells.source,
            "estimated_demand": any(name == CENSUS for name, _ in question.layers),
            "people_outside": cells.outside,
            "crs": cells.crs.to_string(),
            "cells": len(cells),
            "stations": len(stations),
            **travel.basis(),
        },
    )


def _inside(cells: Cells, areas: Areas, region: str | None) -> tuple[Cells, LonLat, NDArray[np.object_]]:
    """Keep the cells of a region, or of all regions; tell the rest as outside."""
    lon, lat = cells.lonlat()
    found = areas.at(lon, lat, townships=True)
    if region is not None:
        areas.lineage(region)  # raises NotFound
    inside = np.array(
        [code is not None and (region is None or region in areas.lineage(code)) for code in found], dtype=bool
    )
    if not inside.any():
        raise Invalid(
            "nobody lives where coverage is asked about: the demand holds nothing there", field="region"
        )
    kept = replace(
        cells,
        column=cells.column[inside],
        row=cells.row[inside],
        weight=cells.weight[inside],
        outside=cells.outside + float(cells.weight[~inside].sum()),
    )
    return kept, (lon[inside], lat[inside]), found[inside]


def _codes(areas: Areas, region: NDArray[np.object_], level: str) -> list[str | None]:
    """Return the region of one level that each cell lies in, or None."""
    known: dict[str, str | None] = {}
    for code in set(region.tolist()):
        above = [each for each in areas.lineage(code) if areas.areas[each].level == level]
        known[code] = above[-1] if above else None
    return [known[code] for code in region]


def _weighed(stations: pd.DataFrame, pairs: Pairs, cells: Cells) -> pd.DataFrame:
    of = np.repeat(np.arange(len(stations)), np.diff(pairs.starts))
    within = np.bincount(of, cells.weight[pairs.place], minlength=len(stations))
    return stations.assign(people_within=within, people_only_here=depending(pairs, cells.weight))


def _gaps(
    cells: Cells,
    places: LonLat,
    region: NDArray[np.object_],
    uncovered: NDArray[np.bool_],
    reach: tuple[Ways, pd.DataFrame],
) -> pd.DataFrame:
    table, _ = patches(cells, uncovered)
    table = table.head(_MOST_GAPS).reset_index(drop=True)
    at = table["at"].to_numpy(dtype=np.int64)
    middles = places[0][at], places[1][at]
    travel, stations = reach
    found = travel.nearest(middles, inputs.doors(stations))
    codes = [*stations["code"], None]
    return pd.DataFrame(
        {
            "people": table["people"],
            "cells": table["cells"],
            "lon": middles[0],
            "lat": middles[1],
            "region": region[at],
            "nearest": [codes[station] for station in found.station],
            "nearest_s": found.seconds,
        }
    )


def _around_the_clock(
    session: Session,
    question: CoverageQuestion,
    travel: Ways,
    demand: tuple[Cells, LonLat, list[str | None]],
    told: Told,
) -> pd.DataFrame:
    """Count the stations open and the people within each limit at every full hour of the day asked about.

    ``counties`` holds, for each hour, the people within the main limit by county.
    """
    cells, places, county = demand
    number, names = pd.factorize(pd.Series(county, dtype="object"))
    main = 60.0 * question.main_min
    columns = ["hour", "stations", *(f"people_{limit:g}" for limit in question.limits_s), "counties"]
    rows: list[list[Any]] = []
    if question.around_the_clock and question.at is not None:
        midnight = question.at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        for hour in range(24):
            open_ = inputs.serving(session, question, midnight + timedelta(hours=hour))
            found = travel.nearest(places, inputs.doors(open_), limit_s=question.limits_s[-1])
            reached = [float(cells.weight[found.seconds <= limit].sum()) for limit in question.limits_s]
            held = (found.seconds <= main) & (number >= 0)
            people = np.bincount(number[held], cells.weight[held], minlength=len(names))
            by_county = dict(zip(names, people.tolist(), strict=True))
            rows.append([float(hour), float(len(open_)), *reached, by_county])
            told("hours", (hour + 1) / 24)
    return pd.DataFrame(rows, columns=columns)


def _summary(
    question: CoverageQuestion,
    cells: Cells,
    nearest: Nearest,
    counts: NDArray[np.int64],
    score: NDArray[np.float64],
) -> dict[str, float]:
    whole = totals(tally(nearest, cells.weight, ["all"] * len(cells), limits_s=question.limits_s))
    worst = worst_served(nearest.seconds, cells.weight)
    people = float(cells.weight.sum())
    return {str(name): float(value) for name, value in whole.items()} | {
        "people_twice": float(cells.weight[counts >= 2].sum()),
        "share_main": float(cells.weight[counts >= 1].sum()) / people if people else float("nan"),
        "gini_score": gini(score, cells.weight),
        "worst_tenth_from_s": worst.from_s,
        "worst_tenth_mean_s": worst.mean_s,
        "worst_tenth_unreached": worst.unreached,
    }
