"""``yizhan import``: a list into the registry, every row judged, told row by row what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from geo.datum import Datum
from geo.io.rows import row_label, row_number
from stations import vocabulary as words
from stations.imports import (
    Mapping,
    Options,
    Report,
    RowReport,
    Severity,
    SourceSpec,
    accept,
    judge_and_apply,
)
from stations.registry.writing import OPERATOR, actor_id
from web.cli.common import is_terminal, on_registry, registry_session, say, table
from web.settings import Settings

__all__ = ["import_"]

_VERDICTS = {
    "new": "new stations",
    "changed": "changed",
    "unchanged": "unchanged",
    "suspect": "suspect",
    "rejected": "rejected",
}
_WEIGHTS = {
    Severity.REJECT: "rejected",
    Severity.AMBIGUOUS: "suspect, not stored",
    Severity.HOLD: "suspect, held 未定位",
    Severity.DOUBT: "suspect, shown",
    Severity.NOTE: "note",
}
_STEPS = {"judge": "Judging", "compare": "Comparing", "apply": "Applying", "derive": "Making the public view"}
_MOST_WORDS = 40
_MOST_SKIPPED = 20


class _FileFirst(click.Group):
    """A group whose first word may be left out: ``yizhan import LIST`` is ``yizhan import file LIST``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["file", *args]
        return super().parse_args(ctx, args)


class _Rows(click.ParamType[Any]):
    """Row numbers: ``3,7``, of several sheets ``2:15``, or ``all``."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        if value.strip() == "all":
            return None
        if not value.strip():
            return frozenset()
        try:
            return frozenset(row_number(part) for part in value.replace("，", ",").split(","))
        except ValueError:
            self.fail(
                f"{value!r}: write row numbers with commas between them (3,7; of several sheets 2:15), or all",
                param,
                ctx,
            )


class _Datum(click.ParamType[Any]):
    """A datum as people spell it."""

    name = "datum"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Datum:
        return value if isinstance(value, Datum) else Datum.parse(str(value))


@click.group("import", cls=_FileFirst, invoke_without_command=False)
def import_() -> None:
    """Import a list, or accept suspects of one (yizhan import accept)."""


@import_.command(
    "file",
    epilog="Suspects can be believed later: yizhan import accept BATCH [--rows 3,7]. See docs/importing.md.",
)
@on_registry
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--source", "code", required=True, metavar="CODE", help="The list this file is a copy of.")
@click.option("--source-name", metavar="NAME", help="What the list is called; shown beside its stations.")
@click.option("--publisher", metavar="NAME", help="Who publishes the list.")
@click.option("--licence", metavar="NAME", help="Under which licence.")
@click.option("--url", metavar="URL", help="Where the list comes from.")
@click.option(
    "--retrieved", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="When the list was fetched."
)
@click.option("--datum", type=_Datum(), help="wgs84, gcj02 (高德, 腾讯), bd09 (百度) or cgcs2000 (天地图).")
@click.option(
    "--mapping", type=click.Path(path_type=Path), metavar="FILE", help="What the columns mean, as TOML."
)
@click.option("--id-column", metavar="HEADER", help="The column that identifies a station in this source.")
@click.option("--kind", type=click.Choice(list(words.KINDS)), help="Of stations whose own words tell none.")
@click.option(
    "--accept", "accepted", type=_Rows(), default="", metavar="ROWS|all", help="Doubted positions to believe."
)
@click.option("--keep-going", is_flag=True, help="Apply the good rows although others are rejected.")
@click.option("--dry-run", is_flag=True, help="Show the verdicts and write nothing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), metavar="FILE", help="Where rejected rows are written."
)
@click.option("--demonstration", is_flag=True, help="Mark the batch as demonstration data.")
@click.option("--sheet", metavar="NAME", help="Of a workbook.")
@click.option("--layer", metavar="NAME", help="Of a GeoPackage.")
@click.option("--encoding", metavar="NAME", help="Of a CSV file or a Shapefile, where it is known.")
@click.option("--crs", metavar="EPSG:CODE", help="Of a vector file that names none.")
def file(
    settings: Settings,
    *,
    path: Path,
    code: str,
    source_name: str | None,
    publisher: str | None,
    licence: str | None,
    url: str | None,
    retrieved: datetime | None,
    datum: Datum | None,
    mapping: Path | None,
    id_column: str | None,
    kind: str | None,
    accepted: frozenset[int] | None,
    keep_going: bool,
    dry_run: bool,
    rejects: Path | None,
    demonstration: bool,
    sheet: str | None,
    layer: str | None,
    encoding: str | None,
    crs: str | None,
) -> int:
    """Judge every row of FILE and apply them all, or none if a row is rejected.

    FILE is CSV, XLSX, XLS, ODS, Shapefile (zipped too), GeoPackage, GeoJSON or FlatGeobuf, whatever its name. Exit
    status 1 where rows were rejected; they are written to FILE.rejects.csv beside the working directory, to be
    corrected and imported alone.
    """
    options = Options(
        dry_run=dry_run,
        keep_going=keep_going,
        accept=accepted,
        demonstration=demonstration,
        id_column=id_column,
        kind=kind,
        sheet=sheet,
        layer=layer,
        encoding=encoding,
        crs=crs,
        rejects=rejects or Path(f"{path.stem}.rejects.csv"),
    )
    source = SourceSpec(
        code, source_name, publisher, licence, url, retrieved.date() if retrieved is not None else None
    )
    read = Mapping.read(mapping) if mapping is not None else None
    progress = _Progress()
    with registry_session(settings) as session:
        report = judge_and_apply(
            session,
            path,
            actor=actor_id(session, OPERATOR),
            source=source,
            datum=datum,
            mapping=read,
            options=options,
            progress=progress,
        )
    progress.done()
    click.echo("\n".join(_plain(line) for part in _told(report) for line in part.split("\n")))
    return 1 if report.rejected else 0


@import_.command("accept")
@on_registry
@click.argument("batch", type=int)
@click.option(
    "--rows", type=_Rows(), default="all", metavar="ROWS|all", help="Which rows; all that wait by default."
)
def accept_(settings: Settings, batch: int, rows: frozenset[int] | None) -> int:
    """Believe suspects of BATCH: held positions go on the map, doubts are cleared."""
    with registry_session(settings) as session:
        done = accept(session, batch, rows, actor=actor_id(session, OPERATOR))
    click.echo(f"{len(done)} rows of batch {batch} accepted" + (f": {_numbers(done)}" if done else ""))
    return 0


class _Progress:
    """Tells how far the work is: in place on a terminal, once a step elsewhere."""

    def __init__(self) -> None:
        self._step = ""
        self._live = is_terminal()

    def __call__(self, step: str, part: float) -> None:
        words_ = _STEPS.get(step, step)
        if self._live:
            click.echo(
                f"\r{words_} … {part:4.0%} " if step == "judge" else f"\r{words_} …      ", nl=False, err=True
            )
        elif step != self._step:
            say(f"{words_} …")
        self._step = step

    def done(self) -> None:
        """End the line."""
        if self._live and self._step:
            click.echo("", err=True)


def _plain(line: str) -> str:
    # Headers and words come from the list: a control character must not reach the terminal.
    return "".join(letter if letter.isprintable() else " " for letter in line)


def _told(report: Report) -> Iterator[str]:
    """Yield the report line by line."""
    yield f"{report.file_name}: {report.total} rows" + (f", {report.encoding}" if report.encoding else "")
    yield from (f"  skipped: {line}" for line in report.skipped[:_MOST_SKIPPED])
    if len(report.skipped) > _MOST_SKIPPED:
        yield f"  skipped: … and {len(report.skipped) - _MOST_SKIPPED} more lines"
    yield "Columns"
    yield from (f"  {line}" for line in report.columns)
    yield "Verdicts"
    yield from (
        f"  {report.counts[verdict]:>7,}  {said}"
        for verdict, said in _VERDICTS.items()
        if verdict in report.counts
    )
    yield from _problems(report)
    if report.unknown_words:
        yield "Words that are not known"
        for (header, word), times in list(report.unknown_words.items())[:_MOST_WORDS]:
            yield f"  {times:>7,}  {header}: {word}"
        if len(report.unknown_words) > _MOST_WORDS:
            yield f"  … and {len(report.unknown_words) - _MOST_WORDS} more"
    yield from (f"Note: {note}" for note in report.notes)
    yield _outcome(report)


def _problems(report: Report) -> Iterator[str]:
    rows = [
        (
            row_label(row.number),
            _WEIGHTS[problem.severity] + (", accepted" if row.accepted else ""),
            problem.field,
            problem.value,
            problem.reason,
        )
        for row in report.rows
        for problem in row.problems
    ]
    if rows:
        yield "Rows to look at"
        yield table(("row", "verdict", "field", "value", "reason"), rows)
    changed = [row for row in report.rows if row.changed]
    if changed:
        yield f"Changed: {_changes(changed)}"
    told = {
        verdict: sum(row.verdict == verdict for row in report.rows) for verdict in ("rejected", "suspect")
    }
    for verdict, count in told.items():
        if (left := report.counts.get(verdict, 0) - count) > 0:
            yield f"… and {left:,} more {verdict}"


def _changes(rows: Sequence[RowReport]) -> str:
    by_change: dict[str, list[int]] = {}
    for row in rows:
        by_change.setdefault(row.changed, []).append(row.number)
    return "; ".join(f"{change} in rows {_numbers(numbers)}" for change, numbers in by_change.items())


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(row_label, numbers[:20]))
    return f"{shown} … ({len(numbers)})" if len(numbers) > 20 else shown


def _outcome(report: Report) -> str:
    if report.status == "dry-run":
        said = "Dry run: nothing was written."
    elif report.status == "refused":
        said = (
            f"Refused (batch {report.batch_id}): {report.rejected} rows were rejected, so nothing was applied. "
            "Correct them, or pass --keep-going to apply the others."
        )
    else:
        said = f"Applied as batch {report.batch_id}."
    if report.rejects_path is not None:
        said += f" The rejected rows are in {report.rejects_path}."
    waiting = sum(row.verdict == "suspect" and not row.accepted for row in report.rows)
    if waiting and report.status == "applied":
        said += f" Suspects wait: yizhan import accept {report.batch_id} --rows …"
    return said
