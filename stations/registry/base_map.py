"""What a base map is drawn from: the regions with their outlines made simpler together, and the named places.

Neighbours are simplified as one coverage, so a common border stays common; prefectures and the province are put
together from the simplified counties and so have no line of their own beside a county's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import GazetteerEntry, Place, Region
from stations.registry import queries

__all__ = ["NamedPlace", "NamedRegion", "Outline", "extent", "outlines", "places", "prefectures", "regions"]

#: Triangles smaller than the square of this many degrees (about 300 m) are cut off.
TOLERANCE_DEG = 0.003
_LEVELS = ("province", "prefecture", "county")


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """A region as a list offers it."""

    code: str
    level: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outline:
    """A region as a map draws it; ``label`` is a point inside it, longitude first."""

    code: str
    level: str
    names: Mapping[str, str]
    geometry: BaseGeometry
    label: tuple[float, float]


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A named place, WGS 84; ``population`` is None where nobody knows it."""

    names: Mapping[str, str]
    lon: float
    lat: float
    population: int | None


def regions(session: Session) -> list[NamedRegion]:
    """Return the provinces, prefectures and counties of today, by code."""
    rows = session.execute(
        select(Region.code, Region.level, Region.names)
        .where(Region.merged_into.is_(None), Region.level.in_(_LEVELS))
        .order_by(Region.code)
    )
    return [NamedRegion(row.code, row.level, row.names) for row in rows]


def extent(session: Session) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of all regions in degrees; None where none has an outline."""
    west, south, east, north = session.execute(
        select(*queries.extent(Region.geom)).where(Region.merged_into.is_(None))
    ).one()
    return None if west is None else (west, south, east, north)


def outlines(session: Session, *, tolerance_deg: float = TOLERANCE_DEG) -> list[Outline]:
    """Return the outlines of counties, prefectures and provinces, by code.

    tolerance_deg: how much detail goes; 0 keeps every vertex. A prefecture or province without counties keeps its own
    outline. A region without a shape is left out.
    """
    rows = session.execute(
        select(
            Region.code,
            Region.level,
            Region.names,
            Region.lineage,
            queries.wkb(Region.geom).label("shape"),
        )
        .where(Region.merged_into.is_(None), Region.level.in_(_LEVELS), Region.geom.is_not(None))
        .order_by(Region.code)
    ).all()
    counties = [row for row in rows if row.level == "county"]
    shapes = _simplified([bytes(row.shape) for row in counties], tolerance_deg)
    simple = {row.code: shape for row, shape in zip(counties, shapes, strict=True)}
    found = []
    for row in rows:
        shape = simple.get(row.code)
        if shape is None:
            below = [simple[county.code] for county in counties if row.code in county.lineage]
            shape = shapely.coverage_union_all(below) if below else shapely.from_wkb(bytes(row.shape))
        label = shapely.point_on_surface(shape)
        found.append(Outline(row.code, row.level, row.names, shape, (label.x, label.y)))
    return found


def _simplified(shapes: Sequence[bytes], tolerance_deg: float) -> Sequence[BaseGeometry]:
    if not shapes:
        return []
    geometries = np.asarray(shapely.from_wkb(list(shapes)))
    return list(shapely.coverage_simplify(geometries, tolerance_deg)) if tolerance_deg else list(geometries)


def places(session: Session) -> list[NamedPlace]:
    """Return the named places, those with the most people first, those with an unknown number last."""
    rows = session.execute(
        select(
            Place.names,
            queries.x(Place.location).label("lon"),
            queries.y(Place.location).label("lat"),
            Place.population,
        ).order_by(Place.population.desc().nulls_last(), Place.id)
    )
    return [NamedPlace(row.names, row.lon, row.lat, row.population) for row in rows]


def prefectures(session: Session) -> list[NamedPlace]:
    """Return the prefectures with a point in each, by code; what has no outline is left out."""
    rows = session.execute(
        select(
            GazetteerEntry.names,
            GazetteerEntry.population,
            queries.x(GazetteerEntry.location).label("lon"),
            queries.y(GazetteerEntry.location).label("lat"),
        )
        .where(GazetteerEntry.level == "prefecture", GazetteerEntry.location.is_not(None))
        .order_by(GazetteerEntry.code)
    )
    return [NamedPlace(row.names, row.lon, row.lat, row.population) for row in rows]
