"""What people paste to say where a place is: numbers in any order, or a link that a map app shared.

A link tells which app wrote it and so which datum its numbers are in. Nothing is ever fetched: a short link, which holds
no position and only leads to one, is told as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from geo.baidu_mercator import degrees as baidu_degrees
from geo.datum import Datum
from geo.errors import CoordinateError
from stations.errors import Invalid
from stations.imports import cells

__all__ = ["APPS", "LONGEST", "Pasted", "read_pasted"]

#: Apps whose links are read.
APPS: Final = ("amap", "baidu", "tencent", "apple", "google", "osm", "geo")
#: Characters that are taken; a chat message with a link has some hundred.
LONGEST: Final = 4000

_LINK: Final = re.compile(
    r"(?:https?://|geo:|(?:androidamap|iosamap|amapuri|baidumap|bdapp|qqmap|comgooglemaps|maps)://)"
    r"[^\s<>\"'\u3000-\u303f\uff00-\uffef]+",
    re.IGNORECASE,
)
_SHORT: Final = (
    "surl.amap.com", "j.map.baidu.com", "maps.app.goo.gl", "goo.gl", "osm.org", "url.cn", "w.url.cn", "t.cn",
)  # fmt: skip
_NUMBER: Final = r"[+-]?\d{1,3}(?:\.\d+)?"
_PAIR: Final = re.compile(rf"({_NUMBER})\s*[,;，；]\s*({_NUMBER})")
_METRES: Final = re.compile(r"@(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)")
_LON_WORDS: Final = re.compile(r"经度?|longitude|long?|lng|\bx\b|[eEwW东西](?![a-z])", re.IGNORECASE)
_LAT_WORDS: Final = re.compile(r"纬度?|latitude|lat|\by\b|[nNsS南北](?![a-z])", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"[\"'“”]?(东经|西经|北纬|南纬|经度|纬度|longitude|latitude|long|lng|lon|lat)[\"'“”]?\s*[:：=是为]?\s*",
    re.IGNORECASE,
)
_BRACKETS: Final = re.compile(r"[()（）\[\]【】{}]")


@dataclass(frozen=True, slots=True)
class Pasted:
    """A position as it was pasted, longitude first.

    datum: None where nothing tells it. app: whose link it was, None for plain numbers. centre: the numbers are the middle
    of a map that somebody looked at, and not a place that was chosen. sure: False where the app writes either datum.
    """

    lon: float
    lat: float
    datum: Datum | None
    app: str | None = None
    centre: bool = False
    sure: bool = True


def read_pasted(text: str) -> Pasted:
    """Read a position out of what somebody pasted, which may be a whole chat message with a link in it.

    Raises Invalid (field ``paste``), with the reason ``empty``, ``too_long``, ``short_link``, ``unknown_app``,
    ``no_position`` (a link of a known app without one, or words without numbers) or ``not_on_earth``.
    """
    kept = text.strip()
    if not kept:
        raise _wrong(text, "empty", "paste coordinates or a link of a map app")
    if len(kept) > LONGEST:
        raise _wrong(text, "too_long", f"has {len(kept)} characters; paste the link alone")
    found = _LINK.search(kept)
    pasted = _numbers(kept) if found is None else _link(found[0].rstrip(".,;)"))
    if not (abs(pasted.lon) <= 180 and abs(pasted.lat) <= 90):
        raise _wrong(text, "not_on_earth", "is not on Earth")
    return pasted


def _wrong(text: str, reason: str, message: str) -> Invalid:
    shown = " ".join(text.split())[:80]
    return Invalid(f"paste: {shown!r} {message}", field="paste", value=shown, reason=reason)


# Links.


def _link(address: str) -> Pasted:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        raise _wrong(address, "no_position", "is no address that can be read") from None
    if host in _SHORT:
        raise _wrong(address, "short_link", "is a short link; open it and paste the address that it leads to")
    for app, belongs, reader in _READERS:
        if belongs(parts.scheme.lower(), host):
            pasted = reader(parts, {name: values[0] for name, values in parse_qs(parts.query).items()})
            if pasted is None:
                raise _wrong(address, "no_position", f"is a link of {app} without a position in it")
            return replace(pasted, app=app)
    raise _wrong(address, "unknown_app", f"is a link of no app that is known; known are {', '.join(APPS)}")


def _pair(text: str | None, *, lat_first: bool, datum: Datum) -> Pasted | None:
    found = _PAIR.search(unquote(text or ""))
    if found is None:
        return None
    one, other = float(found[1]), float(found[2])
    return Pasted(other, one, datum) if lat_first else Pasted(one, other, datum)


def _apart(query: Mapping[str, str], lon: Iterable[str], lat: Iterable[str], datum: Datum) -> Pasted | None:
    for x, y in zip(lon, lat, strict=True):
        if re.fullmatch(_NUMBER, query.get(x, "")) and re.fullmatch(_NUMBER, query.get(y, "")):
            return Pasted(float(query[x]), float(query[y]), datum)
    return None


def _first(found: Iterable[Pasted | None]) -> Pasted | None:
    return next((one for one in found if one is not None), None)


def _amap(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    declared = query.get("coordinate", "").lower()
    # dev=1 asks the app to shift the numbers, which says that they are not shifted yet.
    plain = declared == "wgs84" or query.get("dev") == "1"
    datum = Datum.WGS84 if plain else Datum.BD09 if declared == "baidu" else Datum.GCJ02
    # p=ID,lat,lng,name and q=lat,lng,name are what the app's share button leads to.
    shared = query.get("p", "").partition(",")[2] or query.get("q")
    return _first(
        (
            *(
                _pair(query.get(name), lat_first=False, datum=datum)
                for name in ("position", "to", "dest", "lnglat")
            ),
            _pair(shared, lat_first=True, datum=datum),
            _apart(query, ("lng", "lon", "dlon", "longitude"), ("lat", "lat", "dlat", "latitude"), datum),
        )
    )


def _baidu(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    declared = query.get("coord_type", "").lower()
    datum = next((d for key, d in _BAIDU_TYPES if declared.startswith(key)), Datum.BD09)
    found = _first(
        _pair(query.get(name), lat_first=True, datum=datum)
        for name in ("location", "latlng", "destination", "center")
    )
    if found is not None:
        return found
    metres = _METRES.search(unquote(parts.path))
    if metres is None:
        return None
    try:
        lon, lat = baidu_degrees(float(metres[1]), float(metres[2]))
    except CoordinateError:
        return None
    return Pasted(round(float(lon), 7), round(float(lat), 7), Datum.BD09, centre=True)


_BAIDU_TYPES: Final = (("gcj02", Datum.GCJ02), ("wgs84", Datum.WGS84), ("bd09", Datum.BD09))


def _tencent(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    # coord_type=1 is GPS; without it, or with 2, the numbers are Tencent's own.
    datum = Datum.WGS84 if query.get("coord_type") == "1" else Datum.GCJ02
    return _first(
        (
            *(
                _pair(query.get(name), lat_first=True, datum=datum)
                for name in ("marker", "coord", "tocoord", "center")
            ),
            _apart(query, ("pointx", "lng", "longitude"), ("pointy", "lat", "latitude"), datum),
        )
    )


def _apple(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    # Apple's maps of the mainland are Amap's, and its links carry their numbers.
    return _first(
        _pair(query.get(name), lat_first=True, datum=Datum.GCJ02)
        for name in ("coordinate", "ll", "daddr", "q", "sll", "center")
    )


def _google(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    path = unquote(parts.path + parts.fragment)
    place = re.search(rf"!3d({_NUMBER})!4d({_NUMBER})", path)
    if place is not None:
        return Pasted(float(place[2]), float(place[1]), Datum.WGS84, sure=False)
    found = _first(
        _pair(query.get(name), lat_first=True, datum=Datum.WGS84)
        for name in ("q", "query", "destination", "daddr", "ll", "center")
    )
    if found is not None:
        return replace(found, sure=False)
    view = re.search(rf"@({_NUMBER}),({_NUMBER})", path)
    if view is not None:
        return Pasted(float(view[2]), float(view[1]), Datum.WGS84, centre=True, sure=False)
    named = _pair(path.rpartition("/")[2], lat_first=True, datum=Datum.WGS84)
    return named and replace(named, sure=False)


def _osm(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    marker = _apart(query, ("mlon", "lon"), ("mlat", "lat"), Datum.WGS84)
    if marker is not None:
        return marker
    view = re.search(rf"map=\d+(?:\.\d+)?/({_NUMBER})/({_NUMBER})", parts.fragment)
    return Pasted(float(view[2]), float(view[1]), Datum.WGS84, centre=True) if view else None


def _geo(parts: SplitResult, query: Mapping[str, str]) -> Pasted | None:
    """Read a geo: URI (RFC 5870), whose numbers are WGS 84 unless a parameter says otherwise; Android puts them in q."""
    found = _pair(query.get("q"), lat_first=True, datum=Datum.WGS84)
    return found or _pair(parts.path, lat_first=True, datum=Datum.WGS84)


def _of(*domains: str, schemes: tuple[str, ...] = ()) -> Callable[[str, str], bool]:
    def belongs(scheme: str, host: str) -> bool:
        web = scheme in {"http", "https"} and any(host == d or host.endswith(f".{d}") for d in domains)
        return web or scheme in schemes

    return belongs


_Reader = Callable[[SplitResult, Mapping[str, str]], Pasted | None]
_READERS: Final[tuple[tuple[str, Callable[[str, str], bool], _Reader], ...]] = (
    ("amap", _of("amap.com", "gaode.com", "autonavi.com", schemes=("androidamap", "iosamap", "amapuri")), _amap),
    ("baidu", _of("map.baidu.com", schemes=("baidumap", "bdapp")), _baidu),
    ("tencent", _of("map.qq.com", schemes=("qqmap",)), _tencent),
    ("apple", _of("maps.apple.com", schemes=("maps",)), _apple),
    ("google", _of("google.com", "google.cn", "google.com.hk", schemes=("comgooglemaps",)), _google),
    ("osm", _of("openstreetmap.org"), _osm),
    ("geo", _of(schemes=("geo",)), _geo),
)  # fmt: skip


# Numbers alone.


def _numbers(text: str) -> Pasted:
    plain = _BRACKETS.sub(" ", cells.folded(text))
    parts = _halves(plain)
    read = [cells.degrees(_bare(part)) for part in parts]
    if len(parts) != 2 or any(cell.kind is not None for cell in read):
        raise _wrong(text, "no_position", "holds no two coordinates; longitude and latitude, in degrees")
    one, other = (float(cell.value) for cell in read)
    # 西经 and 南纬 are words of the part that the number reader does not see any more.
    one, other = (
        -abs(v) if re.search("西经|南纬", p) else v for v, p in zip((one, other), parts, strict=True)
    )
    lat_first = _lat_first(parts, one, other)
    return Pasted(other, one, None) if lat_first else Pasted(one, other, None)


def _bare(part: str) -> str:
    """Leave out the words beside a number; a letter before it goes behind it, where the reader looks for it."""
    return re.sub(r"^([NSEW])\s*(.+)$", r"\2\1", _LABEL.sub("", part).strip(" ,;\"'"))


#: Where one coordinate ends and the other begins, the surest first.
_CUTS: Final = tuple(
    re.compile(cut, re.IGNORECASE)
    for cut in (
        r"[,，;；、|/\n\t]+",
        r"(?<=[^\s])\s*(?=东经|西经|北纬|南纬|经度|纬度|latitude|longitude|lat|lon|lng)",
        r"\s+",
        r"(?<=[NSEW])\s*(?=\d)",
        r"(?<=[\d°′″'\"])\s*(?=[NSEW]\s*\d)",
    )
)


def _halves(text: str) -> list[str]:
    """Cut a text into its two coordinates."""
    for cut in _CUTS:
        parts = [part for part in cut.split(text.strip()) if re.search(r"\d", part)]
        if len(parts) == 2:
            return parts
    return [text]


def _lat_first(parts: list[str], one: float, other: float) -> bool:
    """Tell the order: by the words beside the numbers, else by what can be a latitude, else by where China is."""
    if _LAT_WORDS.search(parts[0]) or _LON_WORDS.search(parts[1]):
        return True
    if _LON_WORDS.search(parts[0]) or _LAT_WORDS.search(parts[1]):
        return False
    if abs(one) > 90 or abs(other) > 90:
        return abs(other) > 90 >= abs(one)
    return _in_china(other, one) and not _in_china(one, other)


def _in_china(lon: float, lat: float) -> bool:
    return 73 <= lon <= 136 and 17 <= lat <= 54
