"""Plans that are kept: asked, answered once and whole, listed, taken out of the list.

Functions take a session and never commit; those that write are called inside ``acting``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from stations.errors import Conflict, Invalid, NotFound
from stations.models import SitingPlan
from stations.planning.runs import as_json, by_code, rows
from stations.planning.siting.asking import SitingQuestion
from stations.planning.siting.proposing import Proposal
from stations.planning.siting.wants import Problem

__all__ = ["ARRAYS", "arrays_of", "ask", "finish", "get", "listed", "remove", "rename", "unit", "unit_of"]

#: What is kept of each cell: its number on the grid and its middle, its people, what they count for in the search, which
#: site of the order first reaches it (``Proposal.served``), how many stations it has within the limit, and the seconds to
#: the nearest one that the search saw. Of the pairs of chosen sites: where those of each begin, cell and seconds. Of the
#: stations that counted code and place, and of each candidate key, name, place and whether the rules bar it.
ARRAYS: Final = (
    "column", "row", "lon", "lat", "weight", "worth", "served", "times", "existing_s",
    "reach_starts", "reach_cell", "reach_s",
    "station_code", "station_lon", "station_lat",
    "candidate_key", "candidate_name", "candidate_lon", "candidate_lat", "candidate_barred",
)  # fmt: skip
#: Columns of a plan that a list of plans has no use for.
_LARGE: Final = (
    SitingPlan.arrays,
    SitingPlan.sites,
    SitingPlan.regions,
    SitingPlan.hours,
    SitingPlan.further,
)
_LONGEST_NOTE: Final = 4_000
_VERSIONED: Final = ("highspy", "numpy", "scipy", "shapely", "pyproj", "chinesecalendar", "opening-hours-py")


def ask(
    session: Session, question: SitingQuestion, *, title: str, actor: int, note: str | None = None
) -> SitingPlan:
    """Note that a plan is wanted; it has no answer yet. Raises Invalid for a title that is empty, or words that are too long."""
    plan = SitingPlan(title=_title(title), note=_note(note), question=question.as_dict(), asked_by=actor)
    session.add(plan)
    session.flush()
    return plan


def finish(session: Session, plan_id: int, found: Proposal, *, now: datetime, seconds: float) -> SitingPlan:
    """Write what was found. Raises NotFound, Conflict where the plan has an answer already."""
    plan = get(session, plan_id)
    if plan.finished_at is not None:
        raise Conflict(f"plan {plan_id} has its answer already; ask again for another")
    packed = io.BytesIO()
    np.savez_compressed(packed, **_arrays(found))  # type: ignore[arg-type]
    plan.finished_at, plan.seconds = now, seconds
    plan.versions = {name: version(name) for name in _VERSIONED}
    plan.basis, plan.summary = as_json(found.basis), as_json(found.summary)
    answer = found.answer
    plan.status, plan.reason, plan.relaxation = (
        str(answer.status),
        answer.reason or None,
        answer.relaxation or None,
    )
    plan.sites = rows(found.sites)
    plan.regions = {level: by_code(table) for level, table in found.regions.items()}
    plan.hours = rows(found.hours)
    plan.further = found.further
    plan.arrays = packed.getvalue()
    session.flush()
    return plan


def get(session: Session, plan_id: int) -> SitingPlan:
    """Return a plan; what is large in it is read when it is asked for. Raises NotFound."""
    plan = session.get(SitingPlan, plan_id, options=[defer(column) for column in _LARGE])
    if plan is None or plan.removed_at is not None:
        raise NotFound(f"there is no plan of sites {plan_id}")
    return plan


def listed(session: Session, *, limit: int = 100) -> Sequence[SitingPlan]:
    """Return the plans, newest first, without what is large in them."""
    return session.scalars(
        select(SitingPlan)
        .where(SitingPlan.removed_at.is_(None))
        .order_by(SitingPlan.id.desc())
        .limit(limit)
        .options(*(defer(column) for column in _LARGE))
    ).all()


def remove(session: Session, plan_id: int, *, now: datetime) -> None:
    """Take a plan out of the list. Raises NotFound."""
    get(session, plan_id).removed_at = now
    session.flush()


def rename(
    session: Session, plan_id: int, *, title: str | None = None, note: str | None = None
) -> SitingPlan:
    """Give a plan another title or another note; None leaves either as it is, an empty note takes it away.

    Raises NotFound, Invalid for a title that is empty, or words that are too long.
    """
    plan = get(session, plan_id)
    if title is not None:
        plan.title = _title(title)
    if note is not None:
        plan.note = _note(note)
    session.flush()
    return plan


def _title(title: str) -> str:
    title = title.strip()
    if not 1 <= len(title) <= 200:
        raise Invalid("a plan needs a title of 1 to 200 characters", field="title", value=title)
    return title


def _note(note: str | None) -> str | None:
    note = (note or "").strip()
    if len(note) > _LONGEST_NOTE:
        raise Invalid(f"a note has at most {_LONGEST_NOTE:,} characters", field="note", value=note[:60])
    return note or None


def unit_of(plan: SitingPlan) -> str:
    """Return what the objective and the bound of a plan are counted in, as ``unit`` has it."""
    return unit(SitingQuestion.of_dict(plan.question), plan.basis or {})


def unit(question: SitingQuestion, basis: Mapping[str, Any]) -> str:
    """Return what the objective and the bound of an answer are counted in. basis: of the answer.

    ``people``, ``weighted`` (people as priorities weigh them, or reached twice), ``money`` or ``sites`` (least cover),
    ``person_seconds`` (median), ``seconds`` (centre).
    """
    if question.problem is Problem.LEAST:
        return "money" if basis.get("costed", question.cost is not None) else "sites"
    if question.problem is Problem.MEDIAN:
        return "person_seconds"
    if question.problem is Problem.CENTRE:
        return "seconds"
    return "weighted" if question.priority or question.problem is Problem.BACKUP else "people"


def arrays_of(plan: SitingPlan) -> dict[str, NDArray[Any]]:
    """Return the arrays of a plan by name, as ``ARRAYS``. Raises Conflict where it has no answer yet."""
    if plan.arrays is None:
        raise Conflict(f"plan {plan.id} has no answer yet")
    with np.load(io.BytesIO(plan.arrays), allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def _arrays(found: Proposal) -> dict[str, NDArray[Any]]:
    table, ground, measured = found.offered.table, found.ground, found.measured
    cover, chosen = measured.asked.cover, found.answer.sites
    at = cover.pairs_of(chosen)
    lengths = np.diff(cover.starts)[chosen]
    barred = np.zeros(len(table), dtype=bool)
    barred[measured.asked.rules.must_not] = True
    return {
        "column": ground.cells.column.astype(np.int32),
        "row": ground.cells.row.astype(np.int32),
        "lon": ground.lonlat[0].astype(np.float32),
        "lat": ground.lonlat[1].astype(np.float32),
        "weight": measured.people,
        "worth": measured.asked.weight,
        "served": found.served,
        "times": measured.times.astype(np.int32),
        "existing_s": measured.existing_s,
        "reach_starts": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "reach_cell": cover.demand[at].astype(np.int32),
        "reach_s": measured.asked.seconds[at],
        "station_code": np.array(found.stations["code"].tolist(), dtype=np.str_),
        "station_lon": found.stations["lon"].to_numpy(dtype=np.float64),
        "station_lat": found.stations["lat"].to_numpy(dtype=np.float64),
        "candidate_key": np.array(table["key"].tolist(), dtype=np.str_),
        "candidate_name": np.array([name or "" for name in table["name"]], dtype=np.str_),
        "candidate_lon": table["lon"].to_numpy(dtype=np.float64),
        "candidate_lat": table["lat"].to_numpy(dtype=np.float64),
        "candidate_barred": barred,
    }
