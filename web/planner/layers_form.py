"""The form for a layer of demand: what was written in it, as facts and a way of reading, or as what is wrong with each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from werkzeug.datastructures import MultiDict

from geo.datum import Datum
from stations.models.layers import COUNTS
from stations.planning.layer_files import Look, Reading
from stations.planning.layers import Facts
from web.desk import layer_words
from web.i18n import say

__all__ = ["DATUMS", "EVERY_ROW", "FilledLayer", "filled_in", "fresh"]

#: What is chosen in place of a column where every row counts as one.
EVERY_ROW: Final = "*"
DATUMS: Final = ("gcj02", "bd09", "wgs84", "cgcs2000")
_TEXTS: Final = {"name": 80, "unit": 20, "source": 300, "licence": 200}
_FIELDS: Final = (
    "name",
    "counts",
    "unit",
    "source",
    "licence",
    "year",
    "weight",
    "lon",
    "lat",
    "datum",
    "band",
)


@dataclass(frozen=True, slots=True)
class FilledLayer:
    """A form as it was filled in. facts, reading: None where something is wrong; wrong: field → what, in words."""

    values: Mapping[str, str]
    facts: Facts | None = None
    reading: Reading | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def fresh(look: Look, file_name: str) -> FilledLayer:
    """Return the form as it is offered first, filled in with what the file says of itself."""
    guess = look.guess
    datum = "" if guess.datum is None else str(guess.datum)
    return FilledLayer(
        {
            "name": file_name.rpartition(".")[0][:80] or file_name[:80],
            "counts": "residents",
            "unit": layer_words.unit_of("residents"),
            "source": "",
            "licence": "",
            "year": "",
            "weight": guess.weight or "",
            "lon": guess.lon or "",
            "lat": guess.lat or "",
            "datum": datum if datum or look.table or look.form == "raster" else "wgs84",
            "band": "1",
        }
    )


def filled_in(form: MultiDict[str, str], look: Look) -> FilledLayer:
    """Read what was sent for a file that shows ``look``; which part of the file it is about was chosen before."""
    values = {name: " ".join(form.get(name, "").split(" ")).strip() for name in _FIELDS}
    values["weight"] = form.get("weight", "")
    wrong: dict[str, str] = {}

    def must(name: str, holds: bool, said: Callable[[], str]) -> None:
        if not holds and name not in wrong:
            wrong[name] = said()

    for name, most in _TEXTS.items():
        values[name] = " ".join(values[name].split())
        must(name, len(values[name]) <= most, lambda most=most: say("最多{n}个字。", n=most))  # type: ignore[misc]
    must("name", bool(values["name"]), lambda: say("给图层起个名字。"))
    must("name", values["name"] != "census" and "=" not in values["name"], lambda: say("不能用这个名字。"))
    must("unit", bool(values["unit"]), lambda: say("写明一个数是一个什么，例如 人、单。"))
    must("source", bool(values["source"]), lambda: say("写明数据来自哪里：结果里要写出来源。"))
    must("counts", values["counts"] in COUNTS, lambda: say("请选一项。"))
    year = values["year"]
    must(
        "year",
        not year or (year.isascii() and year.isdigit() and 1900 <= int(year[:5]) <= 2200),
        lambda: say("写一个四位数的年份，不知道就留空。"),
    )
    reading = _reading(values, look, must)
    if wrong:
        return FilledLayer(values, wrong=wrong)
    facts = Facts(
        values["name"], values["counts"], values["unit"], values["source"], values["licence"] or None,
        int(year) if year else None,
    )  # fmt: skip
    return FilledLayer(values, facts, reading)


def _reading(
    values: Mapping[str, str], look: Look, must: Callable[[str, bool, Callable[[], str]], None]
) -> Reading:
    if look.form == "raster":
        band = values["band"]
        known = band.isascii() and band.isdigit() and 1 <= int(band[:6]) <= look.bands
        must("band", known, lambda: say("这个文件有 {n} 个波段。", n=look.bands))
        return replace(look.guess, band=int(band) if known else 1)
    headers = look.headers
    choices = {*headers, EVERY_ROW} if look.form == "points" else {*headers}
    must("weight", values["weight"] in choices, lambda: layer_words.reasons()["no_weight"])
    datum = values["datum"]
    must("datum", datum in DATUMS, lambda: layer_words.reasons()["datum"])
    reading = replace(
        look.guess,
        weight="" if values["weight"] == EVERY_ROW else values["weight"],
        datum=Datum(datum) if datum in DATUMS else None,
    )
    if not look.table:
        return reading
    must("lon", values["lon"] in headers, lambda: layer_words.reasons()["no_position"])
    must("lat", not values["lat"] or values["lat"] in headers, lambda: layer_words.reasons()["no_position"])
    must(
        "lat",
        not values["lat"] or values["lat"] != values["lon"],
        lambda: say("经度和纬度要是两列。"),
    )
    return replace(reading, lon=values["lon"], lat=values["lat"] or None)
