"""Where else a site of a plan could stand: its candidates that were not chosen, nearest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.spheroid import metres_between
from stations.errors import NotFound
from stations.models import SitingPlan
from stations.planning.siting.plans import arrays_of

__all__ = ["Nearby", "nearby"]


@dataclass(frozen=True, slots=True)
class Nearby:
    """A candidate and how far it is from a site, in metres along the straight line. barred: by a rule of the question."""

    key: str
    name: str | None
    lon: float
    lat: float
    metres: float
    barred: bool


def nearby(plan: SitingPlan, key: str, *, most: int = 50) -> list[Nearby]:
    """Return the candidates nearest to a site that the plan did not choose.

    Raises NotFound where the plan has no site of this key, Conflict before its answer.
    """
    kept = arrays_of(plan)
    site = next((site for site in plan.sites or () if site["key"] == key), None)
    if site is None:
        raise NotFound(f"plan {plan.id} has no site {key[:100]!r}")
    chosen = [each["key"] for each in plan.sites or ()]
    free = np.flatnonzero(~np.isin(kept["candidate_key"], chosen))
    lon, lat = kept["candidate_lon"][free], kept["candidate_lat"][free]
    metres = metres_between(np.full(len(free), site["lon"]), np.full(len(free), site["lat"]), lon, lat)
    # The oldest plans keep neither names nor who is barred.
    names, barred = kept.get("candidate_name"), kept.get("candidate_barred")
    return [
        Nearby(
            str(kept["candidate_key"][free[at]]),
            (str(names[free[at]]) or None) if names is not None else None,
            float(lon[at]),
            float(lat[at]),
            float(metres[at]),
            bool(barred[free[at]]) if barred is not None else False,
        )
        for at in np.argsort(metres, kind="stable")[:most]
    ]
