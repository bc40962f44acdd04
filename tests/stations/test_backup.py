"""A backup comes back equal, row for row and file for file, or not at all; whatever breaks, what was there stays."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from stations.backup import (
    back_up,
    fill,
    inspect,
    last_made,
    making,
    name_of,
    put_files_back,
    require_known,
    rotate,
)
from stations.backup.archive import DATABASE, Manifest
from stations.backup.contents import contents
from stations.backup.programs import connect, environment, for_server
from stations.cluster import OWNER, Cluster, ClusterError, copies
from stations.errors import Conflict, Full, Invalid, NotFound, Unavailable
from stations.models import Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import differences, head, migrate
from tests.conftest import fill_squares

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
OLD_RELEASE = "0012"
RELEASE = Path(__file__).parent / "release_0012.sql"


def named(what: str) -> str:
    """Name a database so that a run beside this one sees whose it is."""
    return f"yizhan_test_{os.getpid()}_{what}"


@dataclass(frozen=True)
class Site:
    """A registry with its files, as a server keeps them."""

    url: str
    folders: dict[str, Path]

    def back_up(self, to: Path) -> Manifest:
        return back_up(self.url, to, registry="test", program="0.1.0", folders=self.folders, now=NOW)


def filled(folder: Path) -> dict[str, Path]:
    """Make files of each kind, and some that belong into no backup."""
    digest = "ab" + "c" * 62
    for name, content in {
        f"photos/ab/{digest}.jpg": b"\xff\xd8" + bytes(range(256)) * 40,
        "photos/registry": b"2026-01-01",
        f"photos/ab/{digest}.00000000.new": b"half",
        "uploads/ab/list": "驿站名称,地址\n".encode(),
        "streets/streets.json": b"{}",
        "streets/abc/foot/nodes.npy": bytes(1000),
        "streets/.making-1/nodes.npy": b"half",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return {kind: folder / kind for kind in ("photos", "uploads", "streets", "none")}


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str], cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Site:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations"):
            door = registry.add(
                session, names={"zh": "川口工会驿站"}, kind="union_station", region_code="630222"
            )
            door.location = "SRID=4326;POINT(102.1 36.6)"  # type: ignore[assignment]
        with acting(session, operator, reason="renamed"):
            door.names = {"zh": "川口'工会\\驿站\n", "en": 'Chuankou "Union"'}
        session.commit()
    engine.dispose()
    owner = cluster.url(str(engine.url.database), OWNER)
    return Site(owner, filled(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="module")
def backup(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / name_of("test", NOW)
    site.back_up(path)
    return path


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The owner's address of an empty database."""
    name = named("restored")
    cluster.drop_database(name)
    cluster.create_database(name)
    yield cluster.url(name, OWNER)
    cluster.drop_database(name)


def holds_nothing(url: str) -> bool:
    with connect(url) as connection:
        return contents(connection) == {}


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let this process write no longer file than this, as a disk that has so much room left."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# There and back


def test_what_comes_back_is_equal_by_every_checksum_and_can_be_worked_with(
    site: Site, backup: Path, empty: str, tmp_path: Path
) -> None:
    manifest = inspect(backup)
    fill(empty, backup, manifest)
    with connect(empty) as restored, connect(site.url) as saved:
        assert contents(restored) == dict(manifest.tables) == contents(saved)
    assert manifest.tables["public.stations"].rows == 1
    assert "public.spatial_ref_sys" not in manifest.tables
    assert "queue.procrastinate_jobs" in manifest.tables

    folders = {kind: tmp_path / kind for kind in ("photos", "uploads", "streets")}
    assert put_files_back(backup, manifest, folders) == 5
    for kind, folder in folders.items():
        found = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        wanted = {name: (site.folders[kind] / name).read_bytes() for name in found}
        assert found == wanted
        assert len(found) == len(manifest.files(kind))
    # Only the records are written a second time.
    assert put_files_back(backup, manifest, folders) == 2

    engine = create_engine(empty.replace(OWNER, "yizhan_app"))
    with Session(engine) as session:
        assert differences(session.connection()) == []
        with acting(session, actor_id(session, OPERATOR), reason="after the restore"):
            registry.add(session, names={"zh": "恢复之后"}, kind="care_station", region_code="630222")
        session.commit()
        assert len(set(session.scalars(select(Station.code)))) == 2
        with pytest.raises(Exception, match="permission denied"):
            session.execute(text("DELETE FROM commits"))
    engine.dispose()


def test_the_file_is_for_its_owner_alone_and_holds_no_password_of_the_connection(
    site: Site, backup: Path
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(backup) as packed:
        told = json.loads(packed.read("manifest.json"))
    assert (told["registry"], told["migration"], told["made_at"]) == (
        "test",
        head(),
        "2026-07-01T04:00:00+00:00",
    )
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_a_password_is_no_argument_that_other_users_could_read() -> None:
    said = environment("postgresql+psycopg://owner:s3cret@db.example:5433/yizhan?sslmode=verify-full")
    assert {name: said[name] for name in ("PGHOST", "PGPORT", "PGPASSWORD", "PGSSLMODE", "PGDATABASE")} == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGPASSWORD": "s3cret",
        "PGSSLMODE": "verify-full",
        "PGDATABASE": "yizhan",
    }
    with pytest.raises(Invalid, match="target_session_attrs"):
        environment("postgresql+psycopg://owner@db/yizhan?target_session_attrs=any")
    with pytest.raises(Unavailable, match="no pg_dump of 99 or newer"):
        for_server(99)


def test_a_checksum_does_not_depend_on_where_rows_lie_and_tells_one_changed_letter(
    site: Site, backup: Path
) -> None:
    before = inspect(backup).tables["public.regions"]
    with connect(site.url) as connection, connection.transaction(force_rollback=True):
        for table in ("before", "gone"):
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM regions ORDER BY code DESC".encode())
        connection.execute("ALTER TABLE before RENAME COLUMN credit TO was_credit")
        connection.execute("""UPDATE gone SET names = '{"zh": "青海省 "}' WHERE code = '630000'""")
        found = contents(connection)
    assert found["public.before"] == before
    changed = found["public.gone"]
    assert (changed.rows, changed.sha256 != before.sha256) == (before.rows, True)


# An earlier release


def test_a_backup_of_an_earlier_release_comes_back_and_is_then_brought_up_to_date(
    cluster: Cluster, empty: str, tmp_path: Path
) -> None:
    name = named("old_release")
    cluster.drop_database(name)
    cluster.create_database(name)
    old = cluster.url(name, OWNER)
    migrate(old, to=OLD_RELEASE)
    with connect(old) as connection:
        for part in RELEASE.read_text(encoding="utf-8").split("-- next transaction"):
            with connection.transaction():
                connection.execute(part.encode())
    manifest = Site(old, {}).back_up(tmp_path / "old.zip")
    assert manifest.migration == OLD_RELEASE
    require_known(manifest, program="0.2.0")
    fill(empty, tmp_path / "old.zip", inspect(tmp_path / "old.zip"))
    cluster.drop_database(name)
    before = rows_by_column(empty)
    migrate(empty)
    after = rows_by_column(empty)
    derived = {"public.alembic_version", "public.public_stations", "public.stale_stations"}
    for (table, column), held in before.items():
        assert table in derived or after[table, column] == held, f"{table}.{column}"
    assert "微波炉坏了两天" in after["public.reports", "words"]
    engine = create_engine(empty.replace(OWNER, "yizhan_app"))
    with Session(engine) as session:
        assert differences(session.connection()) == []
        with acting(session, actor_id(session, OPERATOR), reason="derived again after an upgrade"):
            pass
        session.commit()
        shown = session.execute(
            text("SELECT name, has FROM public_stations WHERE listed ORDER BY name")
        ).all()
    engine.dispose()
    assert [name for name, _ in shown] == ["史纳骑手之家", "川口工会驿站", "未定位驿站"]
    assert {"drinking_water", "microwave", "toilet"} <= set(shown[0][1])


def rows_by_column(url: str) -> dict[tuple[str, str], list[str | None]]:
    """Read every value of a database by table and column, in an order of its own."""
    found = {}
    with connect(url) as connection:
        for table in contents(connection):
            cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode())
            for column in [entry.name for entry in cursor.description or ()]:
                rows = connection.execute(
                    f'SELECT "{column}"::text FROM {table} ORDER BY 1'.encode()
                ).fetchall()
                found[table, column] = [value for (value,) in rows]
    return found


def test_a_backup_of_a_newer_release_is_refused_with_both_versions_named(backup: Path) -> None:
    known = inspect(backup)
    newer = Manifest(
        registry="test", made_at=known.made_at, program="9.1.0", migration="0999", postgres=15, tables={}
    )
    with pytest.raises(Invalid, match=r"version 9\.1\.0 with schema 0999; this is 0\.1\.0 .* Upgrade first"):
        require_known(newer, program="0.1.0")


# What breaks


def test_a_full_disk_leaves_the_backup_of_before_and_nothing_half_made(site: Site, tmp_path: Path) -> None:
    whole = site.back_up(tmp_path / "b.zip")
    before = (tmp_path / "b.zip").read_bytes()
    for room in (1000, len(before) // 2, len(before) - 100):
        with files_of_at_most(room), pytest.raises(Full, match=r"b\.zip was not written"):
            site.back_up(tmp_path / "b.zip")
        assert [path.name for path in tmp_path.iterdir()] == ["b.zip"], room
    assert (tmp_path / "b.zip").read_bytes() == before
    assert inspect(tmp_path / "b.zip").tables == whole.tables


def test_streets_that_are_replaced_while_they_are_read_make_no_backup(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streets = filled(tmp_path / "site")["streets"]
    read = making._files

    def replaced(folder: Path) -> Iterator[Path]:
        yield from read(folder)
        if folder == streets:
            (folder / "streets.json").write_bytes(b'{"other": 1}')

    monkeypatch.setattr(making, "_files", replaced)
    with pytest.raises(Conflict, match="Other streets were loaded"):
        Site(site.url, {"streets": streets}).back_up(tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_what_a_killed_run_left_goes_and_what_another_writes_stays(site: Site, tmp_path: Path) -> None:
    left, written = tmp_path / ".a.zip.0.part", tmp_path / ".b.zip.1.part"
    left.write_bytes(b"half")
    with written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        site.back_up(tmp_path / "c.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.zip.1.part", "c.zip"]


def test_a_backup_that_was_cut_off_or_changed_is_refused_wherever_that_is(
    backup: Path, tmp_path: Path
) -> None:
    whole, spoilt = backup.read_bytes(), tmp_path / "spoilt.zip"
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        spoilt.write_bytes(whole[:length])
        with pytest.raises(Invalid, match="no whole backup"):
            inspect(spoilt)
    with zipfile.ZipFile(backup) as packed:
        starts = sorted((info.header_offset, info.filename) for info in packed.infolist())
    for (start, name), (end, _) in pairwise(starts):
        bad = bytearray(whole)
        bad[(start + 50 + len(name) + end) // 2] ^= 1
        spoilt.write_bytes(bad)
        with pytest.raises(Invalid):
            inspect(spoilt)
    with pytest.raises(NotFound):
        inspect(tmp_path / "nothing.zip")


@pytest.mark.parametrize(
    "name", ["files/photos/../../../etc/cron.d/x", "/etc/passwd", "files/photos//x", "other/x"]
)
def test_a_name_that_leads_out_of_its_folder_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    crafted = tmp_path / "crafted.zip"
    with zipfile.ZipFile(backup) as packed, zipfile.ZipFile(crafted, "w") as made:
        told = json.loads(packed.read("manifest.json"))
        told["members"] = {name: {"bytes": 1, "sha256": "0" * 64}} | told["members"]
        made.writestr("manifest.json", json.dumps(told))
    with pytest.raises(Invalid, match="cannot be the name"):
        inspect(crafted)


def test_a_database_that_would_not_come_back_equal_does_not_come_back_at_all(
    backup: Path, empty: str, tmp_path: Path
) -> None:
    manifest = inspect(backup)
    tables = dict(manifest.tables)
    held = tables["public.regions"]
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(backup) as packed, zipfile.ZipFile(broken, "w") as made:
        dump = packed.read(DATABASE)
        made.writestr(DATABASE, dump[: len(dump) * 3 // 4])
    for given, said, expected in (
        (
            backup,
            tables | {"public.regions": type(held)(held.rows + 1, held.sha256)},
            "came back with 7 rows",
        ),
        (
            backup,
            {name: tables[name] for name in tables if name != "public.honours"},
            "not saved: public.honours",
        ),
        (broken, tables, "it is damaged"),
    ):
        lying = Manifest(
            registry="test",
            made_at=manifest.made_at,
            program="0.1.0",
            migration=head(),
            postgres=14,
            tables=said,
        )
        with pytest.raises((Invalid, Unavailable), match=expected):
            fill(empty, given, lying)
        assert holds_nothing(empty)


def test_only_an_empty_database_is_restored_into(site: Site, backup: Path, cluster: Cluster) -> None:
    manifest = inspect(backup)
    with connect(site.url) as connection:
        before = contents(connection)
    with pytest.raises(Conflict, match="is not empty"):
        fill(site.url, backup, manifest)
    with pytest.raises(Conflict, match="holds no registry"):
        Site(cluster.url("postgres", OWNER), {}).back_up(backup.with_name("none.zip"))
    with pytest.raises(Unavailable, match="lacks pg_trgm, postgis"):
        fill(cluster.url("postgres", OWNER), backup, manifest)
    with connect(site.url) as connection:
        assert contents(connection) == before
    assert not backup.with_name("none.zip").exists()


def test_a_database_takes_the_place_of_another_in_one_step_and_never_under_somebody(cluster: Cluster) -> None:
    names = (named("old"), named("fresh"), named("old_replaced"))
    for name in names:
        cluster.drop_database(name)
    with cluster.connect() as connection:
        for name in names[:2]:
            connection.execute(f"CREATE DATABASE {name} OWNER {OWNER}".encode())
    try:
        assert copies.is_empty(cluster, names[0])
        with connect(cluster.url(names[0])), pytest.raises(ClusterError, match="Nothing was changed"):
            copies.put_in_place(cluster, names[1], names[0])
        assert [cluster.has_database(name) for name in names] == [True, True, False]
        assert copies.put_in_place(cluster, names[1], names[0]) == names[2]
        assert [cluster.has_database(name) for name in names] == [True, False, True]
    finally:
        for name in names:
            cluster.drop_database(name)


def test_the_newest_backups_of_a_registry_stay_and_others_are_not_touched(tmp_path: Path) -> None:
    made = [tmp_path / name_of("demo", NOW + timedelta(days=day)) for day in range(5)]
    others = [tmp_path / name_of("demo_two", NOW), tmp_path / "yizhan-demo-notes.zip", tmp_path / "x.zip"]
    for path in (*made, *others):
        path.touch()
    assert rotate(tmp_path, "demo", keep=2) == made[:3]
    assert sorted(tmp_path.iterdir()) == sorted([*made[3:], *others])
    assert last_made(tmp_path, "demo") == NOW + timedelta(days=4)
    assert last_made(tmp_path / "nowhere", "demo") is None
    shutil.rmtree(tmp_path)
