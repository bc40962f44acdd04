"""``yizhan demo`` and ``yizhan places``: what a registry is filled with beside lists of stations."""

from __future__ import annotations

import click

from web.cli.common import on_registry, registry_session, say
from web.cli.work import fill_demo
from web.registries import opened
from web.settings import Settings

__all__ = ["demo", "places"]


@click.group()
def demo() -> None:
    """The demonstration registry: invented stations over real counties of Qinghai."""


@demo.command()
@on_registry
def fill(settings: Settings) -> None:
    """Fill the demonstration registry, once; a registry of your own is refused."""
    with opened(settings, say=say) as ready:
        filled = fill_demo(ready)
    click.echo("Filled." if filled else "It is filled already; nothing was changed.")


@click.group()
def places() -> None:
    """The named places that coverage is counted by."""


@places.command()
@on_registry
def load(settings: Settings) -> None:
    """Load the places of the registry's province from GeoNames; again, to bring them up to date."""
    from stations.registry import places as gazetteer
    from stations.registry.writing import OPERATOR, actor_id

    with registry_session(settings) as session:
        say("Reading the gazetteer …")
        loaded = gazetteer.load(session, actor=actor_id(session, OPERATOR))
    click.echo(
        f"{loaded.read:,} places: {loaded.added:,} new, {loaded.changed:,} changed, {loaded.removed:,} removed. "
        f"The population of {loaded.populated:,} is known; of the others it is unknown, not 0."
    )
