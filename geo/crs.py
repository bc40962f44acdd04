"""Metric coordinate systems: which one fits an extent, and a refusal of those that do not measure in metres."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError as ProjCrsError
from pyproj.exceptions import ProjError

from geo.bbox import BBox
from geo.errors import CrsError

__all__ = ["lonlat_transformer", "pick_metric", "require_metric", "same_crs", "scale_error"]

WGS84: Final = CRS.from_epsg(4326)
_UTM_LIMIT: Final = 0.001
_PLANE_LIMIT: Final = 0.05
# CGCS2000 realises ITRF97 and agrees with WGS 84 within a metre; EPSG lists no transformation, only a ballpark one.
_SAME_AS_WGS84: Final = (
    "World Geodetic System 1984",
    "China 2000",
    "International Terrestrial Reference Frame",
)


def require_metric(crs: Any) -> CRS:
    """Return ``crs`` as a pyproj CRS if one unit of it is a metre on the ground; raise CrsError otherwise.

    crs: what pyproj understands, or None. Web Mercator is refused: its metres are stretched by 1/cos(latitude),
    28 % in Qinghai.
    """
    known = _read(crs)
    if not known.is_projected:
        raise CrsError(
            f"{_name(known)} is not projected; project to a metric CRS first (geo.crs.pick_metric)"
        )
    if known.coordinate_operation is not None and "Pseudo" in known.coordinate_operation.method_name:
        raise CrsError(f"{_name(known)} is Web Mercator: its metres are not metres on the ground")
    units = {axis.unit_name: axis.unit_conversion_factor for axis in known.axis_info[:2]}
    if any(factor != 1.0 for factor in units.values()):
        raise CrsError(f"{_name(known)} measures in {', '.join(units)}, not in metres")
    return known


def same_crs(first: Any, second: Any) -> CRS:
    """Return the CRS that both name; raise CrsError where they differ or one is missing."""
    left, right = _read(first), _read(second)
    if not left.equals(right, ignore_axis_order=True):
        raise CrsError(f"{_name(left)} and {_name(right)} differ; project one of them first")
    return left


def pick_metric(box: BBox) -> CRS:
    """Choose a metric CRS for an extent: the UTM zone of its centre, or a local projection.

    UTM is taken where its scale is true within 1 in 1,000 over the extent (a province narrower than about 7°).
    Beyond, the better of a Lambert conformal conic with standard parallels a sixth inside the extent and an
    azimuthal equidistant projection at its centre; ``scale_error`` says how good it is.
    Raises CrsError for an extent that crosses a pole's cap or where lengths would be wrong by more than 5 %.
    """
    west, east = box.west, box.east + (360.0 if box.crosses_antimeridian else 0.0)
    lon = (west + east) / 2.0
    lon = lon - 360.0 if lon > 180.0 else lon
    lat = (box.south + box.north) / 2.0
    if box.south >= -80.0 and box.north <= 84.0:
        zone = min(60, int((lon + 180.0) // 6.0) + 1)
        utm = CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)
        if scale_error(utm, box) <= _UTM_LIMIT:
            return utm
    local = [CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m +type=crs")]
    sixth = (box.north - box.south) / 6.0
    if box.south > 0.0 or box.north < 0.0:
        local.append(
            CRS.from_proj4(
                f"+proj=lcc +lat_1={box.south + sixth} +lat_2={box.north - sixth} +lat_0={lat} +lon_0={lon} "
                "+datum=WGS84 +units=m +type=crs"
            )
        )
    best = min(local, key=lambda crs: scale_error(crs, box))
    if scale_error(best, box) > _PLANE_LIMIT:
        raise CrsError(f"No plane fits {box}: lengths would be wrong by more than 5 %; use geodesic metres")
    return best


def scale_error(crs: CRS, box: BBox) -> float:
    """Return the largest relative error of lengths that ``crs`` makes in ``box``, sampled on a grid of 9 × 9."""
    worst = 0.0
    projection = Proj(crs)
    for part in box.parts():
        lon, lat = np.meshgrid(np.linspace(part.west, part.east, 9), np.linspace(part.south, part.north, 9))
        try:
            factors = projection.get_factors(lon, lat, errcheck=True)
        except ProjError:
            return float("inf")
        scales = np.concatenate([factors.tissot_semimajor, factors.tissot_semiminor], axis=None)
        worst = max(worst, float(np.nanmax(np.abs(np.where(np.isfinite(scales), scales, np.inf) - 1.0))))
    return worst


def lonlat_transformer(crs: Any) -> Transformer | None:
    """Return a transformer from ``crs`` to WGS 84 degrees, longitude first; None where nothing is to be done.

    CGCS2000 counts as WGS 84 (they agree within a metre). Raises CrsError where PROJ knows no transformation of the
    datum but a ballpark one, which is off by up to hundreds of metres (Beijing 1954, Xi'an 1980).
    """
    known = _read(crs)
    if known.is_compound:
        known = known.sub_crs_list[0]
    geodetic = known.geodetic_crs
    if geodetic is None or not (known.is_projected or known.is_geographic):
        raise CrsError(f"{_name(known)} is neither geographic nor projected")
    datum = geodetic.datum.name if geodetic.datum is not None else ""
    try:
        if datum.startswith(_SAME_AS_WGS84):
            if not known.is_projected:
                return None
            return Transformer.from_crs(known, geodetic, always_xy=True)
        return Transformer.from_crs(known, WGS84, always_xy=True, allow_ballpark=False, only_best=True)
    except ProjError as error:
        raise CrsError(
            f"No exact transformation from {_name(known)} (datum {datum!r}) to WGS 84 is at hand; "
            "convert the file to EPSG:4490 or EPSG:4326 first"
        ) from error


def _read(crs: Any) -> CRS:
    if crs is None or (isinstance(crs, str) and not crs.strip()):
        raise CrsError("No coordinate reference system is given; declare one, such as EPSG:4490")
    try:
        return CRS.from_user_input(crs)
    except ProjCrsError as error:
        raise CrsError(f"Unknown coordinate reference system {crs!r}; write one such as EPSG:4490") from error


def _name(crs: CRS) -> str:
    authority = crs.to_authority()
    return f"{crs.name} ({':'.join(authority)})" if authority else crs.name
