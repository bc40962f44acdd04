"""What the planner's pages call things: measures, levels, layers, and what is wrong with a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from stations import vocabulary
from stations.hours import SHANGHAI
from stations.models import CoverageRun
from stations.planning import CENSUS, CoverageQuestion
from web.i18n import lang, say
from web.planner.ways_words import asked_words, ways_words

__all__ = [
    "basis_words",
    "beyond",
    "layer_label",
    "layer_told",
    "level_label",
    "measure_label",
    "measured",
    "minutes",
    "mode_label",
    "number",
    "percent",
    "question_words",
    "title_of",
    "warnings",
]


def level_label(level: str) -> str:
    """Return what a level of regions is called."""
    return {
        "province": say("省"),
        "prefecture": say("市州"),
        "county": say("区县"),
        "township": say("乡镇"),
    }[level]


def measure_label(measure: str, main_min: int) -> str:
    """Return what a measure is called."""
    if measure.startswith("with_"):
        amenity = vocabulary.AMENITIES[measure.removeprefix("with_")].label(lang())
        return say("{n}分钟内有{amenity}的人口比例", n=main_min, amenity=amenity)
    return {
        "twice": say("{n}分钟内有两个以上站点的人", n=main_min),
        "score": say("每千人座位（2SFCA）"),
        "enhanced": say("每千人座位，近的多算（E2SFCA）"),
        "share": say("{n}分钟内的人口比例", n=main_min),
        "uncovered": say("{n}分钟以外的人", n=main_min),
        "people": say("人口"),
        "median": say("一半人不超过的分钟"),
    }[measure]


def layer_label(layer: str) -> str:
    """Return what a layer of the map is called."""
    return {
        "areas": say("区域着色"),
        "reach": say("辐射区域"),
        "overlap": say("重叠的辐射区域"),
        "cells": say("人口格网"),
        "gaps": say("覆盖空白"),
        "stations": say("站点"),
    }[layer]


def mode_label(mode: str) -> str:
    """Return how one travels."""
    return {"walk": say("步行"), "ebike": say("电动车")}[mode]


def measured(measure: str, value: float | None) -> str:
    """Write a measure that is a share of people, or seats per person as seats for a thousand."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}%" if measure.startswith("with_") else f"{1000 * value:,.2f}"


def warnings(run: CoverageRun, hour: int | None, stations: int) -> list[str]:
    """Say what makes a picture of a run an empty one: no station counts, or none is open then."""
    if stations:
        return []
    if hour is not None:
        return [say("{hour} 没有一个算入的站点开着：所有人都在时限之外。", hour=f"{hour:02d}:00")]
    if run.question.get("at"):
        return [say("这一刻没有一个符合条件的站点开着：所有人都在时限之外。放宽条件，或换一个时刻再算。")]
    return [
        say("登记里没有一个符合条件、已定位的站点：所有人都在时限之外。先登记或定位站点，或放宽条件再算。")
    ]


def number(value: float | None) -> str:
    """Write people or cells, whole; a dash for what nobody knows."""
    return "–" if value is None else f"{value:,.0f}"


def percent(part: float | None, whole: float | None) -> str:
    """Write a share to a tenth of a percent; a dash where there is nothing to share."""
    return "–" if part is None or not whole else f"{100 * part / whole:.1f}%"


def minutes(seconds: float | None, longest_min: int) -> str:
    """Write minutes; what is not reached within the longest limit says so."""
    if seconds is None:
        return say("超过{n}分钟", n=longest_min)
    return say("{n}分钟", n=f"{seconds / 60:.0f}")


def beyond(seconds: float | None) -> str:
    """Write the minutes of a gap, whole and rounded up: what lies beyond 15 minutes never reads as 15."""
    return "–" if seconds is None else f"{ceil(seconds / 60):,.0f}"


def title_of(names: Mapping[str, str], code: str) -> str:
    """Return what a region is called; what lies in none is said to."""
    return names.get(code) or code or say("不在任何区域内")


def basis_words(basis: Mapping[str, Any]) -> list[str]:
    """Say what figures stand on: how minutes were measured, whose people, and that an estimate is one."""
    told = [*ways_words(basis), *_demand_words(basis)]
    if (outside := basis.get("people_outside") or 0) >= 0.5:
        told.append(say("另有 {n} 人在所问区域之外，没有计入。", n=number(outside)))
    return told


def _demand_words(basis: Mapping[str, Any]) -> list[str]:
    told = []
    if basis.get("estimated_demand"):
        told.append(say("人口为估算：2020年人口普查的数字摊到地名上，比较粗。"))
    brought = [layer for layer in basis.get("layers") or () if "source" in layer]
    told += [layer_told(layer) for layer in brought]
    return told or [say("人口来自 {source}。", source=basis.get("demand", ""))]


def layer_told(layer: Mapping[str, Any]) -> str:
    """Say what a layer of a run is: its factor, source, date, and how much of it lies outside the registry."""
    return say(
        "需求：{name} × {factor}（{source}，{year}，{date} 加入），合计 {total} {unit}，其中 {outside} 在登记范围外。",
        name=layer["name"],
        factor=f"{layer['factor']:g}",
        source=layer["source"],
        year=layer["year"] or say("年份未知"),
        date=layer["added_at"][:10],
        total=number(layer["total"]),
        unit=layer["unit"],
        outside=number(layer["outside"]),
    )


def moment(value: datetime | None) -> str:
    """Write the moment whose open stations count."""
    if value is None:
        return say("不看开放时间：运营中的站点都算")
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def question_words(question: CoverageQuestion, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell what was asked, as labels and values."""
    serving = question.serving
    return [
        (
            say("区域"),
            names.get(question.region, question.region) if question.region else say("整个登记范围"),
        ),
        (say("出行方式"), mode_label(question.mode)),
        (say("时限（分钟）"), _joined([str(limit) for limit in question.limits_min])),
        (say("主要时限"), say("{n}分钟", n=question.main_min)),
        (say("时刻"), moment(question.at)),
        (say("一天24小时"), say("计算") if question.around_the_clock else say("不计算")),
        (say("为谁算"), _joined([_layer(name, factor) for name, factor in question.layers])),
        (say("格网边长"), say("{n} 米", n=f"{question.size_m:,.0f}")),
        *asked_words(question),
        (say("站点种类"), _terms(vocabulary.KINDS, serving.kinds) or say("所有休息站点")),
        (say("必须有"), _terms(vocabulary.AMENITIES, serving.amenities) or say("不限")),
        (say("不确定的"), say("不算") if str(serving.unknown) == "exclude" else say("也算")),
    ]


def _layer(name: str, factor: float) -> str:
    label = say("人口普查（估算）") if name == CENSUS else name
    return label if factor == 1 else f"{label} × {factor:g}"


def _terms(terms: Mapping[str, vocabulary.Term], codes: Sequence[str]) -> str:
    return _joined([terms[code].label(lang()) for code in codes])


def _joined(parts: Sequence[str]) -> str:
    return say("、").join(parts)
