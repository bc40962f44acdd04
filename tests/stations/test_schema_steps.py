"""Migrations taken back on a real database: the schema of before to the last word, or a refusal that says what to do instead."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from stations.cluster import OWNER, Cluster
from stations.schema import differences, migrate
from tests.conftest import ROOT

#: Everything that a migration makes, in words that two equal schemas share.
WHOLE = """
    SELECT 'column', c.table_name || '.' || c.column_name, concat_ws(' ', c.udt_name, c.is_nullable, c.column_default, c.is_generated)
    FROM information_schema.columns c WHERE c.table_schema = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
    UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
        || coalesce(p.proacl, acldefault('f', p.proowner))::text FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND proname LIKE 'yz%'
    UNION ALL SELECT 'trigger', tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'policy', tablename || ' ' || policyname, concat_ws(' ', roles::text, cmd, qual, with_check) FROM pg_policies
    UNION ALL SELECT 'rights', oid::regclass::text, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))::text
        || relrowsecurity FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')
    ORDER BY 1, 2, 3
"""


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(ROOT / "migrations"))
    found.attributes["connection"] = connection
    return found


@pytest.fixture(scope="module")
def address(cluster: Cluster) -> Iterator[str]:
    """The owner's address of a database without any table."""
    name = f"yizhan_steps_{os.getpid()}"
    cluster.create_database(name)
    yield cluster.url(name, OWNER)
    cluster.drop_database(name)


def schema(engine: Engine) -> list[tuple[str, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(WHOLE))]


def steps() -> list[Script]:
    return list(ScriptDirectory(str(ROOT / "migrations")).walk_revisions())[::-1]


def refuses(step: Script) -> bool:
    written = inspect.getsource(step.module.downgrade)
    return "raise RuntimeError" in written and "op." not in written


@pytest.mark.parametrize("step", [step for step in steps() if refuses(step)], ids=lambda step: step.revision)
def test_a_step_that_cannot_be_taken_back_says_what_to_do_instead(step: Script) -> None:
    with pytest.raises(RuntimeError, match=r"restore a backup|any code could write anywhere"):
        step.module.downgrade()


def test_a_step_that_can_be_taken_back_leaves_the_schema_of_before(address: str) -> None:
    engine = create_engine(address, poolclass=NullPool)
    taken = [step for step in steps() if not refuses(step)]
    assert {"0005", "0016", "0018"} <= {step.revision for step in taken}
    for step in taken:
        migrate(address, to=str(step.down_revision))
        before = schema(engine)
        migrate(address, to=step.revision)
        assert schema(engine) != before
        with engine.begin() as connection:
            command.downgrade(config(connection), str(step.down_revision))
        assert schema(engine) == before, step.revision
    migrate(address)
    with engine.connect() as connection:
        assert differences(connection) == []
