"""An import in two steps: what is judged is shown, what is decided is honoured, what was not seen is not applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.imports import (
    Mapping,
    Options,
    Report,
    SourceSpec,
    Unseen,
    accept,
    apply,
    decide,
    discard,
    mark,
    prepare,
    receive,
)
from stations.models import Batch, BatchRow, Grant, Staff
from stations.registry.registry import get
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.stations.import_helpers import (
    CHENGDONG,
    CHENGZHONG,
    MINHE,
    TODAY,
    count,
    registry,
    run,
    station,
    write,
)


def row(name: str, place: tuple[float, float] = CHENGDONG, **cells: object) -> dict[str, object]:
    district = "城中区" if place == CHENGZHONG else "城东区"
    return {
        "站点名称": name,
        "所属区县": district,
        "详细地址": f"{name}路",
        "经度": place[0],
        "纬度": place[1],
        **cells,
    }


def judged(session: Session, path: Path, *, source: str = "list", **options: Any) -> Report:
    return prepare(
        session,
        path,
        actor=actor_id(session, OPERATOR),
        source=SourceSpec(source),
        datum=Datum.WGS84,
        options=Options(**{"today": TODAY} | options),
    )


def rows_of(session: Session, batch: int) -> dict[int, BatchRow]:
    session.expire_all()
    return {one.row_number: one for one in session.query(BatchRow).filter_by(batch_id=batch)}


def test_judging_writes_the_rows_of_the_batch_and_no_station(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row("甲站"), row("乙站", MINHE)])
    report = judged(qinghai, path)
    assert (report.status, report.counts, count(qinghai)) == ("judged", {"new": 1, "suspect": 1}, 0)
    assert report.batch_id is not None
    kept = rows_of(qinghai, report.batch_id)
    assert [kept[2].verdict, kept[3].verdict] == ["new", "suspect"]
    assert kept[2].after["names"] == {"zh": "甲站"}
    assert kept[3].after["proposed"] == list(MINHE)
    done = apply(qinghai, report.batch_id, path, actor=operator)
    assert (done.status, done.counts, count(qinghai)) == ("applied", {"new": 1, "suspect": 1}, 2)
    assert rows_of(qinghai, report.batch_id)[2].station_id == station(qinghai, "甲站").id
    with pytest.raises(Conflict, match="is applied"):
        apply(qinghai, report.batch_id, path, actor=operator)


def test_what_is_judged_in_two_steps_is_what_one_step_writes(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    rows = [
        row("甲站", 服务设施="饮水、无空调", 依托单位="建设银行", 开放时间="春节停业，每天8:00-20:00"),
        row("乙站", CHENGZHONG, 电话="0971-8123456", 状态="暂停服务"),
        row("丙站", MINHE),
    ]
    path = write(tmp_path / "a.csv", rows)
    with qinghai.begin_nested() as point:
        run(qinghai, path)
        one_step = registry(qinghai)
        point.rollback()
    qinghai.expire_all()
    report = judged(qinghai, path)
    assert report.batch_id is not None
    apply(qinghai, report.batch_id, path, actor=operator)
    assert registry(qinghai) == one_step


def test_what_a_change_would_write_is_shown_before_and_written_after(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row("甲站", 电话="0971-1111111", 服务设施="饮水")]))
    path = write(
        tmp_path / "b.csv",
        [row("甲站", 电话="0971-2222222", 服务设施="饮水、空调", 依托单位="建设银行", 开放时间="8:00-20:00")],
    )
    report = judged(qinghai, path)
    assert report.batch_id is not None
    shown = rows_of(qinghai, report.batch_id)[2]
    assert shown.before["phone"] == "0971-1111111"
    assert shown.after["phone"] == "0971-2222222"
    assert set(shown.after["amenities"]) == {"drinking_water", "air_conditioning"}
    assert set(shown.before["amenities"]) == {"drinking_water"}
    assert (shown.before["partners"], shown.after["partners"]) == ([], [["host", "建设银行"]])
    assert station(qinghai, "甲站").phone == "0971-1111111"
    seen = (dict(shown.before), dict(shown.after))
    apply(qinghai, report.batch_id, path, actor=operator)
    written = rows_of(qinghai, report.batch_id)[2]
    assert (written.before, written.after) == seen
    assert station(qinghai, "甲站").hours_expression == "08:00-20:00"


def test_a_row_that_was_decided_against_writes_nothing(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    run(qinghai, write(tmp_path / "a.csv", [row("甲站", 电话="0971-1111111", 服务设施="饮水")]))
    path = write(
        tmp_path / "b.csv",
        [row("甲站", 电话="0971-2222222", 服务设施="空调", 依托单位="银行"), row("乙站", CHENGZHONG)],
    )
    report = judged(qinghai, path)
    assert report.batch_id is not None
    before = registry(qinghai)
    assert decide(qinghai, report.batch_id, "reject", actor=operator, rows=[2, 3]) == 2
    assert decide(qinghai, report.batch_id, "reject", actor=operator, rows=[2, 3]) == 0
    apply(qinghai, report.batch_id, path, actor=operator)
    assert registry(qinghai) == before
    assert rows_of(qinghai, report.batch_id)[2].decision == "reject"


def test_a_suspect_that_was_decided_for_goes_on_the_map(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row("甲站", MINHE), row("乙站", (103.8, 36.0))])
    report = judged(qinghai, path)
    assert report.batch_id is not None
    assert decide(qinghai, report.batch_id, "accept", actor=operator, kind="outside_county") == 1
    apply(qinghai, report.batch_id, path, actor=operator)
    assert station(qinghai, "甲站").lon == MINHE[0]
    assert station(qinghai, "乙站").location is None
    kept = rows_of(qinghai, report.batch_id)
    assert (kept[2].accepted_by, kept[3].accepted_at) == (operator, None)
    # What still waits can be laid to rest, or believed later.
    assert decide(qinghai, report.batch_id, "reject", actor=operator, verdict="suspect") == 1
    with pytest.raises(Conflict, match="wait for nobody"):
        accept(qinghai, report.batch_id, [3], actor=operator)


def test_rejected_rows_stop_the_batch_until_they_are_left_out(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "a.csv", [row("甲站"), row("乙站", 容纳人数="-5")])
    report = judged(qinghai, path)
    assert report.batch_id is not None
    with pytest.raises(Conflict, match="nothing to believe"):
        decide(qinghai, report.batch_id, "accept", actor=operator, rows=[3])
    assert decide(qinghai, report.batch_id, "accept", actor=operator, verdict="rejected") == 0
    with pytest.raises(Conflict, match="rows 3 of batch"):
        apply(qinghai, report.batch_id, path, actor=operator)
    assert count(qinghai) == 0
    decide(qinghai, report.batch_id, "reject", actor=operator, verdict="rejected")
    assert apply(qinghai, report.batch_id, path, actor=operator).counts == {"new": 1, "rejected": 1}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"rows": [2], "verdict": "new"}, Invalid),
        ({}, Invalid),
        ({"rows": [99]}, Conflict),
    ],
)
def test_a_decision_says_which_rows(
    qinghai: Session, tmp_path: Path, operator: int, said: dict[str, Any], error: type[Exception]
) -> None:
    report = judged(qinghai, write(tmp_path / "a.csv", [row("甲站")]))
    assert report.batch_id is not None
    with pytest.raises(error):
        decide(qinghai, report.batch_id, "reject", actor=operator, **said)
    with pytest.raises(NotFound):
        decide(qinghai, 4711, "reject", actor=operator, rows=[2])


def test_another_file_is_not_applied_in_place_of_the_judged_one(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    report = judged(qinghai, write(tmp_path / "a.csv", [row("甲站")]))
    other = write(tmp_path / "b.csv", [row("乙站")])
    assert report.batch_id is not None
    with pytest.raises(Conflict, match="is not the file that was judged"):
        apply(qinghai, report.batch_id, other, actor=operator)
    assert count(qinghai) == 0


def test_a_batch_is_received_marked_judged_again_and_thrown_away(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    path = write(tmp_path / "upload-1.csv", [row("甲站", MINHE)])
    batch = receive(qinghai, path, actor=operator, source=SourceSpec("list"), file_name="台账.csv")
    mark(qinghai, batch, "judging", actor=operator)
    with pytest.raises(Conflict, match="cannot become applying"):
        mark(qinghai, batch, "applying", actor=operator)
    mark(qinghai, batch, "stopped", actor=operator, error="the server was stopped")
    assert qinghai.get_one(Batch, batch).error == "the server was stopped"
    report = prepare(
        qinghai, path, actor=operator, source=SourceSpec("list"), datum=Datum.WGS84, batch_id=batch
    )
    assert (report.batch_id, report.file_name) == (batch, "台账.csv")
    decide(qinghai, batch, "accept", actor=operator, rows=[2])
    again = prepare(
        qinghai,
        path,
        actor=operator,
        source=SourceSpec("list"),
        datum=Datum.WGS84,
        mapping=Mapping.parse({"columns": {"所属区县": "ignore"}}),
        batch_id=batch,
    )
    assert again.counts == {"new": 1}
    assert rows_of(qinghai, batch)[2].decision is None
    kept = qinghai.get_one(Batch, batch)
    assert (kept.status, kept.error, kept.file_name) == ("judged", None, "台账.csv")
    assert {column["field"] for column in kept.report["columns"]} >= {"name", "lon", "lat", "address"}
    discard(qinghai, batch, actor=operator)
    assert (count(qinghai, "import_rows"), count(qinghai)) == (0, 0)
    with pytest.raises(Conflict, match="is discarded"):
        apply(qinghai, batch, path, actor=operator)


def test_a_mapping_is_remembered_and_one_that_is_given_overrules(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    odd = [row("甲站", 值班="0971-1111111", 楼号="三楼")]
    given = Mapping.parse({"columns": {"值班": "phone", "楼号": "directions"}})
    run(qinghai, write(tmp_path / "a.csv", odd), mapping=given)
    second = run(qinghai, write(tmp_path / "b.csv", [row("甲站", 值班="0971-2222222")]))
    assert station(qinghai, "甲站").phone == "0971-2222222"
    assert any("楼号" in note for note in second.notes)
    overruled = run(
        qinghai,
        write(tmp_path / "c.csv", [row("甲站", 值班="0971-3333333")]),
        mapping=Mapping.parse({"columns": {"值班": "ignore"}}),
    )
    assert (overruled.counts, station(qinghai, "甲站").phone) == ({"unchanged": 1}, "0971-2222222")
    assert run(qinghai, write(tmp_path / "d.csv", [row("甲站", 值班="0971-4444444")])).counts == {
        "unchanged": 1
    }


# --- what happens between judging and applying: registries of their own, since these commit


@pytest.fixture
def committed(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    yield engine
    engine.dispose()


def test_nothing_is_applied_unseen(committed: Engine, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", [row("甲站", 电话="0971-1111111"), row("乙站", CHENGZHONG)])
    path = write(
        tmp_path / "b.csv", [row("甲站", 电话="0971-2222222"), row("乙站", CHENGZHONG, 电话="0971-7777777")]
    )
    with Session(committed) as session:
        operator = actor_id(session, OPERATOR)
        run(session, first)
        session.commit()
        batch = judged(session, path).batch_id
        session.commit()
        assert batch is not None
        code = station(session, "甲站").code
        with acting(session, operator, reason="the phone rang"):
            get(session, code).phone = "0971-9999999"
        session.commit()
        with pytest.raises(Unseen, match="rows of batch") as caught:
            apply(session, batch, path, actor=operator)
        session.rollback()
        (unseen,) = caught.value.rows
        assert (unseen.number, unseen.seen, unseen.verdict) == (2, "changed", "conflict")
        assert station(session, "乙站").phone is None
        report = apply(session, batch, path, actor=operator, go_on=True)
        session.commit()
        assert report.counts == {"changed": 1, "conflict": 1}
        assert (station(session, "甲站").phone, station(session, "乙站").phone) == (
            "0971-9999999",
            "0971-7777777",
        )


def test_somebody_else_s_batch_is_not_decided_applied_or_thrown_away(
    committed: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row("甲站")])
    with Session(committed) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="test"):
            editor = Staff(login="chengdong", display_name="城东")
            session.add(editor)
            session.flush()
            session.add(Grant(staff_id=editor.id, role="editor", region_code="630102"))
        session.commit()
        batch = judged(session, path).batch_id
        session.commit()
        assert batch is not None
        for work in (
            lambda: decide(session, batch, "reject", actor=editor.id, rows=[2]),
            lambda: apply(session, batch, path, actor=editor.id),
            lambda: discard(session, batch, actor=editor.id),
            lambda: mark(session, batch, "stopped", actor=editor.id),
        ):
            with pytest.raises(NotAllowed, match="somebody else's"):
                work()
            session.rollback()
        assert session.scalar(text("SELECT status FROM import_batches")) == "judged"
