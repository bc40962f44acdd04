"""The private cluster: made once, shared, and recovered from whatever a killed run leaves behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from stations.cluster import APP, OWNER, Cluster, ClusterError, leftovers
from stations.cluster.locks import Lock
from stations.cluster.place import Place
from stations.cluster.server import choose, installed
from stations.errors import Invalid

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder that every user may enter, as a checkout usually is; pytest's own are closed to postgres."""
    root = Path(tempfile.mkdtemp(prefix="yz-test-"))
    root.chmod(0o755)
    yield root
    own = Cluster.locate(root, fsync=False)
    own.stop(force=True)
    shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(own.place.sockets, ignore_errors=True)


@pytest.fixture(scope="module")
def ready_made() -> Iterator[Path]:
    """A stopped cluster's data folder that tests copy, because making one takes longer than all they do with it."""
    root = Path(tempfile.mkdtemp(prefix="yz-made-"))
    root.chmod(0o755)
    made = Cluster.locate(root, fsync=False)
    with made.running(), made.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    yield made.place.data
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def own(checkout: Path, ready_made: Path) -> Cluster:
    """A cluster of the test's own, stopped, with one table that must survive."""
    found = Cluster.locate(checkout, fsync=False)
    found.place.prepare()
    command = found.place.command("cp", "-a", ready_made, found.place.data)
    found.place.data.mkdir(mode=0o700)
    found.place.give(found.place.data)
    subprocess.run([*command[:-2], f"{ready_made}/.", str(found.place.data)], check=True, cwd="/")
    return found


def answer(cluster: Cluster) -> object:
    with cluster.connect() as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    return row and row[0]


def postmaster(cluster: Cluster) -> int:
    return int((cluster.place.data / "postmaster.pid").read_text(encoding="ascii").split()[0])


# The running server


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("jit", "off"),
        ("statement_timeout", "1min"),
        ("idle_in_transaction_session_timeout", "10min"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("fsync", "off"),
    ],
)
def test_the_server_has_the_settings_that_the_project_stands_on(
    cluster: Cluster, setting: str, value: str
) -> None:
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", "")) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == (value,)


def test_a_cluster_for_real_data_keeps_fsync_and_checksums(checkout: Path) -> None:
    safe = Cluster.locate(checkout)
    with safe.running(), safe.connect() as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW full_page_writes").fetchone() == ("on",)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


def test_only_the_user_who_runs_the_server_can_reach_its_socket(cluster: Cluster) -> None:
    folder = cluster.place.sockets.stat()
    assert (folder.st_mode & 0o777, folder.st_uid) == (0o700, cluster.place.uid)
    assert len(str(cluster.place.sockets / ".s.PGSQL.5432")) < 100


def test_neither_role_can_do_what_a_superuser_can(cluster: Cluster) -> None:
    with cluster.connect() as connection:
        rights = connection.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls "
            "FROM pg_roles WHERE rolname LIKE 'yizhan%%' ORDER BY 1",
            [],
        ).fetchall()
    assert rights == [(APP, False), (OWNER, False)]


# Databases


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    name = f"yizhan_cluster_{os.getpid()}"
    cluster.drop_database(name)
    yield name
    cluster.drop_database(name)


def test_a_database_has_postgis_and_belongs_to_the_owner_who_alone_makes_tables(
    cluster: Cluster, database: str
) -> None:
    assert cluster.create_database(database)
    owner, app = create_engine(cluster.url(database, OWNER)), create_engine(cluster.url(database))
    with owner.begin() as connection:
        assert connection.scalar(text("SELECT ST_AsText(ST_Point(101.78, 36.62))")) == "POINT(101.78 36.62)"
        assert connection.scalar(text("SELECT similarity('工会驿站', '工会驿站')")) == 1
        assert connection.scalar(
            text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
        ) in (
            "C.UTF-8",
            "C.utf8",
        )
        connection.execute(text("CREATE TABLE mine (id int)"))
    with app.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("CREATE TABLE theirs (id int)"))
    with app.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT * FROM mine"))
    owner.dispose()
    app.dispose()


def test_creating_a_database_again_changes_nothing(cluster: Cluster, database: str) -> None:
    assert cluster.create_database(database)
    assert not cluster.create_database(database)
    assert cluster.has_database(database)


def test_a_database_whose_making_was_cut_off_is_completed(cluster: Cluster, database: str) -> None:
    with cluster.connect() as connection:
        connection.execute(f'CREATE DATABASE "{database}" OWNER {OWNER} TEMPLATE template0')
    assert not cluster.create_database(database)
    with cluster.connect(database) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_extension WHERE extname IN ('postgis', 'pg_trgm')"
        ).fetchone() == (2,)


@pytest.mark.parametrize("name", ["", "Demo", "1st", "a b", 'a"; DROP ROLE x; --', "a" * 64, "驿站", "a\n"])
def test_a_name_that_is_no_plain_identifier_is_refused_and_quoted(cluster: Cluster, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        cluster.create_database(name)
    assert repr(name) in str(refused.value)
    with pytest.raises(Invalid):
        cluster.url(name)


# Starting, sharing, stopping


def test_libpq_variables_of_the_shell_lead_nobody_astray(
    own: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "6543",
        "PGDATA": "/nowhere",
        "PGHOST": "192.0.2.1",
        "PGUSER": "nobody",
    }.items():
        monkeypatch.setenv(name, value)
    with own.running():
        engine = create_engine(own.url("postgres"))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == APP
        engine.dispose()


def test_the_last_of_several_users_stops_the_server(own: Cluster) -> None:
    other = Cluster(own.place, fsync=False)
    with own.running():
        with other.running():
            assert answer(own) == 42
        assert own.is_running()
    assert not own.is_running()


def test_a_user_that_was_killed_no_longer_counts(own: Cluster) -> None:
    program = (
        "import sys, time; from pathlib import Path; from stations.cluster import Cluster\n"
        "Cluster.locate(Path(sys.argv[1]), fsync=False).join(); print('joined', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(own.place.home.parent)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "joined\n"
        with own.running():
            pass
        assert own.is_running()
        user.kill()
        user.wait()
    assert own.is_running()
    with own.running():
        assert answer(own) == 42
    assert not own.is_running()


def test_a_cluster_in_use_is_stopped_by_force_alone(own: Cluster) -> None:
    with own.running():
        with pytest.raises(ClusterError, match="in use"):
            Cluster(own.place).stop()
        assert own.is_running()
        Cluster(own.place).stop(force=True)
        assert not own.is_running()


def test_a_start_waits_for_another_that_changes_the_cluster_and_says_so_in_the_end(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    with first.alone(1), pytest.raises(ClusterError, match="Another process"), second.alone(0.2):
        pytest.fail("two processes held the lock alone")
    with second.alone(0):
        assert not first.take_over()
    first.release()


def test_the_command_line_tells_whether_the_cluster_runs() -> None:
    status = [sys.executable, "-m", "stations.cluster", "--name", "no-such-cluster", "status"]
    done = subprocess.run(status, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("not running")) == (3, True), done.stderr


# What a killed run leaves


def test_a_killed_server_is_recovered_with_its_data(own: Cluster) -> None:
    own.start()
    os.kill(postmaster(own), signal.SIGKILL)
    assert (own.place.data / "postmaster.pid").exists()
    with own.running():
        assert answer(own) == 42


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_a_start(own: Cluster) -> None:
    stranger = os.getpid()
    pid_file = own.place.data / "postmaster.pid"
    pid_file.write_text(
        f"{stranger}\n{own.place.data}\n0\n5432\n{own.place.sockets}\n\n0 0\n", encoding="ascii"
    )
    own.place.give(pid_file)
    with own.running():
        assert answer(own) == 42


def test_a_running_server_whose_socket_was_tidied_away_is_started_anew(own: Cluster) -> None:
    own.start()
    before = postmaster(own)
    shutil.rmtree(own.place.sockets)
    with own.running():
        assert answer(own) == 42
        assert postmaster(own) != before


def test_a_running_server_is_known_through_a_linked_folder(checkout: Path) -> None:
    disk = checkout / "disk"
    disk.mkdir(mode=0o755)
    (checkout / "var").symlink_to(disk)
    own = Cluster.locate(checkout, fsync=False)
    with own.running():
        assert leftovers.is_served(own.place)
        running = (own.place.data / "postmaster.pid").read_bytes()
        own.start()
        assert (own.place.data / "postmaster.pid").read_bytes() == running
    assert not leftovers.is_served(own.place)


def test_a_half_made_data_folder_is_set_aside_whole(checkout: Path) -> None:
    said: list[str] = []
    own = Cluster.locate(checkout, fsync=False, say=said.append)
    half = own.place.data
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n", encoding="ascii")
    own.place.give(half)
    with own.running():
        assert own.is_running()
    (aside,) = own.place.home.glob("cluster.half-made-*")
    assert (aside / "PG_VERSION").read_text(encoding="ascii") == "15\n"
    assert str(aside) in said[0]


def test_what_a_cut_off_making_left_is_cleared_away(own: Cluster) -> None:
    cut_off = own.place.home / "cluster.new-abc"
    cut_off.mkdir()
    (cut_off / "postgresql.conf").touch()
    with own.running():
        assert answer(own) == 42
    assert not cut_off.exists()


def test_a_complete_folder_that_lost_files_is_left_for_a_person_to_judge(own: Cluster) -> None:
    lost = own.place.data / "global" / "pg_control"
    lost.rename(own.place.home / "pg_control")
    with pytest.raises(ClusterError, match="has lost files"):
        own.start()
    assert own.place.data.exists()
    (own.place.home / "pg_control").rename(lost)
    with own.running():
        assert answer(own) == 42


def test_a_folder_of_a_version_that_is_not_installed_names_both_and_the_package(own: Cluster) -> None:
    (own.place.data / "PG_VERSION").write_text("99\n", encoding="ascii")
    with pytest.raises(ClusterError) as refused:
        own.start()
    here = str(choose().version)
    assert all(part in str(refused.value) for part in ("PostgreSQL 99", "postgresql-99-postgis-3", here))


def test_without_postgis_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stations.cluster.server._PLACES", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    assert installed() == []
    with pytest.raises(ClusterError, match="postgresql-NN-postgis-3"):
        choose()


@pytest.mark.parametrize("making", [True, False])
def test_a_full_disk_is_told_before_anything_is_changed(
    own: Cluster, making: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if making:
        shutil.rmtree(own.place.data)
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 5 * 2**20))
        with pytest.raises(ClusterError, match="nearly full: 5 MB are free"):
            own.start()
    assert own.place.data.exists() is not making
    with own.running():
        assert own.is_running()


def test_a_disk_that_fills_up_while_starting_is_named(own: Cluster) -> None:
    said = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'
    assert "the disk of" in leftovers.explain(own.place, "PostgreSQL does not start", said, logs=False)


def test_a_failed_start_gives_the_servers_own_reason_and_where_its_logs_are(own: Cluster) -> None:
    with (own.place.data / "postgresql.conf").open("a", encoding="ascii") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(ClusterError) as refused:
        own.start()
    assert "no_such_setting" in str(refused.value) or "contains errors" in str(refused.value)
    assert "start.log" in str(refused.value)


# Where it lies and to whom it belongs


def test_a_data_folder_of_another_user_is_refused_by_name(own: Cluster) -> None:
    other = next(user for user in pwd.getpwall() if user.pw_uid not in (0, own.place.uid))
    with pytest.raises(ClusterError, match=f"belongs to user {own.place.user}"):
        replace(own.place, user=other.pw_name, uid=other.pw_uid, gid=other.pw_gid).prepare()


@pytest.mark.parametrize("kind", ["open to all", "link"])
def test_a_socket_folder_that_somebody_else_could_have_put_there_is_refused(
    own: Cluster, kind: str, tmp_path: Path
) -> None:
    shutil.rmtree(own.place.sockets, ignore_errors=True)
    if kind == "link":
        own.place.sockets.symlink_to(tmp_path)
    else:
        own.place.sockets.mkdir(mode=0o777)
        own.place.sockets.chmod(0o777)
        own.place.give(own.place.sockets)
    with pytest.raises(ClusterError, match="not a private folder"):
        own.start()
    if kind == "link":
        own.place.sockets.unlink()


def test_a_long_path_with_spaces_and_chinese_starts(checkout: Path) -> None:
    deep = checkout / ("long " * 30).strip() / ("驿站" * 30) / "it's"
    deep.mkdir(parents=True)
    own = Cluster.locate(deep, fsync=False)
    with own.running():
        assert own.is_running()


def test_a_folder_that_cannot_be_written_says_whose_it_is(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place.of(checkout, "cluster")
    place.home.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ClusterError, match=r"cannot be written by .* belongs to user"):
        place.prepare()


if os.geteuid() == 0:

    def test_root_runs_the_server_as_an_unprivileged_user(own: Cluster) -> None:
        with own.running():
            assert Path(f"/proc/{postmaster(own)}").stat().st_uid == own.place.uid != 0

    def test_data_lies_elsewhere_where_that_user_cannot_enter_the_checkout(checkout: Path) -> None:
        closed = checkout / "closed"
        closed.mkdir(mode=0o700)
        elsewhere = checkout / "elsewhere"
        own = Cluster(Place.of(closed / "project", "cluster", fallback=elsewhere), fsync=False)
        assert own.place.home.parent == elsewhere
        with own.running():
            assert own.is_running()
        assert Place.of(closed / "project", "cluster", fallback=elsewhere) == own.place


def test_two_checkouts_never_share_a_socket_folder(checkout: Path) -> None:
    places = {Place.of(checkout / name, "cluster").sockets for name in ("a", "b", "c")}
    assert len(places) == 3


def test_starting_twice_takes_no_second_server(own: Cluster) -> None:
    with own.running():
        first = postmaster(own)
        own.start()
        assert postmaster(own) == first
