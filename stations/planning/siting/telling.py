"""What a plan means for people: whom each site newly reaches, by region and by hour, and what stands nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from geo.siting import Answer, Asked
from stations.planning import inputs
from stations.planning.ground import Ground
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.candidates import Offered
from stations.planning.ways import Ways
from stations.registry.areas import Areas

__all__ = ["Told"]

_HOURS: Final = 24


@dataclass(frozen=True, eq=False)
class Told:
    """An answer over its people. stations: those that counted."""

    ground: Ground
    offered: Offered
    answer: Answer
    asked: Asked
    stations: pd.DataFrame

    @cached_property
    def served(self) -> NDArray[np.int32]:
        """Which site of the order first reaches each cell, (k,), as ``Proposal.served`` has it."""
        found = np.where(self.asked.already > 0, 0, -1).astype(np.int32)
        for order, reached in enumerate(self.answer.serves, start=1):
            found[reached] = order
        return found

    def sites(self, travel: Ways) -> pd.DataFrame:
        """Return the sites in the order of what each adds to those before it.

        Columns ``order`` (from 1), ``key``, ``name``, ``region``, ``lon``, ``lat``, ``cost`` (NaN where none is given),
        ``people`` (newly reached, each once), ``adds`` (the same as it counted in the search), ``cumulative`` (people of
        this site and those before it), ``reaches`` (all within its reach), ``nearest``, ``nearest_name``, ``nearest_s``
        (the existing station that is next; None and inf where no way leads to one).
        """
        chosen, people = self.answer.sites, self.ground.cells.weight
        table = self.offered.table.iloc[chosen].drop(columns=["must", "must_not"]).reset_index(drop=True)
        table.insert(0, "order", np.arange(1, len(chosen) + 1))
        table["people"] = np.array(
            [people[reached].sum() for reached in self.answer.serves], dtype=np.float64
        )
        table["adds"] = self.answer.adds
        table["cumulative"] = table["people"].cumsum()
        table["reaches"] = self.asked.cover.sums(people)[chosen]
        found = travel.nearest(
            (table["lon"].to_numpy(dtype=np.float64), table["lat"].to_numpy(dtype=np.float64)),
            inputs.doors(self.stations),
        )
        codes, names = [*self.stations["code"], None], [*self.stations["name"], None]
        table["nearest"] = pd.Series([codes[at] for at in found.station], dtype=object)
        table["nearest_name"] = pd.Series([names[at] for at in found.station], dtype=object)
        table["nearest_s"] = found.seconds
        return table

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
        reaches beside them (``newly``), its sites being open around the clock; no rows unless asked for.
        """
        reach, people = question.reach, self.ground.cells.weight
        columns = ["hour", "stations", "before", "newly"]
        if not reach.around_the_clock or reach.at is None:
            return pd.DataFrame(columns=columns)
        everybody = inputs.serving(session, reach, None)
        pairs = travel.pairs(self.ground.lonlat, inputs.doors(everybody), limit_s=question.limit_s)
        row = {code: at for at, code in enumerate(everybody["code"])}
        planned = self.asked.cover.reached(self.answer.sites) > 0
        known: dict[tuple[str, ...], tuple[float, float]] = {}
        rows = []
        for hour in range(_HOURS):
            moment = reach.at.replace(hour=hour, minute=0)
            codes = tuple(code for code in inputs.serving(session, reach, moment)["code"] if code in row)
            if codes not in known:
                reached = np.zeros(len(people), dtype=bool)
                for at in (row[code] for code in codes):
                    reached[pairs.place[pairs.starts[at] : pairs.starts[at + 1]]] = True
                known[codes] = float(people[reached].sum()), float(people[planned & ~reached].sum())
            rows.append((hour, len(codes), *known[codes]))
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> dict[str, float]:
        """Return the figures of the whole. beyond: people whom neither a station nor any candidate reaches."""
        people, cost = self.ground.cells.weight, self.offered.table["cost"].to_numpy()[self.answer.sites]
        allowed = np.setdiff1d(np.arange(self.asked.cover.sites), self.asked.rules.must_not)
        beyond = (self.asked.already == 0) & (self.asked.cover.reached(allowed) == 0)
        whole, before = float(people.sum()), float(people[self.served == 0].sum())
        newly = float(people[self.served > 0].sum())
        spent = float(cost.sum()) if len(cost) else float("nan")
        return {
            "people": whole,
            "before": before,
            "newly": newly,
            "after": before + newly,
            "beyond": float(people[beyond].sum()),
            "sites": float(len(self.answer.sites)),
            "cost": spent,
            "cost_per_person": spent / newly if newly else float("nan"),
            "objective": self.answer.objective,
            "bound": self.answer.bound,
            "gap": self.answer.gap,
            "root_gap": self.answer.root_gap,
        }
