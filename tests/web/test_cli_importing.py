"""``yizhan import``: what it prints, what it leaves behind, how it ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import fill_squares
from web.cli import main

LIST = (
    "序号,站点名称,所属区县,经度,纬度,服务设施\n"
    "1,甲站,城东区,101.5,36.6,饮水、瑜伽垫\n"
    "2,乙站,城东区,102.1,36.6,空调\n"
)
REJECT = "3,丙站,城东区,abc,36.6,空调\n"


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    yield made
    made.dispose()


@pytest.fixture
def run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> Done:
        for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("YIZHAN_DATABASE_URL", engine.url.render_as_string(hide_password=False))
        status = main(["import", *words])
        said = capsys.readouterr()
        return Done(status, said.out, said.err)

    return command


def ask(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(query))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "list.csv"
    made.write_text(LIST, encoding="utf-8")
    return made


def test_a_list_goes_in_and_the_report_tells_columns_verdicts_and_suspects(
    run: Run, engine: Engine, path: Path
) -> None:
    done = run(str(path), "--source", "xining", "--source-name", "西宁台账", "--datum", "WGS-84")
    assert done.status == 0
    assert "站点名称 → name (by its header)" in done.out
    assert "1  new stations" in done.out
    assert "1  suspect" in done.out
    assert "suspect, held 未定位" in done.out
    assert "the point lies in 民和回族土族自治县, and the row names 城东区" in done.out
    assert "服务设施: 瑜伽垫" in done.out
    assert "Applied as batch 1" in done.out
    assert "Judging" in done.err
    assert ask(engine, "SELECT name FROM sources") == "西宁台账"


def test_rejects_make_the_status_one_and_go_to_a_file(
    run: Run, engine: Engine, path: Path, tmp_path: Path
) -> None:
    path.write_text(LIST + REJECT, encoding="utf-8")
    done = run(str(path), "--source", "xining", "--datum", "wgs84")
    assert done.status == 1
    assert "Refused" in done.out
    assert "list.rejects.csv" in done.out
    assert "丙站" in (tmp_path / "list.rejects.csv").read_text(encoding="utf-8-sig")
    assert ask(engine, "SELECT count(*) FROM stations") == 0
    assert ask(engine, "SELECT status FROM import_batches") == "refused"
    kept = run(str(path), "--source", "xining", "--datum", "wgs84", "--keep-going")
    assert kept.status == 1
    assert ask(engine, "SELECT count(*) FROM stations") == 2


def test_a_dry_run_writes_nothing(run: Run, engine: Engine, path: Path) -> None:
    done = run("--dry-run", str(path), "--source", "xining", "--datum", "wgs84")
    assert (done.status, "Dry run: nothing was written." in done.out) == (0, True)
    assert ask(engine, "SELECT count(*) FROM import_batches") == 0


def test_suspects_are_accepted_by_batch_and_row(run: Run, engine: Engine, path: Path) -> None:
    run(str(path), "--source", "xining", "--datum", "wgs84")
    assert ask(engine, "SELECT count(*) FROM public_stations WHERE location IS NULL") == 1
    wrong = run("accept", "1", "--rows", "2")
    assert wrong.status == 1
    assert "these rows do: 3" in wrong.err
    done = run("accept", "1", "--rows", "3")
    assert (done.status, done.out.strip()) == (0, "1 rows of batch 1 accepted: 3")
    assert ask(engine, "SELECT count(*) FROM public_stations WHERE location IS NULL") == 0


def test_suspects_are_accepted_while_importing(run: Run, engine: Engine, path: Path) -> None:
    run(str(path), "--source", "xining", "--datum", "wgs84", "--accept", "3")
    assert ask(engine, "SELECT count(*) FROM public_stations WHERE location IS NULL") == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["list.csv", "--source", "x"], 1, "--datum"),
        (["list.csv", "--datum", "wgs84"], 2, "--source"),
        (["list.csv", "--source", "x", "--datum", "mars-2"], 1, "mars-2"),
        (["list.csv", "--source", "x", "--datum", "wgs84", "--accept", "3;4"], 2, "3;4"),
        (["nothing.csv", "--source", "x", "--datum", "wgs84"], 1, "nothing.csv"),
        (["list.csv", "--source", "x", "--datum", "wgs84", "--mapping", "no.toml"], 1, "no.toml"),
        (["list.csv", "--source", "x", "--datum", "wgs84", "--demonstration"], 1, "real registry"),
        (["accept", "99"], 1, "99"),
    ],
)
def test_a_wrong_option_gets_one_sentence(
    run: Run, path: Path, words: list[str], status: int, said: str
) -> None:
    done = run(*words)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_the_help_shows_the_options(run: Run) -> None:
    done = run("--help")
    assert done.status == 0
    assert "--keep-going" in done.out
    assert "yizhan import accept" in done.out


def test_control_characters_of_a_list_do_not_reach_the_terminal(run: Run, path: Path) -> None:
    path.write_text("名称,类型\n\x1b]0;甲\x07站,怪\u202e类\n", encoding="utf-8")
    done = run(str(path), "--source", "x")
    assert done.status == 1
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
