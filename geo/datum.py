"""Datums of Chinese lists: WGS 84 ⇄ GCJ-02 ⇄ BD-09, whole arrays at a time, inverses exact to a micrometre.

GCJ-02 (Amap, Tencent) moves a WGS 84 position by a fixed smooth function, BD-09 (Baidu) moves GCJ-02 once more.
Both functions are known from many independent open implementations and have no published standard.
Neither is applied outside mainland China; the mask that decides is passed in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError, DatumError
from geo.mainland import Mainland

__all__ = ["Datum", "from_wgs84", "to_wgs84"]

_Floats = NDArray[np.float64]
_Shift = Callable[[_Floats, _Floats], tuple[_Floats, _Floats]]

# GCJ-02 is computed on Krasovsky's ellipsoid of 1940.
_SEMI_MAJOR_M: Final = 6_378_245.0
_ECCENTRICITY_2: Final = 0.006_693_421_622_965_943_23
_BAIDU_TURN: Final = np.pi * 3_000.0 / 180.0

# The longest offset inside China is below 0.03°; anything further from the mask cannot be an image of it.
_MARGIN_DEG: Final = 0.05
# Each round gains a factor of about 200 (4 m, 2 cm, 0.1 mm …): six or seven reach the last bits of a double.
_ROUNDS: Final = 12
_CONVERGED_DEG: Final = 5e-14


class Datum(StrEnum):
    """What the numbers of a list mean."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"

    @classmethod
    def parse(cls, text: str) -> Datum:
        """Read a datum as lists and people spell it: ``GCJ-02``, ``火星坐标``, ``百度``, ``EPSG:4490`` …

        Case, width, spaces and punctuation do not matter; a second name in brackets or after a slash must
        agree. Raises DatumError for anything else; an empty cell is no datum either.
        """
        named = {_named(text)} - {None} or {
            _named(part) for part in re.split(r"[()（）/,，、]", text) if part.strip()
        }
        if len(named) == 1 and (datum := named.pop()) is not None:
            return datum
        raise DatumError(
            f"Unknown datum {text!r}: declare wgs84, gcj02 (高德, 腾讯), bd09 (百度) or cgcs2000 (天地图)"
        )


def _named(text: str) -> Datum | None:
    folded = unicodedata.normalize("NFKC", text).casefold()
    key = "".join(letter for letter in folded if letter.isalnum())
    keys = (key, *(key.removesuffix(ending) for ending in _ENDINGS))
    return next((_SPELLINGS[key] for key in keys if key in _SPELLINGS), None)


_ENDINGS: Final = ("坐标系统", "坐标系", "地图坐标", "坐标", "地图", "经纬度")
_SPELLINGS: Final[Mapping[str, Datum]] = MappingProxyType(
    {
        spelling: datum
        for datum, spellings in {
            Datum.WGS84: (
                "wgs84 wgs wgs1984 world84 epsg4326 4326 epsg4979 urnogcdefcrsepsg4326 "
                "crs84 ogccrs84 urnogcdefcrsogc13crs84 gps 国际 地球 谷歌地球 googleearth osm openstreetmap"
            ),
            Datum.GCJ02: (
                "gcj02 gcj gcj2 gcj02ll 火星 国测局 国测 高德 腾讯 腾讯高德 高德腾讯 amap autonavi gaode "
                "tencent qq soso mars"
            ),
            Datum.BD09: "bd09 bd9 bd09ll bd 百度 baidu bmap",
            Datum.CGCS2000: (
                "cgcs2000 cgcs 2000 国家2000 国家大地2000 2000国家大地 2000国家 大地2000 中国2000 china2000 epsg4490 "
                "4490 urnogcdefcrsepsg4490 天地图 tianditu"
            ),
        }.items()
        for spelling in spellings.split()
    }
)


def from_wgs84(
    lon: ArrayLike, lat: ArrayLike, datum: Datum, *, mainland: Mainland
) -> tuple[_Floats, _Floats]:
    """Convert WGS 84 positions to ``datum``; positions outside the mainland are returned as they are.

    lon, lat: degrees, any shapes that broadcast; NaN passes through.
    Returns (lon, lat), float64, in that shape.
    """
    x, y = _arrays(lon, lat)
    shift = _SHIFTS.get(datum)
    if shift is not None:
        inside = mainland.contains(x, y)
        x[inside], y[inside] = shift(x[inside], y[inside])
    return x, y


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum, *, mainland: Mainland) -> tuple[_Floats, _Floats]:
    """Convert positions in ``datum`` to WGS 84; positions outside the mainland are returned as they are.

    lon, lat: degrees, any shapes that broadcast; NaN passes through.
    Returns (lon, lat), float64, in that shape.

    Membership is decided at the WGS 84 side, as ``from_wgs84`` does: a position is converted where its origin
    lies in the mainland. Every position in the mainland therefore comes back exactly from
    ``from_wgs84``, up to the border itself. In a strip as wide as the offset (below 2 km) *outside* the border two
    origins share an image, one kept and one moved there; the mainland's is chosen, since a list in an
    offset datum is a list of the mainland.
    """
    x, y = _arrays(lon, lat)
    shift = _SHIFTS.get(datum)
    if shift is None:
        return x, y
    west, south, east, north = mainland.bounds
    near = (x > west - _MARGIN_DEG) & (x < east + _MARGIN_DEG)
    near &= (y > south - _MARGIN_DEG) & (y < north + _MARGIN_DEG)
    origin_x, origin_y = _inverse(shift, x[near], y[near])
    inside = mainland.contains(origin_x, origin_y)
    x[near] = np.where(inside, origin_x, x[near])
    y[near] = np.where(inside, origin_y, y[near])
    return x, y


def _arrays(lon: ArrayLike, lat: ArrayLike) -> tuple[_Floats, _Floats]:
    try:
        x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    except ValueError as error:
        raise CoordinateError(f"Longitudes and latitudes are no matching numbers: {error}") from error
    return x.copy(), y.copy()


def _inverse(shift: _Shift, lon: _Floats, lat: _Floats) -> tuple[_Floats, _Floats]:
    """Solve ``shift(x, y) = (lon, lat)`` by fixed-point iteration: the offset changes slowly from place to place."""
    x, y = lon.copy(), lat.copy()
    for _ in range(_ROUNDS):
        image_x, image_y = shift(x, y)
        step_x, step_y = lon - image_x, lat - image_y
        x += step_x
        y += step_y
        if max(np.abs(step_x).max(initial=0.0), np.abs(step_y).max(initial=0.0)) < _CONVERGED_DEG:
            break
    return x, y


def _gcj02(lon: _Floats, lat: _Floats) -> tuple[_Floats, _Floats]:
    x, y = lon - 105.0, lat - 35.0
    root, product = np.sqrt(np.abs(x)), x * y
    common = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north_m = (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y**2
        + 0.1 * product
        + 0.2 * root
        + (2.0 / 3.0)
        * (
            common
            + 20.0 * np.sin(np.pi * y)
            + 40.0 * np.sin(np.pi * y / 3.0)
            + 160.0 * np.sin(np.pi * y / 12.0)
            + 320.0 * np.sin(np.pi * y / 30.0)
        )
    )
    east_m = (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x**2
        + 0.1 * product
        + 0.1 * root
        + (2.0 / 3.0)
        * (
            common
            + 20.0 * np.sin(np.pi * x)
            + 40.0 * np.sin(np.pi * x / 3.0)
            + 150.0 * np.sin(np.pi * x / 12.0)
            + 300.0 * np.sin(np.pi * x / 30.0)
        )
    )
    phi = np.radians(lat)
    w2 = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_2) / (w2 * np.sqrt(w2))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(w2) * np.cos(phi)
    return lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)


def _baidu_of_gcj02(lon: _Floats, lat: _Floats) -> tuple[_Floats, _Floats]:
    radius = np.hypot(lon, lat) + 0.000_02 * np.sin(lat * _BAIDU_TURN)
    angle = np.arctan2(lat, lon) + 0.000_003 * np.cos(lon * _BAIDU_TURN)
    return radius * np.cos(angle) + 0.006_5, radius * np.sin(angle) + 0.006


def _bd09(lon: _Floats, lat: _Floats) -> tuple[_Floats, _Floats]:
    return _baidu_of_gcj02(*_gcj02(lon, lat))


_SHIFTS: Final[Mapping[Datum, _Shift]] = MappingProxyType({Datum.GCJ02: _gcj02, Datum.BD09: _bd09})
