"""Degrees as people write them: 101.7782, 东经101°46′41″, 36 37.5 N, two of them in one cell and in either order.

What is written tells which number is the longitude (东经, E, a number above 90), or where the two can only lie; where both
readings remain, the text is ambiguous and is said to be so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from geo.bbox import BBox
from geo.errors import CoordinateError

__all__ = ["CHINA", "Angle", "Axis", "LonLat", "read_angle", "read_position"]

Axis = Literal["lon", "lat"]

#: Where a place in China can lie, its sea included: generous, and enough to tell a longitude from a latitude, since the
#: ranges do not meet.
CHINA: Final = BBox(73.0, 3.0, 136.0, 54.0)

_LONGEST: Final = 200
_MARKS: Final = str.maketrans(
    {
        **dict.fromkeys("º˚⁰ᵒ◦度", "°"),
        **dict.fromkeys("′’‘´`＇ʹ分", "'"),
        **dict.fromkeys("″”“＂〞ʺ秒", '"'),
        **dict.fromkeys("−－–—﹣", "-"),
        **dict.fromkeys("()（）[]【】{}〔〕<>《》", " "),
        "，": ",", "；": ";", "、": ",", "／": "/", "｜": "|", "：": ":", "＝": "=",
    }
)  # fmt: skip
_SIDES: Final[dict[str, tuple[Axis, int]]] = {
    "东": ("lon", 1), "E": ("lon", 1), "西": ("lon", -1), "W": ("lon", -1),
    "北": ("lat", 1), "N": ("lat", 1), "南": ("lat", -1), "S": ("lat", -1),
}  # fmt: skip
_TITLE: Final = re.compile(r"^\s*(?:经纬°?|坐标|位置|定位|GPS)\s*[:=]\s*")
_SIDE: Final = r"东经?|西经?|北纬?|南纬?|[EWNS]"
_ANGLE: Final = re.compile(
    rf"""\s*
    (?P<label>经°?|纬°?|LONGITUDE|LATITUDE|LONG|LNG|LON|LAT)?\s*[:=]?\s*
    (?P<before>{_SIDE})?\s*[:=]?\s*
    (?P<sign>[+-])?\s*
    (?:
        (?P<d>\d{{1,7}}(?:\.\d*)?|\.\d+)\s*°?
      | (?P<d2>\d{{1,3}})\s*[°:]\s*(?P<m2>\d{{1,2}}(?:\.\d*)?)\s*'?
      | (?P<d3>\d{{1,3}})\s*°\s*(?P<m3>\d{{1,2}})\s*'\s*(?P<s3>\d{{1,2}}(?:\.\d*)?)\s*(?:"|'')?
      | (?P<d4>\d{{1,3}})(?P<cut>[\s:-])(?P<m4>\d{{1,2}})(?P=cut)(?P<s4>\d{{1,2}}(?:\.\d*)?)
    )
    \s*(?P<after>{_SIDE})?\s*""",
    re.VERBOSE | re.ASCII,
)
_SEPARATOR: Final = re.compile(r"[\s,;/|]+")
#: Where one ends without a separator: behind a mark or a side, before a side or a word; never within 东经.
_BORDER: Final = re.compile(
    r"(?<=[\"'°EWNS经纬])|(?<=[东西南北])(?![经纬])|(?=[东西南北EWNS])|(?<![东西南北])(?=[经纬])|(?=L(?:AT|ON|NG))"
)


class Angle(NamedTuple):
    """An angle in decimal degrees, west and south negative. axis: what it was said to be, if anything."""

    degrees: float
    axis: Axis | None = None


class LonLat(NamedTuple):
    """A position in degrees, longitude first."""

    lon: float
    lat: float


def read_angle(text: str) -> Angle:
    """Read one coordinate: decimal degrees, degrees and decimal minutes, or degrees, minutes and seconds.

    Marks may be ° ′ ″, 度 分 秒, quotes, or colons; digits full-width or not; the side may stand before or behind.
    Raises CoordinateError where it is none, or says its side twice and differently.
    """
    angle = _angle(_plain(text))
    if angle is None:
        raise CoordinateError(f"{text[:40]!r} is no coordinate; write degrees such as 101.7782 or 101°46′41″")
    return angle


def read_position(text: str, *, lon_first: bool | None = None, likely: BBox | None = None) -> LonLat:
    """Read two coordinates that stand together.

    lon_first: which comes first where the text does not tell; None where nobody knows. likely: where the place must
    lie, which tells the order of numbers that would both do as a latitude.
    Raises CoordinateError where there are not two, where they are not on Earth, and where their order is ambiguous.
    """
    plain = _TITLE.sub("", _plain(text))
    if _angle(plain) is not None:
        raise CoordinateError(f"{text[:40]!r} is one coordinate; a position needs longitude and latitude")
    pairs = set(_pairs(plain))
    if len(pairs) != 1:
        wrong = "can be read in several ways" if pairs else "holds no two coordinates"
        raise CoordinateError(
            f"{text[:40]!r} {wrong}; write longitude and latitude such as 101.7782, 36.6171"
        )
    one, other = pairs.pop()
    if one.axis is not None and one.axis == other.axis:
        raise CoordinateError(f"{text[:40]!r} says {one.axis} twice; write one longitude and one latitude")
    readings = _readings(one, other)
    if len(readings) > 1 and likely is not None:
        inside = [(first, place) for first, place in readings if _within(likely, place)]
        readings = inside if len(inside) == 1 else readings
    if len(readings) > 1 and lon_first is not None:
        readings = [(first, place) for first, place in readings if first is lon_first]
    if not readings:
        raise CoordinateError(f"{text[:40]!r} is not on Earth; longitude is at most 180, latitude at most 90")
    if len(readings) > 1:
        raise CoordinateError(
            f"{text[:40]!r} is ambiguous: either number can be the latitude; write 东经 and 北纬 (or E and N) beside them"
        )
    return readings[0][1]


def _plain(text: str) -> str:
    if len(text) > _LONGEST:
        raise CoordinateError(f"{text[:40]!r}… has {len(text)} characters: no coordinate")
    marked = text.translate(_MARKS)
    # Folding would make 101 of 10¹ and 12 of 1②.
    if any(unicodedata.category(letter) == "No" for letter in marked):
        raise CoordinateError(f"{text[:40]!r} holds raised or circled digits: no coordinate")
    return (
        unicodedata.normalize("NFKC", marked).translate(_MARKS).upper().strip().lstrip(",;").rstrip(",;.。")
    )


def _angle(plain: str) -> Angle | None:
    found = _ANGLE.fullmatch(plain)
    if found is None:
        return None
    part = found.groupdict()
    whole = next(part[name] for name in ("d", "d2", "d3", "d4") if part[name] is not None)
    minutes = float(part["m2"] or part["m3"] or part["m4"] or 0)
    seconds = float(part["s3"] or part["s4"] or 0)
    if minutes >= 60 or seconds >= 60:
        return None
    value = float(whole) + minutes / 60 + seconds / 3600
    sides = {_SIDES[side[0]] for side in (part["before"], part["after"]) if side}
    # A minus before a southern or western number says the same twice, or takes it back; nobody knows.
    if len(sides) > 1 or (part["sign"] == "-" and any(sign < 0 for _, sign in sides)):
        return None
    axis: Axis | None = None
    if part["label"]:
        axis = "lat" if part["label"].startswith(("纬", "LAT")) else "lon"
    for said, sign in sides:
        if axis not in {None, said}:
            return None
        axis, value = said, value * sign
    return Angle(-value if part["sign"] == "-" else value, axis)


def _pairs(plain: str) -> Iterator[tuple[Angle, Angle]]:
    """Yield every way to cut the text into two coordinates; where something separates them, nowhere else."""
    separated = False
    for pattern in (_SEPARATOR, _BORDER):
        for found in pattern.finditer(plain) if not separated else ():
            one, other = _angle(plain[: found.start()]), _angle(plain[found.end() :])
            if one is not None and other is not None:
                yield one, other
                separated = pattern is _SEPARATOR


def _readings(one: Angle, other: Angle) -> list[tuple[bool, LonLat]]:
    """Return each order in which the two are a position on Earth: whether longitude is first, and the position."""
    readings = []
    for first, lon, lat in ((True, one, other), (False, other, one)):
        named = lon.axis in {None, "lon"} and lat.axis in {None, "lat"}
        if named and abs(lon.degrees) <= 180 and abs(lat.degrees) <= 90:
            readings.append((first, LonLat(lon.degrees, lat.degrees)))
    return readings if len(readings) < 2 or readings[0][1] != readings[1][1] else readings[:1]


def _within(box: BBox, place: LonLat) -> bool:
    return box.west <= place.lon <= box.east and box.south <= place.lat <= box.north
