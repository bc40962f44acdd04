"""``yizhan streets``: which streets minutes are measured on, for the finder and for runs of coverage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web.cli.common import on_registry, registry_session, say, table
from web.settings import Settings

if TYPE_CHECKING:
    from stations.streets import Kept
    from stations.streets.fitting import Fit

__all__ = ["streets"]

_STEPS = {
    "read": "Reading the streets …",
    "elevation": "Laying the heights on them …",
    "walk": "Building the network for walking …",
    "ebike": "Building the network for e-bikes …",
}
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def streets() -> None:
    """The streets that minutes are measured on."""


@streets.command()
@on_registry
@click.argument("file", type=_FILE)
@click.option("--elevation", metavar="DEM.tif", type=_FILE, help="Heights in metres: slopes then count.")
@click.option(
    "--source",
    metavar="WORDS",
    help="Whose streets they are, shown beside minutes. OpenStreetMap's for an extract; needed for other files.",
)
@click.option(
    "--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="The day of the data, where FILE does not say."
)
@click.option("--in-pieces", is_flag=True, help="Take streets that do not hang together.")
def load(
    settings: Settings,
    /,
    file: Path,
    elevation: Path | None,
    source: str | None,
    on: datetime | None,
    **taking: bool,
) -> None:
    """Load the streets of FILE in place of those before.

    FILE is an OpenStreetMap extract (.osm.pbf, .osm) or lines with a column highway or fclass (Shapefile, GeoPackage …).
    """
    from stations.registry import base_map
    from stations.streets import load as load_streets
    from stations.streets.fitting import fit

    with registry_session(settings) as session:
        kept = load_streets(
            settings.streets,
            file,
            now=settings.now(),
            elevation=elevation,
            source=source,
            on=on.date() if on else None,
            in_pieces=taking["in_pieces"],
            within=base_map.extent(session),
            told=lambda step: say(_STEPS[step]),
        )
        found = fit(session, settings.streets, kept)
    click.echo("\n".join(_told(kept, found)))


@streets.command()
@on_registry
def status(settings: Settings) -> None:
    """Tell which streets are loaded, and how they fit the stations."""
    from stations.streets import current
    from stations.streets.fitting import fit

    kept = current(settings.streets)
    if kept is None:
        click.echo("No streets are loaded: minutes are estimated along the straight line.")
        return
    with registry_session(settings) as session:
        found = fit(session, settings.streets, kept)
    click.echo("\n".join(_told(kept, found)))


@streets.command()
@on_registry
def remove(settings: Settings) -> None:
    """Take the streets away: minutes are estimated again. Runs of coverage that were kept stay as they are."""
    from stations.streets import remove as remove_streets

    kept = remove_streets(settings.streets)
    click.echo("No streets were loaded." if kept is None else f"The streets of {kept.file} are removed.")


def _told(kept: Kept, found: Fit) -> Iterator[str]:
    west, south, east, north = kept.bounds
    yield f"Streets of {kept.file}, {kept.source}"
    yield (
        f"Data of {kept.date or 'a day nobody said'}, loaded {kept.loaded_at}; {west:.3f}–{east:.3f}° E, "
        f"{south:.3f}–{north:.3f}° N; heights: {kept.elevation or 'none, slopes do not count'}."
    )
    yield table(
        ("mode", "km", "segments", "pieces", "largest", "islands left out"),
        [
            (
                name, f"{mode.kilometres:,.0f}", f"{mode.segments:,}", f"{mode.pieces:,}", f"{mode.largest:.1%}",
                f"{mode.islands:,}",
            )
            for name, mode in kept.modes.items()
        ],
    )  # fmt: skip
    yield (
        f"{found.near:,} of {found.stations:,} located stations have a street within {found.within_m:,.0f} m; minutes to "
        "the others are estimated."
    )
