"""An edited ledger through the same two steps as a list: judged and kept row by row, decided, applied, undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from stations.editing.draft import Position
from stations.editing.write import Writing, write
from stations.errors import Conflict, NotAllowed
from stations.hours import SHANGHAI
from stations.imports.batches import SourceSpec, digest_of, file_name, own_batch, set_batch
from stations.imports.judging import lock_source, registry_for
from stations.imports.ledger import Ledger, read_ledger, source_code
from stations.imports.ledger_judging import LedgerRow, judge_ledger
from stations.imports.options import AS_IT_COMES, Options
from stations.imports.problems import Kind
from stations.imports.report import MOST_TOLD, Report, RowReport
from stations.imports.staging import storable
from stations.imports.steps import Unseen, UnseenRow, receive
from stations.models import Batch, BatchRow, Region, RegistryInfo, Source, Station
from stations.registry.regions import mainland_of
from stations.registry.writing import acting

__all__ = ["apply_ledger", "prepare_ledger"]


def prepare_ledger(
    session: Session,
    path: Path | str,
    *,
    actor: int,
    options: Options = AS_IT_COMES,
    batch_id: int | None = None,
    name: str | None = None,
) -> Report:
    """Judge an edited ledger and keep what came of each row, without touching any station.

    options: its demonstration, keep_going and today are read. batch_id: one that was received or judged before. name:
    what the file is called where the path is a copy. Raises Invalid for a file that is no ledger, Conflict for the
    ledger of another registry.
    """
    path = Path(path)
    info = registry_for(session, options)
    ledger = read_ledger(path)
    _same_registry(ledger, info, path)
    if batch_id is not None:
        name = (
            name or own_batch(session, batch_id, actor, "waiting", "judging", "judged", "stopped").file_name
        )
    name = name or file_name(path)
    today = options.today or datetime.now(SHANGHAI).date()
    source = SourceSpec(source_code(ledger.region), _title(session, ledger.region))
    lock_source(session, source.code)
    rows = judge_ledger(
        session, ledger, actor=actor, mainland=mainland_of(session), today=today, accepted=frozenset()
    )
    number = batch_id
    if number is None:
        number = receive(
            session,
            path,
            actor=actor,
            source=source,
            file_name=name,
            demonstration=options.demonstration,
            ledger=True,
        )
    report = _report(ledger, rows, name, number, "judged")
    with acting(session, actor, reason=f"judge {name}", batch=number):
        session.execute(delete(BatchRow).where(BatchRow.batch_id == number))
        set_batch(
            session,
            number,
            source_id=session.scalars(select(Source.id).where(Source.code == source.code)).one(),
            ledger=True,
            sha256=digest_of(path),
            status="judged",
            counts=dict(report.counts),
            report=storable(report.to_json()),
            options={"today": today.isoformat()} | ({"keep_going": True} if options.keep_going else {}),
            error=None,
        )
        if rows:
            session.execute(insert(BatchRow), [_kept(row, number) for row in rows])
    session.expire_all()
    return report


def apply_ledger(
    session: Session, batch: Batch, path: Path, *, actor: int, go_on: bool, keep_going: bool
) -> Report:
    """Apply a judged ledger as it was decided; called by ``steps.apply``, which has locked the batch.

    Raises Unseen, Conflict and NotAllowed as that does.
    """
    options = Options.of(batch.options, demonstration=batch.demonstration)
    info = registry_for(session, options)
    ledger = read_ledger(path)
    _same_registry(ledger, info, path)
    lock_source(session, source_code(ledger.region))
    kept = {
        row.row_number: row for row in session.scalars(select(BatchRow).where(BatchRow.batch_id == batch.id))
    }
    accepted = frozenset(number for number, row in kept.items() if row.decision == "accept")
    left_out = frozenset(number for number, row in kept.items() if row.decision == "reject")
    today = options.today or datetime.now(SHANGHAI).date()
    # Locked before they are read, in the order in which every writer of many stations locks them.
    codes = [line.code for line in ledger.lines if line.code]
    session.scalars(
        select(Station.id).where(Station.code.in_(codes)).order_by(Station.id).with_for_update()
    ).all()

    def judged(believed: frozenset[int]) -> list[LedgerRow]:
        return judge_ledger(
            session, ledger, actor=actor, mainland=mainland_of(session), today=today, accepted=believed
        )

    unseen = [
        row
        for row in judged(frozenset())
        if row.number not in left_out and _differs(row, kept.get(row.number))
    ]
    if unseen and not go_on:
        raise Unseen(batch.id, tuple(_unseen(row, kept.get(row.number)) for row in unseen))
    rows = judged(accepted)
    wrong = [row.number for row in rows if row.verdict == "rejected" and row.number not in left_out]
    if wrong and not (keep_going or options.keep_going):
        raise Conflict(
            f"rows {', '.join(map(str, wrong[:10]))} of batch {batch.id} are rejected: correct the ledger, or leave "
            "these rows out"
        )
    report = _report(ledger, rows, batch.file_name, batch.id, "applied")
    now = datetime.now(SHANGHAI)
    with acting(session, actor, reason=f"ledger {batch.file_name}", batch=batch.id):
        set_batch(
            session, batch.id, status="applied", counts=dict(report.counts), report=storable(report.to_json())
        )
        writing = Writing(session, mainland_of(session), actor, now)
        for row in rows:
            if row.number not in left_out and row.verdict in {"new", "changed", "conflict", "suspect"}:
                _write(writing, row, batch, believed=row.number in accepted)
        for row in rows:
            _bring_up(writing, row, kept.get(row.number), batch.id, believed=row.number in accepted)
        set_batch(
            session, batch.id, applied_in=session.scalar(text("SELECT current_setting('yz.commit')::bigint"))
        )
    session.expire_all()
    return report


def _same_registry(ledger: Ledger, info: RegistryInfo, path: Path) -> None:
    if ledger.registry != info.name:
        raise Conflict(
            f"{path.name} is a ledger of the registry {ledger.registry!r}, and this is {info.name!r}: upload it there"
        )


def _title(session: Session, region: str) -> str:
    names = session.scalar(select(Region.names).where(Region.code == region)) or {"zh": region}
    return f"{names['zh']}台账"


def _write(writing: Writing, row: LedgerRow, batch: Batch, *, believed: bool) -> None:
    session = writing.session
    if row.new:
        # One that may be there already is made only when somebody has said that it is another.
        if row.verdict == "suspect" and not believed:
            return
        changes = row.changes
        station = Station(
            names={"zh": changes["name.zh"]},
            kind=changes["kind"],
            region_code=changes["region_code"],
            source_id=batch.source_id,
        )
        session.add(station)
        session.flush()
        row.station_id = station.id
    elif row.changes:
        station = session.get_one(Station, row.station_id)
    else:
        return
    write(writing, station, row.changes)


def _bring_up(
    writing: Writing, row: LedgerRow, kept: BatchRow | None, batch_id: int, *, believed: bool
) -> None:
    """Bring the row of the batch up to what was done."""
    values = _kept(row, batch_id)
    if kept is None:
        writing.session.execute(insert(BatchRow), [values])
        return
    if believed and row.verdict in {"suspect", "conflict"}:
        values |= {"accepted_at": writing.now, "accepted_by": kept.decided_by or writing.actor}
    elif not _differs(row, kept) and row.station_id == kept.station_id:
        return
    done: Any = writing.session.execute(
        update(BatchRow)
        .where(BatchRow.batch_id == batch_id, BatchRow.row_number == row.number)
        .values({name: value for name, value in values.items() if name not in {"batch_id", "row_number"}})
    )
    if done.rowcount != 1:
        raise NotAllowed(f"batch {batch_id} is somebody else's")


def _kept(row: LedgerRow, batch_id: int) -> dict[str, Any]:
    after: dict[str, Any] = dict(row.changes)
    if row.changes.get("position"):
        after["proposed"] = list(Position(*row.changes["position"])[:2])
    return {
        "batch_id": batch_id,
        "row_number": row.number,
        "verdict": row.verdict,
        "problems": [problem._asdict() for problem in row.problems],
        "station_id": row.station_id,
        "received": storable(row.received),
        "before": storable(row.before) if row.changes and not row.new else None,
        "after": storable(after) if row.changes else None,
        "conflicts": storable(row.clashes) or None,
    }


def _differs(row: LedgerRow, kept: BatchRow | None) -> bool:
    """Tell whether a row would now write something else than what was shown."""
    if row.verdict in {"unchanged", "absent"}:
        return False
    if kept is None:
        return True
    now = _kept(row, 0)
    return (now["verdict"], now["before"], now["after"], now["conflicts"]) != (
        kept.verdict,
        kept.before,
        kept.after,
        kept.conflicts,
    )


def _unseen(row: LedgerRow, kept: BatchRow | None) -> UnseenRow:
    return UnseenRow(row.number, kept.verdict if kept else "", row.verdict, row.before, row.changes)


def _report(ledger: Ledger, rows: Sequence[LedgerRow], name: str, batch_id: int, status: str) -> Report:
    problems = Counter(Kind(problem.kind) for row in rows for problem in row.problems)
    shown: Counter[str] = Counter()
    told = []
    for row in rows:
        if (row.verdict != "unchanged" or row.problems) and shown[row.verdict] < MOST_TOLD:
            shown[row.verdict] += 1
            changed = ", ".join(row.changes) if not row.new else ""
            told.append(RowReport(row.number, row.verdict, row.name, tuple(row.problems), changed=changed))
    notes = [f"column {header} is not the ledger's and was not read" for header in ledger.ignored]
    return Report(
        file_name=name,
        batch_id=batch_id,
        status=status,
        counts=dict(Counter(row.verdict for row in rows)),
        rows=tuple(told),
        problems=problems,
        columns=(),
        unknown_words={},
        notes=tuple(notes),
    )
