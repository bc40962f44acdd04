"""The figures of a run as a page shows them: one table for a level, a measure and an hour, with its shades.

What is shown stands in the address (``View``), so a link reproduces it; the table and the colours of the map come from
the same numbers here, and no script counts anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, Final

from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from web.planner.view import LEVELS, View

__all__ = ["COLUMNS", "LEVELS", "SCORES", "Row", "Table", "shades", "steps_of", "table"]

COLUMNS: Final = ("name", "people", "reached", "share", "twice", "uncovered", "cut_off", "median")
#: Measures of which more is better and that have no natural steps: seats per person.
SCORES: Final = ("score", "enhanced")
#: Shares of people not reached at which a shade begins; nobody is the shade 0.
_SHARES: Final = (0.0001, 0.1, 0.25, 0.5, 0.75)
_SHADES: Final = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One area. within: people in each limit, by the minutes. figures: all that is kept of it. None is what nobody
    knows, or what is not kept of an hour."""

    code: str
    name: str
    people: float
    within: Mapping[int, float | None]
    reached: float | None
    figures: Mapping[str, Any]

    @property
    def share(self) -> float | None:
        """Which share of the people is reached within the main limit."""
        return None if self.reached is None or not self.people else self.reached / self.people

    @property
    def uncovered(self) -> float | None:
        """How many people are not."""
        return None if self.reached is None else max(0.0, self.people - self.reached)

    @property
    def twice(self) -> float | None:
        """How many people have two stations or more within it."""
        return self.figures.get("people_twice")

    @property
    def cut_off(self) -> float | None:
        """How many people's streets lead to no station."""
        return self.figures.get("people_cut_off")

    @property
    def median_s(self) -> float | None:
        """The seconds that half of the people have at most; None where half are beyond the longest limit."""
        return self.figures.get("median_s")

    def value(self, measure: str) -> float | None:
        """Return a measure of the area: people, their share, seconds or seats per person."""
        if measure == "median":
            return self.median_s
        if measure in SCORES:
            return self.figures.get(measure)
        if measure.startswith("with_"):
            held = self.figures.get(measure)
            return None if held is None or not self.people else held / self.people
        value: float | None = getattr(self, measure)
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """The rows as sorted, their sum, what is open at the hour, and whether half a way is known there."""

    rows: Sequence[Row]
    total: Row
    stations: int
    limits: Sequence[int]
    medians: bool


def table(
    run: CoverageRun, view: View, names: Mapping[str, str], parents: Mapping[str, Sequence[str]]
) -> Table:
    """Return the figures of a run for a view. parents: code → the codes above it and itself.

    At an hour of the oldest runs only the people within the main limit are known by area, of counties and what they add
    up to.
    """
    question = CoverageQuestion.of_dict(run.question)
    hour = runs.hour_of(run, view.hour)
    areas = (run.areas or {}).get(view.level, {})
    if hour is not None:
        areas = _at_hour(hour, areas, view.level, parents, question)
    rows = [_row(code, figures, names.get(code, code), question) for code, figures in areas.items()]
    rows.sort(key=lambda row: _order(row, view), reverse=not view.rising)
    summary = run.summary or {}
    held = summary if hour is None else {**hour, "people": summary.get("people")}
    total = _row("", held, "", question)
    medians = any("median_s" in row.figures for row in rows)
    return Table(rows, total, int(held.get("stations") or 0), question.limits_min, medians)


def steps_of(rows: Sequence[Row], view: View, question: CoverageQuestion) -> list[float]:
    """Return the five values at which the shades 1 to 5 begin.

    For shares they are of the people who have *not*; for seats per person they fall, for fewer are worse.
    """
    if _is_share(view.measure):
        return list(_SHARES)
    if view.measure == "median":
        limits = [60.0 * limit for limit in question.limits_min]
        return [limits[min(int(i * len(limits) / 5), len(limits) - 1)] for i in range(5)]
    values = sorted(value for row in rows if (value := row.value(view.measure)) is not None and value > 0)
    if not values:
        return [1.0, 2.0, 3.0, 4.0, 5.0]
    found = [_rounded(values[int(i * (len(values) - 1) / 5)]) for i in range(5)]
    if view.measure in SCORES:
        return found[::-1]
    return [min(0.5, found[0]), *found[1:]]


def shades(rows: Sequence[Row], view: View, steps: Sequence[float]) -> dict[str, int]:
    """Return the shade 0 to 5 of each area whose value is known, by its code."""
    found: dict[str, int] = {}
    for row in rows:
        value = row.value(view.measure)
        if value is not None and _is_share(view.measure):
            value = 1.0 - value
        elif view.measure == "median" and value is None and row.people and "median_s" in row.figures:
            value = float("inf")
        if value is None or not row.code:
            continue
        if view.measure in SCORES:
            begun = sum(value < step for step in steps)
        elif view.measure == "median":
            begun = sum(value > step for step in steps)
        else:
            begun = sum(value >= step for step in steps)
        found[row.code] = min(begun, _SHADES - 1)
    return found


def _is_share(measure: str) -> bool:
    return measure == "share" or measure.startswith("with_")


def _row(code: str, figures: Mapping[str, Any], name: str, question: CoverageQuestion) -> Row:
    within = {limit: figures.get(f"people_{60 * limit}") for limit in question.limits_min}
    return Row(code, name, figures.get("people") or 0.0, within, within[question.main_min], figures)


def _at_hour(
    hour: Mapping[str, Any],
    areas: Mapping[str, Any],
    level: str,
    parents: Mapping[str, Sequence[str]],
    question: CoverageQuestion,
) -> Mapping[str, Any]:
    """Return the figures of a level at an hour, by code."""
    if "areas" in hour:
        # A level that is too large to be kept by the hour keeps its people, and nothing of who is reached.
        kept: Mapping[str, Any] = hour["areas"].get(level) or {
            code: {"people": figures["people"]} for code, figures in areas.items()
        }
        return kept
    main = f"people_{60 * question.main_min}"
    found: dict[str, float] = {}
    for county, people in hour.get("counties", {}).items():
        for code in parents.get(county, (county,)):
            found[code] = found.get(code, 0.0) + people
    known = level != "township"
    return {
        code: {"people": figures["people"], main: found.get(code, 0.0) if known else None}
        for code, figures in areas.items()
    }


def _order(row: Row, view: View) -> tuple[bool, Any]:
    if view.sort == "name":
        return (True, row.name)
    value = row.value(view.measure if view.sort == "own" else view.sort)
    # Half of the people of an area without a median are farther away than anything that was asked.
    unknown = float("inf") if view.sort == "median" and row.people else -1.0
    return (True, unknown if value is None else value)


def _rounded(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return round(value / power, 1) * power
