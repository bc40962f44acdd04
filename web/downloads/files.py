"""What stands in a file of stations: its columns, its rows, and what it says of itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from geo.datum import Datum, from_wgs84
from geo.io.writing import Cell, Field, Layer, write
from geo.mainland import Mainland
from stations.errors import Unavailable
from stations.hours import SHANGHAI
from stations.registry import exports, public, regions
from stations.registry.flat import COLUMNS
from web.downloads.asked import Asked

__all__ = ["MOST_S", "about", "write_file"]

#: Seconds that making a file may take in all.
MOST_S: Final = 600
_AT_A_TIME: Final = 4_096
#: About a centimetre: what a shifted coordinate is worth.
_DIGITS: Final = 7
_LON: Final = next(at for at, column in enumerate(COLUMNS) if column.name == "lon")
_TITLE: Final = {"zh": "户外劳动者服务站点", "en": "Stations for outdoor workers"}
_ALL: Final = {"zh": "全部运营中和暂停的站点", "en": "all that are open or suspended"}
_NOTICE: Final = {
    "zh": "演示数据，并非真实站点",
    "en": "Demonstration data: these stations do not exist",
}
_DATUM: Final = {
    Datum.WGS84: {
        "zh": "WGS 84（EPSG:4326），经度在前；与 CGCS2000 相差不到一米",
        "en": "WGS 84 (EPSG:4326), longitude first; CGCS2000 is the same within a metre",
    },
    Datum.GCJ02: {
        "zh": "GCJ-02（高德、腾讯），不是 WGS 84：没有公开的坐标系定义，文件不声明坐标系",
        "en": "GCJ-02 (Amap, Tencent), not WGS 84: it has no public definition, so no CRS is declared",
    },
    Datum.BD09: {
        "zh": "BD-09（百度），不是 WGS 84：没有公开的坐标系定义，文件不声明坐标系",
        "en": "BD-09 (Baidu), not WGS 84: it has no public definition, so no CRS is declared",
    },
}
_LICENCE: Final = {
    "zh": "每个站点按其来源的许可使用，见“来源许可”一列；没有写明的，使用前请询问来源单位",
    "en": "each station by the licence of its source, see the column source_licence; where none is given, ask the source",
}
_UNKNOWN: Final = {
    "zh": "空白表示不知道，不表示没有",
    "en": "an empty cell means that nobody knows, not that there is none",
}


def about(session: Session, asked: Asked, moment: datetime, made_at: datetime) -> dict[str, str]:
    """Return what a file says of itself, in order: whose, of when, in which datum, under which licence."""
    lang = asked.query.lang
    registry = public.info(session)
    given = "; ".join(
        f"{one.name} ({', '.join(filter(None, (one.licence, one.url, _day(one.retrieved_on))))})"
        for one in exports.sources(session)
    )
    told = {
        "title": _TITLE[lang],
        "registry": registry.name,
        "notice": _NOTICE[lang] if registry.demonstration else "",
        "stations": asked.query.encode() or _ALL[lang],
        "as_of": moment.isoformat(timespec="minutes"),
        "made_at": made_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "last_change": str(exports.last_change(session)),
        "datum": _DATUM[asked.datum][lang],
        "source": given,
        "licence": _LICENCE[lang],
        "unknown": _UNKNOWN[lang],
    }
    return {name: words for name, words in told.items() if words}


def write_file(session: Session, path: Path, asked: Asked, *, moment: datetime, made_at: datetime) -> int:
    """Write the file that was asked for and return how many stations it holds.

    The session's transaction must see one snapshot. Raises Unavailable where it takes longer than ``MOST_S``.
    """
    told = about(session, asked, moment, made_at)
    if asked.form == "geojson":
        return _geojson(path, told, _in_time(exports.features(session, asked.query, now=moment)))
    rows: Iterable[Sequence[Cell]] = exports.rows(session, asked.query, lang=asked.query.lang, now=moment)
    if asked.datum is not Datum.WGS84:
        rows = _shifted(rows, asked.datum, regions.mainland_of(session))
    layer = Layer(
        "stations",
        tuple(_fields(asked)),
        title=_TITLE[asked.query.lang],
        about=told,
        x=_coordinate("lon", asked.datum),
        y=_coordinate("lat", asked.datum),
        declared=asked.datum is Datum.WGS84,
    )
    return write(path, layer, _in_time(rows), asked.form, encoding=asked.encoding.upper())


def _fields(asked: Asked) -> Iterator[Field]:
    chinese = asked.query.lang == "zh"
    datum = "WGS84" if asked.datum is Datum.WGS84 else asked.datum.upper()
    for column in COLUMNS:
        name, head = column.name, column.zh if chinese else column.name
        short = column.short_zh if chinese else column.short_en or column.name
        if name in {"lon", "lat"}:
            name = _coordinate(name, asked.datum)
            head = f"{column.zh}_{datum}" if chinese else f"{column.name}_{datum.lower()}"
            short = short if asked.datum is Datum.WGS84 else f"{column.name.upper()}_{datum}"
        yield Field(name, column.kind, head, short)


def _coordinate(name: str, datum: Datum) -> str:
    return name if datum is Datum.WGS84 else f"{name}_{datum}"


def _geojson(path: Path, told: Mapping[str, str], features: Iterable[str]) -> int:
    head = {"type": "FeatureCollection", "name": "stations", "about": told}
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features": [\n')
        # A feature stands in a line of its own, so that tools of lines can cut the file too.
        for feature in features:
            file.write(f",\n{feature}" if count else feature)
            count += 1
        file.write("\n]}\n")
    return count


def _shifted(rows: Iterable[Sequence[Cell]], datum: Datum, mainland: Mainland) -> Iterator[Sequence[Cell]]:
    left = iter(rows)
    while some := list(islice(left, _AT_A_TIME)):
        places = np.array([row[_LON : _LON + 2] for row in some], dtype=np.float64)
        lon, lat = from_wgs84(places[:, 0], places[:, 1], datum, mainland=mainland)
        for row, x, y in zip(some, lon.round(_DIGITS).tolist(), lat.round(_DIGITS).tolist(), strict=True):
            moved = (None, None) if row[_LON] is None else (x, y)
            yield (*row[:_LON], *moved, *row[_LON + 2 :])


def _in_time(rows: Iterable[Any]) -> Iterator[Any]:
    ends = time.monotonic() + MOST_S
    for at, row in enumerate(rows):
        if at % _AT_A_TIME == 0 and time.monotonic() > ends:
            raise Unavailable("the file took too long to make; ask for fewer stations (a region, a bbox)")
        yield row


def _day(day: Any) -> str:
    return "" if day is None else f"{day}"
