"""How well the stations of each region serve, in figures that anybody may see: a count each, of how many, and who is unknown.

Sums are counted for the lowest region that a station lies in and added up from there, so that a county, a prefecture
and the whole are of one piece. Counted are stations that serve or pause (``progress`` at the desk counts the same);
what is planned, closed or withdrawn is not. Nothing here is about a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.keeping import quality_counts
from stations.models import Region, RegistryInfo
from stations.planning import programme_progress, programmes

__all__ = [
    "LEVELS",
    "MEASURES",
    "Area",
    "Measure",
    "Quality",
    "Sums",
    "figures_of",
    "quality",
    "quality_from",
]

LEVELS: Final = ("province", "prefecture", "county")
#: A county's median of fewer answers says more of one report than of the county.
_FEWEST_ANSWERS: Final = 3


@dataclass(frozen=True, slots=True)
class Sums:
    """What adds up: counts of stations, of facts, of visits, of honours.

    ``promised`` were verified within the promise of their kind, ``never`` never. ``facts`` of ten amenities a station
    are known. ``visits`` in ``days`` of ``counted`` stations, in the year before; ``at_least``: of how many there were more.
    """

    stations: int = 0
    promised: int = 0
    never: int = 0
    hours: int = 0
    amenities: int = 0
    facts: int = 0
    on_map: int = 0
    door: int = 0
    place_unknown: int = 0
    counted: int = 0
    visits: int = 0
    days: int = 0
    at_least: int = 0
    waiting: int = 0
    honours: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class Measure:
    """One share: how many (``part``) of how many (``whole``); ``unknown``: how many of whom nobody can tell."""

    name: str
    part: str
    whole: str
    unknown: str | None = None


#: The shares that every region is told by, in the order of a page.
MEASURES: Final = (
    Measure("promised", "promised", "stations", "never"),
    Measure("hours", "hours", "stations"),
    Measure("amenities", "amenities", "stations"),
    Measure("facts", "facts", "possible_facts"),
    Measure("on_map", "on_map", "stations"),
    Measure("door", "door", "stations", "place_unknown"),
    Measure("counted", "counted", "stations"),
)


@dataclass(frozen=True, slots=True)
class Area:
    """A region with its sums. ``answer_hours``: the median from a report to its answer, of ``answered``; None of too few."""

    code: str
    level: str
    names: Mapping[str, str]
    parent: str | None
    sums: Sums
    answered: int = 0
    answer_hours: float | None = None

    def share(self, measure: str) -> float | None:
        """Return a measure as a share from 0 to 1; None where there is nothing to count."""
        one = next(each for each in MEASURES if each.name == measure)
        whole = self.count(one.whole)
        return self.count(one.part) / whole if whole else None

    def count(self, name: str) -> int:
        """Return a sum by its name, or how many facts of amenities there could be."""
        if name == "possible_facts":
            return self.sums.stations * quality_counts.FACTS
        found: int = getattr(self.sums, name)
        return found

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Area:
        """Make an area of what ``figures_of`` told of it."""
        names = {one.name for one in fields(Sums)}
        sums = Sums(**{name: value for name, value in told.items() if name in names})
        return cls(
            told["code"],
            told["level"],
            told["names"],
            told["parent"],
            sums,
            told["answered"],
            told["answer_hours"],
        )

    @property
    def daily(self) -> float | None:
        """Visits a day at a station, of the stations and days that were counted (服务效能); None where none were."""
        return self.sums.visits / self.sums.days if self.sums.days else None


@dataclass(frozen=True, slots=True)
class Programme:
    """How far a programme is: stations open, of its target, and how many should be open by now."""

    code: str
    title: str
    open: int
    target: int
    expected: int
    due: str


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of a registry at a moment: as a whole, and by region."""

    at: datetime
    seq: int
    name: str
    demonstration: bool
    whole: Area
    areas: tuple[Area, ...]
    #: Honours that hold, by level.
    honours: Mapping[str, int]
    #: Visits by who came, of the figures that told it.
    occupations: Mapping[str, int]
    #: Visits by how they were counted.
    ways: Mapping[str, int]
    #: Those that go on.
    programmes: tuple[Programme, ...] = ()

    def of_level(self, level: str) -> tuple[Area, ...]:
        """Return the regions of a level, by code."""
        return tuple(area for area in self.areas if area.level == level)

    def area(self, code: str) -> Area | None:
        """Return a region by its code; None where it is not told of."""
        return next((area for area in self.areas if area.code == code), None)


def quality(session: Session, *, now: datetime, opened_by_then: bool = False) -> Quality:
    """Count the quality of the registry at ``now``: five questions to the database, however many stations there are.

    Regions without a station are told too, with nothing in them. Stations in no region count in the whole alone.
    opened_by_then: leave out what opened after ``now``, for a demonstration that looks back on months it has not seen.
    """
    sums = quality_counts.sums(session, now=now, opened_by_then=opened_by_then)
    used = quality_counts.used(session, now=now)
    answers = quality_counts.answers(session, now=now)
    honours = quality_counts.honours(session)
    lines = session.execute(
        select(
            Region.code, Region.level, Region.names, Region.parent_code, Region.lineage, Region.merged_into
        )
    ).all()
    lineage = {row.code: row.lineage for row in lines}
    totals: dict[str, Sums] = {}
    for code, found in _by_region(sums, used.regions, honours.regions).items():
        for above in {"", *lineage.get(code, ())}:
            totals[above] = totals.get(above, Sums()) + found
    info = session.get(RegistryInfo, 1)

    def area(code: str, level: str, names: Mapping[str, str], parent: str | None) -> Area:
        told = answers.get(code)
        enough = told is not None and told.answered >= _FEWEST_ANSWERS
        return Area(
            code,
            level,
            names,
            parent,
            totals.get(code, Sums()),
            told.answered if told else 0,
            told.hours if told and enough else None,
        )

    return Quality(
        at=now,
        seq=quality_counts.seq(session),
        name=info.name if info else "",
        demonstration=bool(info and info.demonstration),
        whole=area("", "whole", {}, None),
        areas=tuple(
            area(row.code, row.level, row.names, row.parent_code)
            for row in sorted(lines, key=lambda row: str(row.code))
            if row.level in LEVELS and row.merged_into is None
        ),
        honours=honours.levels,
        occupations=used.occupations,
        ways=used.ways,
        programmes=_programmes(session, now),
    )


def _programmes(session: Session, now: datetime) -> tuple[Programme, ...]:
    today = now.astimezone(SHANGHAI).date()
    found = []
    for one in programmes.listed(session):
        if one.closed_on is None:
            far = programme_progress.progress(session, one, today=today)
            opened = far.total.count.open
            found.append(
                Programme(one.code, one.title, opened, one.target, far.expected, far.due.isoformat())
            )
    return tuple(found)


def _by_region(*parts: Mapping[str, Mapping[str, int]]) -> dict[str, Sums]:
    found: dict[str, dict[str, int]] = {}
    for part in parts:
        for code, values in part.items():
            found.setdefault(code, {}).update(values)
    return {code: Sums(**values) for code, values in found.items()}


def figures_of(found: Quality) -> dict[str, Any]:
    """Return a quality as JSON can hold it: what is kept of a month, and what ``quality_from`` reads."""
    return {
        "at": found.at.isoformat(),
        "seq": found.seq,
        "registry": found.name,
        "whole": _told(found.whole),
        "areas": [_told(area) for area in found.areas],
        "honours": dict(found.honours),
        "occupations": dict(found.occupations),
        "ways": dict(found.ways),
        "programmes": [asdict(one) for one in found.programmes],
    }


def _told(area: Area) -> dict[str, Any]:
    return {
        "code": area.code,
        "level": area.level,
        "names": dict(area.names),
        "parent": area.parent,
        "answered": area.answered,
        "answer_hours": area.answer_hours,
        **asdict(area.sums),
    }


def quality_from(told: Mapping[str, Any], *, demonstration: bool) -> Quality:
    """Return the quality that was kept as JSON; what a later version counts besides reads as 0."""
    return Quality(
        at=datetime.fromisoformat(told["at"]),
        seq=told["seq"],
        name=told["registry"],
        demonstration=demonstration,
        whole=Area.of(told["whole"]),
        areas=tuple(Area.of(row) for row in told["areas"]),
        honours=told["honours"],
        occupations=told["occupations"],
        ways=told["ways"],
        programmes=tuple(Programme(**one) for one in told["programmes"]),
    )
