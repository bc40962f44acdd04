"""How a server is told to its keepers and to nobody else: signs of life, numbers that processes add up, logs without anybody in them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from stations.backup import name_of
from stations.keeping import retention
from stations.models import Change, Report
from stations.registry import registry
from stations.registry.writing import OPERATOR, PUBLIC, acting, actor_id
from tests.conftest import ROOT, fill_squares
from web import create_app, logs
from web.counting import Counts, folder_of
from web.settings import Settings

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A small registry with one waiting report, committed."""
    made = create_engine(new_database())
    with Session(made) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations"):
            station = registry.add(
                session, names={"zh": "川口驿站"}, kind="union_station", region_code="630222"
            )
        session.commit()
        with acting(session, actor_id(session, PUBLIC), reason="report"):
            said = NOW - timedelta(hours=2)
            session.add(
                Report(station_id=station.id, choice="other", words="门锁了", made_at=said, received_at=said)
            )
        session.commit()
    yield made
    made.dispose()


def app_of(engine: Engine, folder: Path, **settings: object) -> Flask:
    given = {
        "secret_key": "x" * 40,
        "database_url": engine.url.render_as_string(hide_password=False),
        "clock": NOW,
        "backups": folder / "backups",
        "photos": folder / "photos",
        "uploads": folder / "uploads",
        "downloads": folder / "downloads",
    }
    return create_app(Settings(**(given | settings)), engine=engine)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def client(filled: Engine, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return app_of(filled, tmp_path_factory.mktemp("site")).test_client()


def beat(engine: Engine, ago: str) -> None:
    """Let a worker say that it lives, or that it lived so long ago."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM queue.procrastinate_workers"))
        connection.execute(
            text(
                "INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() - CAST(:ago AS interval))"
            ),
            {"ago": ago},
        )


# Signs of life


def test_a_monitor_reads_what_is_wrong_and_a_stranger_one_word(client: FlaskClient, filled: Engine) -> None:
    beat(filled, "1 second")
    well = client.get("/readyz")
    assert (well.status_code, set(well.json["checks"].values())) == (200, {"ok"})  # type: ignore[index]
    assert client.get("/readyz", environ_base=STRANGER).get_data(as_text=True) == "ready\n"
    beat(filled, "10 minutes")
    ill = client.get("/readyz")
    assert ill.status_code == 503
    assert "long work waits" in ill.json["checks"]["worker"]  # type: ignore[index]
    stranger = client.get("/readyz", environ_base=STRANGER)
    assert (stranger.status_code, stranger.get_data(as_text=True)) == (503, "not ready\n")
    assert stranger.headers["Cache-Control"] == "no-store"


def test_a_process_lives_while_the_database_is_gone_and_says_so(tmp_path: Path) -> None:
    nobody = create_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    client = app_of(nobody, tmp_path).test_client()
    assert client.get("/livez").status_code == 200
    assert client.get("/healthz").status_code == 503
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["checks"]["database"] == "the database does not answer"  # type: ignore[index]
    assert "yizhan_database_up 0\n" in client.get("/metrics").get_data(as_text=True)


def test_a_schema_that_is_not_this_program_s_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stations.schema.current", lambda _: "0007")
    assert "the database has schema 0007" in client.get("/readyz").json["checks"]["schema"]  # type: ignore[index]


# Numbers


def samples(client: FlaskClient) -> dict[str, float]:
    told = client.get("/metrics")
    assert told.status_code == 200
    assert told.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in told.get_data(as_text=True).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_monitor_reads_requests_by_template_reports_stations_work_and_backups(
    filled: Engine, tmp_path: Path
) -> None:
    client = app_of(filled, tmp_path).test_client()
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / name_of("registry", datetime.now(UTC) - timedelta(hours=30))).touch()
    for _ in range(3):
        client.get("/s/63000016?near=101.7,36.6")
    client.get("/nothing/here")
    client.open("/about", method="BREW")
    found = samples(client)
    station = next(name for name in found if name.startswith("yizhan_requests_total") and "/s/" in name)
    assert ("63000016" in station, "101.7" in station, found[station]) == (False, False, 3.0)
    assert found['yizhan_requests_total{method="GET",route="none",status="404"}'] == 1
    assert any('method="other"' in name for name in found)
    route = station.partition('route="')[2].partition('"')[0]
    buckets = [
        value
        for name, value in found.items()
        if name.startswith(f'yizhan_request_seconds_bucket{{route="{route}"')
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found[f'yizhan_request_seconds_count{{route="{route}"}}'] == 3
    assert found['yizhan_stations{state="open"}'] == 1
    assert found['yizhan_reports{state="waiting"}'] == 1
    assert found["yizhan_report_oldest_seconds"] == 7200
    assert 30 * 3600 <= found["yizhan_backup_age_seconds"] < 31 * 3600
    assert found["yizhan_database_up"] == 1
    assert found['yizhan_disk_free_bytes{folder="photos"}'] > 0
    # This question holds a connection itself.
    assert found['yizhan_database_connections{pool="reading",state="in_use"}'] <= 1


@pytest.mark.parametrize(
    ("settings", "address", "forwarded", "status"),
    [
        ({}, "127.0.0.1", None, 200),
        ({}, "::ffff:127.0.0.1", None, 200),
        ({}, "203.0.113.9", None, 404),
        ({}, "127.0.0.1", "203.0.113.9", 404),
        ({"trusted_proxies": 1}, "127.0.0.1", "203.0.113.9", 404),
        ({"trusted_proxies": 1, "monitors": "203.0.113.0/24"}, "127.0.0.1", "203.0.113.9", 200),
        ({"trusted_proxies": 1}, "127.0.0.1", "127.0.0.1, 203.0.113.9", 404),
    ],
)
def test_numbers_are_for_the_networks_that_the_operator_named(
    filled: Engine, settings: dict[str, object], address: str, forwarded: str | None, status: int
) -> None:
    client = app_of(filled, Path("/nowhere"), **settings).test_client()
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert (
        client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code == status
    )


COUNTING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from web.counting import Counts
counts = Counts(Path(sys.argv[1]))
for _ in range(1000):
    counts.add('requests_total{route="/驿站"}')
counts.add("in_use", 5)
print("counted", flush=True)
sys.stdin.readline()
os.kill(os.getpid(), 9)
"""


def test_what_several_processes_count_is_added_up_and_outlives_the_one_that_is_killed(tmp_path: Path) -> None:
    own = Counts(tmp_path)
    own.add('requests_total{route="/驿站"}', 7)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(tmp_path), str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "counted\n"
    assert own.read() == {'requests_total{route="/驿站"}': 2007, "in_use": 10}
    for other in others:
        other.communicate("go\n")
    assert own.read() == {'requests_total{route="/驿站"}': 2007}


def test_threads_lose_no_count_and_a_thousand_names_fit(tmp_path: Path) -> None:
    counts = Counts(tmp_path)
    names = [f'requests_total{{route="/a/{"x" * (number % 97)}{number}"}}' for number in range(1200)]

    def work() -> None:
        for name in names:
            counts.add(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = Counts(tmp_path)
    assert reader.read() == dict.fromkeys(names, 4.0)


def test_numbers_of_a_server_that_has_ended_are_not_read_by_the_next(tmp_path: Path) -> None:
    ended = tmp_path / "4194999"
    Counts(ended).add("requests_total")
    assert folder_of(tmp_path, 1) == tmp_path / "1"
    assert not ended.exists()


# Logs


def test_a_line_of_a_request_holds_neither_place_nor_query_nor_address(
    filled: Engine, tmp_path: Path
) -> None:
    client = app_of(filled, tmp_path, log=str(tmp_path / "log"), trusted_proxies=1).test_client()
    answer = client.get(
        "/s/63000016?near=101.7812,36.6123",
        headers={
            "X-Forwarded-For": "203.0.113.9",
            "X-Request-ID": "proxy-4711-abcd",
            "User-Agent": "Secret/1",
        },
    )
    assert answer.headers["X-Request-ID"] == "proxy-4711-abcd"
    (file,) = (tmp_path / "log").iterdir()
    (line,) = file.read_text(encoding="utf-8").splitlines()
    assert not any(word in line for word in ("101.78", "36.61", "63000016", "203.0.113", "Secret", "near"))
    told = json.loads(line)
    assert (told["id"], told["method"], told["status"]) == ("proxy-4711-abcd", "GET", answer.status_code)
    assert told["route"].startswith("/s/<")
    assert told["ms"] > 0


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=80))
def test_a_stranger_cannot_write_into_the_log_or_name_a_request(said: str) -> None:
    client = CLIENTS[0]
    answer = client.get("/livez", headers={"X-Request-ID": said})
    assert len(answer.headers["X-Request-ID"]) == 32
    assert answer.headers["X-Request-ID"].isalnum()


CLIENTS = [app_of(create_engine("postgresql+psycopg://nobody@/none"), Path("/nowhere")).test_client()]


def test_addresses_are_written_where_that_is_set_and_old_days_go(filled: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    settings = Settings(log=str(folder), log_addresses="yes", log_days=180)
    client = app_of(filled, tmp_path, log=str(folder), log_addresses="yes").test_client()
    client.get("/livez", environ_base=STRANGER)
    (file,) = folder.iterdir()
    assert json.loads(file.read_text(encoding="utf-8"))["address"] == "203.0.113.9"
    today = datetime.now(UTC)
    days = {
        ago: folder / f"requests-{(today - timedelta(days=ago)).date()}.jsonl" for ago in (1, 180, 181, 400)
    }
    for path in (*days.values(), folder / "requests-notes.jsonl"):
        path.touch()
    assert logs.sweep(settings, today) == 2
    assert {path.name for path in folder.iterdir()} == {
        file.name, days[1].name, days[180].name, "requests-notes.jsonl",
    }  # fmt: skip
    assert logs.sweep(Settings(), today) == 0


def test_a_log_that_cannot_be_written_holds_up_no_reader(
    filled: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    client = app_of(filled, tmp_path, log=str(tmp_path / "file" / "log")).test_client()
    assert [client.get("/livez").status_code for _ in range(2)] == [200, 200]
    assert capsys.readouterr().err.count("cannot be written") == 1


# What is forgotten


def test_words_of_reports_answered_long_ago_are_forgotten_everywhere_and_others_stay(
    qinghai: Session, operator: int
) -> None:
    with acting(qinghai, operator, reason="test"):
        station = registry.add(qinghai, names={"zh": "驿站"}, kind="union_station", region_code="630222")
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(qinghai, actor_id(qinghai, PUBLIC), reason="report"):
        said = [
            Report(station_id=station.id, choice="other", words=f"话{n}", made_at=NOW, received_at=NOW)
            for n in range(3)
        ]
        qinghai.add_all(said)
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(qinghai, operator, reason="decided"):
        for report, days in zip(said, (400, 10), strict=False):
            report.status, report.decided_by, report.decided_at = (
                "rejected",
                operator,
                NOW - timedelta(days=days),
            )
            report.decided_note = "不是"
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    assert retention.forget_answered(qinghai, NOW, days=0) == 0
    assert retention.forget_answered(qinghai, NOW, days=365) == 1
    assert retention.forget_answered(qinghai, NOW, days=365) == 0
    qinghai.expire_all()
    assert [report.words for report in said] == [None, "话1", "话2"]
    assert [report.status for report in said] == ["rejected", "rejected", "waiting"]
    assert not any("话" in str(change.held) for change in qinghai.query(Change).all())
