"""The day of a run: who is reached at each of its hours, by whichever doors are open then.

Most hours have the doors of another one. What was found for equal doors is found once, and an hour says ``like`` which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.hours import SHANGHAI
from stations.planning import inputs
from stations.planning.asking import CoverageQuestion
from stations.planning.gaps import gaps
from stations.planning.ground import Ground
from stations.planning.tallying import Reached, by_area, reached
from stations.planning.ways import Ways

__all__ = ["HOURS", "Clock", "Hour", "round_the_clock"]

HOURS: Final = 24
#: Areas of a level whose figures are kept for every hour; a nation's townships are too many.
_MOST_AREAS: Final = 4_000
_MOST_WITH_AMENITIES: Final = 1_000
_MOST_GAPS: Final = 100


@dataclass(frozen=True, slots=True)
class Hour:
    """What the doors of one hour do.

    people: within each limit. twice: within the main limit of two or more. areas: level → table by code, as
    ``stations.planning.tallying.by_area`` counts people. gaps: as ``stations.planning.gaps``. within: (k,) the
    number of the first limit that each cell lies within; so many as there are limits where it lies beyond them all.
    """

    people: Sequence[float]
    twice: float
    areas: Mapping[str, pd.DataFrame]
    gaps: pd.DataFrame
    within: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clock:
    """A day by its hours.

    rows: one an hour, with ``stations`` (open then), ``people_<seconds>``, ``people_twice`` and ``like``: the first hour
    with the same doors. found: that hour → what was found for them. stations: all that are open at any hour, with
    ``hours``, a bit for each.
    """

    rows: pd.DataFrame
    found: Mapping[int, Hour]
    stations: pd.DataFrame


def round_the_clock(
    session: Session,
    question: CoverageQuestion,
    travel: Ways,
    ground: Ground,
    told: Callable[[str, float], None],
) -> Clock:
    """Count at every full hour of the day that is asked about. Without such a day the clock is empty."""
    limits = question.limits_s
    columns = ["hour", "stations", *(f"people_{limit:g}" for limit in limits), "people_twice", "like"]
    day = question.at if question.around_the_clock else None
    open_at: list[pd.DataFrame] = []
    first: dict[tuple[str, ...], int] = {}
    rows: list[list[Any]] = []
    found: dict[int, Hour] = {}
    for hour, moment in enumerate(_hours_of(day)):
        open_ = inputs.serving(session, question, moment)
        open_at.append(open_.drop(columns=["has", "lacks"]))
        like = first.setdefault(tuple(open_["code"]), hour)
        if like == hour:
            found[hour] = _hour(question, travel, ground, open_)
        one = found[like]
        rows.append([hour, len(open_), *one.people, one.twice, like])
        told("hours", (hour + 1) / HOURS)
    return Clock(pd.DataFrame(rows, columns=columns), found, _all(open_at))


def _hours_of(day: datetime | None) -> list[datetime]:
    if day is None:
        return []
    midnight = day.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + timedelta(hours=hour) for hour in range(HOURS)]


def _all(open_at: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the stations of all hours, each once, by code, with the hours at which they are open."""
    marked = [open_.assign(hours=1 << hour) for hour, open_ in enumerate(open_at)]
    if not marked:
        return pd.DataFrame({"code": pd.Series(dtype=object), "hours": pd.Series(dtype="int64")})
    whole = pd.concat(marked, ignore_index=True)
    hours = whole.groupby("code")["hours"].sum()
    once = whole.drop_duplicates("code").sort_values("code", ignore_index=True)
    return once.assign(hours=hours.reindex(once["code"]).to_numpy())


def _hour(question: CoverageQuestion, travel: Ways, ground: Ground, open_: pd.DataFrame) -> Hour:
    doors, weight, limits = inputs.doors(open_), ground.cells.weight, question.limits_s
    main = 60.0 * question.main_min
    nearest = travel.nearest(ground.lonlat, doors, limit_s=limits[-1])
    found = reached(ground, nearest, travel.pairs(ground.lonlat, doors, limit_s=main), open_, main)
    return Hour(
        people=[float(weight[nearest.seconds <= limit].sum()) for limit in limits],
        twice=float(weight[found.counts >= 2].sum()),
        areas={level: _table(codes, ground, found, limits) for level, codes in _told(ground)},
        gaps=gaps(ground, found.counts == 0, travel, open_, most=_MOST_GAPS),
        within=np.searchsorted(np.asarray(limits), nearest.seconds, side="left").astype(np.uint8),
    )


def _told(ground: Ground) -> list[tuple[str, Sequence[str | None]]]:
    return [(level, codes) for level, codes in ground.codes.items() if len(set(codes)) <= _MOST_AREAS]


def _table(
    codes: Sequence[str | None], ground: Ground, found: Reached, limits: Sequence[float]
) -> pd.DataFrame:
    amenities = words.FILTER_AMENITIES if len(set(codes)) <= _MOST_WITH_AMENITIES else ()
    table = by_area(codes, ground, found, limits, amenities=amenities)
    # The cells of an area are the same at every hour; what is kept is its people.
    return table[[name for name in table.columns if not str(name).startswith("cells")]]
