"""``yizhan import``: a list into the registry, every row judged, told row by row what was made of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stations import vocabulary as words
from web.cli.common import is_terminal, on_registry, registry_session, say, table
from web.settings import Settings

if TYPE_CHECKING:
    from geo.datum import Datum

__all__ = ["Rows", "import_"]

_STEPS = {"judge": "Judging", "compare": "Comparing", "apply": "Applying", "derive": "Making the public view"}


class _FileFirst(click.Group):
    """A group whose first word may be left out: ``yizhan import LIST`` is ``yizhan import file LIST``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["file", *args]
        return super().parse_args(ctx, args)


class Rows(click.ParamType[Any]):
    """Row numbers: ``3,7``, of several sheets ``2:15``, or ``all``."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        if value.strip() == "all":
            return None
        if not value.strip():
            return frozenset()
        from geo.io.rows import row_number

        try:
            return frozenset(
                int(part) if part.strip().startswith("-") else row_number(part)
                for part in value.replace("，", ",").split(",")
            )
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
        from geo.datum import Datum

        return value if isinstance(value, Datum) else Datum.parse(str(value))


@click.group("import", cls=_FileFirst, invoke_without_command=False)
def import_() -> None:
    """Import a list, accept rows of one, undo one, list them all."""


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
    "--accept", "accepted", type=Rows(), default="", metavar="ROWS|all", help="Doubted positions to believe."
)
@click.option("--keep-going", is_flag=True, help="Apply the good rows although others are rejected.")
@click.option("--dry-run", is_flag=True, help="Show the verdicts and write nothing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), metavar="FILE", help="Where rejected rows are written."
)
@click.option("--partial", is_flag=True, help="A part of the list: what it leaves out is not called absent.")
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
    partial: bool,
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
    from stations.imports import Mapping, Options, SourceSpec, judge_and_apply
    from stations.registry.writing import OPERATOR, actor_id
    from web.cli.import_report import lines

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
        partial=partial,
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
    click.echo(lines(report))
    return 1 if report.rejected else 0


@import_.command("accept")
@on_registry
@click.argument("batch", type=int)
@click.option(
    "--rows", type=Rows(), default="all", metavar="ROWS|all", help="Which rows; all that wait by default."
)
def accept_(settings: Settings, batch: int, rows: frozenset[int] | None) -> int:
    """Believe rows of BATCH: held positions go on the map, doubts are cleared, the file wins over staff in a conflict.

    All suspects by default; conflicts and absent stations (by minus their number) only where --rows names them.
    """
    from stations.imports import accept
    from stations.registry.writing import OPERATOR, actor_id
    from web.cli.import_report import numbers

    with registry_session(settings) as session:
        done = accept(session, batch, rows, actor=actor_id(session, OPERATOR))
    click.echo(f"{len(done)} rows of batch {batch} accepted" + (f": {numbers(done)}" if done else ""))
    return 0


@import_.command("undo")
@on_registry
@click.argument("batch", type=int)
@click.option("--dry-run", is_flag=True, help="Tell what would be taken back and write nothing.")
def undo_(settings: Settings, batch: int, *, dry_run: bool) -> int:
    """Take all of BATCH back: its stations are withdrawn, changed fields are as before; later edits stay."""
    from stations.imports import undo
    from stations.registry.writing import OPERATOR, actor_id
    from web.cli.import_report import undone

    with registry_session(settings) as session:
        report = undo(session, batch, actor=actor_id(session, OPERATOR), dry_run=dry_run)
    click.echo(undone(report, dry_run=dry_run))
    return 0


@import_.command("list")
@on_registry
@click.option("--source", "code", metavar="CODE", help="Of this source only.")
@click.option(
    "--last", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first."
)
def list_(settings: Settings, code: str | None, last: int) -> int:
    """List the imports: what came of each, and which still wait for somebody."""
    from stations.imports.batches import listed

    with registry_session(settings) as session:
        rows = [
            (
                one.id,
                one.status,
                one.source,
                one.file_name,
                ", ".join(f"{n:,} {verdict}" for verdict, n in one.counts.items()),
                one.waiting,
                f"{one.started_at:%Y-%m-%d %H:%M}",
                one.by,
            )
            for one in listed(session, source=code, last=last)
        ]
    click.echo(
        table(("batch", "status", "source", "file", "rows", "wait", "when", "by"), rows)
        if rows
        else "No imports yet."
    )
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
