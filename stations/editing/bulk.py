"""One change of many stations: worked out for each, shown before it is made, made in one commit or not at all.

A preview holds what stood in the touched fields. Applying it asks again where that is no longer so: a station that
somebody changed after the preview is never overwritten unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo.mainland import Mainland
from stations.editing.checks import clean
from stations.editing.draft import Draft, Life, Value, drafts
from stations.editing.save import Reach, locked, reach, settled_life
from stations.editing.write import Writing, write
from stations.errors import Invalid
from stations.models import Station
from stations.registry.regions import mainland_of
from stations.registry.writing import acting

__all__ = ["FIELDS", "MOST", "Applied", "Change", "Preview", "Task", "apply", "preview"]

#: Fields that can be set for many stations at once; a name or a position is never the same for two.
FIELDS: Final = (
    "kind", "access", "fee", "premises", "phone", "cards", "lifecycle", "expected_on", "opened_on", "hours",
    "amenity", "partner", "exception",
)  # fmt: skip
#: Stations in one change.
MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: ``fields`` to set, and how the stations were verified just now, if they were."""

    fields: Mapping[str, Value]
    verified: str | None = None

    def cleaned(self) -> Task:
        """Return the task with its values as they will be stored. Raises Invalid."""
        if not self.fields and self.verified is None:
            raise Invalid("choose what to change", field="bulk", reason="needed")
        for key in self.fields:
            if key.partition(".")[0] not in FIELDS:
                raise Invalid(
                    f"{key!r} cannot be set for many stations", field=key, value=key, reason="not_known"
                )
        return Task({key: clean(key, value) for key, value in self.fields.items()}, self.verified)


@dataclass(frozen=True, slots=True)
class Change:
    """What the task does to one station: (key, before, after) of each field that differs.

    ``refused``: why nothing is done (``outside_region``, ``no_step``), None where it can be. ``mark`` names what stood in
    the touched fields.
    """

    code: str
    name: str
    region: str | None
    fields: tuple[tuple[str, Value, Value], ...]
    refused: str | None
    verifies: bool
    mark: str

    @property
    def acts(self) -> bool:
        """Tell whether the task writes anything here."""
        return self.refused is None and (bool(self.fields) or self.verifies)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a task would do to each station, in the order asked."""

    changes: tuple[Change, ...]

    @property
    def marks(self) -> dict[str, str]:
        """Return by code what the preview stands on, of the stations that would change."""
        return {change.code: change.mark for change in self.changes if change.acts}

    def count(self) -> dict[str, int]:
        """Return how many stations change, stay as they are, and are refused."""
        refused = sum(change.refused is not None for change in self.changes)
        acting_on = sum(change.acts for change in self.changes)
        return {
            "changed": acting_on,
            "unchanged": len(self.changes) - acting_on - refused,
            "refused": refused,
        }


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done. ``moved``: codes that changed since the preview; where there are any, nothing was written."""

    written: tuple[str, ...]
    moved: tuple[str, ...]


def preview(session: Session, codes: Sequence[str], task: Task, *, actor: int) -> Preview:
    """Work out what a task would do; nothing is written. Raises Invalid for a bad value or too many stations."""
    wanted = task.cleaned()
    if not 0 < len(codes) <= MOST:
        raise Invalid(
            f"{len(codes)} stations; choose 1 to {MOST}", field="codes", value=len(codes), reason="too_many"
        )
    ids = session.scalars(select(Station.id).where(Station.code.in_(codes)).order_by(Station.id)).all()
    allowed = reach(session, actor)
    return Preview(tuple(_change(draft, wanted, allowed) for draft in drafts(session, ids).values()))


def apply(
    session: Session,
    marks: Mapping[str, str],
    task: Task,
    *,
    actor: int,
    reason: str,
    now: datetime,
    mainland: Mainland | None = None,
) -> Applied:
    """Do what a preview showed, in the transaction given.

    marks: those of the preview. Raises NotAllowed where the actor lost the right to one of the stations meanwhile.
    """
    wanted = task.cleaned()
    with acting(session, actor, reason=reason):
        # In one order, so that two who change the same stations at once do not wait for each other.
        rows = {code: locked(session, code) for code in sorted(marks)}
        now_there = drafts(session, [row.id for row in rows.values()])
        allowed = reach(session, actor)
        changes = {code: _change(now_there[row.id], wanted, allowed) for code, row in rows.items()}
        moved = tuple(code for code, change in changes.items() if change.mark != marks[code])
        if moved:
            return Applied((), moved)
        writing = Writing(session, mainland or mainland_of(session), actor, now, wanted.verified)
        written = tuple(code for code, change in changes.items() if change.acts)
        for code in written:
            write(writing, rows[code], {key: after for key, _, after in changes[code].fields})
    return Applied(written, ())


def _change(draft: Draft, task: Task, allowed: Reach) -> Change:
    fields = draft.fields
    differ = tuple(
        (key, fields.get(key), value) for key, value in task.fields.items() if fields.get(key) != value
    )
    refused = None
    if not allowed.includes(fields.get("region_code")):
        refused = "outside_region"
    elif any(key == "lifecycle" for key, _, _ in differ):
        try:
            settled_life(draft.life(), Life(*task.fields["lifecycle"]))
        except Invalid as error:
            refused = error.reason
    stood = [fields.get("region_code"), {key: fields.get(key) for key in sorted(task.fields)}]
    mark = hashlib.sha256(json.dumps(stood, sort_keys=True).encode()).hexdigest()[:16]
    return Change(
        draft.code,
        fields["name.zh"],
        fields.get("region_code"),
        differ,
        refused,
        task.verified is not None,
        mark,
    )
