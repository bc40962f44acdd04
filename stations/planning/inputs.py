"""What a run takes from the registry: the demand on cells, and the stations that count at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from shapely.geometry import box
from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from geo.bbox import BBox
from geo.demand import Cells, combine
from stations.errors import Invalid
from stations.models import DemandLayer, Place, PublicStation, Station
from stations.planning import layers
from stations.planning.asking import CENSUS, CoverageQuestion
from stations.planning.people import census_cells
from stations.planning.ways import Estimated, LonLat
from stations.query import Open
from stations.registry import public, queries
from stations.registry.areas import Areas
from stations.registry.census import CENSUS_YEAR

__all__ = ["demand", "doors", "guard", "layers_told", "serving"]

#: Measured: what a run holds of each cell, and of each pair of a cell and a station within the main limit.
_CELL_BYTES: Final = 500.0
_PAIR_BYTES: Final = 48.0
_MOST_CELLS: Final = 20_000_000
#: Degrees around a region from which squares may reach into it.
_MARGIN_DEG: Final = 0.06

_COLUMNS: Final = ("code", "name", "region", "lon", "lat", "capacity", "has", "lacks")


def demand(session: Session, areas: Areas, question: CoverageQuestion) -> Cells:
    """Lay the layers that a question names on cells, in the metric CRS that fits the registry.

    What lies outside the registry, or beyond the box of the region that is asked about, is told as ``outside``.
    Raises NotFound for a layer that is not there, Invalid where the run would outgrow the memory (see ``guard``).
    """
    guard(session, areas, question)
    crs = layers.metric(areas)
    around = _around(areas, question)
    laid = []
    for name, factor in question.layers:
        if name == CENSUS:
            laid.append((census_cells(session, areas, crs=crs, size_m=question.size_m), factor))
            continue
        layer = layers.find(session, name)
        grid = layers.lattice(session, layer)
        near = grid if around is None else grid.kept(grid.in_box(around))
        cells = near.on_cells(crs, question.size_m, source=_source(layer))
        laid.append((replace(cells, outside=max(layer.total - near.total, 0.0)), factor))
    return combine(laid)


def layers_told(session: Session, question: CoverageQuestion) -> list[dict[str, Any]]:
    """Return what a run stands on: of each layer its name and factor, and of what was brought where it is from."""
    return [
        {"name": name, "factor": factor, "year": CENSUS_YEAR}
        if name == CENSUS
        else layers.told(layers.find(session, name), factor)
        for name, factor in question.layers
    ]


def guard(
    session: Session, areas: Areas, question: CoverageQuestion, *, free_bytes: float | None = None
) -> None:
    """Refuse a run that would outgrow the memory, before anything is laid or measured.

    free_bytes: what may be used; three quarters of what the machine has free where None. Raises NotFound for a layer or a region that
    is not there, and Invalid (field ``size_m``, reason ``memory``) that says how many cells and pairs it would be and what to ask instead.
    """
    size = question.size_m
    filled = 0.0
    for name, _ in question.layers:
        if name == CENSUS:
            filled += session.scalar(select(func.count()).select_from(Place)) or 0
        else:
            layer = layers.find(session, name)
            filled += layer.squares * (np.ceil(layer.side_m / size) + 1) ** 2
    ground = _square_metres(areas, question) / size**2
    cells = min(filled, ground)
    stations = session.scalar(
        select(func.count()).select_from(PublicStation).where(PublicStation.location.is_not(None))
    )
    speed_ms = Estimated(question.mode, question.detour).basis()["speed_ms"]
    reach_m = 60.0 * question.main_min * speed_ms / question.detour
    pairs = float(stations or 0) * min(cells, np.pi * (reach_m / size + 1) ** 2)
    needed = cells * _CELL_BYTES + pairs * _PAIR_BYTES
    free = 0.75 * _free_bytes() if free_bytes is None else free_bytes
    over = max(needed / free, cells / _MOST_CELLS)
    if over <= 1:
        return
    larger = size * float(np.sqrt(over))
    step = 10 ** np.floor(np.log10(larger)) / 2
    raise Invalid(
        f"cells of {size:g} m would be about {cells:,.0f} with {pairs:,.0f} pairs of a cell and a station, which need about "
        f"{needed / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free ({_MOST_CELLS:,} cells at most); ask cells of "
        f"{np.ceil(larger / step) * step:,.0f} m or larger, a smaller region, or a shorter main limit",
        field="size_m",
        value=size,
        reason="memory",
    )


def serving(session: Session, question: CoverageQuestion, moment: datetime | None) -> pd.DataFrame:
    """Return the located stations that count, by code; at a moment only those that are open then.

    Columns ``code``, ``name``, ``region``, ``lon``, ``lat``, ``capacity`` (seats; 1 where nobody knows), ``has`` and
    ``lacks`` (codes of amenities that are there and work, and that are not or do not; of the rest nobody knows).
    Stations of the whole registry count, wherever the question looks.
    """
    asked = question.stations
    if moment is not None:
        asked = replace(asked, open=Open.NOW, at=moment)
    at = public.moment_of(asked, moment)
    rows = session.execute(
        select(
            PublicStation.code,
            PublicStation.name,
            PublicStation.region_code,
            queries.x(PublicStation.location),
            queries.y(PublicStation.location),
            cast(func.coalesce(func.nullif(Station.capacity, 0), 1), Float),
            PublicStation.has,
            PublicStation.lacks,
        )
        .join(Station, Station.id == PublicStation.station_id)
        .where(
            *queries.conditions(asked, at, public.computed(session, asked, at)),
            PublicStation.location.is_not(None),
        )
        .order_by(PublicStation.station_id)
    )
    frame = pd.DataFrame(rows.all(), columns=[*_COLUMNS])
    return frame.astype({"lon": "float64", "lat": "float64", "capacity": "float64"})


def doors(stations: pd.DataFrame) -> LonLat:
    """Return where stations are."""
    return stations["lon"].to_numpy(dtype=np.float64), stations["lat"].to_numpy(dtype=np.float64)


def _source(layer: DemandLayer) -> str:
    year = "" if layer.year is None else f", {layer.year}"
    return f"{layer.name} ({layer.source}{year})"


def _around(areas: Areas, question: CoverageQuestion) -> BBox | None:
    """Return the box of the region that is asked about with the squares that reach into it; None for the whole registry."""
    shape = None if question.region is None else areas.shapes.get(question.region)
    if shape is None:
        return None
    west, south, east, north = shape.bounds
    return BBox(west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG)


def _square_metres(areas: Areas, question: CoverageQuestion) -> float:
    """Return how large the ground is on which cells can lie."""
    around = _around(areas, question)
    shape = (
        layers.border(areas) if around is None else box(around.west, around.south, around.east, around.north)
    )
    metric = Transformer.from_crs("EPSG:4326", layers.metric(areas), always_xy=True)
    flat = shapely.transform(shape, lambda at: np.column_stack(metric.transform(at[:, 0], at[:, 1])))
    return float(shapely.area(flat))


def _free_bytes() -> float:
    """Return how much memory the machine has free; 4 GiB where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float(4 << 30)
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return float(4 << 30) if kilobytes is None else 1024.0 * float(kilobytes)
