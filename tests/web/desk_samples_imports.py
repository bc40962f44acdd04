"""Sample requests of the pages about imports and long work, for the matrix of roles."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from desk_samples import Sample, World

from stations import imports, jobs
from stations.imports import SourceSpec
from stations.keeping import inbox
from stations.keeping.uploads import Kept

#: Roles that may import.
WRITERS = {"editor", "administrator"}


def owner(world: World) -> int:
    """Return who brings the list: who asks, where they may."""
    return world.member.id if world.member.role in WRITERS else world.operator


def batch(world: World, *, applied: bool = False) -> Mapping[str, Any]:
    """Judge a list of one new station of the county; apply it, too."""
    number = world.number()
    names = {"630222": "民和回族土族自治县", "630202": "乐都区"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "样表.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["名称", "所属区县"], [f"样站{number}", names[world.county]]])
        actor = owner(world)
        source = SourceSpec(f"sample-{number}", f"样表{number}")
        found = imports.prepare(world.session, path, actor=actor, source=source)
        assert found.batch_id is not None
        if applied:
            # As after a commit: the next writer begins a commit of its own.
            imports.apply(world.session, found.batch_id, path, actor=actor)
    return {"batch_id": found.batch_id}


def upload(world: World) -> Mapping[str, Any]:
    """Note a file that was sent and is not kept any more."""
    kept = Kept("0" * 64, "样表.csv", 10)
    choices = {"source": {"code": f"sample-{world.number()}"}}
    return {"upload_id": inbox.add(world.session, kept, actor=owner(world), choices=choices)}


def work(world: World, *, ended: bool = False) -> Mapping[str, Any]:
    """Ask for a piece of work that no worker knows."""
    actor = world.member.id if world.member.role else world.operator
    work_id = jobs.enqueue(world.session, "sample", {}, actor=actor)
    if ended:
        jobs.cancel(world.session, work_id, actor=actor)
    return {"work_id": work_id}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/imports/new"): Sample(form={"source": "new"}, ok=(400,)),
    ("GET", "/desk/imports/files/<int:upload_id>"): Sample(values=upload),
    ("POST", "/desk/imports/files/<int:upload_id>"): Sample(values=upload),
    ("POST", "/desk/imports/files/<int:upload_id>/discard"): Sample(values=upload),
    ("GET", "/desk/imports/<int:batch_id>"): Sample(values=batch),
    ("GET", "/desk/imports/<int:batch_id>/map"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/decide"): Sample(
        values=batch, form={"verdict": "new", "choice": "reject"}
    ),
    ("POST", "/desk/imports/<int:batch_id>/discard"): Sample(values=batch),
    ("GET", "/desk/imports/<int:batch_id>/apply"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/apply"): Sample(values=batch),
    ("POST", "/desk/imports/<int:batch_id>/judge"): Sample(values=batch, ok=(404,)),
    ("GET", "/desk/imports/<int:batch_id>/undo"): Sample(values=lambda world: batch(world, applied=True)),
    ("POST", "/desk/imports/<int:batch_id>/undo"): Sample(values=lambda world: batch(world, applied=True)),
    ("GET", "/desk/imports/<int:batch_id>/file"): Sample(values=batch, ok=(404,)),
    ("GET", "/desk/imports/<int:batch_id>/rejects.<any(csv, xlsx):form>"): Sample(
        values=lambda world: {**batch(world), "form": "xlsx"}
    ),
    ("GET", "/desk/work/<int:work_id>"): Sample(values=work),
    ("GET", "/desk/work/<int:work_id>.json"): Sample(values=work),
    ("POST", "/desk/work/<int:work_id>/cancel"): Sample(values=work),
    ("POST", "/desk/work/<int:work_id>/again"): Sample(values=lambda world: work(world, ended=True)),
}
