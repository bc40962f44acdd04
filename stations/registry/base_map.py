"""What the default base map is drawn from: the regions' outlines and the gazetteer's places."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.models import Place, Region
from stations.registry import queries

__all__ = ["NamedPlace", "Outline", "outlines", "places"]


@dataclass(frozen=True, slots=True)
class Outline:
    """A region's outline in WGS 84, and a point inside it where its name may stand."""

    code: str
    level: str
    names: dict[str, str]
    geometry: BaseGeometry
    label: Point


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place of the gazetteer. ``population`` is None where nobody knows it."""

    names: dict[str, str]
    lon: float
    lat: float
    population: int | None


def outlines(session: Session) -> list[Outline]:
    """Return all regions that have an outline and were not merged into another, the largest level first."""
    rows = session.execute(
        select(Region.code, Region.level, Region.names, queries.wkb(Region.geom))
        .where(Region.geom.is_not(None), Region.merged_into.is_(None))
        .order_by(Region.lineage)
    ).all()
    shapes = [shapely.from_wkb(bytes(row[3])) for row in rows]
    return [
        Outline(row[0], row[1], row[2], shape, shapely.point_on_surface(shape))
        for row, shape in zip(rows, shapes, strict=True)
    ]


def places(session: Session) -> list[NamedPlace]:
    """Return the places of the gazetteer, the largest first and those of unknown population last."""
    rows = session.execute(
        select(Place.names, queries.x(Place.location), queries.y(Place.location), Place.population).order_by(
            Place.population.desc().nulls_last(), Place.id
        )
    )
    return [NamedPlace(*row) for row in rows]
