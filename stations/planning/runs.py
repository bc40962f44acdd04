"""Runs that are kept: asked, done, compared, and the one that the public sees.

Functions take a session and never commit; those that write are called inside ``acting``.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from stations.errors import Conflict, Invalid, NotFound
from stations.models import CoverageRun
from stations.planning.asking import CoverageQuestion
from stations.planning.clock import Clock
from stations.planning.measuring import Measured

__all__ = [
    "ARRAYS",
    "as_json",
    "ask",
    "by_code",
    "cells_of",
    "compare",
    "counted",
    "finish",
    "get",
    "hour_of",
    "listed",
    "publish",
    "published",
    "remove",
    "rows",
    "withdraw",
]

#: What is kept of each cell: its middle, its people, seconds to the nearest (NaN beyond the longest limit), how many
#: stations lie within the main limit, seats per person, what is known of its way (``geo.reach.Standing``). Runs since
#: the first also keep ``column`` and ``row`` of the grid, the ``enhanced`` seats per person and, for hours of the day,
#: ``within_<hour>`` as ``stations.planning.clock.Clock`` has it.
ARRAYS: Final = ("lon", "lat", "weight", "seconds", "counts", "score", "standing")
#: Columns of a run that a list of runs has no use for.
_LARGE: Final = (CoverageRun.cells, CoverageRun.doors, CoverageRun.gaps, CoverageRun.areas, CoverageRun.hours)
_VERSIONED: Final = ("numpy", "scipy", "shapely", "pyproj", "chinesecalendar", "opening-hours-py")


@dataclass(frozen=True, slots=True)
class _Difference:
    """One figure of two runs."""

    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """By how much the second is more; None where one is unknown."""
        return None if self.first is None or self.second is None else self.second - self.first


def ask(session: Session, question: CoverageQuestion, *, title: str, actor: int) -> CoverageRun:
    """Note that a run is wanted; it has no answer yet. Raises Invalid for a title that is empty or too long."""
    title = title.strip()
    if not 1 <= len(title) <= 200:
        raise Invalid("a run needs a title of 1 to 200 characters", field="title", value=title)
    run = CoverageRun(title=title, question=question.as_dict(), asked_by=actor)
    session.add(run)
    session.flush()
    return run


def finish(
    session: Session, run_id: int, measured: Measured, *, now: datetime, seconds: float
) -> CoverageRun:
    """Write what a run found. Raises NotFound, Conflict where it has an answer already."""
    run = get(session, run_id)
    if run.finished_at is not None:
        raise Conflict(f"run {run_id} has its answer already; ask again for another")
    packed = io.BytesIO()
    np.savez_compressed(packed, **_arrays(measured))  # type: ignore[arg-type]
    run.finished_at, run.seconds = now, seconds
    run.versions = {name: version(name) for name in _VERSIONED}
    run.basis, run.summary = as_json(measured.basis), as_json(measured.summary)
    run.areas = {level: by_code(table) for level, table in measured.areas.items()}
    run.hours, run.gaps = _hours(measured.clock), rows(measured.gaps)
    run.doors = _doors(measured)
    run.cells = packed.getvalue()
    session.flush()
    return run


def _arrays(measured: Measured) -> dict[str, NDArray[Any]]:
    seconds = measured.nearest.seconds
    return {
        "lon": measured.lonlat[0].astype("float32"),
        "lat": measured.lonlat[1].astype("float32"),
        "weight": measured.cells.weight.astype("float32"),
        "seconds": np.where(np.isfinite(seconds), seconds, np.nan).astype("float32"),
        "counts": np.minimum(measured.counts, 65_535).astype("uint16"),
        "standing": measured.nearest.standing,
        "column": measured.cells.column.astype("int32"),
        "row": measured.cells.row.astype("int32"),
        **{name: score.astype("float32") for name, score in measured.scores.items()},
        **{f"within_{hour}": found.within for hour, found in measured.clock.found.items()},
    }


def _hours(clock: Clock) -> list[dict[str, Any]]:
    """Write the hours for JSON; areas and gaps stand in the first of those that are alike."""
    told = rows(clock.rows)
    for hour, found in clock.found.items():
        told[hour]["areas"] = {level: by_code(table) for level, table in found.areas.items()}
        told[hour]["gaps"] = rows(found.gaps)
    return told


def _doors(measured: Measured) -> list[dict[str, Any]]:
    """Write the stations for JSON: those that counted, then those that are open at another hour of the day alone."""
    hours = dict(zip(measured.clock.stations["code"], measured.clock.stations["hours"], strict=True))
    found = []
    for row in rows(measured.stations.drop(columns=["has", "lacks"])):
        found.append(row | {"hours": int(hours.pop(row["code"], 0)), "counted": True})
    others = measured.clock.stations
    others = others[others["code"].isin(hours.keys())]
    told = ["code", "name", "region", "lon", "lat", "capacity", "hours"]
    return found + [row | {"counted": False} for row in rows(others.reindex(columns=told))]


def hour_of(run: CoverageRun, hour: int | None) -> dict[str, Any] | None:
    """Return what is kept of an hour of a run's day; None where the run has no such hour.

    Beside its own figures it has ``areas`` (level → code → figures) and ``gaps``, where the run keeps them: the oldest
    ones know the people of ``counties`` alone. ``like`` is the hour whose doors it shares.
    """
    by_hour = {int(row["hour"]): row for row in run.hours or ()}
    row: dict[str, Any] | None = by_hour.get(-1 if hour is None else hour)
    if row is None or "like" not in row:
        return row
    like: dict[str, Any] = by_hour[int(row["like"])]
    return like | row


def counted(run: CoverageRun, hour: int | None = None) -> list[dict[str, Any]]:
    """Return the stations that counted at the moment of a run, or that are open at an hour of its day."""
    if hour is None:
        return [door for door in run.doors or () if door.get("counted", True)]
    return [door for door in run.doors or () if door.get("hours", 0) >> hour & 1]


def get(session: Session, run_id: int) -> CoverageRun:
    """Return a run; what is large in it is read when it is asked for. Raises NotFound."""
    run = session.get(CoverageRun, run_id, options=[defer(column) for column in _LARGE])
    if run is None or run.removed_at is not None:
        raise NotFound(f"there is no run of coverage {run_id}")
    return run


def listed(session: Session, *, limit: int = 100) -> Sequence[CoverageRun]:
    """Return the runs, newest first, without their cells and stations."""
    return session.scalars(
        select(CoverageRun)
        .where(CoverageRun.removed_at.is_(None))
        .order_by(CoverageRun.id.desc())
        .limit(limit)
        .options(*(defer(column) for column in _LARGE))
    ).all()


def published(session: Session) -> CoverageRun | None:
    """Return the run that the public sees, or None; its cells and stations are read when they are asked for."""
    return session.scalar(
        select(CoverageRun)
        .where(CoverageRun.published)
        .options(defer(CoverageRun.cells), defer(CoverageRun.doors), defer(CoverageRun.hours))
    )


def publish(session: Session, run_id: int, *, actor: int, now: datetime) -> CoverageRun:
    """Let the public see a run in place of the one before. Raises NotFound, Conflict where it has no answer yet."""
    run = get(session, run_id)
    if run.finished_at is None:
        raise Conflict(f"run {run_id} has no answer yet, and nothing to publish")
    withdraw(session)
    run.published, run.published_at, run.published_by = True, now, actor
    session.flush()
    return run


def withdraw(session: Session) -> None:
    """Show the public no run."""
    session.execute(update(CoverageRun).where(CoverageRun.published).values(published=False))
    session.flush()


def remove(session: Session, run_id: int, *, now: datetime) -> None:
    """Take a run out of the list. Raises NotFound, Conflict for the one that the public sees."""
    run = get(session, run_id)
    if run.published:
        raise Conflict(f"run {run_id} is the one that the public sees: publish another or withdraw it first")
    run.removed_at = now
    session.flush()


def cells_of(run: CoverageRun) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run's cells, by name: those of ``ARRAYS``, and what more the run has kept.

    Raises Conflict where it has no answer yet.
    """
    if run.cells is None:
        raise Conflict(f"run {run.id} has no answer yet")
    with np.load(io.BytesIO(run.cells), allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def compare(first: CoverageRun, second: CoverageRun) -> dict[str, Any]:
    """Return the figures of two runs beside each other, of the whole and of each area.

    ``summary`` and ``areas`` (level → code → figure) hold [first, second, change]; None where one does not know.
    ``asked`` holds what they were asked differently. Raises Conflict where one has no answer yet.
    """
    for run in (first, second):
        if run.finished_at is None:
            raise Conflict(f"run {run.id} has no answer yet, and nothing to compare")
    areas: dict[str, Any] = {}
    for level in {**(first.areas or {}), **(second.areas or {})}:
        left, right = (first.areas or {}).get(level, {}), (second.areas or {}).get(level, {})
        areas[level] = {
            code: _beside(left.get(code, {}), right.get(code, {})) for code in sorted({*left, *right})
        }
    asked = {
        name: [first.question.get(name), second.question.get(name)]
        for name in {**first.question, **second.question}
        if first.question.get(name) != second.question.get(name)
    }
    return {"summary": _beside(first.summary or {}, second.summary or {}), "areas": areas, "asked": asked}


def _beside(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, list[float | None]]:
    pairs = {name: _Difference(left.get(name), right.get(name)) for name in {**left, **right}}
    return {name: [pair.first, pair.second, pair.change] for name, pair in pairs.items()}


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell figures for JSON; what is not a finite number is null."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Spell a value for JSON, which has no word for what is not a finite number."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Write a table for JSON, row by row."""
    return [as_json({str(name): value for name, value in row.items()}) for row in table.to_dict("records")]


def by_code(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Write a table by area; what lies in none of this level stands under the empty code."""
    rows = table.to_dict("records")
    codes = [code if isinstance(code, str) else "" for code in table.index]
    return {code: as_json({str(k): v for k, v in row.items()}) for code, row in zip(codes, rows, strict=True)}
