"""One run of one file in one step: read, judge, compare, and apply whole or not at all.

The caller's transaction holds everything; nothing is committed here.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.imports.apply import apply_rows
from stations.imports.batches import (
    SourceSpec,
    ensure_source,
    file_name,
    finish_batch,
    new_batch,
    next_number,
)
from stations.imports.judging import Judgement, Task, lock_source
from stations.imports.mapping import Mapping
from stations.imports.options import AS_IT_COMES, Options, Progress, quiet
from stations.imports.recording import gather, record, record_rejects
from stations.imports.report import Report, reported, write_rejects
from stations.registry.writing import acting

__all__ = ["judge_and_apply"]


def judge_and_apply(
    session: Session,
    path: Path | str,
    *,
    actor: int,
    source: SourceSpec,
    datum: Datum | None = None,
    mapping: Mapping | None = None,
    options: Options = AS_IT_COMES,
    progress: Progress | None = None,
) -> Report:
    """Import a file: every row judged, then all of it applied, or nothing if a row is rejected.

    actor: id of the member of staff. datum: of the coordinates, needed unless a column declares it; a vector file is
    WGS 84 where nobody says otherwise. mapping: without one the mapping of the source's last file is taken.
    Raises FileError for a file that cannot be read, Invalid for options that do not fit it, Conflict where the registry
    is a demonstration and the batch is not marked so, or the reverse, and NotAllowed.
    """
    path = Path(path)
    say = progress or quiet
    if not options.dry_run:
        lock_source(session, source.code)
    judged = Judgement(session, Task(path, actor, source, datum, mapping, options), say)
    judged.compare(options.accept)
    stage = judged.stage
    if not options.dry_run and (options.keep_going or not judged.rejected):
        judged.settle(options.accept)
    if judged.rejected and options.rejects is not None:
        write_rejects(stage, options.rejects, judged.rows.columns)
    status = "refused" if judged.rejected and not options.keep_going else "applied"
    batch_id = None
    if options.dry_run:
        status = "dry-run"
    else:
        say("apply", 0.0)
        batch_id = next_number(session)
        with acting(session, actor, reason=f"import {file_name(path)} of {source.code}", batch=batch_id):
            source_id = ensure_source(session, judged, kept=True)
            new_batch(session, judged, batch_id=batch_id, source_id=source_id, status="applying")
            if status == "applied":
                apply_rows(stage, source_id=source_id, province=judged.info.province_code, today=judged.today)
                gather(stage, made=True)
                record(stage, batch_id, applied=True)
            else:
                gather(stage, made=False)
                record_rejects(stage, batch_id)
            report = reported(judged, batch_id, status)
            finish_batch(session, batch_id, report)
            say("derive", 0.0)
    if batch_id is None:
        report = reported(judged, None, status)
    stage.drop()
    return report
