"""Townships of a list judged, and points found for them: by code, else by county and name, never by a name alone that two share.

What cannot be told is said with a code of ``PROBLEMS`` and what it might mean, for a person to decide.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from stations.planning.township_lists import TownshipRow
from stations.planning.township_names import TownshipName, code_of, named

__all__ = ["PROBLEMS", "Found", "Judged", "Point", "Where", "judge", "match"]

#: Why a row waits for a person.
PROBLEMS: Final = (
    "no_name", "bad_code", "no_county", "county_differs", "outside_programme", "twice", "bad_point", "point_elsewhere",
    "no_point", "not_listed", "other_county", "ambiguous", "code_and_name_differ", "has_point",
)  # fmt: skip

#: Longitude and latitude in WGS 84.
Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Where:
    """What a registry knows of places. county_named: a name or six digits → the county, or None; county_at: a point → the same."""

    county_named: Callable[[str], str | None]
    county_at: Callable[[Point], str | None]
    counties: Collection[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what was understood. point: None where there is none or where it is not believed; problem: see ``PROBLEMS``."""

    row: TownshipRow
    code: str | None
    name: TownshipName
    county: str | None
    point: Point | None
    problem: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def stray(self) -> bool:
        """Whether the row is no township of the programme, as far as anybody can tell."""
        return self.problem in {"outside_programme", "twice", "no_name"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a row of points belongs. at: the place in the list, None with the problem. by: ``code`` or ``name``."""

    row: Judged
    at: int | None
    by: str | None = None
    problem: str | None = None
    candidates: tuple[int, ...] = ()


def judge(rows: Sequence[TownshipRow], points: Mapping[int, Point | None], where: Where) -> list[Judged]:
    """Understand each row of a list of townships. points: row number → WGS 84, for the rows whose coordinates are numbers.

    The county comes from the code, else from the name beside it, else from the point.
    """
    seen: dict[object, int] = {}
    found = []
    for row in rows:
        one = _understood(row, points.get(row.number), where)
        keys: list[object] = [one.code] if one.code else []
        if one.county and one.name.full:
            keys.append((one.county, one.name.full))
        first = next((seen[key] for key in keys if key in seen), None)
        if first is not None and one.problem is None:
            one = replace(one, problem="twice", candidates=(str(first),))
        for key in keys:
            seen.setdefault(key, row.number)
        found.append(one)
    return found


def match(points: Sequence[Judged], listed: Sequence[Judged]) -> list[Found]:
    """Find for each row with a point the township of a list that it means, in the order of ``points``.

    A code decides where the names do not contradict it. Else county and name do: a name as written before one that only
    shares its stem. A second point for the same township is told and not taken.
    """
    by_code = {one.code: at for at, one in enumerate(listed) if one.code}
    by_stem: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(listed):
        by_stem[one.name.stem].append(at)
    taken: set[int] = set()
    found: list[Found] = []
    for row in points:
        where = _placed(row, listed, by_code, by_stem)
        if where.at is not None and (where.at in taken or listed[where.at].point is not None):
            where = Found(row, None, problem="has_point", candidates=(where.at,))
        elif where.at is not None:
            taken.add(where.at)
        found.append(where)
    return found


def _understood(row: TownshipRow, point: Point | None, where: Where) -> Judged:
    problem = None
    code = None
    try:
        code = code_of(row.code)
    except ValueError:
        problem = "bad_code"
    name = named(row.name)
    by_code = where.county_named(code[:6]) if code else None
    by_name = where.county_named(row.county) if row.county else None
    here = where.county_at(point) if point else None
    county = by_code or by_name or here
    if not name.full:
        problem = problem or "no_name"
    elif by_code and by_name and by_code != by_name:
        problem = problem or "county_differs"
    elif county is None:
        problem = problem or "no_county"
    elif county not in where.counties:
        problem = problem or "outside_programme"
    elif point is None and _has_numbers(row):
        problem = problem or "bad_point"
    elif point is not None and here != county:
        problem, point = problem or "point_elsewhere", None
    return Judged(row, code, name, county, point, problem)


def _has_numbers(row: TownshipRow) -> bool:
    return any(value is not None and (math.isnan(value) or value != 0) for value in (row.lon, row.lat))


def _placed(
    row: Judged, listed: Sequence[Judged], by_code: Mapping[str, int], by_stem: Mapping[str, Sequence[int]]
) -> Found:
    alike = list(by_stem.get(row.name.stem, ())) if row.name.stem else []
    if row.code is not None and row.code in by_code:
        at = by_code[row.code]
        if not row.name.full or listed[at].name.stem == row.name.stem:
            return _with_point(row, at, "code")
        return Found(row, None, problem="code_and_name_differ", candidates=tuple(dict.fromkeys((at, *alike))))
    if row.problem is not None and row.problem != "bad_code":
        return Found(row, None, problem=row.problem, candidates=tuple(alike))
    here = [at for at in alike if listed[at].county == row.county]
    same = [at for at in here if listed[at].name.full == row.name.full]
    fitting = same or here
    if len(fitting) == 1:
        return _with_point(row, fitting[0], "name")
    if fitting:
        return Found(row, None, problem="ambiguous", candidates=tuple(fitting))
    return Found(row, None, problem="other_county" if alike else "not_listed", candidates=tuple(alike))


def _with_point(row: Judged, at: int, by: str) -> Found:
    if row.point is None:
        return Found(row, None, problem=row.problem or "no_point", candidates=(at,))
    return Found(row, at, by)
