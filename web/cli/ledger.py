"""``yizhan ledger``: a county's stations as a workbook, and the edited workbook back into the registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from web.cli.common import on_registry, registry_session
from web.cli.importing import Rows
from web.settings import Settings

__all__ = ["ledger"]


@click.group()
def ledger() -> None:
    """A region's ledger as XLSX: download it, edit it in Excel or WPS, upload it."""


@ledger.command("download")
@on_registry
@click.argument("region", metavar="REGION")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of headers and choices."
)
def download(settings: Settings, region: str, path: Path, lang: str) -> int:
    """Write the stations of REGION (GB/T 2260, 630222) and all below it to FILE."""
    from stations.imports.ledger import write_ledger

    with registry_session(settings) as session:
        stations = write_ledger(session, region, path, lang)
    click.echo(f"{stations:,} stations of {region} are in {path}")
    return 0


@ledger.command("upload")
@on_registry
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--accept", "accepted", type=Rows(), default="", metavar="ROWS", help="Rows that win over later edits."
)
@click.option("--keep-going", is_flag=True, help="Apply the good rows although others are rejected.")
@click.option("--dry-run", is_flag=True, help="Show the verdicts and write nothing.")
@click.option("--demonstration", is_flag=True, help="Into the demonstration registry.")
def upload(
    settings: Settings,
    *,
    path: Path,
    accepted: frozenset[int] | None,
    keep_going: bool,
    dry_run: bool,
    demonstration: bool,
) -> int:
    """Apply what was edited in FILE since it was downloaded, or nothing if a row is rejected.

    Cells that nobody edited change nothing; a cell that somebody else changed meanwhile stays, unless its row is accepted.
    """
    from stations.imports import Options, apply, decide
    from stations.imports.ledger_steps import prepare_ledger
    from stations.registry.writing import OPERATOR, actor_id
    from web.cli.import_report import lines

    options = Options(keep_going=keep_going, demonstration=demonstration)
    with registry_session(settings) as session, session.begin_nested() as point:
        actor = actor_id(session, OPERATOR)
        report = prepare_ledger(session, path, actor=actor, options=options)
        if dry_run:
            point.rollback()
        elif report.batch_id is not None and (keep_going or not report.rejected):
            if accepted is None:
                decide(session, report.batch_id, "accept", actor=actor, verdict="conflict")
            elif accepted:
                decide(session, report.batch_id, "accept", actor=actor, rows=accepted)
            report = apply(session, report.batch_id, path, actor=actor, go_on=True)
    click.echo(lines(replace(report, status="dry-run", batch_id=None) if dry_run else report))
    return 1 if report.rejected else 0
