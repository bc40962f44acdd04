"""A list of townships as an operator brings it: any table or vector file, or a JSON array of objects, row by row.

Columns are told by their heads: code, name, county, longitude and latitude. What a row lacks stays empty and is judged
later (``stations.planning.township_matching``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from geo.io import open_source
from stations.errors import Invalid
from stations.imports.fields import header_key

__all__ = ["HEADS", "MOST", "TownshipRow", "read"]

#: Townships of one list; the whole country has about forty thousand.
MOST: Final = 50_000
_MOST_JSON: Final = 64 << 20
#: What each column may be called, the better name first; compared without width, case, spaces and brackets.
HEADS: Final[Mapping[str, Sequence[str]]] = {
    "code": (
        "乡镇代码", "乡镇街道代码", "行政区划代码", "统计用区划代码", "区划代码", "区划码", "代码", "编码", "townshipcode", "code", "gb",
    ),
    "name": ("乡镇名称", "乡镇街道名称", "乡镇街道", "乡镇", "乡镇名", "街道", "namezh", "名称", "地名", "township", "name"),
    "county": ("县市区", "区县名称", "县区", "区县", "所属区县", "所属县", "县名", "县", "county", "district", "areacode"),
    "lon": ("经度", "longitude", "lon", "lng", "x"),
    "lat": ("纬度", "latitude", "lat", "y"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TownshipRow:
    """One row as it came: text, but for the coordinates; a coordinate that is no number is NaN, none is None."""

    number: int
    code: str
    name: str
    county: str
    lon: float | None
    lat: float | None


def read(path: Path) -> list[TownshipRow]:
    """Read a list. Raises FileError for what cannot be read, Invalid for one without a name column or with too many rows."""
    columns, rows = _json(path) if _is_json(path) else _table(path)
    chosen = _columns(columns)
    if "name" not in chosen:
        raise Invalid(
            f"no column is called {', '.join(HEADS['name'][:4])} or the like; there are: {', '.join(columns)[:200]}",
            field="files",
            reason="no_name_column",
        )
    found: list[TownshipRow] = []
    for number, values in rows:
        texts = {field: values.get(column, "").strip() for field, column in chosen.items()}
        if not (texts["name"] or texts.get("code")):
            continue
        if len(found) == MOST:
            raise Invalid(f"more than {MOST:,} townships in one list", field="files", reason="too_many")
        found.append(
            TownshipRow(
                number,
                texts.get("code", ""),
                texts["name"],
                texts.get("county", ""),
                _degrees(texts.get("lon", "")),
                _degrees(texts.get("lat", "")),
            )
        )
    if not found:
        raise Invalid("the list holds no township", field="files", reason="empty")
    return found


def _columns(columns: Sequence[str]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for column in columns:
        keys.setdefault(header_key(column), column)
    chosen = {}
    for field, heads in HEADS.items():
        if known := [keys[head] for head in heads if head in keys]:
            chosen[field] = known[0]
    return chosen


def _table(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, str]]]]:
    source = open_source(path)
    return source.columns, ((row.number, row.values) for chunk in source.chunks() for row in chunk)


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    except OSError as error:
        raise Invalid(
            f"{path.name} cannot be read: {error.strerror}", field="files", reason="unreadable"
        ) from error


def _json(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, str]]]]:
    if path.stat().st_size > _MOST_JSON:
        raise Invalid(f"{path.name} has more than {_MOST_JSON >> 20} MB", field="files", reason="too_large")
    try:
        listed: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path.name} is no JSON: {error}", field="files", reason="unreadable") from error
    if not all(isinstance(one, dict) for one in listed):
        raise Invalid(f"{path.name} is no array of objects", field="files", reason="unreadable")
    columns = list(dict.fromkeys(name for one in listed for name in one))
    rows = (
        (number, {name: str(value) for name, value in one.items() if isinstance(value, str | int | float)})
        for number, one in enumerate(listed, 1)
    )
    return columns, rows


def _degrees(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
