"""What a plan means for people: whom each site newly reaches, by region and by hour, and what stands nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.siting import Answer, CapacitatedCover
from stations.planning import inputs
from stations.planning.ground import Ground
from stations.planning.runs import as_json
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.candidates import Offered
from stations.planning.siting.exchanging import Exchange, exchanges
from stations.planning.siting.further import Beyond
from stations.planning.siting.measured import Measured
from stations.planning.siting.searching import Searched
from stations.planning.siting.wants import Problem
from stations.planning.ways import Ways
from stations.registry.areas import Areas

__all__ = ["Told"]

_HOURS: Final = 24


@dataclass(frozen=True, eq=False)
class Told:
    """An answer over its people. stations: those that counted. share: in which share of runs with other demand each
    candidate was chosen, (m,), where that was asked.
    """

    ground: Ground
    offered: Offered
    answer: Answer
    asks: Searched
    stations: pd.DataFrame
    share: NDArray[np.float64] | None = None

    @property
    def _measured(self) -> Measured:
        return self.asks.measured

    @cached_property
    def served(self) -> NDArray[np.int32]:
        """Which site of the order first reaches each cell within the limit, (k,), as ``Proposal.served`` has it."""
        found = np.where(self._measured.times > 0, 0, -1).astype(np.int32)
        for order, site in enumerate(self.answer.sites.tolist(), start=1):
            reached = self._measured.within.row(site)
            found[reached[found[reached] < 0]] = order
        return found

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """Which site of the order first reaches each cell, whatever station does so already; 0 for none."""
        found = np.zeros(len(self.ground.cells), dtype=np.int64)
        for order in range(len(self.answer.sites), 0, -1):
            found[self._measured.within.row(int(self.answer.sites[order - 1]))] = order
        return found

    @cached_property
    def _times(self) -> NDArray[np.int64]:
        """How many stations and sites each cell has within the limit."""
        return self._measured.times + self._measured.within.reached(self.answer.sites)

    def sites(self, travel: Ways) -> pd.DataFrame:
        """Return the sites in the order of what each adds to those before it.

        Columns ``order`` (from 1), ``key``, ``name``, ``region``, ``lon``, ``lat``, ``cost`` (NaN where none is given),
        ``host``, ``premises``, ``consent``, ``address``, ``note`` (of a list of candidates; None elsewhere), ``people``
        (newly reached, each once), ``adds`` (the same as it counted in the search), ``goes`` (whom it serves in the sense
        of the problem), ``cumulative`` (people of this site and those before it), ``reaches`` (all within its reach),
        ``only`` (who have no other), ``cost_per_person``, ``nearest``, ``nearest_name``, ``nearest_s`` (the existing
        station that is next; None and inf where no way leads to one), ``runner_up`` (``exchanging``, as JSON holds it),
        ``chosen_share`` (None where not asked).
        """
        chosen, people = self.answer.sites, self.ground.cells.weight
        table = self.offered.table.iloc[chosen].drop(columns=["must", "must_not"]).reset_index(drop=True)
        table.insert(0, "order", np.arange(1, len(chosen) + 1))
        new = np.bincount(self.served[self.served > 0], people[self.served > 0], minlength=len(chosen) + 1)
        table["people"] = new[1:]
        table["adds"] = self.answer.adds
        table["goes"] = np.array([people[reached].sum() for reached in self.answer.serves], dtype=np.float64)
        table["cumulative"] = table["people"].cumsum()
        within = self._measured.within
        table["reaches"] = within.sums(people)[chosen]
        table["only"] = within.sums(np.where(self._times == 1, people, 0.0))[chosen]
        cost = table["cost"].to_numpy(dtype=np.float64)
        table["cost_per_person"] = np.divide(
            cost, new[1:], out=np.full(len(chosen), np.nan), where=new[1:] > 0
        )
        found = travel.nearest(
            (table["lon"].to_numpy(dtype=np.float64), table["lat"].to_numpy(dtype=np.float64)),
            inputs.doors(self.stations),
        )
        codes, names = [*self.stations["code"], None], [*self.stations["name"], None]
        table["nearest"] = pd.Series([codes[at] for at in found.station], dtype=object)
        table["nearest_name"] = pd.Series([names[at] for at in found.station], dtype=object)
        table["nearest_s"] = found.seconds
        told = [self._exchange(each) for each in exchanges(self.asks, self.answer)]
        table["runner_up"] = pd.Series(told, dtype=object)
        share = self.share
        table["chosen_share"] = pd.Series(
            [None if share is None else float(share[site]) for site in chosen.tolist()], dtype=object
        )
        return table

    def _exchange(self, found: Exchange | None) -> dict[str, Any] | None:
        if found is None:
            return None
        row = self.offered.table.iloc[found.candidate]
        return _place(row) | {"loss": found.loss, "people": found.people, "measure": found.measure}

    def further(self, found: Beyond) -> Beyond:
        """Write what was asked beyond the plan for JSON: alternatives by their sites, curves with what is not a number
        as nothing.
        """
        told = dict(found)
        if "curve" in told:
            told["curve"] = [as_json(point) for point in told["curve"]]
        if "alternatives" in told:
            told["alternatives"] = [self._alternative(each) for each in told["alternatives"]]
        return told

    def _alternative(self, other: Answer) -> dict[str, Any]:
        within, people = self._measured.within, self.ground.cells.weight
        new = (within.reached(other.sites) > 0) & (self._measured.times == 0)
        mine = set(self.answer.sites.tolist())
        figures = {
            "status": str(other.status), "objective": other.objective, "bound": other.bound,
            "gap": other.gap, "newly": float(people[new].sum()),
            "shared": len(mine & set(other.sites.tolist())),
        }  # fmt: skip
        places = [
            _place(self.offered.table.iloc[site]) | {"shared": site in mine} for site in other.sites.tolist()
        ]
        return as_json(figures) | {"sites": places}

    def regions(self, areas: Areas) -> dict[str, pd.DataFrame]:
        """Return for each level its regions by code: ``people``, how many are reached ``before`` and ``after``, ``newly``,
        and how many ``sites`` of the plan stand there. What lies in none of a level stands under the empty code.
        """
        people = self.ground.cells.weight
        at = [
            {areas.areas[code].level: code for code in areas.lineage(region)}
            for region in self.offered.table["region"].to_numpy()[self.answer.sites]
        ]
        found = {}
        for level, codes in self.ground.codes.items():
            cells = pd.DataFrame(
                {
                    "people": people,
                    "before": np.where(self.served == 0, people, 0.0),
                    "newly": np.where(self.served > 0, people, 0.0),
                }
            )
            table = cells.groupby([code or "" for code in codes]).sum()
            sites = pd.Series([each.get(level, "") for each in at], dtype=object).value_counts()
            table = table.reindex(sorted({*table.index, *sites.index}), fill_value=0.0)
            table["after"] = table["before"] + table["newly"]
            table["sites"] = sites.reindex(table.index, fill_value=0).astype("int64")
            found[level] = table
        return found

    def hours(self, session: Session, question: SitingQuestion, travel: Ways) -> pd.DataFrame:
        """Return for each hour of the day how many ``stations`` are open, whom they reach (``before``) and whom the plan
        reaches beside them (``newly``), in all and by site in their order (``sites``), the sites being open around the
        clock; no rows unless asked for.
        """
        reach, people = question.reach, self.ground.cells.weight
        columns = ["hour", "stations", "before", "newly", "sites"]
        if not reach.around_the_clock or reach.at is None:
            return pd.DataFrame(columns=columns)
        everybody = inputs.serving(session, reach, None)
        pairs = travel.pairs(self.ground.lonlat, inputs.doors(everybody), limit_s=question.limit_s)
        row = {code: at for at, code in enumerate(everybody["code"])}
        planned = self._first
        known: dict[tuple[str, ...], tuple[float, float, list[float]]] = {}
        rows = []
        for hour in range(_HOURS):
            moment = reach.at.replace(hour=hour, minute=0)
            codes = tuple(code for code in inputs.serving(session, reach, moment)["code"] if code in row)
            if codes not in known:
                reached = np.zeros(len(people), dtype=bool)
                for at in (row[code] for code in codes):
                    reached[pairs.place[pairs.starts[at] : pairs.starts[at + 1]]] = True
                new = np.where(reached, 0, planned)
                each = np.bincount(new, people, minlength=len(self.answer.sites) + 1)[1:]
                known[codes] = float(people[reached].sum()), float(each.sum()), each.tolist()
            rows.append((hour, len(codes), *known[codes]))
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> dict[str, float]:
        """Return the figures of the whole.

        beyond: people whom neither a station nor any candidate reaches within the limit. twice: who have two within it.
        Of the median and the centre, mean_s and worst_s before and after, of those whom a station or a candidate reaches
        at all; who has none counts as what the search took for beyond. Of capacities, served_before: by stations alone.
        """
        measured = self._measured
        people, cost = measured.people, self.offered.table["cost"].to_numpy()[self.answer.sites]
        beyond = (measured.times == 0) & (measured.within.reached(measured.allowed) == 0)
        whole, before = float(people.sum()), float(people[self.served == 0].sum())
        newly = float(people[self.served > 0].sum())
        spent = float(cost.sum()) if len(cost) else float("nan")
        return {
            "people": whole,
            "before": before,
            "newly": newly,
            "after": before + newly,
            "beyond": float(people[beyond].sum()),
            "twice_before": float(people[measured.times > 1].sum()),
            "twice_after": float(people[self._times > 1].sum()),
            "sites": float(len(self.answer.sites)),
            "cost": spent,
            "cost_per_person": spent / newly if newly else float("nan"),
            "objective": self.answer.objective,
            "bound": self.answer.bound,
            "gap": self.answer.gap,
            "root_gap": self.answer.root_gap,
            **self._of_problem(),
        }

    def _of_problem(self) -> dict[str, float]:
        measured, people = self._measured, self._measured.people
        problem = self.asks.question.problem
        if problem is Problem.CAPACITATED and isinstance(self.asks.asks, CapacitatedCover):
            return {"served_before": self.asks.asks.value(np.empty(0, dtype=np.int64))}
        if not problem.by_distance:
            return {}
        found = {}
        none = np.empty(0, dtype=np.int64)
        can = np.isfinite(measured.existing_s)
        can |= measured.asked.cover.reached(measured.allowed) > 0
        for name, sites in (("before", none), ("after", self.answer.sites)):
            seconds = measured.seconds_with(sites)[can]
            found[f"mean_s_{name}"] = float(seconds @ people[can]) / float(people[can].sum())
            found[f"worst_s_{name}"] = float(seconds.max())
        return found | {"out_of_reach": float(people[~can].sum())}


def _place(row: pd.Series[Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("key", "name")} | {name: float(row[name]) for name in ("lon", "lat")}
