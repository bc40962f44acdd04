"""Staff win over a list: what they changed since is not overwritten by a file that says something else, and is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from geo.datum import Datum
from stations.hours import parse_words
from stations.imports import Kind, SourceSpec, accept, apply, decide, prepare
from stations.imports.options import Options
from stations.models import Amenity, BatchRow, HoursException, Partner, Station
from stations.registry.regions import mainland_of
from stations.registry.registry import (
    AmenityFact,
    get,
    locate,
    set_amenities,
    set_hours,
    set_lifecycle,
    set_partners,
)  # fmt: skip
from stations.registry.writing import OPERATOR, actor_id
from stations.vocabulary import Basis, Value
from tests.stations.committed import as_somebody, member, squares
from tests.stations.import_helpers import (
    CHENGDONG,
    LEDU,
    TODAY,
    amenities,
    count,
    registry,
    run,
    station,
    write,
)  # fmt: skip

NAME = "甲站"
FIRST = {
    "id": 7,
    "站点名称": NAME,
    "英文名称": "First",
    "所属区县": "城东区",
    "详细地址": "甲路1号",
    "经度": CHENGDONG[0],
    "纬度": CHENGDONG[1],
    "电话": "0971-1111111",
    "面积": "20",
    "可用卡": "工会会员卡",
    "状态": "运营中",
    "服务设施": "饮水、空调",
    "共建单位": "建设银行",
    "开放时间": "每天8:00-20:00",
    "建成时间": "2024-05-01",
}


@pytest.fixture
def ground(new_database: Callable[[], str]) -> Iterator[Session]:
    with squares(new_database) as engine, Session(engine) as session:
        yield session


def imported(session: Session, path: Path, **options: Any) -> Any:
    report = run(session, path, id_column="id", **options)
    session.commit()
    return report


def by_hand(session: Session, one: Station) -> None:
    """Change every field that FIRST gives, as somebody at the desk."""
    one.names = {**one.names, "en": "Staff"}
    one.address, one.phone, one.area_m2 = "甲路2号", "0971-9999999", 33
    one.accepted_cards = ["会员卡"]
    one.opened_on = date(2020, 1, 1)
    locate(session, one, 101.51, 36.61, datum=Datum.WGS84, mainland=mainland_of(session))
    set_lifecycle(session, one, "suspended", on=date(2026, 1, 5), reason="装修")
    set_amenities(session, one, {"drinking_water": AmenityFact(Value.YES, Basis.LISTED, out_of_order=True)})
    session.delete(session.query(Amenity).filter_by(station_id=one.id, amenity="air_conditioning").one())
    session.delete(session.query(Partner).filter_by(station_id=one.id).one())
    set_partners(session, one, [("co_builder", "农业银行")])
    set_hours(session, one, parse_words("每天10:00-12:00", today=TODAY).hours)


OTHER = FIRST | {
    "英文名称": "Second",
    "详细地址": "甲路3号",
    "经度": 101.52,
    "电话": "0971-2222222",
    "面积": "25",
    "可用卡": "市民卡",
    "状态": "规划中",
    "服务设施": "无饮水、无空调",
    "共建单位": "邮政",
    "开放时间": "每天9:00-18:00",
    "建成时间": "2024-06-01",
}
FIELDS = {
    "address", "amenity.air_conditioning", "amenity.drinking_water", "area_m2", "cards", "hours", "lifecycle",
    "name.en", "opened_on", "partner.co_builder", "phone", "position",
}  # fmt: skip


def test_a_file_that_says_what_it_said_before_loses_to_staff_in_silence(
    ground: Session, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [FIRST])
    imported(ground, path)
    editor = member(ground, "mei", None)
    with as_somebody(ground, editor):
        by_hand(ground, get(ground, station(ground, NAME).code))
    before, history = registry(ground), count(ground, "history")
    for _ in range(2):
        report = imported(ground, path)
        assert report.counts == {"unchanged": 1}
        assert {
            problem.field for problem in report.rows[0].problems if problem.kind == Kind.STAFF_STANDS
        } == FIELDS
        assert registry(ground) == before
    assert count(ground, "history") == history


def test_a_file_that_says_something_else_is_in_conflict_field_by_field_and_staff_win(
    ground: Session, tmp_path: Path
) -> None:
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    editor = member(ground, "mei", None)
    with as_somebody(ground, editor):
        by_hand(ground, get(ground, station(ground, NAME).code))
    before = registry(ground)
    report = imported(ground, write(tmp_path / "b.csv", [OTHER]))
    assert report.counts == {"conflict": 1}
    assert registry(ground) == before
    kept = ground.query(BatchRow).filter_by(batch_id=report.batch_id).one()
    assert kept.conflicts is not None
    told = {one["field"]: one for one in kept.conflicts}
    assert set(told) == FIELDS
    assert {one["by"] for one in kept.conflicts} == {"mei先生"}
    assert all(one["at"] for one in kept.conflicts)
    phone = told["phone"]
    assert (phone["file"], phone["staff"], phone["was"]) == (
        "0971-2222222", "0971-9999999", {"phone": "0971-1111111"},
    )  # fmt: skip
    assert told["position"]["file"][:3] == [101.52, 36.6, "wgs84"]
    assert told["position"]["staff"][:3] == [101.51, 36.61, "wgs84"]
    assert (told["amenity.drinking_water"]["file"], told["amenity.drinking_water"]["staff"]) == (
        "no",
        "broken",
    )
    assert (told["amenity.air_conditioning"]["file"], told["amenity.air_conditioning"]["staff"]) == (
        "no",
        None,
    )
    assert (told["partner.co_builder"]["file"], told["partner.co_builder"]["staff"]) == (
        ["邮政"],
        ["农业银行"],
    )
    assert told["lifecycle"]["staff"] == ["suspended", "2026-01-05", "装修"]
    assert "mei先生" in report.rows[0].weighty[0].reason
    # It is asked once: further copies of the same file say nothing new.
    assert imported(ground, tmp_path / "b.csv").counts == {"unchanged": 1}
    assert registry(ground) == before


def test_the_rest_of_a_row_in_conflict_is_applied(ground: Session, tmp_path: Path) -> None:
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    with as_somebody(ground, actor_id(ground, OPERATOR)):
        get(ground, station(ground, NAME).code).phone = "0971-9999999"
    report = imported(ground, write(tmp_path / "b.csv", [OTHER]))
    found = station(ground, NAME)
    assert (report.counts, found.phone, found.address) == ({"conflict": 1}, "0971-9999999", "甲路3号")
    assert (found.lon, found.names["en"]) == (101.52, "Second")


@pytest.mark.parametrize("when", ["in the run", "before it is applied", "afterwards"])
def test_the_file_wins_where_a_person_accepts_the_row(ground: Session, tmp_path: Path, when: str) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    with as_somebody(ground, operator):
        by_hand(ground, get(ground, station(ground, NAME).code))
    path = write(tmp_path / "b.csv", [OTHER])
    if when == "in the run":
        imported(ground, path, accept=frozenset({2}))
    elif when == "afterwards":
        report = imported(ground, path)
        assert accept(ground, report.batch_id, [2], actor=operator) == [2]
        ground.commit()
    else:
        batch = prepare(
            ground,
            path,
            actor=operator,
            source=SourceSpec("list"),
            datum=Datum.WGS84,
            options=Options(today=TODAY),
        ).batch_id
        assert batch is not None
        assert decide(ground, batch, "accept", actor=operator, verdict="conflict") == 1
        apply(ground, batch, path, actor=operator)
        ground.commit()
    found = station(ground, NAME)
    assert (found.phone, found.address, found.area_m2, found.names["en"]) == (
        "0971-2222222",
        "甲路3号",
        25,
        "Second",
    )
    assert (found.lon, found.lat, found.opened_on) == (101.52, 36.6, date(2024, 6, 1))
    assert (found.hours_expression, found.accepted_cards, found.lifecycle) == (
        "09:00-18:00",
        ["市民卡"],
        "planned",
    )
    assert {code: fact[0] for code, fact in amenities(ground, NAME).items()} == {
        "drinking_water": "no", "air_conditioning": "no",
    }  # fmt: skip
    # From now on it is the list's own again.
    assert imported(ground, write(tmp_path / "c.csv", [OTHER | {"电话": "0971-3333333"}])).counts == {
        "changed": 1
    }


def test_what_staff_set_after_the_conflict_outlives_a_late_acceptance(
    ground: Session, tmp_path: Path
) -> None:
    operator = actor_id(ground, OPERATOR)
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    with as_somebody(ground, operator):
        get(ground, station(ground, NAME).code).phone = "0971-9999999"
    report = imported(ground, write(tmp_path / "b.csv", [FIRST | {"电话": "0971-2222222"}]))
    with as_somebody(ground, operator):
        get(ground, station(ground, NAME).code).phone = "0971-8888888"
    accept(ground, report.batch_id, [2], actor=operator)
    ground.commit()
    assert station(ground, NAME).phone == "0971-8888888"


def test_what_another_list_has_written_is_no_edit_by_staff(ground: Session, tmp_path: Path) -> None:
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    assert imported(ground, write(tmp_path / "b.csv", [FIRST | {"电话": "0971-2222222"}])).counts == {
        "changed": 1
    }
    assert imported(ground, write(tmp_path / "c.csv", [FIRST])).counts == {"changed": 1}


def test_dated_hours_that_staff_added_are_not_lost_to_new_words(ground: Session, tmp_path: Path) -> None:
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    one = station(ground, NAME)
    with as_somebody(ground, actor_id(ground, OPERATOR)):
        ground.add(
            HoursException(station_id=one.id, starts=date(2026, 5, 1), ends=date(2026, 5, 3), reason="检修")
        )
    assert imported(ground, write(tmp_path / "b.csv", [OTHER | {"id": 7}])).counts == {"conflict": 1}
    assert [exception.reason for exception in ground.query(HoursException)] == ["检修"]
    assert station(ground, NAME).hours_expression == "08:00-20:00"


def test_a_partner_that_staff_only_added_does_not_stand_against_the_list(
    ground: Session, tmp_path: Path
) -> None:
    imported(ground, write(tmp_path / "a.csv", [FIRST]))
    with as_somebody(ground, actor_id(ground, OPERATOR)):
        set_partners(ground, get(ground, station(ground, NAME).code), [("co_builder", "农业银行")])
    assert imported(ground, write(tmp_path / "b.csv", [FIRST | {"共建单位": "邮政"}])).counts == {
        "changed": 1
    }
    assert count(ground, "partners") == 3


# --- absent: no longer in the list


def many(
    *names: str, district: str = "城东区", place: tuple[float, float] = CHENGDONG
) -> list[dict[str, Any]]:
    return [
        {
            "站点名称": name,
            "所属区县": district,
            "详细地址": f"{name}路",
            "经度": round(place[0] + at / 100, 2),
            "纬度": place[1],
        }
        for at, name in enumerate(names)
    ]


def test_a_station_that_the_list_names_no_more_is_reported_and_left_open(
    qinghai: Session, tmp_path: Path
) -> None:
    run(qinghai, write(tmp_path / "a.csv", many("甲站", "乙站", "丙站")))
    report = run(qinghai, write(tmp_path / "b.csv", many("甲站", "乙站")))
    assert (report.counts, report.total) == ({"unchanged": 2, "absent": 1}, 2)
    gone = station(qinghai, "丙站")
    assert gone.lifecycle == "open"
    kept = qinghai.query(BatchRow).filter_by(batch_id=report.batch_id, verdict="absent").one()
    assert (kept.row_number, kept.station_id, kept.received["name"]) == (-gone.id, gone.id, "丙站")
    assert [one.name for one in report.rows if one.verdict == "absent"] == ["丙站"]


def test_a_file_of_one_county_calls_nobody_of_another_absent(qinghai: Session, tmp_path: Path) -> None:
    run(
        qinghai,
        write(tmp_path / "a.csv", [*many("甲站", "乙站"), *many("丙站", district="乐都区", place=LEDU)]),
    )
    report = run(qinghai, write(tmp_path / "b.csv", many("甲站")))
    assert report.counts == {"unchanged": 1, "absent": 1}
    assert [one.name for one in report.rows if one.verdict == "absent"] == ["乙站"]
    assert run(qinghai, tmp_path / "b.csv", partial=True).counts == {"unchanged": 1}
    assert run(qinghai, tmp_path / "b.csv", source="other", accept=None).counts.get("absent") is None


def test_a_station_that_a_rejected_or_doubtful_row_names_is_not_absent(
    qinghai: Session, tmp_path: Path
) -> None:
    run(qinghai, write(tmp_path / "a.csv", many("甲站", "乙站", "丙站")))
    rows = many("甲站", "乙站", "丙站")
    broken = [
        rows[0],
        rows[1] | {"容纳人数": "-5"},
        rows[2] | {"电话": "0971-1"},
        rows[2] | {"电话": "0971-2"},
    ]
    report = run(qinghai, write(tmp_path / "b.csv", broken), keep_going=True)
    assert "absent" not in report.counts


def test_a_person_may_suspend_what_is_absent_before_and_after_applying(
    qinghai: Session, tmp_path: Path, operator: int
) -> None:
    run(qinghai, write(tmp_path / "a.csv", many("甲站", "乙站", "丙站")))
    path = write(tmp_path / "b.csv", many("甲站"))
    report = prepare(
        qinghai,
        path,
        actor=operator,
        source=SourceSpec("list"),
        datum=Datum.WGS84,
        options=Options(today=TODAY),
    )
    assert (report.batch_id is not None, report.counts) == (True, {"unchanged": 1, "absent": 2})
    batch = report.batch_id or 0
    decide(qinghai, batch, "accept", actor=operator, rows=[-station(qinghai, "乙站").id])
    apply(qinghai, batch, path, actor=operator)
    ended = station(qinghai, "乙站")
    assert (ended.lifecycle, ended.lifecycle_since, ended.lifecycle_reason) == (
        "suspended",
        TODAY,
        "名单不再列出",
    )
    assert station(qinghai, "丙站").lifecycle == "open"
    assert accept(qinghai, batch, actor=operator) == []
    accept(qinghai, batch, [-station(qinghai, "丙站").id], actor=operator)
    assert station(qinghai, "丙站").lifecycle == "suspended"
    assert run(qinghai, path).counts == {"unchanged": 1}


def test_to_believe_all_of_a_file_suspends_nobody(qinghai: Session, tmp_path: Path) -> None:
    run(qinghai, write(tmp_path / "a.csv", many("甲站", "乙站")))
    assert run(qinghai, write(tmp_path / "b.csv", many("甲站")), accept=None).counts["absent"] == 1
    assert station(qinghai, "乙站").lifecycle == "open"
