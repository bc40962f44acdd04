"""Whether a position can be what a row says it is: on Earth, in the province, in the county that the row names.

Whole columns at a time. A position that is doubted is not lost: the numbers stay as they came, and the reason says what
would make it right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.datum import Datum, to_wgs84
from geo.mainland import Mainland
from stations.imports.problems import Kind, Problem
from stations.registry.areas import Areas

__all__ = ["Located", "locate", "stored_datum"]

_Floats = NDArray[np.float64]
#: CGCS2000 is WGS 84 within a metre and is stored as such, so only these can fit better than one another.
_DISTINCT: Final = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
_NAMES: Final = {
    Datum.WGS84: "WGS 84",
    Datum.GCJ02: "GCJ-02",
    Datum.BD09: "BD-09",
    Datum.CGCS2000: "CGCS2000",
}


def stored_datum(datum: Datum) -> Datum:
    """Return the datum that a station keeps beside its original numbers."""
    return Datum.WGS84 if datum is Datum.CGCS2000 else datum


@dataclass(frozen=True, slots=True)
class Located:
    """Where rows lie; (n,) each, in the order asked.

    x, y: WGS 84 degrees, NaN where there is no position. county: the code of the lowest region there, or None.
    swapped: longitude and latitude were exchanged, and x, y are as they must have been meant.
    """

    x: _Floats
    y: _Floats
    county: NDArray[np.object_]
    swapped: NDArray[np.bool_]
    problems: dict[int, Problem]


def locate(
    lon: _Floats,
    lat: _Floats,
    datums: Sequence[Datum | None],
    named: Sequence[str | None],
    *,
    areas: Areas,
    mainland: Mainland,
    province: str,
    fields: tuple[str, str],
) -> Located:
    """Judge positions.

    lon, lat: (n,) degrees as received, NaN where a row has none. datums: of each row; None where it has no position.
    named: the code of the region that each row names, None where it names none that is known. fields: the headers
    of the two columns, for the problems. A row gets one problem at most, the one that explains it best.
    """
    given = ~np.isnan(lon) & ~np.isnan(lat)
    possible = given & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    x, y = _converted(lon, lat, datums, possible, mainland)
    county = areas.at(x, y)
    swapped = np.zeros(len(lon), dtype=np.bool_)
    problems: dict[int, Problem] = {}

    # Nothing is doubted that lies where its row says, so the rest is worked out for few rows.
    lost = given & _nowhere(county)
    if lost.any():
        turned_x, turned_y = _converted(
            lat, lon, datums, lost & (np.abs(lat) <= 180) & (np.abs(lon) <= 90), mainland
        )
        turned_county = areas.at(turned_x, turned_y)
        swapped = lost & ~_nowhere(turned_county)
        x[swapped], y[swapped] = turned_x[swapped], turned_y[swapped]
        county[swapped] = turned_county[swapped]
    both = "/".join(dict.fromkeys(fields))
    for at in np.flatnonzero(lost):
        value = f"{lon[at]:.15g}, {lat[at]:.15g}"
        if swapped[at]:
            problems[int(at)] = Problem(
                Kind.SWAPPED,
                both,
                value,
                f"longitude and latitude are swapped: the other way round the point lies in {areas.name(county[at])}",
            )
        elif not possible[at]:
            problems[int(at)] = Problem(
                Kind.NOT_ON_EARTH, both, value, "not on Earth; longitude first, in degrees"
            )
        else:
            problems[int(at)] = Problem(
                Kind.OUTSIDE_PROVINCE, both, value, f"outside {_province(areas, province)}"
            )
    apart = [
        int(at)
        for at in np.flatnonzero(given & ~_nowhere(county) & ~swapped)
        if (wanted := named[int(at)]) is not None and not _agree(areas, county[at], wanted)
    ]
    if apart:
        problems |= _misplaced(
            apart,
            lon,
            lat,
            datums=datums,
            named=named,
            county=county,
            areas=areas,
            mainland=mainland,
            field=both,
        )
    return Located(x, y, county, swapped, problems)


def _nowhere(codes: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.array([code is None for code in codes], dtype=np.bool_)


def _converted(
    lon: _Floats, lat: _Floats, datums: Sequence[Datum | None], rows: NDArray[np.bool_], mainland: Mainland
) -> tuple[_Floats, _Floats]:
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    if not rows.any():
        return x, y
    codes = np.array([datum or "" for datum in datums], dtype=object)
    for datum in _present(codes[rows]):
        at = rows & (codes == datum)
        x[at], y[at] = to_wgs84(lon[at], lat[at], Datum(datum), mainland=mainland)
    return x, y


def _present(codes: Iterable[str]) -> list[str]:
    return sorted({code for code in codes if code})


def _province(areas: Areas, code: str) -> str:
    return areas.name(code) if code in areas else f"the province {code}"


def _agree(areas: Areas, found: str, named: str) -> bool:
    """Tell whether a point in ``found`` may lie in ``named``: the same, or one holds the other."""
    return named in areas.lineage(found) or found in areas.lineage(named)


def _misplaced(
    rows: Sequence[int],
    lon: _Floats,
    lat: _Floats,
    *,
    datums: Sequence[Datum | None],
    named: Sequence[str | None],
    county: NDArray[np.object_],
    areas: Areas,
    mainland: Mainland,
    field: str,
) -> dict[int, Problem]:
    """Say where points lie that are outside the region their rows name, and whether another datum puts them right."""
    at = np.array(rows, dtype=np.intp)
    fitting: dict[int, Datum] = {}
    for other in _DISTINCT:
        read = areas.at(*to_wgs84(lon[at], lat[at], other, mainland=mainland))
        for row, code in zip(rows, read, strict=True):
            declared, wanted = datums[row], named[row]
            if declared is None or wanted is None or code is None or other is stored_datum(declared):
                continue
            if _agree(areas, code, wanted):
                fitting.setdefault(row, other)
    problems = {}
    for row in rows:
        value = f"{lon[row]:.15g}, {lat[row]:.15g}"
        where = f"lies in {areas.name(county[row])}, and the row names {areas.name(named[row] or '')}"
        fits, read_as = fitting.get(row), datums[row]
        if fits is not None and read_as is not None:
            reason = f"read as {_NAMES[read_as]} the point {where}; read as {_NAMES[fits]} it lies there"
            problems[row] = Problem(Kind.OTHER_DATUM, field, value, reason)
        else:
            problems[row] = Problem(Kind.OUTSIDE_COUNTY, field, value, f"the point {where}")
    return problems
