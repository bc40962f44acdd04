"""``yizhan backup`` and ``yizhan restore`` at the prompt: over the private cluster, over a server of one's own, refusals in words."""

from __future__ import annotations

import os
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from stations.cluster import OWNER, Cluster
from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import ROOT, fill_squares
from web.cli import main
from web.version import VERSION

REGISTRY = f"drill_{os.getpid()}"
DATABASE = f"yizhan_{REGISTRY}"


@pytest.fixture
def yizhan(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run a command whose private cluster is that of the tests and whose folders are the test's own."""
    for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    for kind in ("photos", "uploads", "streets", "backups"):
        monkeypatch.setenv(f"YIZHAN_{kind.upper()}", str(tmp_path / kind))
    monkeypatch.setattr(Cluster, "locate", lambda *_, **__: Cluster(cluster.place, fsync=False))

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(words)
        said = capsys.readouterr()
        return status, said.out + said.err

    yield run
    for name in (DATABASE, f"{DATABASE}_replaced", f"{DATABASE}_other"):
        cluster.drop_database(name)


def names(cluster: Cluster, database: str) -> list[str]:
    engine = create_engine(cluster.url(database))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT names ->> 'zh' FROM regions ORDER BY code")).scalars().all()
    engine.dispose()
    return list(found)


def test_a_registry_is_saved_destroyed_and_put_back_with_its_photos(
    yizhan: Callable[..., tuple[int, str]], cluster: Cluster, template: str, tmp_path: Path
) -> None:
    cluster.create_database(DATABASE, template=template)
    engine = create_engine(cluster.url(DATABASE))
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    engine.dispose()
    photo = tmp_path / "photos" / "ab" / f"ab{'c' * 62}.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"\xff\xd8")
    saved = names(cluster, DATABASE)

    status, said = yizhan("backup", "--registry", REGISTRY, "--keep", "2")
    assert status == 0
    assert "var/secret-key" in said
    (file,) = (tmp_path / "backups").iterdir()
    assert str(file) in said

    # Over a registry that is there only when that is said.
    status, said = yizhan("restore", str(file), "--registry", REGISTRY)
    assert (status, "--replace" in said) == (1, True)
    assert names(cluster, DATABASE) == saved

    photo.unlink()
    engine = create_engine(cluster.url(DATABASE, OWNER))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE reports CASCADE"))
        # Somebody is connected: nothing is done under their feet.
        status, said = yizhan("restore", str(file), "--replace")
        assert (status, "is in use" in said) == (1, True)
    engine.dispose()
    status, said = yizhan("restore", str(file), "--replace")
    assert status == 0, said
    assert "each equal to what was saved by count and checksum; 1 files written" in said
    assert names(cluster, DATABASE) == saved
    assert photo.read_bytes() == b"\xff\xd8"
    assert cluster.has_database(f"{DATABASE}_replaced")
    assert not cluster.has_database(f"{DATABASE}_restoring")


def test_refusals_are_one_sentence_and_change_nothing(
    yizhan: Callable[..., tuple[int, str]], cluster: Cluster, template: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cut = tmp_path / "cut.zip"
    cut.write_bytes(b"PK\x03\x04")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "a")
    for words, expected in {
        ("restore", str(tmp_path / "none.zip")): "There is no backup",
        ("restore", str(cut)): "no whole backup",
        ("restore", str(tmp_path / "other.zip")): "no backup of a registry",
        ("backup", "--registry", f"{REGISTRY}_none"): "There is no registry",
        ("backup", "--keep", "3", "--to", str(tmp_path / "x.zip")): "--keep looks after a folder",
    }.items():
        status, said = yizhan(*words)
        assert status in {1, 2}
        assert expected in said
        assert "Traceback" not in said

    # A server of one's own: as the owner alone, and into an empty database alone.
    own = f"{DATABASE}_other"
    cluster.create_database(own, template=template)
    monkeypatch.setenv("YIZHAN_DATABASE_URL", cluster.url(own))
    status, said = yizhan("backup")
    assert (status, "YIZHAN_OWNER_DATABASE_URL is not set" in said) == (1, True)
    monkeypatch.setenv("YIZHAN_OWNER_DATABASE_URL", cluster.url(own, OWNER))
    assert yizhan("backup", "--to", str(tmp_path / "own.zip"))[0] == 0
    status, said = yizhan("restore", str(tmp_path / "own.zip"))
    assert (status, "is not empty" in said) == (1, True)
    status, said = yizhan("restore", str(tmp_path / "own.zip"), "--replace")
    assert (status, "swap the names" in said) == (1, True)
    cluster.drop_database(own)
    cluster.create_database(own)
    assert yizhan("restore", str(tmp_path / "own.zip"), "--check")[0] == 0
    assert yizhan("restore", str(tmp_path / "own.zip"))[0] == 0


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
