"""What a programme counts: hand-worked cases, and sums that hold for every registry."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programme_helpers import TODAY, fresh, planner, put, station
from sqlalchemy.orm import Session

from stations.editing.checks import BadFields
from stations.editing.draft import Position
from stations.errors import Conflict, Invalid, NotAllowed
from stations.models import Station
from stations.planning import programme_members as members
from stations.planning.programme_planned import NewStation, plan_station
from stations.planning.programme_progress import LEVELS, Count, late, progress
from stations.planning.programme_timeline import timeline
from stations.planning.programmes import get
from stations.registry import registry
from stations.registry.writing import acting

STATES = ("planned", "building", "open", "suspended", "closed")
COUNTIES = ("630202", "630222", "630102", None)


def bound(session: Session, operator: int, *codes: str, programme: str = "P1") -> list[str]:
    fresh(session)
    with acting(session, operator, reason="into the programme"):
        return members.bind(session, get(session, programme), codes, actor=operator)


def registry_of_a_summer(session: Session) -> dict[str, Station]:
    """Two counties of 海东 in July: four open, one suspended, two in building, three planned; and what never counts."""
    made = [
        station(session, "开一", region="630222", opened_on=date(2025, 5, 1)),
        station(session, "开二", region="630222", opened_on=date(2026, 3, 10)),
        station(session, "开三", region="630202", opened_on=date(2026, 6, 30)),
        station(session, "开四", region="630202"),
        station(session, "停一", "suspended", region="630202", opened_on=date(2025, 1, 1)),
        station(session, "建一", "building", region="630222", expected_on=date(2026, 6, 30)),
        station(session, "建二", "building", region="630222", expected_on=TODAY),
        station(session, "划一", "planned", region="630222", expected_on=date(2026, 5, 1)),
        station(session, "划二", "planned", region="630202", expected_on=date(2026, 10, 1)),
        station(session, "划三", "planned", region="630202"),
        station(session, "关一", "closed", region="630222"),
        station(session, "药店", kind="care_pharmacy", region="630222"),
        station(session, "西宁", region="630102"),
        station(session, "无区", region=None),
    ]
    return {one.names["zh"]: one for one in made}


def test_every_state_is_counted_where_it_stands(qinghai: Session) -> None:
    registry_of_a_summer(qinghai)
    put(qinghai, target=15, targets={"630222": 9, "630202": 5})
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY)
    rows = {row.code: row for row in found.rows}
    assert rows["630222"].count == Count(planned=1, building=2, open=2, suspended=0, late=2, undated=0)
    assert rows["630202"].count == Count(planned=2, building=0, open=2, suspended=1, late=0, undated=1)
    assert found.total.count == Count(planned=3, building=2, open=4, suspended=1, late=2, undated=1)
    assert (rows["630222"].unplaced, rows["630202"].unplaced, found.total.unplaced) == (4, 0, 5)
    assert (rows["630222"].target, rows["630202"].target, found.total.target) == (9, 5, 15)
    assert found.unallotted == 1
    assert found.open_items == 5 + 5


def test_late_is_past_its_date_and_not_on_it(qinghai: Session) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai)
    found = late(qinghai, get(qinghai, "P1"), today=TODAY)
    assert [(one.code, one.days, one.lifecycle) for one in found] == [
        (made["划一"].code, 61, "planned"),
        (made["建一"].code, 1, "building"),
    ]


def test_what_is_expected_lies_evenly_between_the_state_at_the_start_and_the_target(qinghai: Session) -> None:
    registry_of_a_summer(qinghai)
    put(qinghai, target=13, starts=date(2026, 1, 1), due=date(2026, 12, 31))
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY)
    # Five are standing, two of them were opened this year: three at the start. 181 of 364 days have passed.
    assert (found.base, found.reckoned) == (3, "linear")
    assert found.expected == int(3 + 10 * 181 / 364) == 7
    assert found.behind == 3
    assert not found.overdue


@pytest.mark.parametrize(
    ("today", "expected"),
    [(date(2025, 6, 1), 4), (date(2026, 1, 1), 4), (date(2026, 12, 31), 10), (date(2030, 1, 1), 10)],
)
def test_nothing_more_is_expected_before_the_start_and_all_from_the_last_day_on(
    qinghai: Session, today: date, expected: int
) -> None:
    put(qinghai, base=4)
    found = progress(qinghai, get(qinghai, "P1"), today=today)
    assert found.expected == expected
    assert found.overdue == (today == date(2030, 1, 1))


def test_where_all_are_placed_and_dated_their_dates_say_what_is_expected(qinghai: Session) -> None:
    station(qinghai, "开")
    station(qinghai, "迟", "planned", expected_on=date(2026, 6, 1))
    station(qinghai, "后", "building", expected_on=date(2026, 11, 1))
    put(qinghai, target=3)
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY)
    assert (found.reckoned, found.expected, found.behind) == ("dates", 2, 1)


def test_more_than_the_target_is_told_as_over_fulfilled(qinghai: Session) -> None:
    for number in range(4):
        station(qinghai, f"开{number}")
    put(qinghai, target=3, target_is="total")
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY)
    assert (found.total.over, found.total.unplaced, found.behind, found.met) == (1, 0, 0, True)


def test_a_tagged_programme_counts_those_that_carry_it_and_nothing_else(
    qinghai: Session, operator: int
) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai, target_is="tagged", target=3)
    assert progress(qinghai, get(qinghai, "P1"), today=TODAY).total.count == Count()
    assert bound(qinghai, operator, made["开一"].code, made["划二"].code, made["开一"].code) == [
        made["开一"].code,
        made["划二"].code,
    ]
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY, level="county")
    assert found.total.count == Count(planned=1, open=1)
    assert found.base == 0
    assert {row.code: row.count.placed for row in found.rows} == {"630202": 1, "630222": 1}
    assert bound(qinghai, operator, made["开一"].code) == []


def test_closing_a_station_moves_it_out_and_its_place_is_free_again(qinghai: Session, operator: int) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai, target=10)
    before = progress(qinghai, get(qinghai, "P1"), today=TODAY).total
    fresh(qinghai)
    with acting(qinghai, operator, reason="拆迁"):
        registry.set_lifecycle(qinghai, made["开一"], "closed", on=TODAY, reason="拆迁")
    after = progress(qinghai, get(qinghai, "P1"), today=TODAY).total
    assert (before.count.open, after.count.open) == (4, 3)
    assert (before.unplaced, after.unplaced) == (0, 1)


def test_a_station_that_opens_moves_from_planned_to_open_without_anybody_typing_it(
    qinghai: Session, operator: int
) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai, target=10)
    fresh(qinghai)
    with acting(qinghai, operator, reason="建成"):
        registry.set_lifecycle(qinghai, made["划一"], "open", on=TODAY, reason="建成")
    count = progress(qinghai, get(qinghai, "P1"), today=TODAY).total.count
    assert (count.planned, count.open, count.late) == (2, 5, 1)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("西宁", "outside_region"), ("无区", "outside_region"), ("药店", "other_kind"), ("关一", "closed")],
)
def test_a_station_that_does_not_fit_is_refused_with_the_reason(
    qinghai: Session, operator: int, name: str, verdict: str
) -> None:
    code = registry_of_a_summer(qinghai)[name].code
    put(qinghai)
    with pytest.raises(BadFields, match=code) as refused:
        bound(qinghai, operator, code)
    assert refused.value.problems[0].reason == verdict
    assert members.members(qinghai, get(qinghai, "P1")) == []


def test_one_that_does_not_fit_keeps_all_of_them_out(qinghai: Session, operator: int) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai)
    with pytest.raises(BadFields, match="no station has this code"):
        bound(qinghai, operator, made["开一"].code, "NOPE-1")
    assert members.members(qinghai, get(qinghai, "P1")) == []


def test_a_preview_says_of_each_what_would_be_done(qinghai: Session, operator: int) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai)
    bound(qinghai, operator, made["开一"].code)
    minhe = planner(qinghai, "minhe", "630222")
    judged = members.judge(
        qinghai, get(qinghai, "P1"), [one.code for one in made.values()] + ["NOPE"], actor=minhe
    )
    assert members.count(judged) == {
        "new": 4, "member": 1, "outside_region": 2, "other_kind": 1, "closed": 1, "not_yours": 5, "unknown": 1,
    }  # fmt: skip


def test_a_planner_puts_in_the_stations_of_the_own_county_and_no_others(qinghai: Session) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai)
    minhe = planner(qinghai, "minhe", "630222")
    assert bound(qinghai, minhe, made["开一"].code) == [made["开一"].code]
    with pytest.raises(NotAllowed, match=made["开三"].code):
        bound(qinghai, minhe, made["开三"].code)
    fresh(qinghai)
    with acting(qinghai, minhe, reason="out again"):
        assert members.unbind(qinghai, get(qinghai, "P1"), [made["开一"].code], actor=minhe) == [
            made["开一"].code
        ]


def test_a_member_that_no_longer_fits_is_told_and_not_counted(qinghai: Session, operator: int) -> None:
    made = registry_of_a_summer(qinghai)
    put(qinghai, target_is="tagged")
    bound(qinghai, operator, *(made[name].code for name in ("开一", "开二", "开三", "开四")))
    fresh(qinghai)
    with acting(qinghai, operator, reason="changes"):
        made["开一"].region_code = "630102"
        made["开二"].kind = "care_clinic"
        registry.set_lifecycle(qinghai, made["开三"], "closed", on=TODAY, reason="拆迁")
        registry.withdraw(qinghai, made["开四"], reason="重复")
    told = {one.name: one.verdict for one in members.members(qinghai, get(qinghai, "P1"))}
    assert told == {"开一": "outside_region", "开二": "other_kind", "开三": "closed", "开四": "withdrawn"}
    assert progress(qinghai, get(qinghai, "P1"), today=TODAY).total.count == Count()


def test_a_planner_adds_a_planned_station_that_carries_the_programme(qinghai: Session) -> None:
    put(qinghai, target_is="tagged")
    minhe = planner(qinghai, "minhe", "630222")
    with acting(qinghai, minhe, reason="a new one"):
        code = plan_station(
            qinghai,
            get(qinghai, "P1"),
            NewStation(
                "川口新站",
                "rider_station",
                position=Position(102.1, 36.6, "wgs84"),
                expected_on=date(2026, 9, 1),
            ),
            actor=minhe,
        )
    made = registry.get(qinghai, code)
    assert (made.lifecycle, made.region_code, made.expected_on) == ("planned", "630222", date(2026, 9, 1))
    assert progress(qinghai, get(qinghai, "P1"), today=TODAY).total.count == Count(planned=1)


@pytest.mark.parametrize(
    ("new", "field", "reason"),
    [
        (NewStation("", "union_station", "630222"), "name.zh", "needed"),
        (NewStation("站", "care_clinic", "630222"), "kind", "other_kind"),
        (NewStation("站", "union_station"), "region_code", "needed"),
        (NewStation("站", "union_station", "630102"), "region_code", "outside_region"),
        (NewStation("站", "union_station", "999999"), "region_code", "outside_region"),
        (
            NewStation("站", "union_station", None, Position(101.5, 36.6, "wgs84")),
            "position",
            "outside_region",
        ),
        (
            NewStation("站", "union_station", "630222", Position(101.9, 36.6, "wgs84")),
            "position",
            "outside_region",
        ),
        (NewStation("站", "union_station", None, Position(0.0, 0.0, "wgs84")), "position", "at_sea"),
        (NewStation("站", "union_station", None, Position(200.0, 36.6, "wgs84")), "position", "not_on_earth"),
    ],
)
def test_a_planned_station_that_cannot_be_is_refused(
    qinghai: Session, operator: int, new: NewStation, field: str, reason: str
) -> None:
    put(qinghai)
    fresh(qinghai)
    with pytest.raises(BadFields) as refused, acting(qinghai, operator, reason="new"):
        plan_station(qinghai, get(qinghai, "P1"), new, actor=operator)
    assert (field, reason) in {(one.field, one.reason) for one in refused.value.problems}


def test_a_namesake_in_the_county_is_asked_about_first(qinghai: Session, operator: int) -> None:
    station(qinghai, "川口站")
    put(qinghai)
    fresh(qinghai)
    new = NewStation("川口站", "union_station", "630222")
    with pytest.raises(Conflict, match="already"), acting(qinghai, operator, reason="new"):
        plan_station(qinghai, get(qinghai, "P1"), new, actor=operator)
    with acting(qinghai, operator, reason="new"):
        assert plan_station(qinghai, get(qinghai, "P1"), new, actor=operator, insist=True)


def test_a_closed_programme_takes_no_station(qinghai: Session, operator: int) -> None:
    made = station(qinghai, "站")
    programme = put(qinghai)
    programme.closed_on, programme.closed_reason = TODAY, "完成"
    qinghai.flush()
    for act in (members.bind, members.unbind):
        with pytest.raises(Conflict, match="was closed"):
            act(qinghai, programme, [made.code], actor=operator)


def test_five_thousand_at_once_are_enough(qinghai: Session, operator: int) -> None:
    programme = put(qinghai)
    with pytest.raises(Invalid, match="5,001"):
        members.judge(qinghai, programme, [str(n) for n in range(members.MOST + 1)], actor=operator)


def test_the_months_tell_what_was_open_and_what_is_to_come(qinghai: Session) -> None:
    registry_of_a_summer(qinghai)
    put(qinghai, target=13)
    found = progress(qinghai, get(qinghai, "P1"), today=TODAY)
    by_day = {one.day: one for one in timeline(qinghai, get(qinghai, "P1"), found)}
    # Two of before, one whose day nobody knows.
    assert by_day[date(2026, 1, 31)].opened == 3
    assert by_day[date(2026, 3, 31)].opened == 4
    assert by_day[date(2026, 6, 30)].opened == 5
    assert by_day[date(2026, 6, 30)].coming is None
    assert (by_day[TODAY].opened, by_day[TODAY].coming) == (5, 8)
    assert (by_day[date(2026, 9, 30)].opened, by_day[date(2026, 9, 30)].coming) == (None, 8)
    assert by_day[date(2026, 10, 31)].coming == 9
    assert by_day[date(2026, 12, 31)].coming == 10
    assert by_day[date(2026, 12, 31)].linear == 13


facts = st.lists(
    st.tuples(
        st.sampled_from(STATES),
        st.sampled_from(COUNTIES),
        st.sampled_from(["union_station", "care_clinic"]),
        st.one_of(st.none(), st.integers(-40, 40)),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=facts, kind=st.sampled_from(["total", "tagged"]), level=st.sampled_from(LEVELS))
def test_regions_add_up_and_a_station_counts_once(
    qinghai: Session, operator: int, made: list[Any], kind: str, level: str
) -> None:
    with qinghai.begin_nested() as undone:
        put(qinghai, target_is=kind, targets={"630222": 3})
        fitting = []
        for number, (state, region, sort, days, member) in enumerate(made):
            expected = None if days is None else TODAY + timedelta(days=days)
            one = station(qinghai, f"站{number}", state, region, kind=sort, expected_on=expected)
            fits = state != "closed" and region in {"630202", "630222"} and sort == "union_station"
            if fits and member:
                bound(qinghai, operator, one.code)
            if fits and (member or kind == "total"):
                fitting.append((state, expected))
        found = progress(qinghai, get(qinghai, "P1"), today=TODAY, level=level)
        assert sum((row.count for row in found.rows), Count()) == found.total.count
        assert found.total.count.placed == len(fitting)
        assert found.total.count.open == sum(state == "open" for state, _ in fitting)
        assert found.total.count.late == sum(
            state in {"planned", "building"} and day is not None and day < TODAY for state, day in fitting
        )
        assert len({row.code for row in found.rows}) == len(found.rows)
        assert found.total.unplaced == max(0, 10 - len(fitting))
        undone.rollback()
