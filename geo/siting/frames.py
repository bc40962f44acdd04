"""Questions of siting asked of tables: demand with weights, candidates with their terms, stations that stand already.

The other entry, of sparse matrices, is ``Cover`` with ``Rules``; both meet in the same questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from geo.bbox import BBox
from geo.crs import pick_metric, same_crs
from geo.errors import CrsError, SitingError
from geo.reach import Pairs
from geo.siting.backup import BackupCover
from geo.siting.capacitated import CapacitatedCover
from geo.siting.centre import Centre
from geo.siting.cover import Cover
from geo.siting.least import LeastCover
from geo.siting.maximal import MaximalCover, weights
from geo.siting.median import Median
from geo.siting.rules import Floor, Rules, closer_than

__all__ = ["Asked", "Travel", "of_frames"]

_Floats = NDArray[np.float64]
LonLat = tuple[_Floats, _Floats]
_WGS84: Final = "EPSG:4326"


class Travel(Protocol):
    """How far apart places and doors are: ``geo.coverage.estimate.StraightLine``, or streets."""

    def pairs(self, places: LonLat, doors: LonLat, *, limit_s: float) -> Pairs:
        """Find every place within the limit of every door, as ``geo.reach.pairs``."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Tables as a question: as any of the six by the methods below, or by its parts as ``geo.siting`` takes them.

    demand, candidates: the rows asked about, numbered from 0. cover, seconds: (q,) the pairs within the limit, by
    candidate. weight: (n,) of all layers together. already: (n,) how many existing stations reach each demand. rules: of
    the candidates. standing: the pairs of existing stations, None where there are none.
    """

    demand: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    cover: Cover
    seconds: _Floats
    weight: _Floats
    already: NDArray[np.int64]
    rules: Rules
    standing: Pairs | None = None

    def maximal(self) -> MaximalCover:
        """Ask which sites newly reach most weight."""
        return MaximalCover.of(self.cover, self.weight, self.rules, already=self.already > 0)

    def least(self) -> LeastCover:
        """Ask for the fewest or cheapest sites that reach all demand that can be reached."""
        return LeastCover.of(self.cover, self.rules, already=self.already > 0)

    def backup(self, *, first: float = 0.0, everybody: bool = False) -> BackupCover:
        """Ask which sites bring most weight within reach twice, as ``BackupCover``."""
        return BackupCover.of(
            self.cover, self.weight, self.rules, already=self.already, first=first, everybody=everybody
        )

    def capacitated(self, holds: ArrayLike, *, standing_holds: ArrayLike = ()) -> CapacitatedCover:
        """Ask which sites serve most weight. holds, standing_holds: what each candidate and existing station can."""
        there = self.standing
        theirs = None if there is None else Cover(there.starts, there.place, self.cover.demands)
        return CapacitatedCover.of(
            self.cover, self.weight, holds, self.rules, existing=theirs, existing_holds=standing_holds
        )

    def median(self, *, penalty_s: float) -> Median:
        """Ask which sites make the weighted seconds to the nearest station least.

        penalty_s: what a demand without a station within the limit counts, the limit or more.
        """
        return Median.of(
            self.site, self.cover.demand, self.seconds, self.weight, self.rules,
            sites=self.cover.sites, existing=self.standing_s, penalty=penalty_s,
        )  # fmt: skip

    def centre(self, *, penalty_s: float) -> Centre:
        """Ask which sites make the longest way to the nearest station shortest. penalty_s: as of the median."""
        return Centre.of(
            self.site, self.cover.demand, self.seconds, self.rules,
            sites=self.cover.sites, demands=self.cover.demands, existing=self.standing_s, penalty=penalty_s,
        )  # fmt: skip

    @property
    def site(self) -> NDArray[np.int64]:
        """The candidate of each pair, (q,)."""
        return np.repeat(np.arange(self.cover.sites), np.diff(self.cover.starts))

    @property
    def standing_s(self) -> _Floats:
        """Seconds to the nearest existing station, (n,); inf where none is within the limit."""
        found = np.full(self.cover.demands, np.inf)
        if self.standing is not None:
            np.minimum.at(found, self.standing.place, self.standing.seconds)
        return found


def of_frames(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    travel: Travel,
    *,
    limit_s: float,
    existing: gpd.GeoDataFrame | None = None,
    layers: Mapping[str, float] | None = None,
    count: int | None = None,
    budget: float | None = None,
    spacing_m: float = 0.0,
    floors: Mapping[str, int] | None = None,
) -> Asked:
    """Turn tables of points into a question.

    demand: points with a column for each of ``layers`` (name → factor; ``{"weight": 1}`` where none is named).
    candidates: points with, where they are given, ``cost``, ``must`` and ``must_not`` (true or false) and ``area``.
    existing: points of stations that stand. floors: name of an area → how many it shall get at least. spacing_m: chosen
    sites stand no closer to each other, nor to existing stations.
    Raises SitingError, naming the column, the row and the value; CrsError for tables of different CRSs or without one.
    """
    tables = {"demand": demand, "candidates": candidates}
    if existing is not None:
        tables["existing"] = existing
    for name, table in tables.items():
        _check_points(name, table, demand)
    factors = {"weight": 1.0} if layers is None else dict(layers)
    amounts = np.zeros(len(demand))
    for name, factor in factors.items():
        if not (np.isfinite(factor) and factor >= 0):
            raise SitingError(f"layer {name!r} has the factor {factor!r}: give a number of 0 or more")
        amounts = amounts + factor * weights(_numbers("demand", demand, name), len(demand))
    places, doors = _lonlat(demand), _lonlat(candidates)
    pairs = travel.pairs(places, doors, limit_s=limit_s)
    reached, stand = np.zeros(len(demand), dtype=np.int64), None
    if existing is not None and len(existing):
        stand = travel.pairs(places, _lonlat(existing), limit_s=limit_s)
        reached = np.bincount(stand.place, minlength=len(demand)).astype(np.int64)
    barred = _flags(candidates, "must_not")
    apart = np.empty((0, 2), dtype=np.int64)
    if spacing_m:
        xy, standing = _metres(candidates, existing)
        apart = closer_than(xy, spacing_m)
        barred = barred | _near(xy, standing, spacing_m)
    must = _flags(candidates, "must")
    if len(both := np.flatnonzero(must & barred & ~_flags(candidates, "must_not"))):
        raise SitingError(
            f"candidate {int(both[0])} is must and stands closer than {spacing_m:g} m to an existing station: "
            "lower the spacing or take it out"
        )
    rules = Rules.of(
        count=count,
        cost=_numbers("candidates", candidates, "cost") if "cost" in candidates.columns else None,
        budget=budget,
        must=np.flatnonzero(must),
        must_not=np.flatnonzero(barred),
        floors=_floors(candidates, floors or {}),
        apart=apart,
    )
    cover = Cover(pairs.starts.astype(np.int64), pairs.place.astype(np.int64), len(demand))
    return Asked(
        demand.reset_index(drop=True),
        candidates.reset_index(drop=True),
        cover,
        np.asarray(pairs.seconds, dtype=np.float64),
        amounts,
        reached,
        rules,
        stand,
    )


def _check_points(name: str, table: gpd.GeoDataFrame, first: gpd.GeoDataFrame) -> None:
    if table.crs is None:
        raise CrsError(f"the table of {name} has no CRS: set the one that its coordinates are in")
    same_crs(first.crs, table.crs)
    shapes = table.geometry
    bad = np.flatnonzero((shapes.geom_type != "Point") | shapes.is_empty | shapes.isna())
    if len(bad):
        raise SitingError(f"row {int(bad[0])} of {name} is no point: leave it out or take a point inside")


def _numbers(name: str, table: pd.DataFrame, column: str) -> _Floats:
    if column not in table.columns:
        raise SitingError(
            f"the table of {name} has no column {column!r}; it has {', '.join(map(str, table.columns))}"
        )
    try:
        return table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise SitingError(f"column {column!r} of {name} holds what is no number: {error}") from error


def _flags(table: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    if column not in table.columns:
        return np.zeros(len(table), dtype=bool)
    values = table[column]
    if not values.isin([True, False]).all():
        row = int(np.flatnonzero(~values.isin([True, False]))[0])
        raise SitingError(f"{column} of candidate {row} is {values.iloc[row]!r}: write true or false")
    return values.to_numpy(dtype=bool)


def _floors(candidates: pd.DataFrame, floors: Mapping[str, int]) -> list[Floor]:
    if not floors:
        return []
    if "area" not in candidates.columns:
        raise SitingError("floors need a column 'area' of the candidates")
    areas = candidates["area"].to_numpy()
    # An area without a candidate is told by the rules, with what would help.
    return [Floor(str(name), np.flatnonzero(areas == name), least) for name, least in floors.items()]


def _lonlat(table: gpd.GeoDataFrame) -> LonLat:
    points = table.geometry.to_crs(_WGS84)
    return np.asarray(points.x, dtype=np.float64), np.asarray(points.y, dtype=np.float64)


def _metres(candidates: gpd.GeoDataFrame, existing: gpd.GeoDataFrame | None) -> tuple[_Floats, _Floats]:
    both = gpd.GeoSeries(candidates.geometry.to_crs(_WGS84))
    if existing is not None:
        both = gpd.GeoSeries(pd.concat([both, existing.geometry.to_crs(_WGS84)]))
    if not len(both):
        return np.empty((0, 2)), np.empty((0, 2))
    west, south, east, north = both.total_bounds.tolist()
    points: Any = both.to_crs(pick_metric(BBox(west, south, east, north)))
    xy = np.column_stack([points.x, points.y])
    return xy[: len(candidates)], xy[len(candidates) :]


def _near(xy: _Floats, standing: _Floats, metres: float) -> NDArray[np.bool_]:
    """Tell which places lie closer than so many metres to one that stands."""
    from scipy.spatial import cKDTree

    if not len(standing) or not len(xy):
        return np.zeros(len(xy), dtype=bool)
    distance, _ = cKDTree(standing).query(xy)
    return np.asarray(distance < metres)
