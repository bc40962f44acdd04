"""``yizhan usage``: lists of visits imported, and the figures of a station or of regions shown."""

from __future__ import annotations

from pathlib import Path

import click

from stations.hours import SHANGHAI
from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

__all__ = ["usage"]

_SHOWN: int = 50


@click.group()
def usage() -> None:
    """Visits of stations."""


@usage.command("import")
@on_registry
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Write the good rows although others have a problem.")
@click.option("--dry-run", is_flag=True, help="Show what was read and write nothing.")
def import_(settings: Settings, *, path: Path, skip_bad: bool, dry_run: bool) -> int:
    """Import the visits in FILE (CSV or a workbook): all of it, or nothing where a row has a problem.

    Columns are told by their headers: the station's code or name, the period (2026-03), the visits (1600, or 1600余 for at
    least). A column for each month or for each occupation will do. The same file again writes nothing.
    """
    from stations.keeping import usage as figures
    from stations.keeping import usage_import
    from stations.registry.writing import OPERATOR, acting, actor_id

    today = settings.now().astimezone(SHANGHAI).date()
    with registry_session(settings) as session:
        found = usage_import.read(session, path, today=today)
        for one in found.columns:
            about = " ".join(filter(None, [one.means or "not used", one.period, one.occupation]))
            click.echo(f"{one.header} → {about}")
        for failed in found.failed[:_SHOWN]:
            click.echo(f"row {failed.row}: {failed.why}", err=True)
        if len(found.failed) > _SHOWN:
            click.echo(f"… and {len(found.failed) - _SHOWN:,} more rows", err=True)
        if dry_run or (found.failed and not skip_bad):
            click.echo(f"{len(found.entries):,} figures in {found.rows:,} rows; nothing was written")
            return 1 if found.failed else 0
        with acting(session, actor_id(session, OPERATOR), reason=f"yizhan usage import {path.name}"):
            done = figures.put(session, found.entries, how="imported")
    click.echo(f"{done.added:,} added, {done.changed:,} changed, {done.same:,} there already")
    return 1 if found.failed else 0


@usage.command()
@on_registry
@click.argument("code", required=False)
def show(settings: Settings, code: str | None) -> None:
    """Show the figures of station CODE with the one that stands for each day; without CODE, use by county."""
    from stations.keeping import usage as figures
    from stations.keeping.quality import quality

    today = settings.now().astimezone(SHANGHAI).date()
    with registry_session(settings) as session:
        if code is not None:
            rows = [
                (
                    str(one.period),
                    str(one.counted),
                    one.occupation or "all",
                    one.how or "noted",
                    "counts" if one.stands else f"{one.beaten_by} counts",
                )
                for one in figures.figures(session, code, today=today)
            ]
            click.echo(table(("period", "visits", "who", "how", "stands"), rows))
            return
        found = quality(session, now=settings.now())
        counted = [
            (
                area.code,
                area.names.get("zh"),
                f"{area.sums.counted:,}",
                f"{area.sums.stations:,}",
                f"{area.sums.visits:,}",
                None if area.daily is None else f"{area.daily:.1f}",
            )
            for area in (*found.of_level("county"), found.whole)
        ]
    click.echo(table(("code", "county", "counted", "of", "visits", "a day"), counted))
