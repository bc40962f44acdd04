"""``yizhan import``: what it prints, what it leaves behind, how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import load_workbook
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
        status = main([*words] if words[0] == "ledger" else ["import", *words])
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


def test_an_import_is_undone_and_listed(run: Run, engine: Engine, path: Path) -> None:
    run(str(path), "--source", "xining", "--source-name", "西宁台账", "--datum", "wgs84")
    would = run("undo", "1", "--dry-run")
    assert (would.status, "Import 1 would be undone: 2 stations withdrawn" in would.out) == (0, True)
    assert ask(engine, "SELECT status FROM import_batches") == "applied"
    done = run("undo", "1")
    assert (done.status, "Import 1 is undone: 2 stations withdrawn" in done.out) == (0, True)
    assert ask(engine, "SELECT count(*) FROM public_stations WHERE listed") == 0
    again = run("undo", "1")
    assert (again.status, "is undone; it must be applied" in again.err) == (1, True)
    shown = run("list").out
    assert "undone" in shown
    assert "list.csv" in shown
    assert "1 new, 1 suspect" in shown
    assert run("list", "--source", "nobody").out.strip() == "No imports yet."


def test_what_a_list_names_no_more_is_told_and_suspended_by_its_number(
    run: Run, engine: Engine, path: Path
) -> None:
    path.write_text(LIST.replace("102.1", "101.55"), encoding="utf-8")
    run(str(path), "--source", "xining", "--datum", "wgs84")
    path.write_text("".join(LIST.splitlines(keepends=True)[:2]), encoding="utf-8")
    assert "no longer" not in run(str(path), "--source", "xining", "--datum", "wgs84", "--partial").out
    assert "1  no longer in the list" in run(str(path), "--source", "xining", "--datum", "wgs84").out
    number = ask(engine, "SELECT row_number FROM import_rows WHERE verdict = 'absent'")
    assert run("accept", "3", f"--rows={number}").out.strip() == f"1 rows of batch 3 accepted: {number}"
    assert (
        ask(engine, "SELECT lifecycle_reason FROM stations WHERE lifecycle = 'suspended'") == "名单不再列出"
    )


def test_a_ledger_is_downloaded_edited_and_uploaded(
    run: Run, engine: Engine, path: Path, tmp_path: Path
) -> None:
    run(str(path), "--source", "xining", "--datum", "wgs84", "--accept", "all")
    book = tmp_path / "ledger.xlsx"
    assert run("ledger", "download", "630000", str(book)).out.startswith("2 stations of 630000")
    assert run("ledger", "upload", str(book)).out.count("unchanged") == 1
    opened = load_workbook(book)
    sheet = opened["台账"]
    column = next(cell.column for cell in sheet[1] if cell.value == "联系电话")
    sheet.cell(2, column).value = "0971-8123456"
    opened.save(book)
    assert "Dry run" in run("ledger", "upload", str(book), "--dry-run").out
    assert ask(engine, "SELECT count(*) FROM stations WHERE phone IS NOT NULL") == 0
    done = run("ledger", "upload", str(book))
    assert (done.status, "1  changed" in done.out) == (0, True)
    assert ask(engine, "SELECT count(*) FROM stations WHERE phone = '0971-8123456'") == 1
    sheet.cell(3, column).value = "没有"
    opened.save(book)
    wrong = run("ledger", "upload", str(book))
    assert (wrong.status, "is no phone number" in wrong.out) == (1, True)


def test_help_comes_without_reading_the_commands() -> None:
    asked = "import sys; from web.cli import main; main(['--help']); print(sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert "ledger" in said
    assert not [name for name in ("sqlalchemy", "numpy", "pandas", "stations.models") if f"'{name}'" in said]
