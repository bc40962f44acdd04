"""An import in two steps: a file is judged and its rows kept, a person decides, and then the same file is applied.

Between the two the registry goes on. Applying judges the stored file again; where a row would now write something else
than the person has seen, nothing is written and the rows are listed. Nothing is committed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Conflict
from stations.imports.apply import apply_rows
from stations.imports.batches import (
    SourceSpec,
    digest_of,
    ensure_source,
    file_name,
    finish_batch,
    new_batch,
    next_number,
    own_batch,
    set_batch,
)
from stations.imports.judging import Judgement, Task, lock_source, registry_for
from stations.imports.mapping import Mapping
from stations.imports.options import AS_IT_COMES, Options, Progress, quiet
from stations.imports.recording import gather, record, update
from stations.imports.report import Report, reported
from stations.imports.staging import storable
from stations.models import Batch, BatchRow, Source
from stations.registry.writing import acting

__all__ = ["Unseen", "UnseenRow", "apply", "discard", "mark", "prepare", "receive"]

#: What a batch may become by the hand of a worker, and from what.
_STEPS: Final = {
    "waiting": ("waiting", "judging", "stopped"),
    "judging": ("waiting", "judging", "judged", "stopped"),
    "judged": ("judged", "applying", "stopped"),
    "applying": ("judged", "applying"),
    "stopped": ("waiting", "judging", "judged", "applying", "stopped"),
    "refused": ("waiting", "judging", "refused"),
}
#: Notes whose wording follows the moment of judging.
_WORDED: Final = ("position_hold", "doubts")
_UNSEEN: Final = """
    SELECT n.number, r.verdict AS seen, n.verdict, n.before, n.after
    FROM import_rows_now n JOIN import_rows r ON r.batch_id = %(batch)s AND r.row_number = n.number
    WHERE n.verdict IN ('new', 'changed', 'suspect', 'conflict', 'rejected') AND r.decision IS DISTINCT FROM 'reject'
        AND (n.verdict <> r.verdict OR n.station_id IS DISTINCT FROM r.station_id
            OR (coalesce(n.before, '{}') - %(worded)s::text[]) <> (coalesce(r.before, '{}') - %(worded)s::text[])
            OR (coalesce(n.after, '{}') - %(worded)s::text[]) <> (coalesce(r.after, '{}') - %(worded)s::text[]))
    ORDER BY n.number
"""


@dataclass(frozen=True, slots=True)
class UnseenRow:
    """A row that would now write something else than what was shown; ``seen``: the verdict that was."""

    number: int
    seen: str
    verdict: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Unseen(Conflict):
    """The registry has changed since the file was judged, and rows would write what nobody has seen."""

    def __init__(self, batch_id: int, rows: tuple[UnseenRow, ...]) -> None:
        first = ", ".join(str(row.number) for row in rows[:10])
        super().__init__(
            f"{len(rows)} rows of batch {batch_id} read differently since they were judged ({first}"
            f"{' …' if len(rows) > 10 else ''}): look at them again, or say that they may be applied as they are now"
        )
        self.rows = rows


def receive(
    session: Session,
    path: Path | str,
    *,
    actor: int,
    source: SourceSpec,
    file_name: str | None = None,
    demonstration: bool = False,
    ledger: bool = False,
) -> int:
    """Keep that a file has come, to be judged later; returns the number of its batch (status ``waiting``).

    file_name: what it is called where the path is a copy under another name. A source that is new is made.
    """
    path = Path(path)
    registry_for(session, Options(demonstration=demonstration))
    batch_id = next_number(session)
    name = file_name or _name(path)
    with acting(session, actor, reason=f"receive {name} of {source.code}", batch=batch_id):
        found = session.query(Source).filter_by(code=source.code).one_or_none()
        if found is None:
            found = Source(code=source.code, name=source.name or source.code, demonstration=demonstration)
            session.add(found)
            session.flush()
        session.execute(
            text(
                "INSERT INTO import_batches (id, source_id, actor_id, file_name, sha256, options, status, "
                "demonstration, ledger) OVERRIDING SYSTEM VALUE "
                "VALUES (:id, :source, :actor, :name, :sha256, '{}', 'waiting', :demonstration, :ledger)"
            ),
            {
                "id": batch_id,
                "source": found.id,
                "actor": actor,
                "name": name,
                "sha256": digest_of(path),
                "demonstration": demonstration,
                "ledger": ledger,
            },
        )
    return batch_id


def prepare(
    session: Session,
    path: Path | str,
    *,
    actor: int,
    source: SourceSpec,
    datum: Datum | None = None,
    mapping: Mapping | None = None,
    options: Options = AS_IT_COMES,
    batch_id: int | None = None,
    file_name: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Judge a file and keep what came of each row, without touching any station; the batch is then ``judged``.

    batch_id: one that was received, or judged before: its rows are replaced and what was decided of them is gone.
    Raises as ``judge_and_apply`` does, and Conflict for a batch that is applied or thrown away.
    """
    path = Path(path)
    say = progress or quiet
    if batch_id is not None:
        batch = own_batch(session, batch_id, actor, "waiting", "judging", "judged", "stopped", "refused")
        file_name = file_name or batch.file_name
    lock_source(session, source.code)
    judged = Judgement(session, Task(path, actor, source, datum, mapping, options, file_name), say)
    judged.compare(frozenset())
    number = next_number(session) if batch_id is None else batch_id
    with acting(session, actor, reason=f"judge {judged.name} of {source.code}", batch=number):
        source_id = ensure_source(session, judged, kept=False)
        if batch_id is None:
            new_batch(session, judged, batch_id=number, source_id=source_id, status="judging")
        else:
            session.execute(delete(BatchRow).where(BatchRow.batch_id == number))
            set_batch(
                session,
                number,
                source_id=source_id,
                sha256=digest_of(path),
                demonstration=options.demonstration,
                options=storable(options.to_json(judged.datum, judged.today)),
                mapping=None if mapping is None else storable(mapping.to_json()),
                error=None,
            )
        gather(judged.stage, made=False)
        record(judged.stage, number, applied=False)
        report = reported(judged, number, "judged")
        finish_batch(session, number, report)
    judged.stage.drop()
    return report


def apply(
    session: Session,
    batch_id: int,
    path: Path | str,
    *,
    actor: int,
    go_on: bool = False,
    keep_going: bool = False,
    wait_s: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Apply a judged batch as it was decided, whole or not at all.

    Rows that were decided ``reject`` are left out; suspects and conflicts that were decided ``accept`` are believed,
    and absent stations so decided are suspended. go_on: rows that read differently by now are applied as they read.
    keep_going: rejected rows are left out without having been decided. wait_s: how long to wait for another import of
    the same source. Raises Unseen, Conflict for another file, for rejected rows and for a batch that is not judged,
    NotAllowed.
    """
    path = Path(path)
    say = progress or quiet
    batch = own_batch(session, batch_id, actor, "judged", "applying")
    if digest_of(path) != batch.sha256:
        raise Conflict(f"{path.name} is not the file that was judged as batch {batch_id}: judge it first")
    if batch.ledger:
        from stations.imports.ledger_steps import apply_ledger

        return apply_ledger(session, batch, path, actor=actor, go_on=go_on, keep_going=keep_going)
    task = _task(session, batch, path, actor)
    lock_source(session, task.source.code, wait_s=wait_s)
    decided = _decisions(session, batch_id)
    judged = Judgement(session, task, say)
    judged.compare(frozenset())
    gather(judged.stage, made=False)
    found = judged.stage.run(_UNSEEN, batch=batch_id, worded=list(_WORDED))
    unseen = [UnseenRow(row.number, row.seen, row.verdict, row.before, row.after) for row in found]
    if unseen and not go_on:
        raise Unseen(batch_id, tuple(unseen))
    judged.compare(decided["accept"], decided["reject"])
    judged.settle(decided["accept"], decided["reject"])
    _refuse_rejects(judged, batch, decided["reject"], keep_going=keep_going)
    say("apply", 0.0)
    stage = judged.stage
    with acting(session, actor, reason=f"import {judged.name} of {task.source.code}", batch=batch_id):
        source_id = ensure_source(session, judged, kept=True)
        apply_rows(stage, source_id=source_id, province=judged.info.province_code, today=judged.today)
        gather(stage, made=True)
        update(stage, batch_id)
        report = reported(judged, batch_id, "applied")
        finish_batch(session, batch_id, report)
        say("derive", 0.0)
    stage.drop()
    return report


def discard(session: Session, batch_id: int, *, actor: int) -> None:
    """Throw a batch away that was not applied, with all that its file has brought. Raises Conflict otherwise."""
    batch = own_batch(session, batch_id, actor, "waiting", "judging", "judged", "stopped", "refused")
    with acting(session, actor, reason=f"discard import {batch_id} ({batch.file_name})", batch=batch_id):
        session.execute(delete(BatchRow).where(BatchRow.batch_id == batch_id))
        set_batch(session, batch_id, status="discarded", report=None, error=None)
    session.expire_all()


def mark(session: Session, batch_id: int, status: str, *, actor: int, error: str | None = None) -> None:
    """Note how far a worker is with a batch, or why it stopped. Raises Conflict for a step that is none."""
    if status not in _STEPS:
        raise Conflict(f"a batch does not become {status!r} by being marked; one of {', '.join(_STEPS)}")
    batch = own_batch(session, batch_id, actor)
    if batch.status not in _STEPS[status]:
        raise Conflict(f"batch {batch_id} ({batch.file_name}) is {batch.status} and cannot become {status}")
    with acting(session, actor, reason=f"import {batch_id} is {status}", batch=batch_id):
        set_batch(session, batch_id, status=status, error=error)
    session.expire_all()


def _name(path: Path) -> str:
    return file_name(path)


def _task(session: Session, batch: Batch, path: Path, actor: int) -> Task:
    """Return the task as it was when the file was judged."""
    source = session.get_one(Source, batch.source_id)
    datum = batch.options.get("datum")
    return Task(
        path,
        actor,
        SourceSpec(source.code),
        None if datum is None else Datum.parse(datum),
        None if batch.mapping is None else Mapping.parse(batch.mapping),
        Options.of(batch.options, demonstration=batch.demonstration),
        batch.file_name,
    )


def _decisions(session: Session, batch_id: int) -> dict[str, frozenset[int]]:
    rows = session.execute(
        text("SELECT decision, row_number FROM import_rows WHERE batch_id = :batch AND decision IS NOT NULL"),
        {"batch": batch_id},
    ).all()
    return {
        choice: frozenset(row.row_number for row in rows if row.decision == choice)
        for choice in ("accept", "reject")
    }


def _refuse_rejects(judged: Judgement, batch: Batch, left_out: frozenset[int], *, keep_going: bool) -> None:
    if keep_going or judged.options.keep_going:
        return
    rows = judged.stage.run("SELECT number FROM import_verdicts WHERE verdict = 'rejected' ORDER BY number")
    wrong = [row.number for row in rows if row.number not in left_out]
    if wrong:
        raise Conflict(
            f"rows {', '.join(map(str, wrong[:10]))}{' …' if len(wrong) > 10 else ''} of batch {batch.id} are rejected:"
            " correct the file, or leave these rows out"
        )
