"""The stations of a run as a table: what is lost if one closes, and how much each is used for the people it could serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import url_for

from stations.models import CoverageRun
from stations.planning import runs
from stations.planning.use import MONTH_DAYS, judged
from web.i18n import say
from web.planner.view import View

__all__ = ["Door", "Doors", "doors_of"]

#: Rows that a page shows; a file has them all.
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Door:
    """A station that counted. daily: visits a day. use: visits a month for a thousand people within the main limit.

    None where nobody has counted visits, or nobody lives there. at_least: there were more visits than were counted.
    usual: visits a day of its like. mark: ``little`` or ``over`` (``stations.planning.use.judged``), or None.
    """

    code: str
    name: str
    region: str
    within: float
    only: float
    daily: float | None
    use: float | None
    since: str | None
    until: str | None
    at_least: bool
    usual: float | None
    seats: int | None
    mark: str | None


@dataclass(frozen=True, slots=True)
class Doors:
    """The rows that are shown, of how many; how many have a use that is known; the heads of the columns.

    over: those used beyond their seats, the fullest first; little: those used little, the emptiest beside its like first.
    """

    rows: Sequence[Door]
    count: int
    used: int
    heads: Sequence[Mapping[str, Any]]
    over: Sequence[Door]
    little: Sequence[Door]


def doors_of(run: CoverageRun, view: View, parents: Mapping[str, Sequence[str]]) -> Doors:
    """Return the stations of a run as a view sorts them. Whose value nobody knows stands last, whichever way.

    parents: code → the codes above it and itself. Stations beyond the region that is asked about stand there where they
    serve anybody in it.
    """
    asked = run.question.get("region")
    rows = [
        _door(row)
        for row in runs.counted(run)
        if row["people_within"] or asked is None or asked in parents.get(row["region"] or "", ())
    ]
    column, rising = view.doors, view.doors_rising
    known = [row for row in rows if getattr(row, column) is not None]
    unknown = [row for row in rows if getattr(row, column) is None]
    known.sort(key=lambda row: (getattr(row, column), row.code), reverse=not rising)
    used = sum(row.daily is not None for row in rows)
    over = [row for row in rows if row.mark == "over"]
    little = [row for row in rows if row.mark == "little"]
    return Doors(
        [*known, *unknown][:_MOST],
        len(rows),
        used,
        [_head(run, view, each) for each in _heads(run)],
        sorted(over, key=lambda row: ((row.daily or 0) / -(row.seats or 1), row.code)),
        sorted(little, key=lambda row: ((row.daily or 0) / (row.usual or 1), row.code)),
    )


def _door(row: Mapping[str, Any]) -> Door:
    visits, days, within = row.get("visits"), row.get("days"), row["people_within"]
    daily = visits / days if visits is not None and days else None
    usual, seats, at_least = row.get("usual"), row.get("seats"), bool(row.get("at_least"))
    return Door(
        code=row["code"],
        name=row["name"] or row["code"],
        region=row["region"] or "",
        within=within,
        only=row["people_only_here"],
        daily=daily,
        use=None if daily is None or not within else 1000.0 * MONTH_DAYS * daily / within,
        since=row.get("since"),
        until=row.get("until"),
        at_least=at_least,
        usual=usual,
        seats=seats,
        mark=judged(daily, usual=usual, seats=seats, at_least=at_least),
    )


def _heads(run: CoverageRun) -> Mapping[str, str]:
    return {
        "name": say("站点"),
        "only": say("关了就没有的人"),
        "within": say("{n}分钟内的人", n=run.question["main_min"]),
        "daily": say("每天人次"),
        "use": say("每千人每月人次"),
    }


def _head(run: CoverageRun, view: View, column: str) -> dict[str, Any]:
    return {
        "column": column,
        "label": _heads(run)[column],
        "url": url_for("desk.run_page", run_id=run.id, **view.doors_by(column).items()),
        "sorted": None if view.doors != column else "ascending" if view.doors_rising else "descending",
    }
