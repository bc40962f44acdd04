"""Programmes are checked whole, written by who plans in all their regions, versioned, and closed with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from programme_helpers import TODAY, fresh, plan, planner, put, station
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from stations.editing.checks import BadFields
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Change, Organisation, Programme, ProgrammeArea, ProgrammeTarget
from stations.planning import programmes
from stations.planning.programmes import PriorityArea
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares

WHOLE = {
    "targets": {"630202": 4, "630222": 6},
    "starts": date(2026, 1, 1),
    "due": date(2026, 12, 31),
    "tag": "高标准",
    "standard": "青海六有 2024",
    "standard_source": "省总工会 2024 年工作要点",
    "kinds": ("union_station", "rider_station"),
    "base": 2,
    "budget_yuan": Decimal("500000.00"),
    "committed_yuan": Decimal("120000.00"),
    "spent_yuan": Decimal("80000.50"),
    "owner": "海东市总工会",
    "note": "先建沿街的。\n后建村里的。",
    "areas": (PriorityArea("630222", 2.0, "2023年地震受灾县"),),
}


def test_what_is_written_is_read_back(qinghai: Session) -> None:
    made = put(qinghai, **WHOLE)
    assert programmes.as_plan(qinghai, programmes.get(qinghai, " p1 ")) == plan(**WHOLE)
    assert made.version == 1
    assert (
        qinghai.scalar(select(Organisation.region_code).where(Organisation.name == "海东市总工会"))
        == "630200"
    )


def test_priority_areas_are_a_value_that_siting_can_take(qinghai: Session) -> None:
    made = put(
        qinghai,
        areas=(PriorityArea("630202", 1.5, "山区"), PriorityArea("630222", 3.0, "2023年地震受灾县")),
    )
    assert programmes.priority_areas(qinghai, made) == (
        PriorityArea("630222", 3.0, "2023年地震受灾县"),
        PriorityArea("630202", 1.5, "山区"),
    )


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"target": 0}, "target", "target"),
        ({"target": -5}, "target", "target"),
        ({"target": 10**9}, "target", "target"),
        ({"year": 1990}, "year", "year"),
        ({"year": 2101}, "year", "year"),
        ({"regions": ()}, "regions", "needed"),
        ({"regions": ("990000",)}, "regions", "no_region"),
        ({"regions": ("630200", "630222")}, "regions", "nested"),
        ({"starts": date(2026, 6, 1), "due": date(2026, 5, 31)}, "due", "days_swapped"),
        ({"starts": date(2027, 1, 1)}, "due", "days_swapped"),
        ({"due": date(1999, 1, 1)}, "due", "year"),
        ({"code": ""}, "code", "code"),
        ({"code": "两百"}, "code", "code"),
        ({"code": "../x"}, "code", "code"),
        ({"code": "a" * 41}, "code", "code"),
        ({"title": "  "}, "title", "needed"),
        ({"title": "长" * 201}, "title", "too_long"),
        ({"target_is": "many"}, "target_is", "not_known"),
        ({"kinds": ("bus_stop",)}, "kinds", "not_known"),
        ({"base": 10}, "base", "base"),
        ({"base": -1}, "base", "base"),
        ({"budget_yuan": Decimal("-1")}, "budget_yuan", "money"),
        ({"budget_yuan": Decimal("NaN")}, "budget_yuan", "money"),
        ({"spent_yuan": Decimal("1e15")}, "spent_yuan", "money"),
        ({"targets": {"630222": 0}}, "targets", "target"),
        ({"targets": {"630222": 6, "630202": 5}}, "targets", "sum"),
        ({"targets": {"630102": 3}}, "targets", "outside"),
        ({"targets": {"630299": 3}}, "targets", "no_region"),
        ({"targets": {"630200": 3, "630222": 3}}, "targets", "nested"),
        ({"areas": (PriorityArea("630222", 0, "x"),)}, "areas", "weight"),
        ({"areas": (PriorityArea("630222", 101, "x"),)}, "areas", "weight"),
        ({"areas": (PriorityArea("630222", float("nan"), "x"),)}, "areas", "weight"),
        ({"areas": (PriorityArea("630222", 2, " "),)}, "areas", "reason"),
        ({"areas": (PriorityArea("630103", 2, "x"),)}, "areas", "outside"),
        ({"areas": (PriorityArea("630222", 2, "x"), PriorityArea("630222", 3, "y"))}, "areas", "twice"),
        ({"standard_source": "文件"}, "standard", "needed"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_and_names_the_field(
    qinghai: Session, given: dict[str, object], field: str, reason: str
) -> None:
    code = str(given.pop("code", "P1"))
    with pytest.raises(BadFields) as refused:
        put(qinghai, code, **given)
    assert (field, reason) in {(one.field, one.reason) for one in refused.value.problems}
    assert qinghai.scalars(select(Programme)).all() == []


def test_everything_that_is_wrong_is_told_at_once(qinghai: Session) -> None:
    with pytest.raises(BadFields) as refused:
        put(qinghai, "", target=0, year=1990, regions=("99",))
    assert {one.field for one in refused.value.problems} == {"code", "target", "year", "regions"}


def test_two_programmes_cannot_have_one_code(qinghai: Session) -> None:
    put(qinghai, "QH-2026")
    with pytest.raises(Conflict, match="'十个驿站'"):
        put(qinghai, "qh-2026", title="另一个")


def test_no_programme_of_an_unknown_code(qinghai: Session) -> None:
    with pytest.raises(NotFound, match="'nothing'"):
        programmes.get(qinghai, "nothing")


def test_one_region_alone_has_the_whole_target(qinghai: Session) -> None:
    assert programmes.targets_of(qinghai, put(qinghai)) == {"630200": 10}
    assert programmes.targets_of(qinghai, put(qinghai, "P2", regions=("630222", "630202"))) == {}


def test_a_change_takes_the_version_that_was_read_and_a_second_one_is_told(
    qinghai: Session, operator: int
) -> None:
    put(qinghai, **WHOLE)
    fresh(qinghai)
    with acting(qinghai, operator, reason="a change"):
        changed = programmes.change(
            qinghai, "P1", plan(**{**WHOLE, "targets": {"630222": 9}, "areas": ()}), version=1, actor=operator
        )
    assert changed.version == 2
    assert programmes.targets_of(qinghai, changed) == {"630222": 9}
    assert programmes.priority_areas(qinghai, changed) == ()
    fresh(qinghai)
    with pytest.raises(Conflict, match="changed meanwhile"), acting(qinghai, operator, reason="another"):
        programmes.change(qinghai, "P1", plan(title="我的"), version=1, actor=operator)
    assert programmes.get(qinghai, "P1").title == "十个驿站"


def test_a_form_that_comes_back_as_it_was_writes_nothing(qinghai: Session, operator: int) -> None:
    put(qinghai, **WHOLE)
    fresh(qinghai)
    before = qinghai.scalar(text("SELECT max(id) FROM commits"))
    with acting(qinghai, operator, reason="nothing"):
        assert programmes.change(qinghai, "P1", plan(**WHOLE), version=1, actor=operator).version == 1
    assert qinghai.scalar(text("SELECT max(id) FROM commits")) == before


def test_every_change_is_kept_in_the_ledger(qinghai: Session, operator: int) -> None:
    put(qinghai, **WHOLE)
    fresh(qinghai)
    with acting(qinghai, operator, reason="fewer"):
        programmes.change(
            qinghai, "P1", plan(**{**WHOLE, "target": 9, "targets": {"630222": 6}}), version=1, actor=operator
        )
    kept = {(row.table_name, row.op): row.held for row in qinghai.scalars(select(Change))}
    assert kept["programmes", "update"]["target"] == [10, 9]
    assert kept["programme_targets", "delete"]["target"] == 4


def test_a_programme_is_changed_by_who_plans_in_all_of_its_regions(qinghai: Session) -> None:
    one = planner(qinghai, "minhe", "630222")
    both = planner(qinghai, "both", "630222", "630202")
    with pytest.raises(NotAllowed, match="all of these regions"):
        put(qinghai, actor=one, regions=("630222", "630202"))
    assert put(qinghai, actor=both, regions=("630222", "630202")).version == 1
    fresh(qinghai)
    with pytest.raises(NotAllowed), acting(qinghai, one, reason="more"):
        programmes.change(qinghai, "P1", plan(regions=("630222",)), version=1, actor=one)
    assert put(qinghai, "P2", actor=one, regions=("630222",)).code == "P2"


@pytest.mark.parametrize("role", ["viewer", "editor", "inspector"])
def test_other_roles_write_no_programme(qinghai: Session, role: str) -> None:
    somebody = planner(qinghai, "somebody", None, role=role)
    with pytest.raises(NotAllowed):
        put(qinghai, actor=somebody)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (
            "programmes",
            "(code, title, regions, year, target, target_is) VALUES ('X', 'x', '{630202}', 2026, 1, 'total')",
        ),
        ("programme_targets", "(programme_id, region_code, target) SELECT id, '630202', 1 FROM programmes"),
        (
            "programme_areas",
            "(programme_id, region_code, weight, reason) SELECT id, '630202', 1, 'x' FROM programmes",
        ),
        ("programme_townships", "(programme_id, number, name) SELECT id, 1, 'x' FROM programmes"),
        ("programme_stations", "(programme_id, station_id) SELECT p.id, s.id FROM programmes p, stations s"),
    ],
)
def test_the_database_itself_refuses_a_planner_of_another_county(
    qinghai: Session, table: str, values: str
) -> None:
    station(qinghai, "乐都站", region="630202")
    put(qinghai)
    other = planner(qinghai, "minhe", "630222")
    with pytest.raises(NotAllowed, match="row-level security"), acting(qinghai, other, reason="elsewhere"):
        qinghai.execute(text(f"INSERT INTO {table} {values}"))


def test_a_planner_changes_no_station_in_the_database(qinghai: Session) -> None:
    there = station(qinghai, "民和站")
    minhe = planner(qinghai, "minhe", "630222")
    with acting(qinghai, minhe, reason="mine?"):
        done = qinghai.execute(text("UPDATE stations SET phone = '1' WHERE id = :id"), {"id": there.id})
    assert done.rowcount == 0  # type: ignore[attr-defined]
    fresh(qinghai)
    with pytest.raises(NotAllowed), acting(qinghai, minhe, reason="an open one"):
        qinghai.execute(
            text(
                "INSERT INTO stations (names, kind, region_code) VALUES ('{\"zh\": \"x\"}', 'union_station', '630222')"
            )
        )


def test_closing_needs_a_reason_and_nothing_open_unless_somebody_insists(
    qinghai: Session, operator: int
) -> None:
    put(qinghai)
    fresh(qinghai)
    with pytest.raises(Invalid, match="reason"), acting(qinghai, operator, reason="end"):
        programmes.close(qinghai, "P1", on=TODAY, reason=" ", version=1, actor=operator, open_items=0)
    with pytest.raises(Conflict, match="7 open items"), acting(qinghai, operator, reason="end"):
        programmes.close(qinghai, "P1", on=TODAY, reason="经费用完", version=1, actor=operator, open_items=7)
    with acting(qinghai, operator, reason="end"):
        done = programmes.close(
            qinghai, "P1", on=TODAY, reason="经费用完", version=1, actor=operator, open_items=7, insist=True
        )
    assert (done.closed_on, done.closed_reason, done.version) == (TODAY, "经费用完", 2)
    with pytest.raises(Conflict, match="was closed on 2026-07-01"), acting(qinghai, operator, reason="edit"):
        programmes.change(qinghai, "P1", plan(), version=2, actor=operator)
    with acting(qinghai, operator, reason="go on"):
        assert programmes.reopen(qinghai, "P1", version=2, actor=operator).closed_on is None
    with pytest.raises(Conflict, match="is not closed"), acting(qinghai, operator, reason="again"):
        programmes.reopen(qinghai, "P1", version=3, actor=operator)


def test_programmes_are_listed_with_the_next_due_first_and_the_closed_last(
    qinghai: Session, operator: int
) -> None:
    for code, due in (("A", date(2027, 1, 1)), ("B", date(2026, 8, 1)), ("C", date(2026, 1, 1))):
        put(qinghai, code, due=due)
    fresh(qinghai)
    with acting(qinghai, operator, reason="end"):
        programmes.close(qinghai, "C", on=TODAY, reason="完成", version=1, actor=operator, open_items=0)
    assert [one.code for one in programmes.listed(qinghai)] == ["B", "A", "C"]


def test_two_who_save_at_once_lose_nothing(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    try:
        with Session(engine) as setup, setup.begin():
            fill_squares(setup, actor_id(setup, OPERATOR))
            put(setup)
        with Session(engine) as first, Session(engine) as second:
            actor = actor_id(first, OPERATOR)
            read = programmes.get(second, "P1").version
            second.rollback()
            with acting(first, actor, reason="first"):
                programmes.change(first, "P1", plan(title="第一个"), version=read, actor=actor)
            first.commit()
            with pytest.raises(Conflict, match="changed meanwhile"), acting(second, actor, reason="second"):
                programmes.change(second, "P1", plan(title="第二个"), version=read, actor=actor)
            second.rollback()
            assert programmes.get(second, "P1").title == "第一个"
    finally:
        engine.dispose()


def test_a_plan_keeps_its_code_through_a_change(qinghai: Session, operator: int) -> None:
    put(qinghai)
    fresh(qinghai)
    with acting(qinghai, operator, reason="renamed"):
        changed = programmes.change(
            qinghai, "P1", replace(plan(), code="P9", title="新"), version=1, actor=operator
        )
    assert (changed.code, changed.title) == ("P1", "新")
    assert qinghai.scalars(select(ProgrammeTarget)).all() == []
    assert qinghai.scalars(select(ProgrammeArea)).all() == []
