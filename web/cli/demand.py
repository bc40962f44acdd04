"""``yizhan demand``: layers of demand brought, listed, described and removed at the prompt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from web.cli.common import is_terminal, on_registry, registry_session, say, table
from web.settings import Settings

__all__ = ["demand"]

_STEPS = {"read": "Reading the file", "keep": "Keeping the layer"}


@click.group()
def demand() -> None:
    """Layers of demand: who needs a station, and where."""


@demand.command()
@on_registry
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What the layer is called.")
@click.option(
    "--counts",
    default="residents",
    show_default=True,
    help="residents, orders_noon, orders_night, sanitation or other.",
)
@click.option("--unit", default="人", show_default=True, help="What one of its numbers is.")
@click.option("--source", required=True, help="Who made it, and which edition.")
@click.option("--licence", help="Under which licence.")
@click.option("--year", type=int, help="The year that it is about.")
@click.option("--weight", help="The column of amounts; guessed from the header without it.")
@click.option("--every-row-one", is_flag=True, help="There is no such column: every row counts as one.")
@click.option("--lon", help="The column of longitudes, or of both coordinates.")
@click.option("--lat", help="The column of latitudes.")
@click.option("--datum", help="Of the positions: wgs84, gcj02, bd09 or cgcs2000. A table must say it.")
@click.option("--band", type=int, default=1, show_default=True, help="The band of a raster.")
@click.option("--part", help="The sheet of a workbook, or the layer of a vector file.")
@click.option("--encoding", help="Of the text, where it is not told by the file.")
@click.option("--crs", help="Of a vector file that names none, such as EPSG:4490.")
def add(
    settings: Settings,
    /,
    file: Path,
    *,
    name: str,
    counts: str,
    unit: str,
    source: str,
    licence: str | None,
    year: int | None,
    weight: str | None,
    every_row_one: bool,
    **reading: Any,
) -> None:
    """Read FILE once and keep it as a layer.

    GeoTIFF (amounts per pixel; in a ZIP archive too), CSV or a workbook with positions, GeoJSON, GeoPackage or Shapefile of points or of
    areas.
    """
    from stations.planning import layers
    from stations.planning.layer_files import Reading
    from stations.planning.layers import Facts
    from stations.registry.writing import OPERATOR, acting, actor_id

    facts = Facts(name, counts, unit, source, licence, year)
    how = Reading.of_dict(
        {"weight": "" if every_row_one else weight}
        | {option: value for option, value in reading.items() if value is not None}
    )
    with registry_session(settings) as session, _progress() as tell:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"layer: {name}"):
            made = layers.add(session, file, facts, how, actor=operator, now=settings.now(), tell=tell)
        lines = list(_told(session, made))
    click.echo("\n".join(lines))


@demand.command("list")
@on_registry
@click.option("--removed", is_flag=True, help="Those that are not offered any more.")
def list_(settings: Settings, *, removed: bool) -> None:
    """List the layers of demand."""
    from stations.planning import layers

    with registry_session(settings) as session:
        rows = [
            (
                each.name,
                each.counts,
                f"{each.total:,.0f}",
                f"{each.outside:,.0f}",
                each.unit,
                each.year,
                each.source,
                each.added_at.date().isoformat(),
            )
            for each in layers.listed(session, removed=removed)
        ]
    click.echo(table(("layer", "counts", "total", "outside", "unit", "year", "source", "added"), rows))


@demand.command()
@on_registry
@click.argument("name")
def describe(settings: Settings, /, name: str) -> None:
    """Tell all that is known of a layer."""
    from stations.planning import layers

    with registry_session(settings) as session:
        lines = list(_told(session, layers.find(session, name)))
    click.echo("\n".join(lines))


@demand.command()
@on_registry
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stands in the history.")
def remove(settings: Settings, /, name: str, *, reason: str) -> None:
    """Take a layer out: for good where no run stands on it, else it is only not offered any more."""
    from stations.planning import layers
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"remove layer {name}: {reason}"):
            gone = layers.remove(session, layers.find(session, name).id, now=settings.now())
    click.echo(
        f"The layer {name} is gone."
        if gone
        else f"The layer {name} is kept for its runs and not offered any more."
    )


def _told(session: Any, layer: Any) -> Iterator[str]:
    """Describe a layer, line by line."""
    from stations.planning import layers

    yield f"{layer.name}: {layer.total - layer.outside:,.2f} {layer.unit} ({layer.counts}) inside the registry, read from {layer.form}."
    year = f", {layer.year}" if layer.year else ""
    yield f"Source: {layer.source}{year}; licence: {layer.licence or 'unknown'}. File: {layer.file_name}, SHA-256 {layer.sha256}."
    yield f"Total {layer.total:,.2f}, outside the registry {layer.outside:,.2f}."
    for each in layer.elsewhere:
        yield f"  {each['where'] or 'in no province'}: {each['amount']:,.2f}, around {each['lon']:.2f}, {each['lat']:.2f}"
    yield f"Kept as {layer.squares:,} squares of about {layer.side_m:,.0f} m."
    for why, rows in layer.reading.get("left_out", {}).items():
        yield f"Left out: {rows:,} rows with {why}."
    if layer.reading.get("only_around"):
        yield "The file is so large that only the part around the registry was read."
    yield table(
        ("largest km²", "lon, lat", layer.unit),
        [
            (each["region"], f"{each['lon']:.4f}, {each['lat']:.4f}", f"{each['amount']:,.1f}")
            for each in layer.largest
        ],
    )
    runs = layers.uses(session, layer)
    yield f"Runs that stand on it: {', '.join(str(run.id) for run in runs) or 'none'}."
    for event in layers.history(session, layer):
        yield f"{event.what} {event.at:%Y-%m-%d %H:%M} by {event.who}: {event.reason}"


@contextmanager
def _progress() -> Iterator[Callable[[str, float | None], None]]:
    """Show how far the reading is: a bar where somebody watches, a line for each step where not."""
    if not is_terminal():
        before: list[str] = []

        def tell(step: str, _: float | None) -> None:
            if step not in before:
                before.append(step)
                say(f"{_STEPS[step]} …")

        yield tell
        return
    with click.progressbar(length=1_000, label=_STEPS["read"], file=sys.stderr) as bar:
        reached = 0

        def show(step: str, share: float | None) -> None:
            nonlocal reached
            bar.label = _STEPS[step]
            wanted = 950 if share is None else round(950 * share)
            bar.update(max(0, wanted - reached))
            reached = max(reached, wanted)

        yield show
        bar.update(1_000 - reached)
