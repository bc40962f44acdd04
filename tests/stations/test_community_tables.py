"""The tables of notices and events: as the models say, and taken back without a trace by their own migration."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine, inspect, make_url

from stations.cluster import OWNER, Cluster
from stations.schema import differences

MIGRATION = Path(__file__).resolve().parents[2] / "migrations" / "versions" / "0022_community.py"


def told(connection: Connection) -> list[str]:
    """Return what the models and the schema differ in, of these tables."""
    return [
        str(each)
        for each in differences(connection)
        if any(name in str(each) for name in ("notice", "events"))
    ]


def test_models_and_migration_agree_and_the_migration_goes_both_ways(
    cluster: Cluster, new_database: Callable[[], str]
) -> None:
    spec = importlib.util.spec_from_file_location("community_migration", MIGRATION)
    assert spec is not None
    assert spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    name = make_url(new_database()).database
    assert name is not None
    engine = create_engine(cluster.url(name, OWNER))
    with engine.connect() as connection:
        assert told(connection) == []
        with Operations.context(MigrationContext.configure(connection)):
            migration.downgrade()
            assert not {"notices", "notice_contacts", "events"} & set(inspect(connection).get_table_names())
            migration.upgrade()
        assert told(connection) == []
        connection.rollback()
    engine.dispose()
