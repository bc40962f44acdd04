"""Back to a moment before a mistake, by the archive of the write-ahead log; and pages that read from a replica."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from stations.cluster import OWNER, Cluster, ClusterError, recovery
from stations.errors import Invalid
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import migrate
from tests.conftest import fill_squares
from web import create_app
from web.settings import Settings

DATABASE = "yizhan_recovery"


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder that every user may enter, with a cluster of its own and a replica's."""
    made = Path(tempfile.mkdtemp(prefix="yz-recovery-"))
    made.chmod(0o755)
    for name in ("primary", "replica"):
        (made / name).mkdir(mode=0o755)
    yield made
    for name in ("replica", "primary"):
        own = Cluster.locate(made / name, fsync=False)
        own.stop(force=True)
        shutil.rmtree(own.place.sockets, ignore_errors=True)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def primary(root: Path) -> Cluster:
    """A running cluster that archives its log, with a small registry."""
    cluster = Cluster.locate(root / "primary", fsync=False)
    recovery.archive_to(cluster, root / "archive")
    cluster.start()
    cluster.create_database(DATABASE)
    migrate(cluster.url(DATABASE, OWNER))
    engine = create_engine(cluster.url(DATABASE))
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    engine.dispose()
    return cluster


@pytest.fixture(scope="module")
def base(primary: Cluster, root: Path) -> Path:
    return recovery.base_backup(primary, root / "bases", now=datetime.now(UTC))


def add(cluster: Cluster, name: str) -> str:
    engine = create_engine(cluster.url(DATABASE))
    with Session(engine) as session:
        with acting(session, actor_id(session, OPERATOR), reason="test"):
            code = registry.add(session, names={"zh": name}, kind="union_station", region_code="630222").code
        session.commit()
    engine.dispose()
    return code


def archived(cluster: Cluster) -> None:
    """Finish the present piece of the log and wait until it lies in the archive."""
    with cluster.connect() as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert row is not None
        for _ in range(600):
            last = connection.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()
            if last is not None and last[0] is not None and last[0] >= row[0]:
                return
            time.sleep(0.1)
    raise AssertionError("the log does not reach the archive")


def test_pages_read_from_a_replica_and_the_desk_writes_to_the_primary(
    primary: Cluster, base: Path, root: Path
) -> None:
    replica = Cluster.locate(root / "replica", fsync=False)
    replica.place.prepare()
    replica.place.data.mkdir(mode=0o700)
    replica.place.give(replica.place.data)
    subprocess.run(replica.place.command("cp", "-a", f"{base}/.", replica.place.data), check=True, cwd="/")
    for name, content in {
        "standby.signal": "",
        "postgresql.auto.conf": f"primary_conninfo = 'host={primary.place.sockets} port=5432 user=postgres'\n",
    }.items():
        file = replica.place.data / name
        file.write_text(content, encoding="utf-8")
        replica.place.give(file)
    replica.start()
    code = add(primary, "川口工会驿站")
    with primary.connect() as connection, replica.connect() as behind:
        row = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
        assert row is not None
        for _ in range(600):
            if behind.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", row).fetchone() == (True,):
                break
            time.sleep(0.1)
    app = create_app(
        Settings(
            secret_key="x" * 40,
            database_url=primary.url(DATABASE),
            read_database_url=replica.url(DATABASE),
        )
    )
    client = app.test_client()
    assert code in client.get("/api/v1/stations").get_data(as_text=True)
    assert client.get(f"/api/v1/stations/{code}").status_code == 200
    # What is read comes from the replica alone: pages stay when the primary is gone.
    primary.stop(force=True)
    try:
        assert code in client.get("/api/v1/stations").get_data(as_text=True)
        assert client.get("/healthz").status_code == 200
    finally:
        for name in ("yizhan.engine", "yizhan.engine.reading"):
            app.extensions[name].dispose()
        replica.stop(force=True)
        primary.start()


def test_a_row_that_was_destroyed_is_there_again_at_the_moment_before(
    primary: Cluster, base: Path, root: Path
) -> None:
    add(primary, "毁掉之前")
    with primary.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        before: datetime = row[0]
    time.sleep(0.05)  # the moment lies between two commits
    engine = create_engine(primary.url(DATABASE, OWNER))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE stations DISABLE TRIGGER USER"))
        connection.execute(text("TRUNCATE stations CASCADE"))
    engine.dispose()
    archived(primary)

    # A moment that the archive does not reach leaves everything as it is.
    # What the server's last words were depends on how far it had gone when it was asked.
    with pytest.raises(ClusterError, match=r"was not reached: .+ The data folder is what it was\."):
        recovery.recover(primary, base=base, archive=root / "archive", until=before + timedelta(days=1))
    assert list(primary.place.home.glob("cluster.*ing*")) == []
    primary.start()
    assert names(primary) == []

    aside = recovery.recover(primary, base=base, archive=root / "archive", until=before)
    assert "毁掉之前" in names(primary)
    assert aside.is_dir()
    add(primary, "恢复之后")
    with primary.connect() as connection:
        assert connection.execute("SHOW archive_mode").fetchone() == ("on",)
    primary.stop()
    primary.start()
    assert "恢复之后" in names(primary)
    with primary.connect() as connection:
        assert connection.execute("SHOW recovery_target_time").fetchone() == ("",)


def names(cluster: Cluster) -> list[str]:
    engine = create_engine(cluster.url(DATABASE, OWNER))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT names ->> 'zh' FROM stations")).scalars().all()
    engine.dispose()
    return list(found)


@pytest.mark.parametrize("folder", ["archive", "/srv/it's", "/srv/$(id)", "/srv/a b"])
def test_a_path_that_a_shell_would_read_otherwise_is_refused(primary: Cluster, folder: str) -> None:
    with pytest.raises(Invalid, match="absolute path"):
        recovery.archive_to(primary, Path(folder))
    with pytest.raises(Invalid, match="names no zone"):
        recovery.recover(primary, base=Path("/b"), archive=Path("/a"), until=datetime(2026, 1, 1))
