"""One plan of sites: the registry's people, candidates and stations as a question of siting, searched, checked, told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.siting import Answer, Limits, of_frames
from stations.hours import SHANGHAI
from stations.planning import inputs
from stations.planning.asking import CENSUS
from stations.planning.ground import Ground, inside
from stations.planning.siting import telling
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.candidates import Offered, offered
from stations.planning.siting.further import Beyond, beyond
from stations.planning.siting.measured import Measured, Remembering
from stations.planning.siting.naming import by_key, said
from stations.planning.siting.searching import searched
from stations.planning.siting.sizing import guard, peopled
from stations.planning.siting.wishes import floors, importance
from stations.planning.ways import Estimated, Ways
from stations.registry.areas import Areas

__all__ = ["STEPS", "Proposal", "propose"]

#: What is done one after the other, as ``told`` names it.
STEPS: Final = ("demand", "candidates", "reach", "search", "further", "tell")
_CRS: Final = "EPSG:4326"

Told = Callable[[str, float], None]
Seen = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with its standing.

    ground: the people inside the region. offered: the candidates. answer: of the search, checked; its sites number the
    rows of the candidates. sites: one row each, the one that adds most first (``telling.sites``). regions: level → table
    (``telling.regions``). stations: those that counted. hours: a row for each hour of the day, empty unless asked for. served: (k,) which site of the
    order first reaches each cell, from 1; 0 where a station stands already, -1 where nobody reaches. further: what was
    asked beyond the plan, as JSON holds it (``further.beyond``). summary, basis: figures of the whole, and what they stand on.
    """

    question: SitingQuestion
    ground: Ground
    offered: Offered
    stations: pd.DataFrame
    measured: Measured
    answer: Answer
    sites: pd.DataFrame
    regions: dict[str, pd.DataFrame]
    hours: pd.DataFrame
    served: NDArray[np.int32]
    further: Beyond
    summary: dict[str, float]
    basis: dict[str, Any]


def propose(
    session: Session,
    question: SitingQuestion,
    *,
    now: datetime,
    ways: Ways | None = None,
    told: Told = lambda step, share: None,
    seen: Seen = lambda best, bound: None,
    stop: Callable[[], bool] = lambda: False,
) -> Proposal:
    """Answer a question of siting. The answer was checked from the ways themselves before it is returned.

    now: the moment of asking, for the record. ways: how minutes are measured; the estimate of the question where None.
    told: called with one of ``STEPS`` and how much of it is done, 0 to 1. seen: called with the best objective found so far and
    the bound, as they move. stop: asked now and then while searching; True
    ends the search with what is known by then.
    Raises NotFound for a region or a layer that is not there, Invalid where there is nobody to reach, no candidate or too
    much to search through, and SitingError for wishes that contradict each other, each with what would help.
    """
    reach = question.reach
    travel = ways or Estimated(reach.mode, reach.detour)
    told("demand", 0.0)
    areas = Areas.load(session)
    ground = peopled(inside(inputs.demand(session, areas, reach), areas, reach.region))
    told("candidates", 0.0)
    offers = offered(session, question, areas, ground)
    guard(question, len(offers.table), len(ground.cells))
    told("reach", 0.0)
    stations = inputs.serving(session, reach, reach.at)
    keys = list(offers.table["key"])
    limits = Limits(question.seconds, question.gap, seed=question.seed, stop=stop)
    with by_key(keys):
        measured = _measured(question, areas, ground, offers, stations=stations, travel=travel)
        asks = searched(question, measured, stations=len(stations))
        told("search", 0.0)
        answer = asks.solve(limits, _timed(told, "search", question.seconds, seen))
        told("further", 0.0)
        more, share = beyond(asks, answer, limits, told=lambda part: told("further", part))
    answer = replace(answer, reason=said(answer.reason, keys), relaxation=said(answer.relaxation, keys))
    told("tell", 0.0)
    told_of = telling.Told(ground, offers, answer, asks, stations, share)
    return Proposal(
        question=question,
        ground=ground,
        offered=offers,
        stations=stations,
        measured=measured,
        answer=answer,
        sites=told_of.sites(travel),
        regions=told_of.regions(areas),
        hours=told_of.hours(session, question, travel),
        served=told_of.served,
        further=told_of.further(more),
        summary=told_of.summary(),
        basis=_basis(question, ground, offers, stations=stations, travel=travel, now=now)
        | {"layers": inputs.layers_told(session, reach), "costed": measured.asked.rules.cost is not None},
    )


def _timed(told: Told, step: str, seconds: float, seen: Seen) -> Callable[[str, float, float], None]:
    """Tell of a search by the share of its time that is gone, and by its best plan and bound."""
    began = time.monotonic()

    def tell(what: str, best: float, bound: float) -> None:
        seen(best, bound)
        told(step, min(1.0, (time.monotonic() - began) / seconds))

    return tell


def _measured(
    question: SitingQuestion,
    areas: Areas,
    ground: Ground,
    offers: Offered,
    *,
    stations: pd.DataFrame,
    travel: Ways,
) -> Measured:
    """Write the question as tables of points, and measure who reaches what."""
    table = offers.table
    columns = ["must", "must_not"] + (["cost"] if bool(table["cost"].notna().all()) else [])
    weight = ground.cells.weight * importance(question, areas, ground)
    ways = Remembering(travel)
    asked = of_frames(
        _points(pd.DataFrame({"weight": weight}), *ground.lonlat),
        # A column of bool would be handed over read-only, and the spacing is written into it.
        _points(table[columns].astype({"must": object, "must_not": object}), table["lon"], table["lat"]),
        ways,
        limit_s=question.search_s,
        existing=_points(stations[["code"]], stations["lon"], stations["lat"]) if len(stations) else None,
        count=question.count,
        budget=question.budget,
        spacing_m=question.spacing_m,
    )
    wished = floors(question, areas, list(table["region"]), stations)
    asked = replace(asked, rules=replace(asked.rules, floors=wished))
    return Measured(
        asked,
        ways.found[1] if len(ways.found) > 1 else None,
        ground.cells.weight,
        question.limit_s,
        question.search_s,
    )


def _points(table: pd.DataFrame, lon: Any, lat: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        table.reset_index(drop=True), geometry=gpd.points_from_xy(np.asarray(lon), np.asarray(lat)), crs=_CRS
    )


def _basis(
    question: SitingQuestion,
    ground: Ground,
    offers: Offered,
    *,
    stations: pd.DataFrame,
    travel: Ways,
    now: datetime,
) -> dict[str, Any]:
    cells = ground.cells
    return {
        "asked_at": now.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "demand": cells.source,
        "estimated_demand": any(name == CENSUS and factor > 0 for name, factor in question.reach.layers),
        "people_outside": cells.outside,
        "crs": cells.crs.to_string(),
        "cells": len(cells),
        "stations": len(stations),
        "candidates": len(offers.table),
        "candidates_found": offers.found,
        "refused": offers.refused,
        "size_m": cells.size_m,
        **travel.basis(),
    }
