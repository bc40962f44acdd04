"""What a run of coverage asks, as a value: equal questions are equal, and are kept and read back the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any, Final

from geo.passing import Mode
from stations import vocabulary as words
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.query import StationQuery

__all__ = ["CENSUS", "Along", "CoverageQuestion"]

#: The layer that every registry of a known province has: the census spread over places, coarse.
CENSUS: Final = "census"
_SERVING: Final = ("kinds", "amenities", "access", "fee", "unknown")
_MOST_LIMITS: Final = 8
_SIZES: Final = (50.0, 50_000.0)


class Along(StrEnum):
    """What minutes are measured along."""

    STRAIGHT = "straight"
    STREETS = "streets"


@dataclass(frozen=True, slots=True)
class CoverageQuestion:
    """One question of coverage.

    region: code, or None for the whole registry; stations beyond its border count too. layers: (name, factor) of the
    demand. size_m: side of a cell. mode: on foot or by e-bike. limits_min: ascending minutes. main_min: the limit that
    gaps, double cover and scores are told for. at: the moment whose open stations count, in Asia/Shanghai; None counts
    every station in service whatever its hours. around_the_clock: also each hour of that day. serving: the kinds,
    amenities, access and fee of the stations that count, and what unknown means; rest stations where it names no kind.
    ways: along the streets that are loaded, or the straight line. detour: street metres for a straight metre, for the
    straight line alone.
    """

    region: str | None = None
    layers: tuple[tuple[str, float], ...] = ((CENSUS, 1.0),)
    size_m: float = 1_000.0
    mode: Mode = Mode.WALK
    limits_min: tuple[int, ...] = (5, 10, 15, 30)
    main_min: int = 15
    at: datetime | None = None
    around_the_clock: bool = False
    serving: StationQuery = field(default_factory=StationQuery)
    detour: float = 1.3
    ways: Along = Along.STRAIGHT

    def __post_init__(self) -> None:
        if not self.layers or any(not (isfinite(factor) and factor >= 0) for _, factor in self.layers):
            raise Invalid("a run needs layers of demand, each with a factor of 0 or more", field="layers")
        low, high = _SIZES
        if not low <= self.size_m <= high:
            raise Invalid(
                f"a cell of {self.size_m:g} m is not between {low:g} and {high:g} m",
                field="size_m",
                value=self.size_m,
            )
        limits = self.limits_min
        if not limits or len(limits) > _MOST_LIMITS or list(limits) != sorted(set(limits)) or limits[0] < 1:
            raise Invalid(
                f"limits are 1 to {_MOST_LIMITS} ascending whole minutes, not {list(limits)}",
                field="limits_min",
            )
        if self.main_min not in limits:
            raise Invalid(f"the main limit {self.main_min} is none of {list(limits)}", field="main_min")
        if self.around_the_clock and self.at is None:
            raise Invalid("the hours of which day? give a date", field="at")
        if not 1.0 <= self.detour <= 5.0:
            raise Invalid(
                f"a detour lies between 1 and 5, not {self.detour!r}", field="detour", value=self.detour
            )

    @property
    def stations(self) -> StationQuery:
        """Which stations count: in service, and a place to rest where no kind is named."""
        asked = replace(StationQuery(), **{name: getattr(self.serving, name) for name in _SERVING})
        classes = () if asked.kinds else (str(words.StationClass.REST),)
        return replace(asked, lifecycle=(str(words.Lifecycle.OPEN),), classes=classes)

    @property
    def limits_s(self) -> tuple[float, ...]:
        """The limits in seconds."""
        return tuple(60.0 * limit for limit in self.limits_min)

    def as_dict(self) -> dict[str, Any]:
        """Return the question for JSON."""
        return {
            "region": self.region,
            "layers": [list(layer) for layer in self.layers],
            "size_m": self.size_m,
            "mode": str(self.mode),
            "limits_min": list(self.limits_min),
            "main_min": self.main_min,
            "at": None if self.at is None else self.at.astimezone(SHANGHAI).isoformat(timespec="minutes"),
            "around_the_clock": self.around_the_clock,
            "serving": replace(StationQuery(), **{n: getattr(self.serving, n) for n in _SERVING}).encode(),
            "detour": self.detour,
            "ways": str(self.ways),
        }

    @classmethod
    def of_dict(cls, given: Mapping[str, Any]) -> CoverageQuestion:
        """Read what ``as_dict`` wrote. Raises Invalid naming what is unknown or wrong."""
        from urllib.parse import parse_qsl

        if strangers := set(given) - {each.name for each in fields(cls)}:
            raise Invalid(
                f"a question of coverage has no {', '.join(sorted(strangers))}", field=min(strangers)
            )
        values = dict(given)
        try:
            if "layers" in values:
                values["layers"] = tuple((str(name), float(factor)) for name, factor in values["layers"])
            if "limits_min" in values:
                values["limits_min"] = tuple(int(limit) for limit in values["limits_min"])
            if "mode" in values:
                values["mode"] = Mode(values["mode"])
            if "ways" in values:
                values["ways"] = Along(values["ways"])
            if values.get("at") is not None:
                moment = datetime.fromisoformat(values["at"])
                values["at"] = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
            if "serving" in values:
                values["serving"] = StationQuery.parse(parse_qsl(values["serving"]))
        except (TypeError, ValueError) as error:
            raise Invalid(f"the question cannot be read: {error}") from error
        return cls(**values)
