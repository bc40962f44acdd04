"""Where a registry's database is: in the private cluster of the checkout, or on a server that the operator names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from stations.cluster import APP, OWNER, Cluster
from stations.errors import Unavailable
from stations.schema import migrate, require_current
from web.settings import DEMO, Settings, SettingsError, secret_key_in

__all__ = ["ROOT", "opened"]

ROOT = Path(__file__).resolve().parents[1]
"""The folder of the project."""


@contextmanager
def opened(
    settings: Settings, *, root: Path = ROOT, say: Callable[[str], None] = print
) -> Iterator[Settings]:
    """Bring up the database of ``settings.registry_name`` at the newest schema, for the length of the block.

    Gives the settings with both addresses, the registry's name and a secret key filled in. The private cluster stops
    again with its last user; a server of the operator's is only connected to.
    """
    kept = replace(
        settings,
        registry=settings.registry_name,
        secret_key=settings.secret_key or secret_key_in(root / "var"),
    )
    if settings.database_url is not None:
        _bring_up_to_date(settings, say)
        yield kept
        return
    cluster = Cluster.locate(root, say=say)
    with cluster.running():
        database = f"yizhan_{kept.registry}"
        if kept.registry != DEMO and kept.province is None and not cluster.has_database(database):
            raise SettingsError(
                f"The registry {kept.registry!r} is new: say which province it is for, such as "
                f"script/server --registry {kept.registry} --province 41",
                field="YIZHAN_PROVINCE",
            )
        if cluster.create_database(database):
            say(f"Made the database {database}.")
        ready = replace(
            kept, database_url=cluster.url(database, APP), owner_database_url=cluster.url(database, OWNER)
        )
        migrate(cluster.url(database, OWNER))
        yield ready


def _bring_up_to_date(settings: Settings, say: Callable[[str], None]) -> None:
    if settings.owner_database_url is not None:
        say("Migrating the database of YIZHAN_OWNER_DATABASE_URL …")
        migrate(settings.owner_database_url)
        return
    engine = create_engine(settings.require_database())
    try:
        with engine.connect() as connection:
            require_current(connection)
    except OperationalError as error:
        address = engine.url.render_as_string(hide_password=True)
        raise Unavailable(
            f"The database {address} of YIZHAN_DATABASE_URL cannot be reached: {error.orig}"
        ) from error
    finally:
        engine.dispose()
