"""The schema as the migrations make it: bring a database to the newest, and tell which one it has."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from stations.errors import Unavailable

__all__ = ["current", "differences", "head", "is_known", "migrate", "require_current"]

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
#: Any number will do, as long as every migrating process takes the same.
_LOCK = 7_265_221_094


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def head() -> str:
    """Return the newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise Unavailable(f"no migrations were found in {_MIGRATIONS}")
    return revision


def is_known(revision: str) -> bool:
    """Tell whether this code has the migration of that name."""
    return any(
        script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def current(connection: Connection) -> str | None:
    """Return the revision of the database; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(url: str, *, to: str = "head") -> None:
    """Bring the database at ``url`` (the owner's address) to the newest schema, or to an earlier one on the way there.

    Runs in one transaction under an advisory lock, so two starts at once do not collide and a failure leaves the
    schema as it was. Raises Unavailable where the database cannot be reached.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    except OperationalError as error:
        address = engine.url.render_as_string(hide_password=True)
        raise Unavailable(f"the database at {address} cannot be reached: {error.orig}") from error
    finally:
        engine.dispose()


def differences(connection: Connection) -> list[object]:
    """Return what autogenerate would still change: empty where models and migrations agree."""
    from geoalchemy2 import alembic_helpers

    from stations.models import Base

    context = MigrationContext.configure(connection, opts={"include_object": alembic_helpers.include_object})
    return list(compare_metadata(context, Base.metadata))


def require_current(connection: Connection) -> None:
    """Raise Unavailable where the database is not at the schema that this code was written for."""
    found, wanted = current(connection), head()
    if found != wanted:
        raise Unavailable(
            f"the database has schema {found or 'none'}, this program needs {wanted}: run `yizhan db migrate` "
            "with the owner's address in YIZHAN_OWNER_DATABASE_URL"
        )
