"""What a run takes from the registry: the demand on cells, and the stations that count at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import Float, cast, func, select
from sqlalchemy.orm import Session

from geo.bbox import BBox
from geo.crs import pick_metric
from geo.demand import Cells, combine
from stations.errors import NotFound
from stations.models import PublicStation, Station
from stations.planning.asking import CENSUS, CoverageQuestion
from stations.planning.people import census_cells
from stations.planning.ways import LonLat
from stations.query import Open
from stations.registry import public, queries
from stations.registry.areas import Areas

__all__ = ["demand", "doors", "serving"]

_COLUMNS: Final = ("code", "name", "region", "lon", "lat", "capacity", "has", "lacks")


def demand(session: Session, areas: Areas, question: CoverageQuestion) -> Cells:
    """Lay the layers that a question names on cells, in the metric CRS that fits the registry.

    Raises NotFound for a layer that is not there.
    """
    crs = pick_metric(_extent(areas))
    layers = []
    for name, factor in question.layers:
        if name != CENSUS:
            raise NotFound(f"there is no layer of demand called {name!r}; there is {CENSUS!r}")
        layers.append((census_cells(session, areas, crs=crs, size_m=question.size_m), factor))
    return combine(layers)


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


def _extent(areas: Areas) -> BBox:
    if not areas.shapes:
        raise NotFound(
            "this registry has no outlines: load its regions first (yizhan regions load --province CODE)"
        )
    bounds = np.array([shape.bounds for shape in areas.shapes.values()], dtype=np.float64)
    west, south = bounds[:, :2].min(axis=0).tolist()
    east, north = bounds[:, 2:].max(axis=0).tolist()
    return BBox(west, south, east, north)
