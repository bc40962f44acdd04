"""``yizhan backup`` and ``yizhan restore``: a registry as one file, and the file as a registry again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web.cli.common import is_terminal, on_registry, say, table
from web.registries import ROOT
from web.settings import Settings, SettingsError
from web.version import VERSION

if TYPE_CHECKING:
    from stations.backup import Manifest
    from stations.cluster import Cluster

__all__ = ["backup", "restore"]

_SECRETS = (
    "Not in it: the site's secret key (var/secret-key, without which nobody's second factor opens) and what the environment "
    "sets. Keep these apart."
)


@click.command()
@click.option(
    "--to",
    metavar="FOLDER|FILE",
    type=click.Path(path_type=Path),
    help="Where to: a folder, or a file with its ending (.zip). Default: YIZHAN_BACKUPS.",
)
@click.option(
    "--keep",
    type=click.IntRange(1, 10_000),
    help="Delete all but so many of the newest backups of this registry in the folder, once this one is whole.",
)
@click.option("--with-dumps", is_flag=True, help="The daily dumps for downloads too, which are made again.")
@on_registry
def backup(settings: Settings, to: Path | None, keep: int | None, with_dumps: bool) -> None:
    """Write everything of a registry into one file that is whole or is not there.

    The database as it is at one moment, whatever its schema, photos, uploads and streets, with the count and checksum of every table.
    The server may run meanwhile. On a server of your own this needs the owner's address in YIZHAN_OWNER_DATABASE_URL.
    """
    from stations.backup import back_up, name_of, rotate

    file = to or settings.backups
    into = to is None or to.is_dir() or not to.suffix
    if to is not None and not into and keep is not None:
        raise click.BadOptionUsage("keep", "--keep looks after a folder, and --to names a file")
    name = settings.registry_name
    folder = file if into else file.parent
    path = (file / name_of(name, settings.now()) if into else file).absolute()
    with _owner_url(settings) as url:
        say(f"Backing up the registry {name} …")
        made = back_up(
            url,
            path,
            registry=name,
            program=VERSION,
            folders=_folders(settings, with_dumps=with_dumps),
            now=settings.now(),
        )
    gone = rotate(folder, name, keep=keep) if keep is not None else []
    click.echo(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, readable by its owner alone.")
    click.echo(_held(made))
    if gone:
        click.echo(f"Older backups deleted: {', '.join(old.name for old in gone)}.")
    click.echo(_SECRETS)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--replace",
    "replacing",
    is_flag=True,
    help="Take the place of the registry that is there; its database is kept beside under the name …_replaced.",
)
@click.option(
    "--check", is_flag=True, help="Read the backup to its end and say what it holds; nothing is restored."
)
@on_registry
def restore(settings: Settings, file: Path, replacing: bool, check: bool) -> None:
    """Put a backup back, equal row for row, or leave everything as it was.

    Into the private cluster under the name of --registry (else under its own): a database is made beside, compared with the
    checksums, brought to the newest schema, and only then given the name. On a server of your own: into the empty database
    of YIZHAN_OWNER_DATABASE_URL.
    """
    from stations.backup import inspect, require_known

    say(f"Reading {file} …")
    manifest = inspect(file, told=_progress)
    click.echo(f"Made {manifest.made_at} by version {manifest.program}, of the registry {manifest.registry}.")
    click.echo(_held(manifest))
    require_known(manifest, program=VERSION)
    if check:
        click.echo("The backup is whole.")
        return
    target = (
        settings
        if settings.registry is not None or settings.database_url
        else Settings.read(settings.environment() | {"YIZHAN_REGISTRY": manifest.registry})
    )
    if target.database_url is not None:
        _into_own_server(target, file, manifest, replacing=replacing)
    else:
        _into_cluster(target, file, manifest, replacing=replacing)


def _into_cluster(settings: Settings, file: Path, manifest: Manifest, *, replacing: bool) -> None:
    from stations.backup import fill, put_files_back
    from stations.cluster import OWNER, Cluster, copies
    from stations.errors import Conflict

    cluster = Cluster.locate(ROOT, say=say)
    with cluster.running():
        database = f"yizhan_{settings.registry_name}"
        if not replacing and not copies.is_empty(cluster, database):
            raise Conflict(
                f"There is a registry {settings.registry_name!r} already: --replace lets the backup take its place, "
                "--registry NAME restores it under another name."
            )
        if copies.is_used(cluster, database):
            raise Conflict(
                f"The registry {settings.registry_name!r} is in use (script/server, a command): end that first."
            )
        fresh = f"{database}_restoring"
        url = cluster.url(fresh, OWNER)
        with _made(cluster, fresh):
            say("Restoring the database …")
            fill(url, file, manifest)
            _upgrade(url, manifest)
            say("Restoring the files …")
            files = put_files_back(file, manifest, _folders(settings, with_dumps=True))
            replaced = copies.put_in_place(cluster, fresh, database)
    _tell(settings, manifest, files)
    if replaced is not None:
        click.echo(
            f"The registry of before is the database {replaced} until the next restore; without use for it: "
            f"python -m stations.cluster psql postgres --role postgres -c 'DROP DATABASE {replaced}'"
        )


@contextmanager
def _made(cluster: Cluster, name: str) -> Iterator[None]:
    """Have an empty database of that name, made by this process alone; it is gone afterwards, if it has its name still."""
    from stations.cluster.locks import Lock

    with Lock(cluster.place.home / f"{cluster.place.name}.restoring").alone(1):
        cluster.drop_database(name)
        cluster.create_database(name)
        try:
            yield
        finally:
            cluster.drop_database(name)


def _into_own_server(settings: Settings, file: Path, manifest: Manifest, *, replacing: bool) -> None:
    from stations.backup import fill, put_files_back

    if replacing:
        raise SettingsError(
            "--replace is for the private cluster. On a server of your own restore into an empty database, and swap the names "
            "of the two when the server is stopped: docs/operating.md says how."
        )
    with _owner_url(settings) as url:
        say("Restoring the database …")
        fill(url, file, manifest)
        _upgrade(url, manifest)
        say("Restoring the files …")
        files = put_files_back(file, manifest, _folders(settings, with_dumps=True))
    _tell(settings, manifest, files)


def _upgrade(url: str, manifest: Manifest) -> None:
    from stations.schema import head, migrate

    if manifest.migration != head():
        say(f"Bringing the schema from {manifest.migration} to {head()} …")
        migrate(url)


@contextmanager
def _owner_url(settings: Settings) -> Iterator[str]:
    """Give the address of the registry's database for its owner, at whatever schema it is; nothing is migrated."""
    from stations.cluster import OWNER, Cluster
    from stations.errors import NotFound

    if settings.database_url is not None or settings.owner_database_url is not None:
        if settings.owner_database_url is None:
            raise SettingsError(
                "YIZHAN_OWNER_DATABASE_URL is not set: row policies hide rows from the application's role, so a backup by it "
                "would not be whole. Give the owner's address.",
                field="YIZHAN_OWNER_DATABASE_URL",
            )
        yield settings.owner_database_url
        return
    cluster = Cluster.locate(ROOT, say=say)
    if not cluster.place.data.exists():
        raise NotFound("There is no private cluster here yet: script/server makes it.")
    with cluster.running():
        database = f"yizhan_{settings.registry_name}"
        if not cluster.has_database(database):
            raise NotFound(f"There is no registry {settings.registry_name!r} here.")
        yield cluster.url(database, OWNER)


def _folders(settings: Settings, *, with_dumps: bool) -> dict[str, Path]:
    folders = {"photos": settings.photos, "uploads": settings.uploads, "streets": settings.streets}
    return folders | ({"dumps": settings.downloads / "daily"} if with_dumps else {})


def _held(manifest: Manifest) -> str:
    rows = [("schema", manifest.migration), ("PostgreSQL", str(manifest.postgres))]
    rows.append(("tables", f"{len(manifest.tables):,} with {manifest.rows:,} rows"))
    for kind in ("photos", "uploads", "streets", "dumps"):
        if files := manifest.files(kind):
            size = sum(held.bytes for held in files.values())
            rows.append((kind, f"{len(files):,} files, {size / 1e6:,.1f} MB"))
    return "\n".join(table(("", ""), rows).splitlines()[1:])


def _tell(settings: Settings, manifest: Manifest, files: int) -> None:
    name = settings.registry_name
    click.echo(
        f"Restored as the registry {name}: {len(manifest.tables):,} tables, {manifest.rows:,} rows, each equal to what was "
        f"saved by count and checksum; {files:,} files written."
    )


def _progress(done: int, total: int) -> None:
    if is_terminal() and total:
        click.echo(f"\r{done / total:4.0%}{chr(10) if done >= total else ''}", err=True, nl=False)
