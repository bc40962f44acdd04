"""Baidu's own Mercator: the metres that stand in addresses of its web map, turned into degrees of BD-09.

It is no projection of textbooks: six bands of latitude, each with a line for the longitude and a polynomial of the sixth
degree for the latitude. The coefficients are those that Baidu's public JavaScript interface (versions 1.4 to 3.0) carries
and uses in ``BMap.MercatorProjection``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import CoordinateError

__all__ = ["degrees"]

#: Lower edges of the bands, in metres north or south of the equator.
_BANDS: Final = (12_890_594.86, 8_362_377.87, 5_591_021.0, 3_481_989.83, 1_678_043.12, 0.0)
#: Of each band: two coefficients of the longitude, seven of the latitude, and the metres that these are scaled by.
_COEFFICIENTS: Final = np.array(
    [
        [1.410526172116255e-8, 8.98305509648872e-6, -1.9939833816331, 200.9824383106796, -187.2403703815547,
         91.6087516669843, -23.38765649603339, 2.57121317296198, -0.03801003308653, 17337981.2],
        [-7.435856389565537e-9, 8.983055097726239e-6, -0.78625201886289, 96.32687599759846, -1.85204757529826,
         -59.36935905485877, 47.40033549296737, -16.50741931063887, 2.28786674699375, 10260144.86],
        [-3.030883460898826e-8, 8.98305509983578e-6, 0.30071316287616, 59.74293618442277, 7.357984074871,
         -25.38371002664745, 13.45380521110908, -3.29883767235584, 0.32710905363475, 6856817.37],
        [-1.981981304930552e-8, 8.983055099779535e-6, 0.03278182852591, 40.31678527705744, 0.65659298677277,
         -4.44255534477492, 0.85341911805263, 0.12923347998204, -0.04625736007561, 4482777.06],
        [3.09191371068437e-9, 8.983055096812155e-6, 6.995724062e-5, 23.10934304144901, -2.3663490511e-4,
         -0.6321817810242, -0.00663494467273, 0.03430082397953, -0.00466043876332, 2555164.4],
        [2.890871144776878e-9, 8.983055095805407e-6, -3.068298e-8, 7.47137025468032, -3.53937994e-6,
         -0.02145144861037, -1.234426596e-5, 1.0322952773e-4, -3.23890364e-6, 826088.5],
    ]
)  # fmt: skip
_EDGE_X: Final = 20_037_726.37
_EDGE_Y: Final = 12_474_104.17


def degrees(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the longitude and latitude (BD-09, degrees) of Baidu's Mercator metres.

    x, y: metres, shapes that broadcast. Raises CoordinateError beyond the edges of Baidu's map (about 74 degrees).
    """
    try:
        east, north = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    except ValueError as error:
        raise CoordinateError(f"The metres do not match: {error}") from error
    if not ((np.abs(east) <= _EDGE_X) & (np.abs(north) <= _EDGE_Y)).all():
        raise CoordinateError(f"{x!r}, {y!r} lies outside Baidu's map; are these its metres?")
    band = _COEFFICIENTS[np.argmax(np.abs(north)[..., None] >= np.array(_BANDS), axis=-1)]
    scaled = np.abs(north) / band[..., 9]
    lat = sum(band[..., 2 + power] * scaled**power for power in range(7))
    lon = band[..., 0] + band[..., 1] * np.abs(east)
    return np.copysign(lon, east), np.copysign(lat, north)
