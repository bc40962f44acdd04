"""A list of candidates as an operator brings it: any table or vector file, read row by row.

Columns are told by their heads: key, name, position, address, host, premises, consent, cost, note. What a row does not say
stays unknown; a row without a position is left out and counted; a cost that is none ends the reading with its row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from geo.datum import Datum, to_wgs84
from geo.io import Row, open_source
from geo.io.rows import row_label
from geo.io.vectors import VectorSource
from geo.mainland import Mainland
from stations.errors import Invalid
from stations.imports import cells
from stations.imports.fields import header_key

__all__ = ["HEADS", "MOST", "CandidateRow", "ReadList", "read"]

#: Candidates of one list.
MOST: Final = 100_000
#: What each column may be called, the surest first; compared without width, case, spaces and brackets.
HEADS: Final[Mapping[str, Sequence[str]]] = {
    "key": ("候选编号", "点位编号", "编号", "代码", "编码", "key", "code", "id"),
    "name": ("候选点名称", "候选点", "点位名称", "名称", "场所名称", "点位", "地点名称", "name", "namezh", "name:zh", "title"),
    "lon": ("经度", "东经", "longitude", "lon", "lng", "x"),
    "lat": ("纬度", "北纬", "latitude", "lat", "y"),
    "lonlat": ("经纬度", "坐标", "位置坐标", "lonlat", "coordinates"),
    "address": ("地址", "详细地址", "所在地址", "address", "addr"),
    "host": ("依托单位", "场地单位", "提供单位", "场地提供单位", "产权单位", "所属单位", "单位", "host", "owner"),
    "premises": ("场所类型", "场地类型", "类型", "premises", "type"),
    "consent": ("是否同意", "同意情况", "意向", "合作意向", "同意", "consent"),
    "cost": ("造价", "费用", "建设费用", "预算", "投资", "成本", "造价元", "费用元", "造价万元", "费用万元", "投资万元", "预算万元", "cost"),
    "note": ("备注", "说明", "note", "remark", "remarks"),
}  # fmt: skip
_CONSENT: Final = {
    **dict.fromkeys(("同意", "已同意", "是", "已签约", "已签", "愿意", "yes", "y", "true", "1", "given"), "given"),
    **dict.fromkeys(("洽谈", "洽谈中", "协商中", "沟通中", "已联系", "意向中", "考虑中", "asked", "pending"), "asked"),
    **dict.fromkeys(("不同意", "拒绝", "否", "不愿意", "no", "n", "false", "0", "refused"), "refused"),
}  # fmt: skip
_MONEY: Final = re.compile(r"[¥￥]?(\d{1,12}(?:\.\d+)?)(万?)元?")
_TEN_THOUSAND: Final = 10_000.0
_LONGEST: Final = {"key": 100, "name": 200, "address": 300, "host": 200, "premises": 100, "note": 500}


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One candidate. lon, lat: WGS 84; original: as the file has them, in its datum. cost: in yuan, or the file's unit."""

    key: str
    name: str | None
    lon: float
    lat: float
    original: tuple[float, float]
    address: str | None
    host: str | None
    premises: str | None
    consent: str | None
    cost: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a file held. columns: field → header. left_out: why → how many rows; unread: words of consent that nobody knows."""

    rows: tuple[CandidateRow, ...]
    columns: Mapping[str, str]
    datum: Datum
    left_out: Mapping[str, int]
    unread: Mapping[str, int]


def read(path: Path, *, datum: Datum | None, mainland: Mainland) -> ReadList:
    """Read a list of candidates.

    datum: of a table's positions; a vector file says its own CRS, and is in WGS 84 where nothing else is given. Raises
    FileError for what cannot be read, and Invalid: no column of positions, no datum, a key twice, a cost that is none, no
    candidate at all.
    """
    source = open_source(path)
    vector = isinstance(source, VectorSource)
    columns = _chosen(source.columns)
    if vector:
        # Its positions are its shapes, turned to WGS 84 by its own CRS, whatever its attributes say.
        columns |= {"lon": "lon", "lat": "lat"}
    if not ("lonlat" in columns or {"lon", "lat"} <= set(columns)):
        raise Invalid(
            f"{path.name} has no columns of positions: call them 经度 and 纬度. It has {', '.join(source.columns)[:300]}",
            field="files", reason="no_position",
        )  # fmt: skip
    if datum is None and not vector:
        raise Invalid(
            "in which datum are the positions? (GCJ-02, BD-09, WGS 84)", field="datum", reason="datum"
        )
    known = datum or Datum.WGS84
    left_out: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    taken: list[tuple[str, Mapping[str, str], tuple[float, float], float | None]] = []
    keys: dict[str, str] = {}
    for chunk in source.chunks():
        for row in chunk:
            said = {field: row.values.get(header, "") for field, header in columns.items()}
            if not any(text.strip() for text in said.values()):
                continue
            at = None if row.problem else _position(row, said)
            if at is None:
                left_out["no position"] += 1
                continue
            label = row_label(row.number)
            key = cells.folded(said.get("key", ""))[: _LONGEST["key"]] or f"r{label}"
            if key in keys:
                raise Invalid(
                    f"row {label}: the key {key!r} stands in row {keys[key]} already; give every candidate its own",
                    field="key", value=key, reason="twice",
                )  # fmt: skip
            if len(taken) == MOST:
                raise Invalid(f"more than {MOST:,} candidates in one list", field="files", reason="too_many")
            keys[key] = label
            taken.append((key, said, at, _cost(said, columns, label)))
    if not taken:
        raise Invalid(f"{path.name} holds no candidate with a position", field="files", reason="nothing")
    x, y = (np.array([each[2][axis] for each in taken]) for axis in (0, 1))
    lon, lat = to_wgs84(x, y, known, mainland=mainland)
    rows = tuple(
        CandidateRow(
            key=key,
            lon=float(lon[at]),
            lat=float(lat[at]),
            original=place,
            consent=_consent(said.get("consent", ""), unread),
            cost=cost,
            **{name: _text(said.get(name, ""), name) for name in ("name", "address", "host", "premises", "note")},
        )
        for at, (key, said, place, cost) in enumerate(taken)
    )  # fmt: skip
    return ReadList(rows, columns, known, dict(left_out), dict(unread))


def _chosen(columns: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for column in columns:
        keys.setdefault(header_key(column), column)
    found = {}
    for name, heads in HEADS.items():
        if known := [keys[head] for head in map(header_key, heads) if head in keys]:
            found[name] = known[0]
    return found


def _position(row: Row, said: Mapping[str, str]) -> tuple[float, float] | None:
    if "lon" in said and "lat" in said:
        lon = cells.degrees(cells.folded(said["lon"]), "lon").value
        lat = cells.degrees(cells.folded(said["lat"]), "lat").value
    else:
        lon, lat = cells.position(cells.folded(said["lonlat"])).value or (None, None)
    if lon is None or lat is None:
        return None
    if abs(lon) > 180 or abs(lat) > 90:
        raise Invalid(
            f"row {row_label(row.number)} lies at ({lon:g}, {lat:g}), which are no degrees: longitude first, latitude second",
            field="files", value=(lon, lat), reason="no_degrees",
        )  # fmt: skip
    return lon, lat


def _cost(said: Mapping[str, str], columns: Mapping[str, str], label: str) -> float | None:
    text = cells.folded(said.get("cost", "")).replace(",", "").replace(" ", "")
    if cells.is_blank(text):
        return None
    found = _MONEY.fullmatch(text)
    if found is None:
        raise Invalid(
            f"row {label}: {columns['cost']} says {text[:40]!r}; a cost is a number of 0 or more (empty where nobody knows)",
            field="cost", value=text[:40], reason="bad_cost",
        )  # fmt: skip
    return float(found[1]) * (_TEN_THOUSAND if found[2] or "万" in columns["cost"] else 1.0)


def _consent(text: str, unread: Counter[str]) -> str | None:
    plain = cells.folded(text).lower()
    if cells.is_blank(plain):
        return None
    if plain not in _CONSENT:
        unread[plain[:40]] += 1
    return _CONSENT.get(plain)


def _text(text: str, name: str) -> str | None:
    plain = cells.tidy(text).value or ""
    return None if cells.is_blank(plain) else plain[: _LONGEST[name]]
