"""What is asked of quality: which month, which level of regions, below which region, in which order. One reader for page and files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from stations.errors import Invalid
from stations.keeping.quality import LEVELS, Area, Quality

__all__ = ["COLUMNS", "OF_PROGRAMS", "Asked"]

#: What a table can be ordered by: shares by their measure, then the others.
COLUMNS: Final = (
    "name",
    "stations",
    "on_map",
    "promised",
    "hours",
    "amenities",
    "facts",
    "door",
    "daily",
    "answer_hours",
    "honours",
)
#: What a file and the API can be asked for.
OF_PROGRAMS: Final = ("month", "level", "region")
_NAMES: Final = (*OF_PROGRAMS, "sort", "dir", "lang")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. month: the first day of one that was kept, or None for now. level: None for what suits the registry."""

    month: date | None = None
    level: str | None = None
    region: str | None = None
    sort: str | None = None
    rising: bool = False
    lang: str | None = None

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]]) -> tuple[Asked, list[Invalid]]:
        """Read a query string as far as it can be understood, and tell what cannot."""
        found, problems = cls(), []
        for name, value in items:
            try:
                found = found._with(name, value.strip())
            except Invalid as error:
                problems.append(error)
        return found, problems

    @classmethod
    def parse(cls, items: Iterable[tuple[str, str]]) -> Asked:
        """Read the query string of a program, which has no order and no language, to the letter.

        Raises Invalid for a name that is not known, twice there, or whose value cannot be understood.
        """
        found, seen = cls(), set()
        for name, value in items:
            if name not in OF_PROGRAMS:
                known = ", ".join(OF_PROGRAMS)
                raise Invalid(f"{name!r} is not a parameter here; known are {known}", field=name, value=value)
            if not value or value != value.strip() or name in seen:
                raise Invalid(
                    f"{name}: {value[:40]!r} is empty, spaced or told twice", field=name, value=value
                )
            seen.add(name)
            found = found._with(name, value)
        return found

    def _with(self, name: str, value: str) -> Asked:
        if name not in _NAMES:
            raise Invalid(
                f"{name!r} is not a parameter here; known are {', '.join(_NAMES)}", field=name, value=value
            )
        if not value:
            return self
        match name:
            case "month":
                return replace(self, month=_month(value))
            case "level" if value in LEVELS:
                return replace(self, level=value)
            case "region" if value.isascii() and value.isdigit() and len(value) in {2, 4, 6}:
                return replace(self, region=value.ljust(6, "0"))
            case "sort" if value in COLUMNS:
                return replace(self, sort=value)
            case "dir" if value in {"up", "down"}:
                return replace(self, rising=value == "up")
            case "lang" if value in {"zh", "en"}:
                return replace(self, lang=value)
        known = {
            "level": ", ".join(LEVELS),
            "region": "the six digits of GB/T 2260",
            "sort": ", ".join(COLUMNS),
            "dir": "up, down",
            "lang": "zh, en",
        }
        raise Invalid(f"{name}: {value[:40]!r} is not one of: {known[name]}", field=name, value=value)

    def items(self) -> list[tuple[str, str]]:
        """Return the names and values that ask this again."""
        given = {
            "month": f"{self.month:%Y-%m}" if self.month else None,
            "level": self.level,
            "region": self.region,
            "sort": self.sort,
            "dir": "up" if self.sort and self.rising else None,
            "lang": self.lang,
        }
        return [(name, value) for name, value in given.items() if value is not None]

    def areas(self, quality: Quality) -> tuple[Area, ...]:
        """Return the regions of the level that is asked for, below the region that is, by code.

        Without a level: the counties of a region, else the prefectures, else whatever is there. Raises Invalid for a
        region that is not told of.
        """
        above = None if self.region is None else quality.area(self.region)
        if self.region is not None and above is None:
            raise Invalid(
                f"region: there is no province, prefecture or county {self.region}",
                field="region",
                value=self.region,
            )
        levels = (
            (self.level,) if self.level else ("county",) if above else ("prefecture", "county", "province")
        )
        for level in levels:
            if found := [
                area for area in quality.of_level(level) if above is None or _below(quality, area, above)
            ]:
                return tuple(found)
        return ()


def _below(quality: Quality, area: Area, above: Area) -> bool:
    at: Area | None = area
    while at is not None:
        if at.code == above.code:
            return True
        at = quality.area(at.parent) if at.parent else None
    return False


def _month(value: str) -> date:
    try:
        if len(value) != 7:
            raise ValueError(value)
        return date.fromisoformat(f"{value}-01")
    except ValueError:
        raise Invalid(
            f"month: {value[:40]!r} is no month; write 2026-03", field="month", value=value
        ) from None
