"""``yizhan community``: what was held at stations, added up by year."""

from __future__ import annotations

import csv
import sys

import click

from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

__all__ = ["community"]


@click.group()
def community() -> None:
    """Events at stations: their totals for the yearly report."""


@community.command()
@click.option("--year", type=click.IntRange(2000, 2200), help="One year; without it every year.")
@click.option(
    "--level",
    type=click.Choice(["province", "prefecture", "county"]),
    default="county",
    show_default=True,
    help="By which regions.",
)
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of a table.")
@on_registry
def totals(settings: Settings, year: int | None, level: str, as_csv: bool) -> None:
    """Add up what was held, by year, region and kind; + marks a lower bound, a dash what nobody counted."""
    from stations import vocabulary
    from stations.keeping.community.totals import totals as add_up

    with registry_session(settings) as session:
        found = add_up(session, year=year, level=level)
    heads = ["year", "region", "name", "kind", *vocabulary.EVENT_COUNTS]
    rows = [
        [
            row.year,
            row.region,
            row.names.get("zh"),
            row.kind,
            *(
                None if count is None else f"{count.value}{'+' if count.at_least else ''}"
                for count in row.counts.values()
            ),
        ]
        for row in found
    ]
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(heads)
        writer.writerows(rows)
    elif rows:
        click.echo(table(heads, rows))
    else:
        click.echo("Nothing was held" + (f" in {year}." if year else "."))
