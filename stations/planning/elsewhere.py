"""What lies outside the registry: in which province, and why a file may have put it there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.gathering import Gathered
from geo.io.outlines import read_outlines
from geo.io.rasters import open_raster
from stations.errors import Invalid
from stations.planning.layer_files import Look, with_raster

__all__ = ["Elsewhere", "misplaced", "named"]

_MOST_PLACES: Final = 8


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An amount outside the registry's border: what lies there, and where most of it is (degrees, WGS 84)."""

    where: str
    amount: float
    lon: float
    lat: float


@cache
def _provinces() -> tuple[tuple[str, BaseGeometry], ...]:
    frame = read_outlines("province")
    return tuple(zip(frame["name"], frame.geometry, strict=True))


def named(gathered: Gathered) -> tuple[Elsewhere, ...]:
    """Say in which province what lies outside is, most first; what is in none is told by its degrees."""
    held: dict[str, list[float]] = {}
    for beyond in gathered.beyond:
        here = shapely.Point(beyond.lon, beyond.lat)
        where = next((name for name, shape in _provinces() if shape.intersects(here)), "")
        sums = held.setdefault(where, [0.0, beyond.lon, beyond.lat])
        sums[0] += beyond.amount
    found = [Elsewhere(where, amount, lon, lat) for where, (amount, lon, lat) in held.items()]
    return tuple(sorted(found, key=lambda each: -each.amount)[:_MOST_PLACES])


def misplaced(
    path: Path, found: Look, gathered: Gathered, elsewhere: tuple[Elsewhere, ...], border: BaseGeometry
) -> Invalid:
    """Say why nothing lies inside the border: turned round, degrees in a CRS of metres, or another place."""
    lon = np.array([beyond.lon for beyond in gathered.beyond])
    lat = np.array([beyond.lat for beyond in gathered.beyond])
    if max(np.abs(lon).max(initial=0), np.abs(lat).max(initial=0)) > 180:
        return Invalid(
            f"{path.name} says degrees, and its numbers are metres ({lon[0]:.6g}, {lat[0]:.6g}); declare the CRS that they are in",
            field="files",
            reason="metres",
        )
    if np.abs(lat).max(initial=0) > 90 or shapely.intersects_xy(border, lat, lon).mean() > 0.5:
        return Invalid(
            f"{path.name}: longitude and latitude are exchanged: the other way round it lies here. Exchange the two columns",
            field="lon",
            reason="swapped",
        )
    if found.form == "raster" and found.crs is not None:
        with with_raster(path) as tiff:
            raster = open_raster(tiff, band=found.guess.band)
            x, y, _ = next(iter(raster.blocks()))
        in_degrees = np.abs(x).max() <= 360 and np.abs(y).max() <= 90
        if raster.crs.is_projected and in_degrees:
            return Invalid(
                f"{path.name} says {raster.crs.name}, which measures in metres, and its numbers are degrees "
                f"({x[0]:.4g}, {y[0]:.4g}); write it again with the CRS that they are in (gdal_translate -a_srs EPSG:4326)",
                field="files",
                reason="degrees",
            )
        if raster.crs.is_geographic and not in_degrees:
            return Invalid(
                f"{path.name} says {raster.crs.name}, which measures in degrees, and its numbers are metres "
                f"({x[0]:.6g}, {y[0]:.6g}); write it again with the CRS that they are in (gdal_translate -a_srs)",
                field="files",
                reason="metres",
            )
    places = ", ".join(
        f"{each.where or 'no province of China'} (around {each.lon:.2f}, {each.lat:.2f})"
        for each in elsewhere[:3]
    )
    return Invalid(
        f"{path.name} lies outside this registry altogether: it is of {places}. Send a layer of this registry's region",
        field="files",
        value=places,
        reason="elsewhere",
    )
