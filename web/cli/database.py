"""``yizhan db``: the schema, what is derived, and how the registry stands."""

from __future__ import annotations

from datetime import datetime

import click

from stations import vocabulary as words
from stations.hours import SHANGHAI
from web.cli.common import on_registry, registry_session, say, table
from web.registries import opened
from web.settings import Settings, SettingsError

__all__ = ["db"]


@click.group()
def db() -> None:
    """The database of a registry."""


@db.command()
@on_registry
def migrate(settings: Settings) -> None:
    """Bring the schema to the newest revision.

    A registry in the private cluster is migrated by every command that opens it. On a server of your own this needs
    the owner's address in YIZHAN_OWNER_DATABASE_URL.
    """
    from stations.schema import head

    if settings.database_url is not None and settings.owner_database_url is None:
        raise SettingsError(
            "YIZHAN_OWNER_DATABASE_URL is not set: the application's role does not own the tables and cannot migrate. "
            "Give the owner's address.",
            field="YIZHAN_OWNER_DATABASE_URL",
        )
    with opened(settings, say=say) as ready:
        click.echo(f"The registry {ready.registry} has schema {head()}.")


@db.command()
@on_registry
def rebuild(settings: Settings) -> None:
    """Make everything derived again from the facts: public rows, search text, schedules."""
    from stations.registry import derived
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        say("Deriving all stations …")
        with acting(session, actor_id(session, OPERATOR), reason="derived columns made again"):
            total, changed = derived.rebuild(session)
    click.echo(f"{total:,} stations; {changed:,} public rows were not what the facts say.")


@db.command()
@on_registry
def extend(settings: Settings) -> None:
    """Extend the index of opening hours over the coming weeks, as a running server does every hour."""
    from stations.registry import schedules

    with registry_session(settings) as session:
        extended, dropped = schedules.extend(session, now=settings.now())
    click.echo(f"{extended:,} schedules extended, {dropped:,} that no station keeps dropped.")


@db.command()
@on_registry
def sweep(settings: Settings) -> None:
    """Delete what the public's reports were counted by, once it is needed no more, as a running server does every hour.

    Photos go as well that no report and no station names.
    """
    from stations.keeping import files, voices

    with registry_session(settings) as session:
        swept = voices.sweep(session, settings.now())
        orphans = files.sweep(session, settings.photos)
    click.echo(
        f"{sum(swept):,} passing rows deleted or forgotten, {swept.marks:,} of them hashes of who spoke. "
        f"Files of photos that nothing names: {orphans:,} deleted."
    )


@db.command()
@on_registry
def dump(settings: Settings) -> None:
    """Write the dump of today where there is none, as a running server does every day."""
    from web.downloads import dumps

    with opened(settings, say=say) as ready:
        made = dumps.keep_up(ready)
    if made is None:
        click.echo(
            f"The dump of today is in {settings.downloads / 'daily'} already, or another process writes it."
        )
        return
    total = sum(file.bytes for file in made.files)
    click.echo(f"{made.stations:,} stations in {len(made.files)} files, {total / 1e6:,.1f} MB: {made.folder}")


@db.command()
@on_registry
def status(settings: Settings) -> None:
    """Show what the registry holds and how it stands."""
    from stations.registry.status import status as look
    from stations.schema import current, head

    with registry_session(settings) as session:
        found = look(session)
        schema = current(session.connection())
    if found.name is None:
        click.echo(f"The registry {settings.registry_name} is empty: yizhan regions load --province CODE")
        return
    lives = ", ".join(
        f"{found.stations[code]:,} {term.en.lower()}"
        for code, term in words.LIFECYCLE.items()
        if code in found.stations
    )
    rows = [
        (
            "registry",
            f"{settings.registry_name}: {found.name}{' (demonstration)' if found.demonstration else ''}",
        ),
        ("schema", f"{schema}{'' if schema == head() else f', this program needs {head()}'}"),
        ("province", found.province),
        ("regions", ", ".join(f"{count:,} {level}" for level, count in found.regions.items())),
        ("loaded", _when(found.regions_loaded_at)),
        ("places", f"{found.places:,}"),
        ("sources", f"{found.sources:,}"),
        ("stations", f"{sum(found.stations.values()):,}{f' ({lives})' if lives else ''}"),
        ("未定位", f"{found.unlocated:,}, of them {found.held:,} with a doubted position"),
        ("doubts", f"{found.doubted:,}"),
        ("last change", f"{found.last_seq} at {_when(found.last_at)}"),
        ("hours until", _when(found.hours_until)),
    ]
    click.echo("\n".join(table(("", ""), rows).splitlines()[1:]))


def _when(moment: datetime | None) -> str:
    return "–" if moment is None else moment.astimezone(SHANGHAI).isoformat(" ", timespec="minutes")
