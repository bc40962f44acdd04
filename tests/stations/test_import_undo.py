"""A whole import is taken back: what it wrote goes, what others did since stays, and it can be imported again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.errors import Conflict, NotAllowed, NotFound
from stations.imports import accept, undo
from stations.models import Batch, HoursException
from stations.registry.derived import rebuild
from stations.registry.regions import mainland_of
from stations.registry.registry import AmenityFact, get, locate, set_amenities, set_lifecycle
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.vocabulary import Value
from tests.stations.committed import as_somebody, member, squares
from tests.stations.import_helpers import (
    CHENGDONG,
    CHENGZHONG,
    MINHE,
    amenities,
    count,
    registry,
    run,
    station,
    write,
)

Row = dict[str, object]


def row(name: str, place: tuple[float, float] | None = CHENGDONG, **cells: object) -> Row:
    district = "城中区" if place == CHENGZHONG else "城东区"
    position = {} if place is None else {"经度": place[0], "纬度": place[1]}
    return {"站点名称": name, "所属区县": district, "详细地址": f"{name}路", **position, **cells}


@pytest.fixture
def ground(new_database: Callable[[], str]) -> Iterator[Session]:
    with squares(new_database) as engine, Session(engine) as session:
        yield session


def imported(session: Session, path: Path, **options: Any) -> int:
    batch = run(session, path, **options).batch_id
    session.commit()
    assert batch is not None
    return batch


def shown(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT name FROM public_stations WHERE listed ORDER BY name")))


def days(session: Session) -> list[tuple[Any, ...]]:
    session.expire_all()
    found = session.query(HoursException).filter_by(station_id=station(session, "甲站").id)
    return sorted((one.starts, one.ends, one.expression, one.reason) for one in found)


FULL = {
    "电话": "0971-1111111",
    "服务设施": "饮水、无空调",
    "共建单位": "建设银行",
    "开放时间": "春节停业，每天8:00-20:00",
    "英文名称": "First",
}


def test_stations_that_an_import_made_are_withdrawn_and_changed_ones_are_as_before(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [row("甲站", **FULL)]))
    before, closed_before = registry(ground), days(ground)
    assert closed_before
    changed = row(
        "甲站", (101.55, 36.6), 电话="0971-2222222", 服务设施="饮水（损坏）、空调、雨具", 共建单位="农业银行",
        开放时间="国庆停业，每天9:00-18:00", 英文名称="Second", 藏文名称="བོད", 状态="暂停服务",
    )  # fmt: skip
    batch = imported(ground, write(tmp_path / "b.csv", [changed, row("乙站", CHENGZHONG, **FULL)]))
    assert registry(ground) != before
    assert undo(ground, batch, actor=operator, dry_run=True).withdrawn == 1
    ground.rollback()
    report = undo(ground, batch, actor=operator)
    ground.commit()
    assert (report.withdrawn, report.kept) == (1, ())
    left = [facts for facts in registry(ground) if facts[0]["withdrawn_reason"] is None]
    assert left == before
    assert shown(ground) == ["甲站"]
    assert station(ground, "乙站").withdrawn_reason == f"undo import {batch}"
    assert days(ground) == closed_before
    asked = "SELECT DISTINCT c.reason FROM commits c JOIN history h ON h.commit_id = c.id WHERE c.reason LIKE 'undo%'"
    assert list(ground.scalars(text(asked))) == [f"undo import {batch}"]
    kept = ground.get_one(Batch, batch)
    assert (kept.status, kept.undone_at is not None) == ("undone", True)
    with acting(ground, operator, reason="test"):
        assert rebuild(ground)[1] == 0


def test_an_import_is_undone_once(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    batch = imported(ground, write(tmp_path / "a.csv", [row("甲站")]))
    undo(ground, batch, actor=operator)
    ground.commit()
    with pytest.raises(Conflict, match="is undone; it must be applied"):
        undo(ground, batch, actor=operator)
    with pytest.raises(NotFound):
        undo(ground, 4711, actor=operator)


def test_what_was_edited_since_stays_and_is_listed(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(
        ground,
        write(
            tmp_path / "a.csv", [row("甲站", 电话="0971-1111111", 服务设施="饮水"), row("乙站", CHENGZHONG)]
        ),
    )
    editor = member(ground, "mei", None)
    batch = imported(
        ground,
        write(
            tmp_path / "b.csv",
            [
                row("甲站", (101.55, 36.6), 电话="0971-2222222", 服务设施="饮水（损坏）", 容纳人数="9"),
                row("乙站", CHENGZHONG, 容纳人数="9"),
                row("丙站", (101.45, 36.6)),
            ],
        ),
    )
    with as_somebody(ground, editor):
        one = get(ground, station(ground, "甲站").code)
        one.phone = "0971-9999999"
        locate(ground, one, 101.51, 36.61, datum=Datum.WGS84, mainland=mainland_of(ground))
        set_amenities(ground, one, {"drinking_water": AmenityFact(Value.NO)})
    with as_somebody(ground, editor):
        get(ground, station(ground, "丙站").code).directions = "二楼左手"
    report = undo(ground, batch, actor=operator)
    ground.commit()
    found = station(ground, "甲站")
    assert (found.phone, round(found.lon, 2), found.capacity) == ("0971-9999999", 101.51, None)
    assert amenities(ground, "甲站")["drinking_water"][0] == "no"
    assert station(ground, "乙站").capacity is None
    assert station(ground, "丙站").withdrawn_reason is None
    told = {(kept.field, kept.why, kept.by) for kept in report.kept}
    assert told == {
        ("phone", "changed_since", "mei先生"),
        ("position", "changed_since", "mei先生"),
        ("amenity.drinking_water", "changed_since", "mei先生"),
        ("station", "worked_on", "mei先生"),
    }


def test_what_was_accepted_of_a_batch_is_undone_with_it(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [row("甲站")]))
    batch = imported(ground, write(tmp_path / "b.csv", [row("甲站", MINHE)]))
    accept(ground, batch, actor=operator)
    ground.commit()
    assert (station(ground, "甲站").lon, station(ground, "甲站").region_code) == (MINHE[0], "630222")
    undo(ground, batch, actor=operator)
    ground.commit()
    found = station(ground, "甲站")
    assert (found.lon, found.original_lon, found.region_code) == (101.5, 101.5, "630102")


def test_an_undone_import_can_be_imported_again_and_its_stations_come_back_under_their_codes(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    path = write(tmp_path / "a.csv", [row("甲站", **FULL), row("乙站", CHENGZHONG)])
    batch = imported(ground, path)
    codes = [station(ground, name).code for name in ("甲站", "乙站")]
    before = registry(ground)
    for _ in range(2):
        undo(ground, batch, actor=operator)
        ground.commit()
        assert shown(ground) == []
        report = run(ground, path)
        ground.commit()
        assert report.counts == {"new": 2}
        assert [station(ground, name).code for name in ("甲站", "乙站")] == codes
        assert registry(ground) == before
        assert shown(ground) == ["乙站", "甲站"]
        assert report.batch_id is not None
        batch = report.batch_id
    assert run(ground, path).counts == {"unchanged": 2}


def test_a_station_that_a_person_withdrew_does_not_come_back_with_its_list(
    ground: Session, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row("甲站")])
    imported(ground, path)
    with as_somebody(ground, actor_id(ground, OPERATOR)):
        get(ground, station(ground, "甲站").code).withdrawn_reason = "entered by mistake"
    assert run(ground, path).counts == {"unchanged": 1}
    ground.commit()
    assert shown(ground) == []


def test_a_later_import_outlives_the_undoing_of_an_earlier_one(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [row("甲站", 电话="0971-1111111")]))
    second = imported(ground, write(tmp_path / "b.csv", [row("甲站", 电话="0971-2222222", 容纳人数="9")]))
    third = imported(ground, write(tmp_path / "c.csv", [row("甲站", 电话="0971-3333333", 容纳人数="9")]))
    report = undo(ground, second, actor=operator)
    ground.commit()
    assert [kept.field for kept in report.kept] == ["phone"]
    assert (station(ground, "甲站").phone, station(ground, "甲站").capacity) == ("0971-3333333", None)
    undo(ground, third, actor=operator)
    ground.commit()
    assert station(ground, "甲站").phone == "0971-2222222"


def test_imports_are_undone_one_after_the_other_down_to_nothing(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    first = imported(ground, write(tmp_path / "a.csv", [row("甲站", **FULL)]))
    made = registry(ground), days(ground)
    other = FULL | {
        "电话": "0971-2222222",
        "服务设施": "饮水（损坏）",
        "开放时间": "国庆停业，每天9:00-18:00",
    }
    second = imported(ground, write(tmp_path / "b.csv", [row("甲站", **other)]))
    third = imported(ground, write(tmp_path / "c.csv", [row("甲站", **FULL)]))
    undo(ground, third, actor=operator)
    ground.commit()
    assert undo(ground, second, actor=operator).kept == ()
    ground.commit()
    assert (registry(ground), days(ground)) == made
    report = undo(ground, first, actor=operator)
    ground.commit()
    assert (report.withdrawn, report.kept, shown(ground)) == (1, (), [])


def test_what_staff_wrote_is_theirs_again_after_the_import_that_won_over_it_is_undone(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [row("甲站", 电话="0971-1111111")]))
    with as_somebody(ground, operator):
        get(ground, station(ground, "甲站").code).phone = "0971-9999999"
    path = write(tmp_path / "b.csv", [row("甲站", 电话="0971-2222222")])
    batch = imported(ground, path, accept=frozenset({2}))
    assert station(ground, "甲站").phone == "0971-2222222"
    undo(ground, batch, actor=operator)
    ground.commit()
    assert station(ground, "甲站").phone == "0971-9999999"
    assert run(ground, path).counts == {"conflict": 1}


def test_a_state_goes_back_with_its_day_and_reason(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [row("甲站")]))
    batch = imported(
        ground,
        write(tmp_path / "b.csv", [row("甲站", 状态="已关闭", 关闭日期="2026-01-05", 停用原因="拆迁")]),
    )
    assert station(ground, "甲站").lifecycle_since == date(2026, 1, 5)
    undo(ground, batch, actor=operator)
    ground.commit()
    found = station(ground, "甲站")
    assert (found.lifecycle, found.lifecycle_since, found.lifecycle_reason) == ("open", None, None)
    batch = imported(ground, tmp_path / "b.csv")
    with as_somebody(ground, operator):
        set_lifecycle(ground, get(ground, found.code), "open", on=date(2026, 2, 1), reason="又开了")
    assert [kept.field for kept in undo(ground, batch, actor=operator).kept] == ["lifecycle"]


def test_an_undo_is_the_owner_s_or_an_administrator_s_and_whole_or_not_at_all(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    east, other = member(ground, "dong", "630102"), member(ground, "zhong", "630103")
    batch = imported(
        ground, write(tmp_path / "a.csv", [row("甲站"), row("乙站", (101.55, 36.6))]), actor=east
    )
    with pytest.raises(NotAllowed, match="somebody else's"):
        undo(ground, batch, actor=other)
    ground.rollback()
    # Moved into another county since: its own editor may not withdraw it any more, so nothing is taken back.
    with as_somebody(ground, operator):
        ground.execute(text("UPDATE regions SET merged_into = merged_into"))
    with as_somebody(ground, operator):
        ground.execute(text("DELETE FROM staff_grants WHERE staff_id = :id"), {"id": east})
    with pytest.raises(NotAllowed):
        undo(ground, batch, actor=east)
    ground.rollback()
    assert count(ground) == len(shown(ground)) == 2


def test_a_batch_of_more_stations_than_are_told_is_taken_back_whole(ground: Session, tmp_path: Path) -> None:
    operator = actor_id(ground, OPERATOR)
    rows = [row(f"第{n}号站", None, 电话="0971-1111111") for n in range(1_200)]
    batch = imported(ground, write(tmp_path / "a.csv", rows))
    report = undo(ground, batch, actor=operator)
    ground.commit()
    assert (report.withdrawn, report.kept_count, shown(ground)) == (1_200, 0, [])
