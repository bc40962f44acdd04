"""The regions in memory: which one a point lies in, which one a name means, what is above one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import NotFound
from stations.models import Region
from stations.registry import queries
from stations.registry.place_names import Written, cleaned, written

__all__ = ["OLD_NAME", "Area", "Areas"]

#: The language tag (BCP 47, private use) of the names that a region had before, with 、 between them.
OLD_NAME: Final = "zh-x-old"

_LOWEST_FIRST: Final = ("township", "county", "prefecture", "province", "country")
_LONGEST_NAME: Final = 40
_MOST_ANSWERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Area:
    """One region without its shape."""

    code: str
    level: str
    names: Mapping[str, str]
    lineage: tuple[str, ...]
    population: int | None
    merged_into: str | None


class Areas:
    """All regions of a registry at one moment. Load it once for many points: it does not follow later changes."""

    def __init__(self, areas: Mapping[str, Area], shapes: Mapping[str, BaseGeometry]) -> None:
        self.areas = areas
        self.shapes = shapes
        self._named: dict[str, set[str]] = defaultdict(set)
        self._stems: dict[str, list[tuple[Written, str]]] = defaultdict(list)
        self._answers: dict[tuple[str, str | None], str | None] = {}
        for area in areas.values():
            if (code := self.current(area.code)) is not None:
                for name in filter(None, [area.names["zh"], *area.names.get(OLD_NAME, "").split("、")]):
                    self._learn(cleaned(name), code)
        for shape in shapes.values():
            shapely.prepare(shape)

    def _learn(self, name: str, code: str) -> None:
        self._named[name].add(code)
        if name.endswith("新区") and len(name) > 3:
            self._named[name.removesuffix("新区")].add(code)
        shortened = written(name)
        self._stems[shortened.stem].append((shortened, code))

    @classmethod
    def load(cls, session: Session) -> Areas:
        """Read all regions of the registry; those without a shape are known by name alone."""
        rows = session.execute(
            select(
                Region.code,
                Region.level,
                Region.names,
                Region.lineage,
                Region.population,
                Region.merged_into,
                queries.wkb(Region.geom).label("shape"),
            ).order_by(Region.code)
        ).all()
        areas = {
            row.code: Area(
                row.code, row.level, row.names, tuple(row.lineage), row.population, row.merged_into
            )
            for row in rows
        }
        shaped = [row for row in rows if row.shape is not None and row.merged_into is None]
        geometries = shapely.from_wkb([bytes(row.shape) for row in shaped])
        return cls(areas, {row.code: geometry for row, geometry in zip(shaped, geometries, strict=True)})

    def __contains__(self, code: object) -> bool:
        return code in self.areas

    def current(self, code: str) -> str | None:
        """Return the region that this one is today: itself, or the one that it was merged into; None if unknown."""
        seen: set[str] = set()
        while code in self.areas and code not in seen:
            seen.add(code)
            into = self.areas[code].merged_into
            if into is None:
                return code
            code = into
        return None

    def name(self, code: str) -> str:
        """Return the Chinese name. Raises NotFound."""
        return self._area(code).names["zh"]

    def lineage(self, code: str) -> tuple[str, ...]:
        """Return the codes from the province down to this region itself. Raises NotFound."""
        return self._area(code).lineage

    def at(self, lon: ArrayLike, lat: ArrayLike, *, townships: bool = False) -> NDArray[np.object_]:
        """Return the lowest region that each point lies in: its county, as a rule.

        lon, lat: (n,) degrees, WGS 84. townships: whether townships count.
        Returns (n,) codes; None outside all regions and for a NaN. A point in a hole of the county layer gives the
        prefecture or the province; one on a common border gives the lower code. 200,000 points take about half a
        second.
        """
        x, y = _points(lon, lat)
        found = np.full(len(x), None, dtype=np.object_)
        free = np.ones(len(x), dtype=np.bool_)
        order = np.argsort(x)
        ordered = x[order]
        for code in self._lowest_first(townships=townships):
            shape = self.shapes[code]
            west, south, east, north = shape.bounds
            near = order[np.searchsorted(ordered, west, "left") : np.searchsorted(ordered, east, "right")]
            near = near[(y[near] >= south) & (y[near] <= north)]
            near = near[free[near]]
            near = near[shapely.intersects_xy(shape, x[near], y[near])]
            found[near] = code
            free[near] = False
        return found

    def inside(self, code: str, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
        """Mark the points in a region of any level, its border included. Raises NotFound; a NaN is outside."""
        x, y = _points(lon, lat)
        shape = self.shapes.get(self._area(code).merged_into or code)
        if shape is None:
            raise NotFound(f"region {code} {self.name(code)} has no outline")
        return np.asarray(shapely.intersects_xy(shape, x, y), dtype=np.bool_)

    def named(self, text: str, within: str | None = None) -> str | None:
        """Return the region that a name means, or None where no region or more than one answers to it.

        Understood are full names, names with those above them before (郑州市上街区), short ones (民和县, 民和), former
        ones (湟中县), and codes. A development zone (高新区) is no region. within: only this region and those below it.
        """
        name = cleaned(text)
        if not name or len(name) > _LONGEST_NAME:
            return None
        if (name, within) not in self._answers:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            found = self._meant(name, within)
            self._answers[name, within] = found.pop() if len(found) == 1 else None
        return self._answers[name, within]

    def _meant(self, name: str, within: str | None) -> set[str]:
        if name.isdecimal():
            code = self.current(name)
            return self._below({code} if code else set(), within)
        if found := self._below(self._named.get(name, ()), within):
            return found
        asked = written(name)
        if found := self._below(
            (code for own, code in self._stems.get(asked.stem, ()) if asked.may_mean(own, self._level(code))),
            within,
        ):
            return found
        found = set()
        for cut in range(2, len(name) - 1):
            above = self.named(name[:cut], within)
            if above is not None and above != within:
                found |= {code for code in self._meant(name[cut:], above) if code != above}
        return found

    def _below(self, codes: Iterable[str], within: str | None) -> set[str]:
        return {code for code in codes if within is None or within in self.areas[code].lineage}

    def _level(self, code: str) -> str:
        return self.areas[code].level

    def _area(self, code: str) -> Area:
        try:
            return self.areas[code]
        except KeyError:
            raise NotFound(f"no region has the code {code!r}; load it with yizhan regions load") from None

    def _lowest_first(self, *, townships: bool) -> list[str]:
        levels = _LOWEST_FIRST if townships else _LOWEST_FIRST[1:]
        return [code for level in levels for code in self.shapes if self._level(code) == level]


def _points(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x: NDArray[Any] = np.atleast_1d(np.asarray(lon, dtype=np.float64))
    y: NDArray[Any] = np.atleast_1d(np.asarray(lat, dtype=np.float64))
    return x, y
