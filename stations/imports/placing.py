"""Where the rows of a file lie: the regions that they name, their coordinates, the datum of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from geo.datum import Datum
from geo.mainland import Mainland
from stations.imports import cells
from stations.imports.cells import Cell
from stations.imports.columns import Columns
from stations.imports.judged import Judged, cells_of, short
from stations.imports.positions import locate, stored_datum
from stations.imports.problems import Kind, Problem, Severity
from stations.registry.areas import Areas

__all__ = ["Placing"]


class Placing:
    """Places the rows of one file in one registry. datum: declared for the whole file."""

    def __init__(
        self, columns: Columns, *, areas: Areas, mainland: Mainland, province: str, datum: Datum | None
    ) -> None:
        self._columns = columns
        self._areas = areas
        self._mainland = mainland
        self._province = province
        self._datum = datum

    def place(self, judged: Sequence[Judged], texts: Mapping[str, Sequence[str]]) -> None:
        """Give rows the region that they name, and their position with what is to be said against it."""
        self._positions(judged, self._districts(judged, texts))

    def _districts(self, judged: Sequence[Judged], texts: Mapping[str, Sequence[str]]) -> list[str | None]:
        """Find the region that each row names; a name that no region has is a doubt."""
        header = self._columns.one("district") or "district"
        answers: dict[tuple[str, str, str], str | None] = {}
        named: list[str | None] = []
        for at, one in enumerate(judged):
            asked = (texts["province"][at], texts["prefecture"][at], texts["district"][at])
            if asked not in answers:
                answers[asked] = self._region(*asked)
            code = answers[asked]
            if asked[2] and code is None:
                reason = (
                    "no region has this name (a development zone is none); the region follows the position"
                )
                one.against(Kind.UNKNOWN_DISTRICT, header, asked[2], reason)
            one.region_named = code
            named.append(code)
        return named

    def _region(self, province: str, prefecture: str, district: str) -> str | None:
        within: str | None = None
        for above in (province, prefecture):
            found = self._areas.named(above, within=within) if above else None
            within = found or within
        if not district:
            return within if prefecture and within else None
        return self._areas.named(district, within=within) or self._areas.named(district)

    def _positions(self, judged: Sequence[Judged], named: Sequence[str | None]) -> None:
        if not self._columns.located:
            return
        lon, lat, headers = self._coordinates(judged)
        datums: list[Datum | None] = self._datums(judged, ~np.isnan(lon) & ~np.isnan(lat))
        for at in map(int, np.flatnonzero(np.isnan(lon) != np.isnan(lat))):
            one = judged[at]
            if not one.has(Severity.REJECT):
                present, missing = headers if np.isnan(lat[at]) else headers[::-1]
                reason = f"the row has {present} and no {missing}"
                one.against(Kind.HALF_POSITION, missing, "", reason)
        usable = np.array([datum is not None for datum in datums])
        lon, lat = np.where(usable, lon, np.nan), np.where(usable, lat, np.nan)
        found = locate(
            lon,
            lat,
            datums,
            named,
            areas=self._areas,
            mainland=self._mainland,
            province=self._province,
            fields=headers,
        )
        for at, problem in found.problems.items():
            judged[at].problems.append(problem)
        for at in map(int, np.flatnonzero(~np.isnan(found.x))):
            one, datum = judged[at], datums[at]
            if datum is not None:
                one.lon, one.lat, one.datum = float(lon[at]), float(lat[at]), str(stored_datum(datum))
                one.x, one.y, one.region_at = float(found.x[at]), float(found.y[at]), found.county[at]

    def _coordinates(
        self, judged: Sequence[Judged]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, str]]:
        """Read longitudes and latitudes, NaN where a row has none, and the headers of their columns."""
        if (both := self._columns.one("lonlat")) is None:
            headers = (self._columns.one("lon") or "lon", self._columns.one("lat") or "lat")
            lon = self._read(judged, headers[0], 1, partial(cells.degrees, axis="lon"))
            lat = self._read(judged, headers[1], 1, partial(cells.degrees, axis="lat"))
            return lon[:, 0], lat[:, 0], headers
        read = self._read(judged, both, 2, partial(cells.position, lon_first=self._columns.lon_first))
        return read[:, 0], read[:, 1], (both, both)

    @staticmethod
    def _read(
        judged: Sequence[Judged], header: str, numbers: int, read: Callable[[str], Cell]
    ) -> NDArray[np.float64]:
        values = np.full((len(judged), numbers), np.nan)
        for at, one in enumerate(judged):
            text = one.received[header]
            if text in cells.BLANKS:
                continue
            cell = read(text)
            if cell.kind is not None:
                one.against(cell.kind, header, text, cell.reason)
            else:
                values[at] = cell.value
        return values

    def _datums(self, judged: Sequence[Judged], placed: Iterable[bool]) -> list[Datum | None]:
        """Find the datum of each row that has a position: its own, which must not contradict the file's."""
        found = cells_of(self._columns, "datum", judged)
        header, values = found or ("datum", [""] * len(judged))
        datums: list[Datum | None] = []
        for one, has, text in zip(judged, placed, values, strict=True):
            datum = self._datum if has else None
            problem = None
            if has and text:
                cell = cells.datum(text)
                if cell.kind is not None:
                    problem = Problem(cell.kind, header, short(text), cell.reason)
                elif self._datum is None or stored_datum(cell.value) is stored_datum(self._datum):
                    datum = cell.value
                else:
                    reason = f"the row says {cell.value} and the file was declared {self._datum}"
                    problem = Problem(Kind.DATUM_CONFLICT, header, short(text), reason)
            elif has and datum is None:
                problem = Problem(
                    Kind.NO_DATUM, header, "", "a position without a datum means nothing; declare it"
                )
            if problem is not None:
                one.problems.append(problem)
                datum = None
            datums.append(datum)
        return datums
