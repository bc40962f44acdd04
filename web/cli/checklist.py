"""``yizhan checklist``: the checklists that stations are inspected under, as files in and out."""

from __future__ import annotations

from pathlib import Path

import click

from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

__all__ = ["checklist"]


@click.group()
def checklist() -> None:
    """Checklists that stations are inspected under, in versions that never change."""


@checklist.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the published versions, and the checklists that come with the system."""
    from stations.keeping.inspecting import documents, library

    with registry_session(settings) as session:
        rows = [
            (
                one.checklist.code,
                one.checklist.version,
                one.checklist.title["zh"],
                len(one.checklist.items),
                f"{one.inspections:,}",
                f"{one.published_at:%Y-%m-%d}",
            )
            for one in library.listed(session)
        ]
    published = {row[0] for row in rows}
    rest = [
        (one.code, one.version, one.title["zh"], len(one.items), None, None)
        for one in documents.shipped().values()
        if one.code not in published
    ]
    click.echo(table(("code", "version", "title", "items", "inspections", "published"), [*rows, *rest]))


@checklist.command()
@on_registry
@click.argument("code")
@click.option("--version", type=int, help="Default: the newest.")
def show(settings: Settings, code: str, *, version: int | None) -> None:
    """Show one version, item by item."""
    from stations.keeping.inspecting import library

    with registry_session(settings) as session:
        held = library.get(session, code, version).checklist
    click.echo(f"{held.title['zh']}, version {held.version}, {held.total} points in all")
    click.echo(
        table(
            ("item", "kind", "points", "title", "needs", "mend within"),
            [
                (
                    item.code,
                    str(item.kind),
                    item.score if item.kind == "check" else None,
                    item.title["zh"],
                    " ".join((*item.needs, *item.parts)) or None,
                    f"{item.mend_days} days" if item.mend_days else None,
                )
                for item in held.items
            ],
        )
    )
    for rating in held.ratings:
        mark = "  meets the standard from here on" if rating.code == held.passing else ""
        click.echo(f"{rating.title['zh']}: {rating.least} points {' '.join(rating.requires)}{mark}")


@checklist.command("import")
@on_registry
@click.argument("source")
def import_(settings: Settings, source: str) -> None:
    """Publish a version from a file (TOML or JSON), or one that comes with the system by its code.

    The same version a second time changes nothing; a version that was published never changes.
    """
    from stations.errors import NotFound
    from stations.keeping.inspecting import documents, library
    from stations.registry.writing import OPERATOR, acting, actor_id

    path, shipped = Path(source), documents.shipped()
    if source in shipped:
        held = shipped[source]
    elif path.is_file():
        held = documents.parse(path.read_bytes())
    else:
        raise NotFound(f"{source!r} is no file, and none of {', '.join(shipped)}, which come with the system")
    with (
        registry_session(settings) as session,
        acting(session, actor_id(session, OPERATOR), reason=f"checklist {held.code} {held.version}"),
    ):
        library.publish(session, held)
    click.echo(f"{held.title['zh']}: version {held.version} of {held.code} is published.")


@checklist.command()
@on_registry
@click.argument("code")
@click.option("--version", type=int, help="Default: the newest.")
@click.option(
    "--form", type=click.Choice(["toml", "json"]), default="toml", show_default=True, help="Of the file."
)
def export(settings: Settings, code: str, *, version: int | None, form: str) -> None:
    """Write one version to standard output, to be edited and imported as the next."""
    from stations.errors import NotFound
    from stations.keeping.inspecting import documents, library

    with registry_session(settings) as session:
        try:
            held = library.get(session, code, version).checklist
        except NotFound:
            found = documents.shipped().get(code)
            if found is None or version not in {None, found.version}:
                raise
            held = found
    click.echo(documents.written(held, form), nl=False)
