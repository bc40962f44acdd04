"""``yizhan site candidates``: lists of places where a station could stand, brought, listed, removed."""

from __future__ import annotations

from pathlib import Path

import click

from web.cli.common import on_registry, registry_session, say, table
from web.settings import Settings

__all__ = ["candidates"]


@click.group()
def candidates() -> None:
    """Lists of candidates: where a station could stand, whose premises, at what cost."""


@candidates.command()
@on_registry
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What the list is called.")
@click.option("--source", default="", help="Who made it.")
@click.option("--datum", help="Of the positions: wgs84, gcj02, bd09 or cgcs2000. A table must say it.")
def add(settings: Settings, /, file: Path, *, name: str, source: str, datum: str | None) -> None:
    """Read FILE once and keep it as a list."""
    from geo.datum import Datum
    from stations.planning.siting import candidate_lists
    from stations.registry.writing import OPERATOR, acting, actor_id

    known = None if datum is None else Datum.parse(datum)
    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"candidates: {name.strip()[:200]}"):
            kept = candidate_lists.add(
                session, file, name=name, source=source, datum=known, actor=operator, now=settings.now()
            )
            say(f"The list {kept.name!r} holds {kept.candidates:,} candidates.")
            for why, rows in kept.reading["left_out"].items():
                say(f"{rows:,} rows are left out: {why}.")
            for word, rows in kept.reading["unread"].items():
                say(
                    f"Consent {word!r} of {rows:,} rows is not understood and stays unknown: write 同意, 洽谈中 or 不同意."
                )


@candidates.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the lists that are offered."""
    from stations.planning.siting import candidate_lists

    with registry_session(settings) as session:
        rows = [
            (
                one.name,
                f"{one.candidates:,}",
                one.source or None,
                one.file_name,
                one.added_at.date().isoformat(),
            )
            for one in candidate_lists.listed(session)
        ]
    click.echo(table(("list", "candidates", "source", "file", "added"), rows))


@candidates.command()
@on_registry
@click.argument("name")
def remove(settings: Settings, /, name: str) -> None:
    """Offer a list no more; plans keep what they took of it."""
    from stations.planning.siting import candidate_lists
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"candidates: {name.strip()[:200]} removed"):
            candidate_lists.remove(session, candidate_lists.find(session, name).id, now=settings.now())
    say(f"The list {name!r} is removed.")
