"""Where the Chinese offset datums apply: mainland China as a mask, built from the province outlines.

Hong Kong, Macao and Taiwan are left out: their maps are not offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import CoordinateError, VectorError

__all__ = ["Mainland"]

_NOT_OFFSET: Final = ("71", "81", "82")
# Conformal, with the standard parallels of the national atlas: lengths hold within 3 % from Hainan to Heilongjiang.
_CHINA_METRIC: Final = "+proj=lcc +lat_1=25 +lat_2=47 +lat_0=36 +lon_0=105 +ellps=GRS80 +units=m"


@dataclass(frozen=True, slots=True)
class Mainland:
    """A mask of mainland China in WGS 84, longitude first.

    Build it once (``from_provinces`` takes about a second), keep it as WKB, and pass it to ``geo.datum``.
    """

    geometry: MultiPolygon

    def __post_init__(self) -> None:
        if self.geometry.is_empty or not self.geometry.is_valid:
            raise VectorError("A mainland mask must be a valid MultiPolygon that is not empty")
        shapely.prepare(self.geometry)

    @classmethod
    def from_geometry(cls, geometry: BaseGeometry) -> Mainland:
        """Make a mask from any polygonal geometry in WGS 84, repaired where it is invalid."""
        return cls(_polygonal(shapely.make_valid(geometry)))

    @classmethod
    def from_provinces(cls, provinces: gpd.GeoDataFrame, *, shore_m: float = 2_000.0) -> Mainland:
        """Build the mask from province outlines.

        provinces: columns ``code`` (GB/T 2260: ``41…``; or ``gb``: ``15641…``) and geometry in WGS 84 or
        CGCS2000. Rows without a code, and lines, are no province and are left out.
        shore_m: how far the mask reaches beyond the outlines. They are drawn for small scales (a vertex
        each 700 m) and leave out quays and small islands: Gulangyu lies 1.3 km outside, where an
        identity would be wrong by half a kilometre. The price is a strip of that width across land
        borders; Hong Kong, Macao and Taiwan are cut out after widening. 0 takes the outlines as they are.

        Raises VectorError where no province of the mainland is among them.
        """
        codes = _codes(provinces)
        areal = provinces.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
        named = np.array([bool(code) for code in codes])
        apart = np.array([code.startswith(_NOT_OFFSET) for code in codes])
        outlines = shapely.make_valid(np.asarray(provinces.geometry.array, dtype=object))
        inside = outlines[areal & named & ~apart]
        if len(inside) == 0:
            raise VectorError(f"No province of the mainland among the codes {sorted(set(codes))[:10]}")
        mask = shapely.union_all(inside)
        if shore_m > 0:
            mask = _widen(mask, shore_m)
            mask = shapely.difference(mask, shapely.union_all(outlines[areal & apart]))
        return cls.from_geometry(mask)

    @classmethod
    def from_wkb(cls, data: bytes) -> Mainland:
        """Read a mask that ``to_wkb`` wrote; raises VectorError for other bytes."""
        try:
            geometry = shapely.from_wkb(data)
        except (shapely.errors.ShapelyError, TypeError) as error:
            raise VectorError(f"The {len(data)} bytes are no mainland mask: {error}") from error
        if not isinstance(geometry, MultiPolygon):
            raise VectorError(f"A mainland mask is a MultiPolygon, not a {geometry.geom_type}")
        return cls(geometry)

    def to_wkb(self) -> bytes:
        """Write the mask as WKB, for a cache."""
        return bytes(shapely.to_wkb(self.geometry))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = self.geometry.bounds
        return west, south, east, north

    def contains(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
        """Mark the WGS 84 points that lie inside; a NaN is outside.

        lon, lat: degrees, any shapes that broadcast. A million points take about half a second.
        """
        try:
            x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        except ValueError as error:
            raise CoordinateError(f"Longitudes and latitudes do not match: {error}") from error
        return np.asarray(shapely.contains_xy(self.geometry, x, y), dtype=np.bool_)


def _codes(provinces: gpd.GeoDataFrame) -> list[str]:
    for column in ("code", "gb"):
        if column in provinces.columns:
            return [str(code).removeprefix("156") for code in provinces[column].fillna("")]
    raise VectorError(f"Province outlines need a column 'code' or 'gb'; there are {list(provinces.columns)}")


def _widen(mask: BaseGeometry, metres: float) -> BaseGeometry:
    wide = shapely.buffer(_projected(mask, "EPSG:4326", _CHINA_METRIC), metres, quad_segs=2)
    return _projected(wide, _CHINA_METRIC, "EPSG:4326")


def _projected(geometry: BaseGeometry, source: str, target: str) -> BaseGeometry:
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def project(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    return shapely.transform(geometry, project)


def _polygonal(geometry: BaseGeometry) -> MultiPolygon:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])
