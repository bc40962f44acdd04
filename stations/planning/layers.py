"""Layers of demand that planners bring: read once, kept in the registry as one sparse grid each, offered to runs.

A layer never changes. One that no run stands on can be taken out for good; one that a run names is kept and only not
offered any more. Functions take a session and never commit; those that write are called inside ``acting``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo.bbox import BBox
from geo.crs import pick_metric
from geo.demand import Cells
from geo.lattice import Lattice
from geo.mainland import Mainland
from stations.errors import Conflict, Invalid, NotFound
from stations.models import (
    Change,
    Commit,
    CoverageRun,
    DemandGrid,
    DemandLayer,
    RegistryInfo,
    SitingPlan,
    Staff,
)
from stations.models.layers import COUNTS
from stations.planning.asking import CENSUS
from stations.planning.layer_files import Reading
from stations.planning.layer_reading import Read, read
from stations.registry.areas import Areas

__all__ = [
    "Event",
    "Facts",
    "add",
    "border",
    "find",
    "get",
    "history",
    "lattice",
    "listed",
    "metric",
    "remove",
    "require_free",
    "told",
    "uses",
]

Told = Callable[[str, float | None], None]

_LARGEST: Final = 10
_LARGEST_M: Final = 1_000.0
_PREVIEW_CELLS: Final = 2_500


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person says of a layer. counts: a code of ``stations.models.layers.COUNTS``; unit: of one of its numbers."""

    name: str
    counts: str
    unit: str
    source: str
    licence: str | None = None
    year: int | None = None

    def __post_init__(self) -> None:
        for field, most in (("name", 80), ("unit", 20), ("source", 300), ("licence", 200)):
            text = getattr(self, field)
            if text is None:
                continue
            if text != " ".join(text.split()) or not 1 <= len(text) <= most or not text.isprintable():
                raise Invalid(
                    f"{field}: write 1 to {most} characters in one line, not {text!r}",
                    field=field,
                    value=text,
                )
        # The options of a command join names and factors so.
        if self.name == CENSUS or "=" in self.name:
            raise Invalid(f"a layer cannot be called {self.name!r}", field="name", value=self.name)
        if self.counts not in COUNTS:
            raise Invalid(
                f"a layer counts one of {', '.join(COUNTS)}, not {self.counts!r}",
                field="counts",
                value=self.counts,
            )
        if self.year is not None and not 1900 <= self.year <= 2200:
            raise Invalid(f"the year {self.year} is none", field="year", value=self.year)


@dataclass(frozen=True, slots=True)
class Event:
    """What was done to a layer. what: ``added`` or ``removed``."""

    what: str
    at: datetime
    who: str
    reason: str
    seq: int | None


def add(
    session: Session,
    path: Path,
    facts: Facts,
    reading: Reading,
    *,
    actor: int,
    now: datetime,
    file_name: str | None = None,
    tell: Told = lambda step, share: None,
) -> DemandLayer:
    """Read a file and keep it as a layer.

    file_name: what its sender calls it. tell: called with the step and how much of it is done; what it raises ends the
    work. Raises what ``layer_reading.read`` raises, Conflict for a name that is taken, NotFound where the registry has
    no outlines.
    """
    require_free(session, facts.name)
    areas = Areas.load(session)
    crs = metric(areas)
    found = read(
        path,
        reading,
        border(areas),
        crs=crs,
        mainland=_mainland(session),
        told=lambda share: tell("read", share),
    )
    tell("keep", None)
    grid = found.gathered.lattice
    coarse = grid.on_cells(crs, _LARGEST_M)
    layer = DemandLayer(
        **asdict(facts),
        form=found.look.form,
        file_name=file_name or path.name,
        sha256=_digest(path),
        reading=_how(found),
        total=found.gathered.total,
        outside=found.gathered.outside,
        elsewhere=[asdict(each) for each in found.elsewhere],
        largest=_largest(coarse, areas),
        squares=len(grid),
        side_m=grid.side_m(),
        added_by=actor,
        added_at=now,
    )
    try:
        with session.begin_nested():
            session.add(layer)
            session.flush()
    except IntegrityError as error:
        if "uq_demand_layers_name" in str(error.orig):
            raise _taken(facts.name) from error
        raise
    session.add(DemandGrid(layer_id=layer.id, content=grid.packed(), preview=_preview(coarse)))
    session.flush()
    return layer


def require_free(session: Session, name: str) -> None:
    """Raise Conflict where a layer that is offered has this name already."""
    if session.scalar(_named(name)) is not None:
        raise _taken(name)


def listed(session: Session, *, removed: bool = False) -> Sequence[DemandLayer]:
    """Return the layers that are offered, by name; or those that are not any more, the last first."""
    asked = select(DemandLayer)
    if removed:
        asked = asked.where(DemandLayer.removed_at.is_not(None)).order_by(DemandLayer.removed_at.desc())
    else:
        asked = asked.where(DemandLayer.removed_at.is_(None)).order_by(DemandLayer.name)
    return session.scalars(asked).all()


def get(session: Session, layer_id: int) -> DemandLayer:
    """Return a layer, also one that is not offered any more. Raises NotFound."""
    layer = session.get(DemandLayer, layer_id)
    if layer is None:
        raise NotFound(f"there is no layer of demand {layer_id}")
    return layer


def find(session: Session, name: str) -> DemandLayer:
    """Return the layer of a name. Raises NotFound, naming those that there are."""
    layer = session.scalar(_named(name))
    if layer is None:
        known = ", ".join(repr(each) for each in [CENSUS, *(each.name for each in listed(session))])
        raise NotFound(f"there is no layer of demand called {name!r}; there is {known}")
    return layer


def lattice(session: Session, layer: DemandLayer) -> Lattice:
    """Return the amounts of a layer inside the registry's border. Raises NotFound where they are gone."""
    content = session.scalar(select(DemandGrid.content).where(DemandGrid.layer_id == layer.id))
    if content is None:
        raise NotFound(f"the amounts of the layer {layer.name!r} are gone; bring its file again")
    return Lattice.unpacked(content)


def uses(session: Session, layer: DemandLayer) -> Sequence[CoverageRun]:
    """Return the runs that name a layer, the newest first; also those that were taken out of the list."""
    later = [CoverageRun.asked_at >= layer.added_at]
    if layer.removed_at is not None:
        later.append(CoverageRun.asked_at <= layer.removed_at)
    return session.scalars(
        select(CoverageRun)
        .where(CoverageRun.question.contains({"layers": [[layer.name]]}), *later)
        .order_by(CoverageRun.id.desc())
    ).all()


def remove(session: Session, layer_id: int, *, now: datetime) -> bool:
    """Take a layer out; returns whether it is gone for good, or kept for the runs that stand on it.

    Plans of sites keep a layer as runs do. Raises NotFound, and Conflict where it was taken out before or a run that names
    it has no answer yet.
    """
    layer = get(session, layer_id)
    if layer.removed_at is not None:
        raise Conflict(f"the layer {layer.name!r} is not offered any more since {layer.removed_at:%Y-%m-%d}")
    runs = uses(session, layer)
    for run in runs:
        if run.finished_at is None and run.removed_at is None:
            raise Conflict(
                f"run {run.id} names the layer {layer.name!r} and has no answer yet: let it end, or remove it first"
            )
    if runs or _planned_on(session, layer):
        layer.removed_at = now
        session.flush()
        return False
    grid = session.get(DemandGrid, layer.id)
    if grid is not None:
        session.delete(grid)
        session.flush()
    session.delete(layer)
    session.flush()
    return True


def _planned_on(session: Session, layer: DemandLayer) -> bool:
    """Tell whether a plan of sites names a layer, for whom it reaches or for where sites may stand."""
    named = or_(
        SitingPlan.question.contains({"reach": {"layers": [[layer.name]]}}),
        SitingPlan.question.contains({"offer": {"layer": layer.name}}),
    )
    return bool(session.scalar(select(exists().where(named, SitingPlan.asked_at >= layer.added_at))))


def history(session: Session, layer: DemandLayer) -> list[Event]:
    """Return what was done to a layer, the first thing first."""
    changed = select(Change.commit_id).where(
        Change.table_name == DemandLayer.__tablename__, Change.row_key.contains({"id": layer.id})
    )
    rows = session.execute(
        select(Commit.id, Commit.at, Staff.display_name, Commit.reason, Commit.seq)
        .join(Staff, Staff.id == Commit.actor_id)
        .where(or_(Commit.id == layer.added_in, Commit.id.in_(changed)))
        .order_by(Commit.id)
    )
    return [
        Event("added" if number == layer.added_in else "removed", at, who, reason, seq)
        for number, at, who, reason, seq in rows
    ]


def told(layer: DemandLayer, factor: float) -> dict[str, Any]:
    """Return what a run keeps of a layer that it stands on, as JSON holds it."""
    return {
        "name": layer.name,
        "factor": factor,
        "id": layer.id,
        "counts": layer.counts,
        "unit": layer.unit,
        "source": layer.source,
        "licence": layer.licence,
        "year": layer.year,
        "added_at": layer.added_at.isoformat(timespec="seconds"),
        "file": layer.file_name,
        "sha256": layer.sha256,
        "total": layer.total,
        "outside": layer.outside,
    }


def border(areas: Areas) -> BaseGeometry:
    """Return the outline of the registry: of its topmost regions that have one. Raises NotFound where none has."""
    shaped = [code for code in areas.shapes if not set(areas.lineage(code)[:-1]) & set(areas.shapes)]
    if not shaped:
        raise NotFound(
            "this registry has no outlines: load its regions first (yizhan regions load --province CODE)"
        )
    return shapely.union_all([areas.shapes[code] for code in shaped])


def metric(areas: Areas) -> CRS:
    """Return the metric CRS that fits the registry. Raises NotFound where it has no outlines."""
    return pick_metric(BBox(*(float(edge) for edge in border(areas).bounds)))


def _named(name: str) -> Select[DemandLayer]:
    return select(DemandLayer).where(DemandLayer.name == name, DemandLayer.removed_at.is_(None))


def _taken(name: str) -> Conflict:
    return Conflict(
        f"there is a layer called {name!r} already; choose another name, or remove that one first"
    )


def _mainland(session: Session) -> Mainland:
    info = session.get(RegistryInfo, 1)
    if info is None or info.mainland is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    return Mainland.from_wkb(info.mainland)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _how(found: Read) -> dict[str, Any]:
    """Return how a file was read and what was left out of it, for the record."""
    return found.reading.as_dict() | {
        "left_out": found.left_out,
        "only_around": found.only_around,
        "crs": found.look.crs or found.reading.crs,
        "size": None if found.look.size is None else list(found.look.size),
    }


def _largest(cells: Cells, areas: Areas) -> list[dict[str, Any]]:
    top = np.argsort(-cells.weight, kind="stable")[:_LARGEST]
    lon, lat = (each[top] for each in cells.lonlat())
    regions = areas.at(lon, lat)
    return [
        {"lon": round(float(x), 5), "lat": round(float(y), 5), "amount": float(amount), "region": region}
        for x, y, amount, region in zip(lon, lat, cells.weight[top], regions, strict=True)
    ]


def _preview(cells: Cells) -> dict[str, Any]:
    """Return a picture of cells that is coarse enough to be drawn at once."""
    at, weight, side = np.column_stack([cells.column, cells.row]), cells.weight, cells.size_m
    while len(weight) > _PREVIEW_CELLS:
        at, into = np.unique(at >> 1, axis=0, return_inverse=True)
        weight, side = np.bincount(into.ravel(), weight).astype(np.float64), 2 * side
    drawn = Cells(cells.crs, side, at[:, 0], at[:, 1], weight)
    lon, lat = drawn.lonlat()
    rows = zip(lon.round(5).tolist(), lat.round(5).tolist(), weight.tolist(), strict=True)
    return {"side_m": side, "cells": [list(each) for each in rows]}
