"""One run of one file: read, judge, compare, and apply whole or not at all.

The caller's transaction holds everything; nothing is committed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.io import Source as Rows
from geo.io import open_source
from stations import vocabulary as words
from stations.errors import Conflict, Invalid, NotFound
from stations.hours import SHANGHAI
from stations.imports.apply import apply_rows, record_rejects
from stations.imports.batches import SourceSpec, ensure_source, file_name, next_number, record_batch
from stations.imports.columns import Columns
from stations.imports.comparing import judge_together, verdicts
from stations.imports.judge import Judge
from stations.imports.mapping import Mapping
from stations.imports.matching import match
from stations.imports.positions import stored_datum
from stations.imports.problems import Kind
from stations.imports.report import Report, told, write_rejects
from stations.imports.staging import Stage
from stations.models import RegistryInfo, Source
from stations.registry.areas import Areas
from stations.registry.regions import mainland_of
from stations.registry.writing import acting

__all__ = ["Options", "judge_and_apply"]

Progress = Callable[[str, float], None]
_LOCKS: Final = 7_265_221
#: Rows in memory at a time; more is no faster.
_CHUNK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Options:
    """How one file is to be taken.

    accept: row numbers whose doubted positions are believed; None believes all. rejects: where rejected rows are
    written, if there are any. today: what undated words refer to; the present day in Shanghai where it is None.
    """

    dry_run: bool = False
    keep_going: bool = False
    accept: frozenset[int] | None = field(default_factory=frozenset)
    demonstration: bool = False
    id_column: str | None = None
    kind: str | None = None
    sheet: str | None = None
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    rejects: Path | None = None
    today: date | None = None


def judge_and_apply(
    session: Session,
    path: Path | str,
    *,
    actor: int,
    source: SourceSpec,
    datum: Datum | None = None,
    mapping: Mapping | None = None,
    options: Options = Options(),
    progress: Progress | None = None,
) -> Report:
    """Import a file: every row judged, then all of it applied, or nothing if a row is rejected.

    actor: id of the member of staff. datum: of the coordinates, needed unless a column declares it; a vector file is
    WGS 84 where nobody says otherwise. progress: called with what is being done and how much of it, 0 to 1.
    Raises FileError for a file that cannot be read, Invalid for options that do not fit it, Conflict where the registry
    is a demonstration and the batch is not marked so, or the reverse, and NotAllowed.
    """
    path = Path(path)
    say = progress or (lambda what, part: None)
    info = _registry(session, options)
    rows = open_source(
        path, encoding=options.encoding, sheet=options.sheet, layer=options.layer, crs=options.crs
    )
    columns = Columns.guess(rows.columns, mapping, id_column=options.id_column)
    declared, notes = _datum(path, rows, columns, datum)
    if options.kind is not None and options.kind not in words.KINDS:
        raise Invalid(
            f"{options.kind!r} is no kind; one of {', '.join(words.KINDS)}", field="kind", value=options.kind
        )
    today = options.today or datetime.now(SHANGHAI).date()
    # Long and few statements over whole sets: time and memory of their own, for this transaction alone.
    session.execute(
        text("SELECT set_config('statement_timeout', '0', true), set_config('work_mem', '64MB', true)")
    )
    if not options.dry_run:
        # Two files of one source at once would each take the other's stations for new ones.
        session.execute(
            text("SELECT pg_advisory_xact_lock(:space, hashtext(:code))"),
            {"space": _LOCKS, "code": source.code},
        )
    known = session.scalar(select(Source).where(Source.code == source.code))
    judge = Judge(
        columns,
        areas=Areas.load(session),
        mainland=mainland_of(session),
        province=info.province_code,
        datum=declared,
        kind=options.kind,
        today=today,
    )
    stage = Stage(session)
    _read(rows, judge, stage, options, say)
    say("compare", 0.0)
    match(stage, known.id if known is not None else 0)
    judge_together(stage)
    counts = verdicts(stage, options.accept)
    seen, problems = told(stage)
    rejected = counts.get("rejected", 0)
    if rejected and options.rejects is not None:
        write_rejects(stage, options.rejects, rows.columns)
    status = "refused" if rejected and not options.keep_going else "applied"
    batch_id = None
    if options.dry_run:
        status = "dry-run"
    else:
        say("apply", 0.0)
        batch_id = next_number(session)
        with acting(session, actor, reason=f"import {file_name(path)} of {source.code}", batch=batch_id):
            source_id = ensure_source(
                session,
                known,
                source,
                datum=declared,
                demonstration=options.demonstration,
                mapping=columns.to_mapping(),
            )
            record_batch(
                session,
                path,
                batch_id=batch_id,
                source_id=source_id,
                actor=actor,
                options=_said(options, declared),
                counts=counts,
                status=status,
                demonstration=options.demonstration,
            )
            if status == "applied":
                province = info.province_code
                apply_rows(stage, source_id=source_id, batch_id=batch_id, province=province, today=today)
            else:
                record_rejects(stage, batch_id=batch_id)
            say("derive", 0.0)
    stage.drop()
    return Report(
        file_name=file_name(path),
        batch_id=batch_id,
        status=status,
        counts=counts,
        rows=seen,
        problems=problems,
        columns=tuple(columns.describe()),
        unknown_words=dict(judge.unknown_words.most_common()),
        notes=(*notes, *_suspicions(problems, counts, declared)),
        rejects_path=options.rejects if rejected else None,
        encoding=rows.encoding,
        skipped=tuple(line.text for line in rows.skipped if line.text),
    )


def _registry(session: Session, options: Options) -> RegistryInfo:
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise NotFound("this registry is empty: load its regions first (yizhan regions load --province CODE)")
    if info.demonstration and not options.demonstration:
        raise Conflict(
            f"{info.name} is a demonstration registry, where nothing real belongs: import into a registry of your own "
            "(script/server --registry NAME --province CODE), or mark the batch with --demonstration"
        )
    if options.demonstration and not info.demonstration:
        raise Conflict(
            f"{info.name} is a real registry: a batch marked --demonstration does not belong there"
        )
    return info


def _datum(path: Path, rows: Rows, columns: Columns, asked: Datum | None) -> tuple[Datum | None, list[str]]:
    """Find the one datum declared for the file; None where each row says its own or nothing is located."""
    from geo.io.vectors import VectorSource

    constant = columns.constants.get("datum")
    said = {
        "the option": asked,
        "the mapping": Datum.parse(constant) if constant else None,
        "a header": columns.header_datum,
    }
    given = {where: datum for where, datum in said.items() if datum is not None}
    if len({stored_datum(datum) for datum in given.values()}) > 1:
        raise Invalid(
            "the datum is declared twice and differently: "
            + ", ".join(f"{where} says {datum}" for where, datum in given.items()),
            field="datum",
        )
    declared = next(iter(given.values()), None)
    vector = isinstance(rows, VectorSource)
    if vector and declared not in {None, Datum.WGS84, Datum.CGCS2000}:
        return declared, [f"{path.name} gives its CRS as if WGS 84; it was read as {declared}, as declared"]
    if declared is None and columns.located and columns.one("datum") is None:
        if not vector:
            raise Invalid(
                f"{path.name} has coordinates and nothing says their datum: pass --datum wgs84, gcj02 (高德, 腾讯), "
                "bd09 (百度) or cgcs2000 (天地图), or add a column 坐标系",
                field="datum",
            )
        return Datum.WGS84, [
            f"{path.name} was read as WGS 84, as its CRS says; if it came from Amap, pass --datum gcj02"
        ]
    return declared, []


def _read(rows: Rows, judge: Judge, stage: Stage, options: Options, say: Progress) -> None:
    wanted = set(options.accept or ())
    total = 0
    for chunk in rows.chunks(_CHUNK):
        stage.add(judge.chunk(chunk))
        total += len(chunk)
        wanted.difference_update(row.number for row in chunk)
        say("judge", rows.progress())
    if wanted:
        raise Invalid(
            f"--accept names {', '.join(map(str, sorted(wanted)[:10]))}, and the file has no such row",
            field="accept",
        )
    stage.finish()


def _said(options: Options, datum: Datum | None) -> dict[str, Any]:
    """Return what a batch keeps of its options."""
    kept = ("keep_going", "id_column", "kind", "sheet", "layer", "encoding", "crs")
    accepted = "all" if options.accept is None else sorted(options.accept)
    return {name: getattr(options, name) for name in kept} | {"datum": datum, "accept": accepted}


def _suspicions(problems: dict[Kind, int], counts: dict[str, int], datum: Datum | None) -> list[str]:
    """Say what the file as a whole suggests and no row alone can."""
    elsewhere = problems.get(Kind.OTHER_DATUM, 0)
    outside = elsewhere + problems.get(Kind.OUTSIDE_COUNTY, 0)
    if elsewhere >= 3 and elsewhere * 2 > outside:
        return [
            f"{elsewhere} of {outside} positions outside the county that their row names fit another datum than "
            f"{datum}: was the right one declared?"
        ]
    if (swapped := problems.get(Kind.SWAPPED, 0)) * 2 > sum(counts.values()):
        return [
            f"{swapped} rows have longitude and latitude swapped: map the two columns the other way round"
        ]
    return []
