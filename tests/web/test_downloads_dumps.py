"""The dump of each day: whole, with checksums, once a day, and never at the cost of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyogrio
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from stations.cluster.locks import Lock
from stations.errors import Full, Unavailable
from stations.registry import exports
from tests.stations.committed import squares
from tests.web.downloads_registry import fill
from web import create_app
from web.cli.work import upkeep
from web.downloads import dumps
from web.settings import Settings

NOW = datetime(2026, 1, 15, 10, 7, tzinfo=ZoneInfo("Asia/Shanghai"))
FILES = ["stations.csv", "stations.fgb", "stations.geojson", "stations.gpkg", "stations.shp.zip"]


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Engine]:
    with squares(new_database) as engine:
        with Session(engine) as session:
            fill(session)
        yield engine


@pytest.fixture
def settings(filled: Engine, tmp_path: Path) -> Settings:
    url = filled.url.render_as_string(hide_password=False)
    folders = {name: tmp_path / name for name in ("downloads", "photos", "uploads")}
    return Settings(secret_key="x" * 40, database_url=url, clock=NOW, **folders)  # type: ignore[arg-type]


@pytest.fixture
def client(settings: Settings, filled: Engine) -> FlaskClient:
    return create_app(settings, engine=filled).test_client()


def test_a_dump_holds_every_station_and_its_checksums(
    settings: Settings, client: FlaskClient, filled: Engine
) -> None:
    dump = dumps.keep_up(settings)
    assert dump is not None
    assert [file.name for file in dump.files] == FILES
    assert len(pyogrio.read_dataframe(dump.folder / "stations.gpkg")) == dump.stations == 12
    with Session(filled) as session:
        assert dump.last_change == exports.last_change(session)
    told = client.get("/download/daily.json").json
    assert told == {"dumps": [dump.as_dict()]}
    sums = client.get(f"/download/daily/{dump.date}/SHA256SUMS", buffered=True).text
    for line, file in zip(sums.splitlines(), told["dumps"][0]["files"], strict=True):
        answer = client.get(f"/download/daily/{dump.date}/{file['name']}", buffered=True)
        assert answer.status_code == 200
        assert hashlib.sha256(answer.data).hexdigest() == file["sha256"]
        assert line == f"{file['sha256']}  {file['name']}"
        assert len(answer.data) == file["bytes"]
        assert answer.headers["ETag"] == f'"{file["sha256"]}"'
    page = client.get("/download", headers={"Accept": "text/html"}).text
    assert f"/download/daily/{dump.date}/stations.gpkg" in page


def test_a_day_has_one_dump(settings: Settings) -> None:
    first = dumps.keep_up(settings)
    assert first is not None
    assert dumps.keep_up(settings) is None
    assert dumps.keep_up(replace(settings, clock=NOW + timedelta(hours=13))) is None
    # The day is that of Beijing, whatever the zone of the clock.
    second = dumps.keep_up(replace(settings, clock=(NOW + timedelta(hours=15)).astimezone(ZoneInfo("UTC"))))
    assert second is not None
    assert (first.date, second.date) == ("2026-01-15", "2026-01-16")


def test_two_processes_do_not_write_the_same_dump(settings: Settings) -> None:
    folder = settings.downloads / "daily"
    folder.mkdir(parents=True)
    other = Lock(folder / "writing.lock")
    assert other.take_over()
    try:
        assert dumps.keep_up(settings) is None
    finally:
        other.release()
    assert dumps.keep_up(settings) is not None


def test_seven_days_are_kept(settings: Settings, client: FlaskClient) -> None:
    folder = settings.downloads / "daily"
    for day in range(1, 10):
        old = folder / f"2026-01-{day:02d}"
        old.mkdir(parents=True)
        told = {"date": old.name, "made_at": "x", "stations": 0, "last_change": 0, "files": []}
        (old / "about.json").write_text(json.dumps(told))
    assert dumps.keep_up(settings) is not None
    days = [dump["date"] for dump in client.get("/download/daily.json").json["dumps"]]
    assert days == ["2026-01-15", *(f"2026-01-{day:02d}" for day in range(9, 3, -1))]


def test_where_the_disk_is_full_the_dump_of_before_stays(
    settings: Settings, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dumps.keep_up(settings)
    assert before is not None
    written = dumps.write_file

    def full(session: Session, path: Path, *arguments: Any, **options: Any) -> int:
        if path.suffix == ".fgb":
            raise OSError(28, "No space left on device", str(path))
        return written(session, path, *arguments, **options)

    monkeypatch.setattr("web.downloads.dumps.write_file", full)
    tomorrow = replace(settings, clock=NOW + timedelta(days=1))
    with pytest.raises(Full, match="no room"):
        dumps.keep_up(tomorrow)
    assert [dump["date"] for dump in client.get("/download/daily.json").json["dumps"]] == [before.date]
    assert sorted(path.name for path in (settings.downloads / "daily").iterdir()) == [
        before.date,
        "writing.lock",
    ]
    monkeypatch.undo()
    assert dumps.keep_up(tomorrow) is not None


def test_what_a_killed_process_left_is_swept_by_the_next(settings: Settings) -> None:
    left = settings.downloads / "daily" / ".new-killed"
    left.mkdir(parents=True)
    (left / "stations.gpkg").write_bytes(b"half")
    assert dumps.keep_up(settings) is not None
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_said(settings: Settings) -> None:
    settings.downloads.write_text("a file")
    with pytest.raises(Unavailable, match="could not be made"):
        dumps.keep_up(settings)


def test_an_empty_registry_has_no_dump(new_database: Callable[[], str], settings: Settings) -> None:
    assert dumps.keep_up(replace(settings, database_url=new_database())) is None
    assert dumps.listed(settings.downloads / "daily") == []


def test_the_server_s_upkeep_writes_the_dump(settings: Settings) -> None:
    upkeep(settings)
    assert [dump.date for dump in dumps.listed(settings.downloads / "daily")] == ["2026-01-15"]
