"""The view of a run: what of it a page shows, spelled in the address, so that a link shows the same again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from stations import vocabulary
from stations.models import CoverageRun
from stations.planning import runs

__all__ = ["DOORS", "LAYERS", "LEVELS", "MEASURES", "View", "measures_of"]

LEVELS: Final = ("province", "prefecture", "county", "township")
#: What areas can be shaded by; ``with_`` an amenity: people within reach of a station that has it.
MEASURES: Final = (
    "share", "twice", "uncovered", "people", "median", "score", "enhanced",
    *(f"with_{amenity}" for amenity in vocabulary.FILTER_AMENITIES),
)  # fmt: skip
LAYERS: Final = ("areas", "reach", "overlap", "cells", "gaps", "stations")
#: What the table of stations can be sorted by.
DOORS: Final = ("only", "within", "daily", "use", "name")
_SORTS: Final = ("name", "people", "reached", "share", "twice", "uncovered", "cut_off", "median", "own")
#: measure → the figure of an area that it needs; what is not here every run has.
_NEEDS: Final = {"twice": "people_twice", "median": "median_s"}


@dataclass(frozen=True, slots=True)
class View:
    """What of a run is shown. hour: of the day, None for the moment that was asked. at: longitude, latitude, zoom."""

    level: str = "county"
    measure: str = "share"
    hour: int | None = None
    sort: str = "uncovered"
    rising: bool = False
    doors: str = "only"
    doors_rising: bool = False
    layers: tuple[str, ...] = ("areas", "gaps", "stations")
    at: tuple[float, float, float] | None = None

    @classmethod
    def read(cls, arguments: Mapping[str, str], run: CoverageRun) -> View:
        """Read an address; what it does not understand counts as not said."""
        fresh = cls()
        levels = [level for level in LEVELS if level in (run.areas or {})]
        level = arguments.get("level", fresh.level)
        hour = arguments.get("hour", "")
        known = {int(row["hour"]) for row in run.hours or ()}
        at_hour = int(hour) if hour.isascii() and hour.isdigit() and len(hour) < 3 else None
        shown, doors = arguments.get("show"), arguments.get("doors", "")
        return cls(
            level=level
            if level in levels
            else _known(fresh.level, levels, levels[-1] if levels else fresh.level),
            measure=_known(arguments.get("by"), measures_of(run), fresh.measure),
            hour=at_hour if at_hour in known else None,
            sort=_known(arguments.get("sort"), _SORTS, fresh.sort),
            rising=arguments.get("rising") == "1",
            doors=_known(doors.removeprefix("-"), DOORS, fresh.doors),
            doors_rising=doors.startswith("-"),
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
        if self.doors != fresh.doors or self.doors_rising:
            told["doors"] = f"{'-' if self.doors_rising else ''}{self.doors}"
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

    def doors_by(self, column: str) -> View:
        """Return the view after a click on the head of a column of the table of stations."""
        if column == self.doors:
            return replace(self, doors_rising=not self.doors_rising)
        return replace(self, doors=column, doors_rising=column == "name")


def measures_of(run: CoverageRun, hour: int | None = None) -> tuple[str, ...]:
    """Return the measures that a run knows of its areas, at its moment or at an hour of its day."""
    kept = runs.hour_of(run, hour)
    levels = (run.areas if kept is None else kept.get("areas")) or {}
    known = {name for areas in levels.values() for figures in [*areas.values()][:1] for name in figures}
    asked = {"share", "uncovered", "people"}
    return tuple(measure for measure in MEASURES if measure in asked or _NEEDS.get(measure, measure) in known)


def _known(text: str | None, known: Sequence[str], fresh: str) -> str:
    return text if text is not None and text in known else fresh


def _place(text: str) -> tuple[float, float, float] | None:
    try:
        lon, lat, zoom = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (lon, lat, zoom) if abs(lon) <= 180 and abs(lat) <= 90 and 0 <= zoom <= 20 else None
