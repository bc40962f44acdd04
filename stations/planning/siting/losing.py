"""What a plan loses if a site is left out or stands elsewhere, measured again at once and exactly.

A plan keeps whom each of its sites reaches and how far everybody has to go to the stations that stood; what is new is
measured for one place alone, and only to the cells that it could reach at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geo.demand import Cells
from geo.spheroid import metres_between
from stations.errors import Conflict, Invalid, NotFound
from stations.models import SitingPlan
from stations.planning.siting import plans
from stations.planning.siting.asking import SitingQuestion
from stations.planning.ways import Estimated, Ways

__all__ = ["Loss", "loss"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
LonLat = tuple[float, float]

#: A way is never quicker than the estimate by more than this, and begins and ends at most so many metres beside its
#: places, or half the diagonal of a cell (``ways.for_question``).
_QUICKER: Final = 2.0
_ASIDE_M: Final = 1_500.0


@dataclass(frozen=True, eq=False)
class Loss:
    """A plan before and after one change.

    site: key of the site that goes. to: where it stands instead, WGS 84; None where it is left out. to_key: the candidate
    that stands there, where one was named. people_before, people_after: within the limit of a station or site. lost,
    gained: people who are within the limit before and not after, and the other way; lost_cells, gained_cells: (k,)
    their cells, as ``plans.arrays_of`` numbers them. worth_before, worth_after: the same as people count in the search.
    twice_before, twice_after: people with two within the limit. mean_s_before, mean_s_after: seconds on average, of plans
    that look at minutes alone. breaks: what of the question the change breaks: ``must`` (the site must be chosen), ``chosen``
    (the place is one of the plan's), ``barred`` (the candidate must not be chosen), ``spacing``.
    """

    site: str
    to: LonLat | None
    to_key: str | None
    people_before: float
    people_after: float
    lost: float
    gained: float
    lost_cells: _Ints
    gained_cells: _Ints
    worth_before: float
    worth_after: float
    twice_before: float
    twice_after: float
    mean_s_before: float | None
    mean_s_after: float | None
    breaks: tuple[str, ...]

    @property
    def change(self) -> float:
        """How many more people are within the limit after the change; below 0 where fewer are."""
        return self.people_after - self.people_before

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON, without cells."""
        names = (
            "site", "to", "to_key", "people_before", "people_after", "lost", "gained", "change", "worth_before",
            "worth_after", "twice_before", "twice_after", "mean_s_before", "mean_s_after", "breaks",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def loss(
    plan: SitingPlan,
    site: str,
    to: LonLat | str | None = None,
    *,
    ways: Ways,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Loss:
    """Tell what a plan loses without a site, or with it elsewhere.

    site: its key. to: (lon, lat) in WGS 84, or the key of a candidate of the plan; None leaves the site out. ways: those
    of the plan's question (``stations.planning.ways.for_question``). arrays: of the plan, where they are at hand.
    Raises Conflict for a plan without an answer, NotFound for a site or a candidate that it does not have, Invalid for a
    place that is none.
    """
    if plan.sites is None:
        raise Conflict(f"plan {plan.id} has no answer yet")
    held = plans.arrays_of(plan) if arrays is None else arrays
    if "reach_starts" not in held:
        raise Conflict(f"plan {plan.id} was kept before plans knew whom each site reaches: ask it again")
    keys = [each["key"] for each in plan.sites]
    if site not in keys:
        raise NotFound(f"plan {plan.id} has no site {site[:100]!r}")
    at, question = keys.index(site), SitingQuestion.of_dict(plan.question)
    place, to_key, index = _place(plan, held, to)
    breaks = _breaks(plan, question, held, at, place=place, candidate=index)
    before = _Standing(held, question)
    for other in range(len(keys)):
        before.add(*_reach(held, other))
    after = _Standing(held, question)
    for other in range(len(keys)):
        if other != at:
            after.add(*_reach(held, other))
    if place is not None:
        after.add(*_measured(plan, held, question, place, ways))
    weight, worth = held["weight"], held["worth"]
    had, has = before.times > 0, after.times > 0
    lost, gained = np.flatnonzero(had & ~has), np.flatnonzero(has & ~had)
    by_distance = question.problem.by_distance
    return Loss(
        site=site,
        to=place,
        to_key=to_key,
        people_before=float(weight[had].sum()),
        people_after=float(weight[has].sum()),
        lost=float(weight[lost].sum()),
        gained=float(weight[gained].sum()),
        lost_cells=lost,
        gained_cells=gained,
        worth_before=float(worth[had].sum()),
        worth_after=float(worth[has].sum()),
        twice_before=float(weight[before.times > 1].sum()),
        twice_after=float(weight[after.times > 1].sum()),
        mean_s_before=before.mean_s(weight) if by_distance else None,
        mean_s_after=after.mean_s(weight) if by_distance else None,
        breaks=breaks,
    )


class _Standing:
    """Everybody, as stations and some sites reach them."""

    def __init__(self, held: Mapping[str, NDArray[Any]], question: SitingQuestion) -> None:
        self._limit_s = question.limit_s
        self.times: _Ints = held["times"].astype(np.int64)
        self.seconds: _Floats = np.minimum(held["existing_s"], question.search_s)

    def add(self, cell: _Ints, seconds: _Floats) -> None:
        self.times[cell[seconds <= self._limit_s]] += 1
        self.seconds[cell] = np.minimum(self.seconds[cell], seconds)

    def mean_s(self, weight: _Floats) -> float:
        return float(self.seconds @ weight) / float(weight.sum())


def _reach(held: Mapping[str, NDArray[Any]], at: int) -> tuple[_Ints, _Floats]:
    first, last = held["reach_starts"][at : at + 2]
    return held["reach_cell"][first:last].astype(np.int64), held["reach_s"][first:last]


def _place(
    plan: SitingPlan, held: Mapping[str, NDArray[Any]], to: LonLat | str | None
) -> tuple[LonLat | None, str | None, int | None]:
    if to is None:
        return None, None, None
    if isinstance(to, str):
        found = np.flatnonzero(held["candidate_key"] == to)
        if not len(found):
            raise NotFound(f"plan {plan.id} has no candidate {to[:100]!r}")
        at = int(found[0])
        return (float(held["candidate_lon"][at]), float(held["candidate_lat"][at])), to, at
    lon, lat = to
    if not (np.isfinite(lon) and np.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid(f"({lon!r}, {lat!r}) is no place: longitude first, in degrees", field="to", value=to)
    return (float(lon), float(lat)), None, None


def _breaks(
    plan: SitingPlan,
    question: SitingQuestion,
    held: Mapping[str, NDArray[Any]],
    at: int,
    *,
    place: LonLat | None,
    candidate: int | None,
) -> tuple[str, ...]:
    rows: list[dict[str, Any]] = plan.sites or []
    found = []
    if rows[at]["key"] in question.must:
        found.append("must")
    if place is None:
        return tuple(found)
    others = [row for number, row in enumerate(rows) if number != at]
    lon = np.array([*(row["lon"] for row in others), *held["station_lon"]])
    lat = np.array([*(row["lat"] for row in others), *held["station_lat"]])
    metres = metres_between(np.full(len(lon), place[0]), np.full(len(lat), place[1]), lon, lat)
    if others and float(metres[: len(others)].min()) == 0.0:
        found.append("chosen")
    if candidate is not None and bool(held["candidate_barred"][candidate]):
        found.append("barred")
    if question.spacing_m and len(metres) and float(metres.min()) < question.spacing_m:
        found.append("spacing")
    return tuple(found)


def _measured(
    plan: SitingPlan,
    held: Mapping[str, NDArray[Any]],
    question: SitingQuestion,
    place: LonLat,
    ways: Ways,
) -> tuple[_Ints, _Floats]:
    """Measure the ways of everybody near a place to it: cells and seconds, as the search would have."""
    speed_ms = Estimated(question.reach.mode, question.reach.detour).basis()["speed_ms"]
    aside_m = max(_ASIDE_M, question.reach.size_m)
    far_m = question.search_s * speed_ms * _QUICKER + 2 * aside_m
    # Middles are kept in short; near a border of the box the margin is far larger than what that loses.
    lat_deg = far_m / 110_000.0
    lon_deg = lat_deg / max(0.05, float(np.cos(np.radians(min(89.0, abs(place[1]) + lat_deg)))))
    near = np.flatnonzero(
        (np.abs(held["lon"] - place[0]) <= lon_deg) & (np.abs(held["lat"] - place[1]) <= lat_deg)
    )
    basis: dict[str, Any] = plan.basis or {}
    cells = Cells(
        CRS.from_string(basis["crs"]),
        float(basis["size_m"]),
        held["column"][near].astype(np.int64),
        held["row"][near].astype(np.int64),
        held["weight"][near],
    )
    door = (np.array([place[0]]), np.array([place[1]]))
    found = ways.pairs(cells.lonlat(), door, limit_s=question.search_s)
    return near[found.place], found.seconds
