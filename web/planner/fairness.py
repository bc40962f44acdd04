"""How fairly a run shares out: the worst-served tenth, the Gini coefficient, and who finds which amenity, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stations import vocabulary
from stations.models import CoverageRun
from web.i18n import lang, say

__all__ = ["Offered", "fairness", "offered"]


@dataclass(frozen=True, slots=True)
class Offered:
    """An amenity and the people within the main limit of a station that has it, of one that perhaps has it and of none
    that has; they add up to those who reach any station."""

    label: str
    has: float
    perhaps: float
    without: float


def fairness(run: CoverageRun) -> list[str]:
    """Say how unequal it is, sentence by sentence; nothing for what the run does not know."""
    found: Mapping[str, Any] = run.summary or {}
    people = found.get("people") or 0.0
    if not people or not found.get("stations"):
        return []
    longest, tenth = run.question["limits_min"][-1], f"{people / 10:,.0f}"
    told = []
    if found.get("worst_tenth_from_s") is None:
        told.append(
            say("最远的十分之一（{n} 人）都要走{limit}分钟以上，或者根本到不了。", n=tenth, limit=longest)
        )
    else:
        told.append(
            say("最远的十分之一（{n} 人），最近的站点也在{minutes}分钟以外。", n=tenth, minutes=f"{found['worst_tenth_from_s'] / 60:.0f}")
        )  # fmt: skip
        if (unreached := found.get("worst_tenth_unreached") or 0.0) >= 0.5:
            told.append(
                say("其中 {n} 人在{limit}分钟内到不了任何站点。", n=f"{unreached:,.0f}", limit=longest)
            )
    if (gini := found.get("gini_score")) is not None:
        told.append(_gini(gini, run.question["main_min"]))
    if (twice := found.get("people_twice")) is not None:
        told.append(
            say("{share} 的人在{limit}分钟内有两个以上站点，关掉一个还有别的。", share=f"{100 * twice / people:.1f}%", limit=run.question["main_min"])
        )  # fmt: skip
    return told


def offered(run: CoverageRun) -> list[Offered]:
    """Return the amenities that any counted station has or perhaps has, most people first; none for the oldest runs."""
    found: Mapping[str, Any] = run.summary or {}
    rows = [
        Offered(
            term.label(lang()),
            found[f"with_{code}"],
            found[f"perhaps_{code}"],
            found[f"without_{code}"],
        )
        for code, term in vocabulary.AMENITIES.items()
        if found.get(f"with_{code}") is not None
    ]
    return sorted((row for row in rows if row.has or row.without), key=lambda row: -row.has)


def _gini(value: float, main_min: int) -> str:
    if value < 0.4:
        how = say("比较均匀")
    elif value < 0.7:
        how = say("不均匀")
    else:
        how = say("很不均匀：座位集中在少数人身边")
    return say(
        "{limit}分钟内的人均座位，基尼系数 {gini}，{how}（0是人人一样，1是全归一处）。", limit=main_min, gini=f"{value:.2f}", how=how
    )  # fmt: skip
