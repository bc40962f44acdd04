"""A file of demand read once, into a lattice: what lies inside the registry's border, and where the rest of it lies.

Nothing is made up and nothing is passed over in silence: a row that says no amount or no position is left out and
counted, one that says a wrong amount ends the reading with its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.bbox import BBox
from geo.datum import Datum, to_wgs84
from geo.errors import DemandError, VectorError
from geo.gathering import Gathered, gather_areas, gather_points, gather_raster
from geo.io import Row, open_source
from geo.io.rasters import open_raster
from geo.io.rows import row_label
from geo.io.vectors import read_areas
from geo.mainland import Mainland
from stations.errors import Invalid
from stations.imports import cells
from stations.planning.elsewhere import Elsewhere, misplaced, named
from stations.planning.layer_files import Look, Reading, look, vectors_in, with_raster

__all__ = ["Read", "read"]

_Floats = NDArray[np.float64]
_Told = Callable[[float], None]

#: A raster of more pixels is read around the registry alone: a country at 1 km is below it, a country at 100 m above.
_WHOLE_PIXELS: Final = 200_000_000
_MOST_ROWS: Final = 5_000_000
_MOST_VERTICES: Final = 5_000_000
#: Degrees around the registry that are read of a raster.
_MARGIN_DEG: Final = 0.1


@dataclass(frozen=True, slots=True)
class Read:
    """What a file held. look: what it was, as it was read in the end. left_out: why → how many rows."""

    gathered: Gathered
    look: Look
    reading: Reading
    elsewhere: tuple[Elsewhere, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    only_around: bool = False


def read(
    path: Path,
    reading: Reading,
    border: BaseGeometry,
    *,
    crs: Any,
    mainland: Mainland,
    told: _Told = lambda share: None,
) -> Read:
    """Read a file of demand.

    border: of the registry, degrees, WGS 84. crs: the metric CRS that points and areas are laid on. told: called with the
    share that is read; what it raises ends the reading. Raises FileError, DemandError, CrsError and Invalid, each saying what is wrong and
    what to do; Invalid (reason ``elsewhere``) where nothing lies inside the border, naming the places where it lies.
    """
    found = look(path, reading)
    left_out: dict[str, int] = {}
    only_around = False
    if found.form == "raster":
        gathered, only_around = _raster(path, reading, border, told)
    elif found.form == "areas":
        gathered = _areas(path, found, border, (crs, mainland), told, left_out=left_out)
    else:
        gathered = _points(path, found, border, (crs, mainland), told, left_out=left_out)
    elsewhere = named(gathered)
    if not gathered.total > 0:
        raise Invalid(f"{path.name} holds no amount above 0", field="files", reason="nothing")
    if not len(gathered.lattice):
        raise misplaced(path, found, gathered, elsewhere, border)
    return Read(gathered, found, found.guess, elsewhere, left_out, only_around)


def _raster(path: Path, reading: Reading, border: BaseGeometry, told: _Told) -> tuple[Gathered, bool]:
    with with_raster(path) as tiff:
        raster = open_raster(tiff, band=reading.band)
        large = raster.pixels > _WHOLE_PIXELS
        west, south, east, north = border.bounds
        box = BBox(west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)
        return gather_raster(raster, border, box=box if large else None, told=told), large


def _points(
    path: Path,
    found: Look,
    border: BaseGeometry,
    ground: tuple[Any, Mainland],
    told: _Told,
    *,
    left_out: dict[str, int],
) -> Gathered:
    reading = found.guess
    if reading.lon is None:
        raise Invalid(
            f"{path.name} has no column of positions; name the columns of longitude and latitude. It has "
            f"{', '.join(found.headers)}",
            field="lon",
            reason="no_position",
        )
    _require_weight(path, found)
    crs, mainland = ground
    if found.table and reading.datum is None:
        raise Invalid(
            "in which datum are the positions? (GCJ-02, BD-09, WGS 84)", field="datum", reason="datum"
        )
    source = open_source(
        path,
        encoding=reading.encoding,
        **({"sheet": reading.part} if found.table else {"layer": reading.part, "crs": reading.crs}),
    )

    def parts() -> Iterator[tuple[_Floats, _Floats, _Floats]]:
        rows = 0
        for chunk in source.chunks():
            rows += len(chunk)
            if rows > _MOST_ROWS:
                raise Invalid(
                    f"{path.name} has more than {_MOST_ROWS:,} rows; count them by squares first, or split the file",
                    field="files",
                    reason="too_many",
                )
            told(source.progress())
            lon, lat, weight = _numbers(chunk, reading, left_out)
            yield *to_wgs84(lon, lat, reading.datum or Datum.WGS84, mainland=mainland), weight

    return gather_points(parts(), border, crs=crs)


def _areas(
    path: Path,
    found: Look,
    border: BaseGeometry,
    ground: tuple[Any, Mainland],
    told: _Told,
    *,
    left_out: dict[str, int],
) -> Gathered:
    reading = found.guess
    if not reading.weight:
        raise Invalid(
            f"{path.name} has no column of amounts; name one of {', '.join(found.headers)}",
            field="weight",
            reason="no_weight",
        )
    crs, mainland = ground
    told(0.0)
    with vectors_in(path, reading) as layer:
        frame = read_areas(layer.path, layer=layer.name, encoding=reading.encoding, crs=reading.crs)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    if (vertices := int(shapely.get_num_coordinates(shapes).sum())) > _MOST_VERTICES:
        raise VectorError(
            f"{path.name} has {vertices:,} vertices, more than {_MOST_VERTICES:,}; simplify it to some tens of metres "
            "(ogr2ogr -simplify) and send it again"
        )
    amounts = np.full(len(frame), np.nan)
    for at, text in enumerate(frame[reading.weight]):
        amount = _amount(text, reading.weight, str(at + 1))
        if amount is None:
            left_out["no amount"] = left_out.get("no amount", 0) + 1
        else:
            amounts[at] = amount
    known = ~np.isnan(amounts)
    if reading.datum not in {None, Datum.WGS84, Datum.CGCS2000}:
        datum = reading.datum

        def moved(at: _Floats) -> _Floats:
            return np.column_stack(to_wgs84(at[:, 0], at[:, 1], datum, mainland=mainland))

        shapes = np.asarray(shapely.make_valid(shapely.transform(shapes, moved)), dtype=object)
    return gather_areas(shapes[known], amounts[known], border, crs=crs, told=told)


def _require_weight(path: Path, found: Look) -> None:
    if found.guess.weight is None:
        raise Invalid(
            f"{path.name} has no column that is clearly an amount; name one of {', '.join(found.headers)}, or say that "
            "every row counts as one",
            field="weight",
            reason="no_weight",
        )


def _numbers(
    chunk: list[Row], reading: Reading, left_out: dict[str, int]
) -> tuple[_Floats, _Floats, _Floats]:
    """Read rows as longitudes, latitudes and amounts; those without one are left out and counted."""
    taken: list[tuple[float, float, float]] = []
    for row in chunk:
        amount = 1.0
        if reading.weight:
            said = _amount(row.values.get(reading.weight, ""), reading.weight, row_label(row.number))
            if said is None:
                left_out["no amount"] = left_out.get("no amount", 0) + 1
                continue
            amount = said
        at = None if row.problem else _position(row, reading)
        if at is None:
            left_out["no position"] = left_out.get("no position", 0) + 1
            continue
        taken.append((*at, amount))
    made = np.array(taken, dtype=np.float64).reshape(-1, 3)
    return made[:, 0], made[:, 1], made[:, 2]


def _position(row: Row, reading: Reading) -> tuple[float, float] | None:
    first = cells.folded(row.values.get(reading.lon or "", ""))
    if reading.lat is None:
        return cells.position(first).value if first else None
    second = cells.folded(row.values.get(reading.lat, ""))
    lon, lat = cells.degrees(first, "lon").value, cells.degrees(second, "lat").value
    if lon is None or lat is None:
        try:
            lon, lat = float(first), float(second)
        except ValueError:
            return None
    if abs(lon) > 180 or abs(lat) > 180:
        raise DemandError(
            f"row {row_label(row.number)} lies at ({first}, {second}), which are no degrees but metres of some grid; "
            "convert the positions to longitude and latitude first"
        )
    return lon, lat


def _amount(text: str, column: str, row: str) -> float | None:
    """Read an amount; None where the cell is empty. Raises Invalid for what is none."""
    plain = cells.folded(text).replace(",", "")
    if cells.is_blank(plain):
        return None
    try:
        amount = float(plain)
    except ValueError:
        amount = float("nan")
    if not (np.isfinite(amount) and amount >= 0):
        raise Invalid(
            f"row {row}: {column} says {text[:40]!r}; an amount is a number, 0 or more (empty where nobody knows)",
            field="weight",
            value=text[:40],
            reason="bad_amount",
        )
    return amount
