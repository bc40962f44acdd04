"""What is derived can be thrown away and made again, and never says more than the facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import DatedException, Hours, State
from stations.models import PublicStation, Schedule, Station
from stations.registry import registry, schedules
from stations.registry.derived import derive, derive_stale, rebuild
from stations.registry.reading import bigrams, read_aloud, search_text
from stations.registry.writing import OPERATOR, acting, actor_id


def put(session: Session, actor: int, name: str = "川口工会驿站", **facts: object) -> Station:
    with acting(session, actor, reason="test"):
        return registry.add(
            session,
            names={"zh": name},
            kind="union_station",
            region_code="630222",
            hours=Hours(
                "Mo-Fr 08:30-17:00",
                exceptions=(DatedException(date(2026, 2, 16), date(2026, 2, 23), None, "春节"),),
            ),
            amenities={"toilet": registry.AmenityFact()},
            **facts,
        )


def public(session: Session, station: Station) -> PublicStation:
    return session.get_one(PublicStation, station.id, populate_existing=True)


def test_a_rebuild_of_what_is_right_changes_nothing(qinghai: Session, operator: int) -> None:
    station = put(qinghai, operator)
    before = public(qinghai, station).commit_id
    with acting(qinghai, operator, reason="rebuild"):
        assert rebuild(qinghai) == (1, 0)
    assert public(qinghai, station).commit_id == before


def test_every_fact_that_the_public_sees_reaches_the_public_row(qinghai: Session, operator: int) -> None:
    station = put(qinghai, operator)
    for change, seen in (
        ("UPDATE stations SET phone = '0972-5550101'", "0972-5550101"),
        ("UPDATE regions SET names = '{\"zh\": \"民和县\"}' WHERE code = '630222'", "民和县"),
        ("UPDATE amenities SET out_of_order = true", '"out_of_order" : true'),
        ("UPDATE hours_exceptions SET reason = '过年'", "过年"),
        ("INSERT INTO honours (station_id, title, level, year) SELECT id, '最美站点', 'national', 2025 FROM stations", "最美站点"),
    ):  # fmt: skip
        with acting(qinghai, operator, reason="change"):
            qinghai.execute(text(change))
        assert seen in (public(qinghai, station).feature or ""), change


def test_no_station_stays_stale_behind_a_write(qinghai: Session, operator: int) -> None:
    put(qinghai, operator)
    assert qinghai.scalar(text("SELECT count(*) FROM stale_stations")) == 0
    assert derive_stale(qinghai) == 0


def test_stations_with_the_same_hours_share_one_schedule(qinghai: Session, operator: int) -> None:
    put(qinghai, operator, "一")
    put(qinghai, operator, "二")
    assert len(qinghai.scalars(select(Schedule)).all()) == 1


def test_two_writers_of_the_same_new_hours_do_not_wait_for_each_other(
    new_database: Callable[[], str],
) -> None:
    engine = create_engine(new_database(), connect_args={"options": "-c lock_timeout=2000"})
    with Session(engine) as setup:
        operator = actor_id(setup, OPERATOR)
        fill_squares(setup, operator)
        setup.commit()
    with Session(engine) as one, Session(engine) as other:
        put(one, operator, "甲")
        put(other, operator, "乙")
        other.commit()
        one.commit()
        assert len(one.scalars(select(Schedule)).all()) == 2
        assert schedules.extend(one) == (0, 1)
        one.commit()
        assert len(one.scalars(select(Schedule)).all()) == 1
    engine.dispose()


def test_spans_reach_weeks_ahead_and_are_extended_before_they_run_out(
    qinghai: Session, operator: int
) -> None:
    put(qinghai, operator)
    later = datetime.now(UTC) + timedelta(days=20)
    assert schedules.extend(qinghai) == (0, 0)
    assert schedules.extend(qinghai, now=later) == (1, 0)
    covers = qinghai.scalars(select(Schedule.covers)).one()
    assert covers.upper - later > timedelta(weeks=5)


def test_spans_say_what_the_hours_say_at_each_minute_that_they_cover(qinghai: Session, operator: int) -> None:
    put(qinghai, operator)
    row = qinghai.scalars(select(Schedule)).one()
    hours = schedules.to_hours(row.expression, row.calendar, row.exceptions)
    moment = row.covers.lower
    while moment < row.covers.upper:
        found = qinghai.scalar(
            text("SELECT open_spans @> CAST(:at AS timestamptz) FROM schedules"), {"at": moment}
        )
        assert found == (schedules.standing(hours, moment).state is State.OPEN)
        moment += timedelta(hours=7, minutes=13)


def test_a_schedule_that_nobody_keeps_is_dropped(qinghai: Session, operator: int) -> None:
    station = put(qinghai, operator)
    with acting(qinghai, operator, reason="24 h"):
        registry.set_hours(qinghai, station, Hours("24/7"))
    assert schedules.extend(qinghai) == (0, 1)
    assert qinghai.scalars(select(Schedule.always_open)).all() == [True]


def test_a_door_that_is_shut_on_holidays_is_not_always_open_in_weeks_without_one(
    qinghai: Session, operator: int
) -> None:
    station = put(qinghai, operator)
    with acting(qinghai, operator, reason="holidays"):
        registry.set_hours(qinghai, station, Hours("24/7; PH off"))
    schedules.extend(qinghai, now=datetime(2026, 11, 8, tzinfo=UTC))
    assert qinghai.scalars(select(Schedule.always_open)).all() == [False]


def test_deriving_stations_that_are_not_there_is_harmless(qinghai: Session, operator: int) -> None:
    with acting(qinghai, operator, reason="nothing"):
        assert derive(qinghai, [10**9]) == 0


@pytest.mark.parametrize(
    ("name", "syllables"),
    [
        ("川口镇", "chuan kou zhen"),
        ("朝阳街道", "chao yang jie dao"),
        ("长宁镇", "chang ning zhen"),
        ("建设银行乐都支行", "jian she yin hang le du zhi hang"),
        ("Wi-Fi 驿站", "wi fi yi zhan"),
        ("24小时", "24 xiao shi"),
        ("", ""),
        ("\ue000", ""),
    ],
)
def test_names_are_read_as_people_read_them(name: str, syllables: str) -> None:
    assert " ".join(read_aloud(name)) == syllables


def test_the_search_text_holds_names_syllables_and_initials() -> None:
    assert search_text("川口驿站", None) == "|川口驿站|/|chuan kou yi zhan|/|ckyz|"
    assert bigrams("川口驿站") == "川口 口驿 驿站"
    assert bigrams("热 水") == "热 水"
