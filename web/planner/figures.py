"""The figures of a run as a page shows them: one table for a level, a measure and an hour, with its shades.

What is shown stands in the address (``View``), so a link reproduces it; the table and the colours of the map come from
the same numbers here, and no script counts anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, log10
from typing import Any, Final

from stations.models import CoverageRun
from stations.planning import CoverageQuestion

__all__ = ["COLUMNS", "LAYERS", "LEVELS", "MEASURES", "Row", "Table", "View", "shades", "steps_of", "table"]

LEVELS: Final = ("province", "prefecture", "county", "township")
MEASURES: Final = ("share", "uncovered", "people", "median")
LAYERS: Final = ("areas", "reach", "cells", "gaps", "stations")
COLUMNS: Final = ("name", "people", "reached", "share", "uncovered", "cut_off", "median")
#: Measures that are known for every hour of the day.
_HOURLY: Final = ("share", "uncovered", "people")
#: Shares of people not reached at which a shade begins; nobody is the shade 0.
_SHARES: Final = (0.0001, 0.1, 0.25, 0.5, 0.75)
_SHADES: Final = 6


@dataclass(frozen=True, slots=True)
class View:
    """What of a run is shown. hour: of the day, None for the moment that was asked. at: longitude, latitude, zoom."""

    level: str = "county"
    measure: str = "share"
    hour: int | None = None
    sort: str = "uncovered"
    rising: bool = False
    layers: tuple[str, ...] = ("areas", "gaps", "stations")
    at: tuple[float, float, float] | None = None

    @classmethod
    def read(cls, arguments: Mapping[str, str], run: CoverageRun) -> View:
        """Read an address; what it does not understand counts as not said."""
        fresh = cls()
        levels = [level for level in LEVELS if level in (run.areas or {})]
        level = arguments.get("level", fresh.level)
        hour = arguments.get("hour", "")
        known = {row["hour"] for row in run.hours or ()}
        at_hour = int(hour) if hour.isascii() and hour.isdigit() and len(hour) < 3 else None
        shown = arguments.get("show")
        return cls(
            level=level
            if level in levels
            else _known(fresh.level, levels, levels[-1] if levels else fresh.level),
            measure=_known(arguments.get("by"), MEASURES, fresh.measure),
            hour=at_hour if at_hour in known else None,
            sort=_known(arguments.get("sort"), COLUMNS, fresh.sort),
            rising=arguments.get("rising") == "1",
            layers=fresh.layers if shown is None else tuple(x for x in LAYERS if x in shown.split(",")),
            at=_place(arguments.get("at", "")),
        )

    def items(self) -> dict[str, Any]:
        """Return the names and values that spell this view in an address; what is usual is not said."""
        fresh = View()
        told: dict[str, Any] = {}
        for name, own in (("level", "level"), ("by", "measure"), ("sort", "sort")):
            if getattr(self, own) != getattr(fresh, own):
                told[name] = getattr(self, own)
        if self.hour is not None:
            told["hour"] = str(self.hour)
        if self.rising:
            told["rising"] = "1"
        if self.layers != fresh.layers:
            told["show"] = ",".join(self.layers)
        if self.at is not None:
            told["at"] = ",".join(f"{value:g}" for value in self.at)
        return told

    def sorted_by(self, column: str) -> View:
        """Return the view after a click on the head of a column: by it, or turned round."""
        if column == self.sort:
            return replace(self, rising=not self.rising)
        return replace(self, sort=column, rising=column == "name")


@dataclass(frozen=True, slots=True)
class Row:
    """One area. within: people in each limit, by the minutes. None is what nobody knows or an hour does not tell."""

    code: str
    name: str
    people: float
    within: Mapping[int, float | None]
    reached: float | None
    cut_off: float | None
    median_s: float | None

    @property
    def share(self) -> float | None:
        """Which share of the people is reached within the main limit."""
        return None if self.reached is None or not self.people else self.reached / self.people

    @property
    def uncovered(self) -> float | None:
        """How many people are not."""
        return None if self.reached is None else max(0.0, self.people - self.reached)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows as sorted, their sum, and what is open at the hour."""

    rows: Sequence[Row]
    total: Row
    stations: int
    limits: Sequence[int]


def table(
    run: CoverageRun, view: View, names: Mapping[str, str], parents: Mapping[str, Sequence[str]]
) -> Table:
    """Return the figures of a run for a view. parents: code → the codes above it and itself.

    At an hour only the people within the main limit are known by area, of counties and what they add up to.
    """
    question = CoverageQuestion.of_dict(run.question)
    areas = (run.areas or {}).get(view.level, {})
    hour = next((row for row in run.hours or () if row["hour"] == view.hour), None)
    rows = [_row(code, figures, names, question) for code, figures in areas.items()]
    if hour is not None:
        reached = _at_hour(hour["counties"], view.level, parents)
        rows = [
            replace(row, within={}, reached=None if reached is None else reached.get(row.code, 0.0), cut_off=None,
                    median_s=None)
            for row in rows
        ]  # fmt: skip
    rows.sort(key=lambda row: _order(row, view.sort), reverse=not view.rising)
    summary = run.summary or {}
    limits = question.limits_min
    held = summary if hour is None else {name: hour.get(name) for name in hour}
    within = {limit: held.get(f"people_{60 * limit}") for limit in limits}
    total = Row(
        "", "", summary.get("people") or 0.0, within, within[question.main_min],
        summary.get("people_cut_off") if hour is None else None, None,
    )  # fmt: skip
    stations = (summary if hour is None else hour).get("stations") or 0
    return Table(rows, total, int(stations), limits)


def steps_of(rows: Sequence[Row], view: View, question: CoverageQuestion) -> list[float]:
    """Return the five values at which the shades 1 to 5 begin. For shares they are of people *not* reached."""
    if view.measure == "share":
        return list(_SHARES)
    if view.measure == "median":
        limits = [60.0 * limit for limit in question.limits_min]
        return [limits[min(int(i * len(limits) / 5), len(limits) - 1)] for i in range(5)]
    values = sorted(value for row in rows if (value := _value(row, view.measure)) is not None and value > 0)
    if not values:
        return [1.0, 2.0, 3.0, 4.0, 5.0]
    found = [_rounded(values[int(i * (len(values) - 1) / 5)]) for i in range(5)]
    return [min(0.5, found[0]), *found[1:]]


def shades(rows: Sequence[Row], view: View, steps: Sequence[float]) -> dict[str, int]:
    """Return the shade 0 to 5 of each area whose value is known, by its code."""
    found: dict[str, int] = {}
    for row in rows:
        value = _value(row, view.measure)
        if view.measure == "share":
            value = None if value is None else 1.0 - value
        elif view.measure == "median" and value is None and row.people:
            value = float("inf")
        if value is not None and row.code:
            begun = sum(value > step if view.measure == "median" else value >= step for step in steps)
            found[row.code] = min(begun, _SHADES - 1)
    return found


def _row(code: str, figures: Mapping[str, Any], names: Mapping[str, str], question: CoverageQuestion) -> Row:
    within = {limit: figures.get(f"people_{60 * limit}") for limit in question.limits_min}
    return Row(
        code, names.get(code, code), figures.get("people") or 0.0, within, within[question.main_min],
        figures.get("people_cut_off"), figures.get("median_s"),
    )  # fmt: skip


def _at_hour(
    counties: Mapping[str, float], level: str, parents: Mapping[str, Sequence[str]]
) -> dict[str, float] | None:
    """Return the people reached at an hour by area of a level; None below the counties, of which nothing is kept."""
    if level == "township":
        return None
    found: dict[str, float] = {}
    for county, people in counties.items():
        for code in parents.get(county, (county,)):
            found[code] = found.get(code, 0.0) + people
    return found


def _value(row: Row, measure: str) -> float | None:
    value: float | None = row.median_s if measure == "median" else getattr(row, measure)
    return value


def _order(row: Row, column: str) -> tuple[bool, Any]:
    if column == "name":
        return (True, row.name)
    value = row.median_s if column == "median" else getattr(row, column)
    # Half of the people of an area without a median are farther away than anything that was asked.
    unknown = float("inf") if column == "median" and row.people else -1.0
    return (True, unknown if value is None else value)


def _rounded(value: float) -> float:
    power = 10.0 ** floor(log10(value))
    return round(value / power, 1) * power


def _known(text: str | None, known: Sequence[str], fresh: str) -> str:
    return text if text is not None and text in known else fresh


def _place(text: str) -> tuple[float, float, float] | None:
    try:
        lon, lat, zoom = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (lon, lat, zoom) if abs(lon) <= 180 and abs(lat) <= 90 and 0 <= zoom <= 20 else None
