"""Several people import and edit at once: nobody's work is lost, nobody waits in a circle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Conflict
from stations.imports import Report, SourceSpec, apply, prepare, undo
from stations.imports.ledger import write_ledger
from stations.imports.ledger_steps import prepare_ledger
from stations.imports.options import Options
from stations.registry.registry import AmenityFact, get, set_amenities
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Basis, Value
from tests.stations.committed import as_somebody, squares
from tests.stations.import_helpers import CHENGDONG, TODAY, amenities, count, run, station, write

MANY = 40


@pytest.fixture
def engine_of_squares(new_database: Callable[[], str]) -> Iterator[Engine]:
    with squares(new_database) as engine:
        yield engine


@pytest.fixture
def helpers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def rows(prefix: str = "站", **cells: object) -> list[dict[str, object]]:
    return [
        {
            "站点名称": f"{prefix}{number}",
            "所属区县": "城东区",
            "详细地址": f"{prefix}路{number}号",
            "经度": round(CHENGDONG[0] + number / 1000, 3),
            "纬度": CHENGDONG[1],
            **cells,
        }
        for number in range(MANY)
    ]


def imported(engine: Engine, path: Path, **options: Any) -> Report:
    with Session(engine) as session:
        report = run(session, path, **options)
        session.commit()
        return report


def until_somebody_waits(engine: Engine, done: Future[Any]) -> None:
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect() as connection:
        while not done.done() and not connection.scalar(asked):
            connection.rollback()
            time.sleep(0.02)
    assert not done.done()


def test_two_imports_of_one_source_wait_for_each_other(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", rows())
    with Session(engine_of_squares) as session:
        first = run(session, path)
        second = helpers.submit(imported, engine_of_squares, path)
        until_somebody_waits(engine_of_squares, second)
        session.commit()
    assert (first.counts, second.result().counts) == ({"new": MANY}, {"unchanged": MANY})
    with Session(engine_of_squares) as session:
        assert count(session) == MANY


def test_who_does_not_want_to_wait_is_told(engine_of_squares: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", rows())
    with Session(engine_of_squares) as session, Session(engine_of_squares) as other:
        operator = actor_id(session, OPERATOR)
        batch = prepare(
            session,
            path,
            actor=operator,
            source=SourceSpec("list"),
            datum=Datum.WGS84,
            options=Options(today=TODAY),
        ).batch_id
        session.commit()
        assert batch is not None
        elsewhere = [one | {"纬度": 36.5} for one in rows("别")]
        run(other, write(tmp_path / "b.csv", elsewhere))
        with pytest.raises(Conflict, match="another import of the source 'list' is running"):
            apply(session, batch, path, actor=operator, wait_s=0)
        session.rollback()
        other.commit()
        assert apply(session, batch, path, actor=operator, wait_s=0).counts["new"] == MANY
        session.commit()


def test_imports_of_different_sources_both_go_in(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    partners = {"共建单位": "建设银行", "开放时间": "每天8:00-20:00"}
    paths = [write(tmp_path / f"{name}.csv", rows(name, **partners)) for name in "甲乙丙丁"]
    # Each at another place, so that none doubts the other.
    for at, path in enumerate(paths):
        path.write_text(path.read_text(encoding="utf-8").replace(",36.6", f",36.{5 + at}"), encoding="utf-8")
    done = [helpers.submit(imported, engine_of_squares, path, source=path.stem) for path in paths]
    assert [report.result().status for report in done] == ["applied"] * 4
    with Session(engine_of_squares) as session:
        assert count(session) == 4 * MANY
        assert session.scalar(text("SELECT count(*) FROM public_stations WHERE listed")) == 4 * MANY
        assert session.scalar(text("SELECT count(*) FROM organisations")) == 1


def test_a_list_and_a_ledger_of_the_same_stations_never_wait_in_a_circle(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    imported(engine_of_squares, write(tmp_path / "a.csv", rows(电话="0971-1000000")))
    ledger = tmp_path / "ledger.xlsx"

    def by_ledger(turn: int) -> str:
        with Session(engine_of_squares) as session:
            write_ledger(session, "630102", ledger)
            book = load_workbook(ledger)
            sheet = book["台账"]
            column = next(cell.column for cell in sheet[1] if cell.value == "容纳人数")
            for line in range(2, MANY + 2):
                sheet.cell(line, column).value = str(turn + 1)
            book.save(ledger)
            operator = actor_id(session, OPERATOR)
            batch = prepare_ledger(session, ledger, actor=operator).batch_id
            session.commit()
            assert batch is not None
            done = apply(session, batch, ledger, actor=operator, go_on=True)
            session.commit()
            return done.status

    for turn in range(3):
        backwards = rows(电话=f"0971-200000{turn}", 服务设施="饮水、空调" if turn % 2 else "饮水、无空调")[
            ::-1
        ]
        path = write(tmp_path / f"{turn}.csv", backwards)
        list_ = helpers.submit(imported, engine_of_squares, path)
        table = helpers.submit(by_ledger, turn)
        assert (list_.result().status, table.result()) == ("applied", "applied")
        with Session(engine_of_squares) as session:
            found = session.execute(text("SELECT DISTINCT phone, capacity FROM stations")).all()
            assert [tuple(one) for one in found] == [(f"0971-200000{turn}", turn + 1)]


def test_an_edit_that_is_not_saved_yet_is_waited_for_and_not_overwritten(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    imported(engine_of_squares, write(tmp_path / "a.csv", rows(电话="0971-1000000", 服务设施="饮水")))
    with Session(engine_of_squares) as session:
        with acting(session, actor_id(session, OPERATOR), reason="somebody edits"):
            one = get(session, station(session, "站7").code)
            one.phone = "0971-9999999"
            session.flush()
        path = write(tmp_path / "b.csv", rows(电话="0971-2000000", 服务设施="饮水"))
        waiting = helpers.submit(imported, engine_of_squares, path)
        until_somebody_waits(engine_of_squares, waiting)
        session.commit()
        assert waiting.result().counts == {"changed": MANY - 1, "conflict": 1}
        session.expire_all()
        assert station(session, "站7").phone == "0971-9999999"
        assert station(session, "站8").phone == "0971-2000000"


def test_an_amenity_that_is_being_edited_is_waited_for_too(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    imported(engine_of_squares, write(tmp_path / "a.csv", rows(服务设施="饮水")))
    with Session(engine_of_squares) as session:
        with acting(session, actor_id(session, OPERATOR), reason="somebody edits"):
            one = get(session, station(session, "站7").code)
            broken = AmenityFact(Value.YES, Basis.LISTED, out_of_order=True)
            set_amenities(session, one, {"drinking_water": broken})
        path = write(tmp_path / "b.csv", rows(服务设施="无饮水"))
        waiting = helpers.submit(imported, engine_of_squares, path)
        until_somebody_waits(engine_of_squares, waiting)
        session.commit()
        assert waiting.result().counts == {"changed": MANY - 1, "conflict": 1}
        session.expire_all()
        assert amenities(session, "站7")["drinking_water"][0] == "yes"
        assert amenities(session, "站8")["drinking_water"][0] == "no"


def test_one_batch_is_applied_once_and_undone_once_whoever_asks_first(
    engine_of_squares: Engine, helpers: ThreadPoolExecutor, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", rows())
    with Session(engine_of_squares) as session:
        operator = actor_id(session, OPERATOR)
        batch = prepare(
            session,
            path,
            actor=operator,
            source=SourceSpec("list"),
            datum=Datum.WGS84,
            options=Options(today=TODAY),
        ).batch_id
        session.commit()
    assert batch is not None
    number = batch

    def attempt(work: Callable[[Session], Any]) -> str:
        with Session(engine_of_squares) as session:
            try:
                work(session)
            except Conflict as error:
                return str(error)
            session.commit()
            return "done"

    for work, word in (
        (lambda session: apply(session, number, path, actor=operator), "is applied"),
        (lambda session: undo(session, number, actor=operator), "is undone"),
    ):
        said = [one.result() for one in [helpers.submit(attempt, work) for _ in range(3)]]
        assert said.count("done") == 1
        assert all(word in one for one in said if one != "done")
    with Session(engine_of_squares) as session:
        assert session.scalar(text("SELECT count(*) FROM stations WHERE withdrawn_reason IS NULL")) == 0


def test_an_import_that_is_cut_off_in_the_middle_leaves_nothing_behind(
    engine_of_squares: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", rows())
    with Session(engine_of_squares) as session:
        operator = actor_id(session, OPERATOR)
        batch = prepare(
            session,
            path,
            actor=operator,
            source=SourceSpec("list"),
            datum=Datum.WGS84,
            options=Options(today=TODAY),
        ).batch_id
        session.commit()
        assert batch is not None
        apply(session, batch, path, actor=operator)
        # The connection dies before the commit.
        session.rollback()
        assert (count(session), session.scalar(text("SELECT status FROM import_batches"))) == (0, "judged")
        with as_somebody(session, operator):
            apply(session, batch, path, actor=operator)
        assert count(session) == MANY
