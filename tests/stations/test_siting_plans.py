"""Plans of sites over a small registry: who is newly reached, what is asked of regions, what cannot be asked, what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_files import raster, table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo.datum import Datum
from geo.errors import SitingError
from geo.siting import Answer
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.hours import SHANGHAI
from stations.planning import CoverageQuestion, layers
from stations.planning.layer_files import Reading
from stations.planning.layers import Facts
from stations.planning.siting import (
    Further,
    Offer,
    Problem,
    Proposal,
    SitingQuestion,
    Source,
    plans,
    propose,
    proposing,
    searching,
    sizing,
)
from stations.planning.siting.naming import said
from stations.registry.registry import add
from stations.registry.writing import acting
from stations.schema import differences
from tests.stations.programme_helpers import fresh, planner
from tests.stations.siting_registry import fill

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
REACH = CoverageQuestion(size_m=500.0)
Ask = Callable[..., Proposal]


@pytest.fixture
def registry(qinghai: Session, operator: int) -> Session:
    fill(qinghai, operator)
    fresh(qinghai)
    return qinghai


@pytest.fixture
def ask(registry: Session) -> Ask:
    def asked(**wishes: Any) -> Proposal:
        question = SitingQuestion(**{"reach": REACH, "count": 2} | wishes)
        return propose(registry, question, now=NOON)

    return asked


def names(found: Proposal) -> list[str]:
    return list(found.sites["name"])


def key(found: Proposal, name: str) -> str:
    table = found.offered.table
    return str(table.loc[table["name"] == name, "key"].item())


def test_the_sites_that_reach_most_people_whom_no_station_reaches_are_proposed_best_first(ask: Ask) -> None:
    found = ask()
    assert found.answer.status == "optimal"
    assert names(found) == ["戊", "丙"]
    assert found.sites["people"].tolist() == pytest.approx([4_000, 3_000])
    assert found.sites["cumulative"].tolist() == pytest.approx([4_000, 7_000])
    assert found.summary["people"] == pytest.approx(15_000)
    assert found.summary["before"] == pytest.approx(5_000)
    assert found.summary["after"] == pytest.approx(12_000)
    assert found.summary["bound"] == pytest.approx(found.summary["objective"])


def test_each_site_is_told_with_the_station_that_stands_nearest(ask: Ask) -> None:
    site = ask(count=1).sites.iloc[0]
    assert site["nearest_name"] == "东站"
    # 0.6 degrees of longitude at 36.6° N, some 53.7 km, times the detour, at the finder's pace on foot.
    assert site["nearest_s"] == pytest.approx(53_690 * 1.3 / (5 / 3.6), rel=0.15)


def test_who_is_newly_reached_is_told_by_region(ask: Ask) -> None:
    county = ask().regions["county"]
    assert county.loc["630222", ["people", "before", "after", "newly", "sites"]].tolist() == pytest.approx(
        [4_000, 0, 4_000, 4_000, 1]
    )
    assert county.loc["630102", ["before", "after", "sites"]].tolist() == pytest.approx([5_000, 5_000, 0])


def test_a_priority_area_comes_first_and_people_are_still_counted_as_people(ask: Ask) -> None:
    found = ask(count=1, priority=(("630202", 5.0),))
    assert names(found) == ["丁"]
    assert found.sites["people"].tolist() == pytest.approx([2_000])
    assert found.sites["adds"].tolist() == pytest.approx([10_000])
    assert found.summary["newly"] == pytest.approx(2_000)


def test_of_nested_priority_areas_the_lowest_decides(ask: Ask) -> None:
    assert names(ask(count=1, priority=(("630200", 0.1), ("630222", 1.0)))) == ["戊"]


def test_every_county_gets_a_station_and_one_that_stands_there_counts(ask: Ask) -> None:
    found = ask(count=3, each="county")
    assert sorted(names(found)) == sorted(["丙", "丁", "戊"])
    assert sorted(names(ask(count=2, floors=(("630102", 2),)))) == sorted(["乙", "戊"])


def test_a_floor_that_no_candidate_can_fill_is_named_with_what_would_help(ask: Ask) -> None:
    with pytest.raises(
        SitingError, match=r"630202 乐都区 shall get 3 and has 1 candidates: lower its floor to 1"
    ):
        ask(floors=(("630202", 3),))
    with pytest.raises(SitingError, match="need 3 and 2 may be chosen: ask for 3 or more"):
        ask(count=2, each="county")
    with pytest.raises(Invalid, match="no region of this level has an outline"):
        ask(each="township")


def test_a_budget_buys_what_reaches_most_for_its_money(ask: Ask) -> None:
    costly = key(ask(), "戊")
    found = ask(count=None, budget=10.0, cost=5.0, costs=((costly, 9.0),))
    assert sorted(names(found)) == sorted(["丙", "丁"])
    assert found.summary["cost"] == pytest.approx(10.0)
    assert found.summary["cost_per_person"] == pytest.approx(10.0 / 5_000)
    with pytest.raises(SitingError, match="the budget 3 is below the cheapest candidate: give 5 or more"):
        ask(count=None, budget=3.0, cost=5.0)


def test_must_sites_stand_in_the_plan_and_must_not_sites_do_not(ask: Ask) -> None:
    before = ask()
    found = ask(must=(key(before, "乙"),), must_not=(key(before, "戊"),))
    assert names(found) == ["丙", "乙"]


def test_a_must_site_too_near_to_a_station_is_named_by_its_key(ask: Ask) -> None:
    first = key(ask(), "甲")
    with pytest.raises(SitingError, match=f"candidate {first} is must and stands closer than 500 m"):
        ask(must=(first,), spacing_m=500.0)


def test_a_candidate_that_is_not_there_is_named(ask: Ask) -> None:
    with pytest.raises(Invalid, match="must: there is no candidate '甲地' among the 5"):
        ask(must=("甲地",))


def test_more_sites_than_candidates_are_refused_with_the_number_there_is(ask: Ask) -> None:
    with pytest.raises(SitingError, match="9 sites are asked for and there are 5 candidates"):
        ask(count=9)


def test_rules_that_only_a_search_finds_contradictory_are_answered_as_infeasible_and_kept_so(
    ask: Ask, registry: Session, operator: int
) -> None:
    # 丁 and 戊 are some 18 km apart, and each alone cannot be told apart from the floors before a search.
    found = ask(floors=(("630200", 2),), spacing_m=20_000.0)
    assert found.answer.status == "infeasible"
    assert found.answer.reason
    assert found.answer.relaxation
    assert found.sites.empty
    with acting(registry, operator, reason="a plan"):
        plan = plans.ask(registry, found.question, title="x", actor=operator)
        plans.finish(registry, plan.id, found, now=NOON, seconds=1.0)
    assert (plan.status, plan.sites) == ("infeasible", [])


def test_the_fewest_sites_that_reach_everybody_are_found_and_who_is_beyond_is_told(ask: Ask) -> None:
    found = ask(problem=Problem.LEAST, count=None)
    assert sorted(names(found)) == sorted(["乙", "丙", "丁", "戊"])
    assert found.summary["objective"] == 4
    assert found.summary["after"] == pytest.approx(15_000)
    without = ask(problem=Problem.LEAST, count=None, must_not=(key(found, "丁"),))
    assert without.summary["beyond"] == pytest.approx(2_000)
    assert len(without.sites) == 3


def test_the_middles_of_the_fullest_cells_can_be_candidates_and_their_number_is_bounded(ask: Ask) -> None:
    found = ask(offer=Offer(Source.CELLS, most=3), count=1)
    assert found.basis["candidates"] == 3
    assert found.sites["people"].tolist() == pytest.approx([4_000])
    assert ask(offer=Offer(Source.PLACES, most=2), count=1).basis["candidates_found"] == 5


def test_planned_stations_can_be_candidates_by_their_code(ask: Ask, registry: Session, operator: int) -> None:
    with pytest.raises(Invalid, match="no planned station with a position"):
        ask(offer=Offer(Source.PLANNED), count=1)
    fresh(registry)
    with acting(registry, operator, reason="a plan"):
        made = add(registry, names={"zh": "新站"}, kind="union_station", lifecycle="planned")
        made.location = "SRID=4326;POINT(101.9 36.6)"  # type: ignore[assignment]
    found = ask(offer=Offer(Source.PLANNED), count=1)
    assert found.sites["key"].tolist() == [made.code]
    assert found.sites["people"].tolist() == pytest.approx([2_000])


def test_a_station_that_is_shut_at_the_moment_reaches_nobody_and_hours_tell_the_difference(ask: Ask) -> None:
    reach = replace(REACH, at=NOON.replace(hour=3), around_the_clock=True)
    found = ask(reach=reach, count=1)
    assert names(found) == ["甲"]
    newly = found.hours.set_index("hour")["newly"]
    assert newly[3] == pytest.approx(5_000)
    assert newly[12] == 0
    assert found.hours["stations"].sum() == 12


def test_the_points_of_a_layer_can_be_candidates_and_a_layer_that_a_plan_names_is_kept_for_it(
    ask: Ask, registry: Session, operator: int, tmp_path: Path
) -> None:
    def bring(name: str, path: Path, **reading: Any) -> int:
        fresh(registry)
        facts = Facts(name, "other", "处", "民政", None, 2026)
        with acting(registry, operator, reason=name):
            return layers.add(registry, path, facts, Reading(**reading), actor=operator, now=NOON).id

    rows = [(101.7, 36.6, 1), (101.9, 36.6, 1)]
    halls = bring("社区", table(tmp_path / "halls.csv", ("经度", "纬度", "数量"), rows), datum=Datum.WGS84)
    grid = bring("网格", raster(tmp_path / "grid.tif", np.ones((4, 4)), west=101.5, north=36.7))
    found = ask(offer=Offer(Source.LAYER, "社区"), count=1)
    assert found.sites["people"].tolist() == pytest.approx([3_000])
    assert found.sites["lon"].tolist() == pytest.approx([101.7], abs=2e-4)
    with pytest.raises(Invalid, match="'网格' was made of raster and has no points to stand at"):
        ask(offer=Offer(Source.LAYER, "网格"), count=1)
    fresh(registry)
    with acting(registry, operator, reason="a plan"):
        plans.ask(registry, found.question, title="社区", actor=operator)
    fresh(registry)
    with acting(registry, operator, reason="enough"):
        assert layers.remove(registry, halls, now=NOON) is False
        assert layers.remove(registry, grid, now=NOON) is True


def test_the_table_is_that_of_the_model(registry: Session) -> None:
    assert [each for each in differences(registry.connection()) if "siting" in str(each)] == []


def test_only_the_region_asked_about_counts_and_one_that_is_not_there_is_named(ask: Ask) -> None:
    found = ask(reach=replace(REACH, region="630100"), count=1)
    assert names(found) == ["丙"]
    assert found.summary["people"] == pytest.approx(9_000)
    with pytest.raises(NotFound, match="999999"):
        ask(priority=(("999999", 2.0),))


def test_a_question_that_would_outgrow_the_memory_is_refused_before_it_is_measured(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizing, "_MOST_PAIRS", 3)
    with pytest.raises(Invalid, match="ask for larger cells, fewer candidates or a shorter limit"):
        ask()


WISHES: dict[Problem, dict[str, Any]] = {
    Problem.LEAST: {"count": None}, Problem.MEDIAN: {"beyond_min": 60.0}, Problem.CAPACITATED: {"holds": 2_500.0},
    Problem.BACKUP: {"once": 0.5},
}  # fmt: skip


@pytest.mark.parametrize("problem", list(Problem))
def test_an_answer_that_claims_what_is_not_so_is_never_returned(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, problem: Problem
) -> None:
    solve = searching._SOLVERS[problem]

    def lie(*arguments: Any, **more: Any) -> Answer:
        answer = solve(*arguments, **more)
        return replace(answer, serves=(np.arange(4), *answer.serves[1:]))

    wishes = {"problem": problem, "count": 4} | WISHES.get(problem, {})
    ask(**wishes)
    monkeypatch.setitem(searching._SOLVERS, problem, lie)
    with pytest.raises(SitingError, match="the answer is not what it says"):
        ask(**wishes)


def test_a_least_plan_that_misses_somebody_is_never_returned(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = searching._SOLVERS[Problem.LEAST]

    def short(*arguments: Any, **more: Any) -> Answer:
        answer = whole(*arguments, **more)
        return replace(
            answer, sites=answer.sites[:-1], adds=answer.adds[:-1], serves=answer.serves[:-1],
            objective=answer.objective - 1, bound=answer.bound - 1,
        )  # fmt: skip

    monkeypatch.setitem(searching._SOLVERS, Problem.LEAST, short)
    with pytest.raises(SitingError, match="can be reached and is not"):
        ask(problem=Problem.LEAST, count=None)


def test_told_to_stop_a_search_returns_a_plan_and_does_not_call_it_best_without_a_proof(
    registry: Session,
) -> None:
    question = SitingQuestion(reach=REACH, count=2)
    steps: list[str] = []
    found = propose(
        registry, question, now=NOON, told=lambda step, share: steps.append(step), stop=lambda: True
    )
    assert list(dict.fromkeys(steps)) == list(proposing.STEPS)
    if found.answer.gap > 1e-6:
        assert found.answer.status == "stopped"
    assert len(found.sites) <= 2


def test_a_plan_is_kept_whole_once_and_listed_until_it_is_removed(
    ask: Ask, registry: Session, operator: int
) -> None:
    found = ask()
    fresh(registry)
    with acting(registry, planner(registry, "plans", "630000"), reason="a plan"):
        plan = plans.ask(registry, found.question, title=" 两个 ", actor=operator)
        plans.finish(registry, plan.id, found, now=NOON, seconds=1.5)
    registry.expire_all()
    kept = plans.get(registry, plan.id)
    assert SitingQuestion.of_dict(kept.question) == found.question
    assert (kept.title, kept.status) == ("两个", "optimal")
    assert kept.sites is not None
    assert [site["name"] for site in kept.sites] == ["戊", "丙"]
    arrays = plans.arrays_of(kept)
    assert set(arrays) == set(plans.ARRAYS)
    assert arrays["weight"][arrays["served"] == 1].sum() == pytest.approx(4_000)
    assert set(kept.versions) >= {"highspy", "numpy"}
    with pytest.raises(Conflict, match="has its answer already"):
        plans.finish(registry, plan.id, found, now=NOON, seconds=1.5)
    fresh(registry)
    with acting(registry, operator, reason="enough"):
        plans.remove(registry, plan.id, now=NOON)
    assert plans.listed(registry) == []
    with pytest.raises(NotFound, match=f"no plan of sites {plan.id}"):
        plans.get(registry, plan.id)


def test_half_an_answer_cannot_be_kept(registry: Session, operator: int) -> None:
    with (
        pytest.raises(IntegrityError, match="ck_siting_plans_whole"),
        acting(registry, operator, reason="half"),
    ):
        plan = plans.ask(registry, SitingQuestion(reach=REACH, count=1), title="x", actor=operator)
        plan.status = "optimal"
        registry.flush()


def test_who_does_not_plan_keeps_no_plan(registry: Session) -> None:
    keeper = planner(registry, "keeps", "630000", role="editor")
    with pytest.raises(NotAllowed), acting(registry, keeper, reason="x"):
        plans.ask(registry, SitingQuestion(reach=REACH, count=1), title="x", actor=keeper)


CODES = st.from_regex(r"[0-9]{6}", fullmatch=True)
AMOUNTS = st.floats(0.001, 1_000)


@given(
    st.builds(
        SitingQuestion,
        reach=st.builds(CoverageQuestion, region=st.none() | CODES, size_m=st.floats(50, 50_000)),
        problem=st.sampled_from((Problem.MAXIMAL, Problem.LEAST)),
        further=st.builds(Further, curve_to=st.none() | st.integers(0, 99), alternatives=st.integers(0, 9)),
        offer=st.builds(Offer, most=st.integers(1, 20_000)) | st.just(Offer(Source.LAYER, "社区")),
        count=st.integers(1, 10_000),
        cost=AMOUNTS,
        budget=st.none() | AMOUNTS,
        priority=st.dictionaries(CODES, AMOUNTS, max_size=3).map(lambda each: tuple(each.items())),
        floors=st.dictionaries(CODES, st.integers(1, 9), max_size=3).map(lambda each: tuple(each.items())),
        must=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        seed=st.integers(0, 2**31 - 1),
    )
)
def test_a_question_is_read_back_as_it_was_written(question: SitingQuestion) -> None:
    assert SitingQuestion.of_dict(question.as_dict()) == question


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({}, "how many sites, or for how much money"),
        ({"count": 0}, "0 sites are none"),
        ({"budget": 5.0}, "needs the cost of a site"),
        ({"count": 1, "costs": (("a", 1.0),)}, "what do the others cost"),
        ({"count": 1, "cost": float("nan")}, "cost: nan is no number"),
        ({"count": 1, "spacing_m": -1.0}, "spacing_m: -1.0 is no number"),
        ({"count": 1, "priority": (("630000", 0.0),)}, "a person of 630000 counts for 0.0"),
        ({"count": 1, "priority": (("630000", 1.0), ("630000", 2.0))}, "stands there twice"),
        ({"count": 1, "floors": (("630000", 0),)}, "a floor of 0 for 630000"),
        ({"count": 1, "each": "street"}, "each of what"),
        ({"count": 1, "must": ("a",), "must_not": ("a",)}, "a is must and must-not at once"),
        ({"count": 1, "seconds": 0.0}, "0.0 seconds of search"),
        ({"count": 1, "gap": 1.0}, "a gap of 1.0 is none"),
        ({"count": 1, "seed": -1}, "a seed of -1 is none"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        SitingQuestion(**wishes)


@pytest.mark.parametrize(
    "given", [{"sites": 1}, {"count": "many"}, {"count": 1, "offer": {"source": "moon"}}, {"costs": 5}]
)
def test_what_is_no_question_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        SitingQuestion.of_dict(given)


def test_what_the_search_says_of_numbers_is_told_of_keys() -> None:
    keys = ["甲", "乙", "丙"]
    assert said("sites 0 and 2 are both must", keys) == "sites 甲 and 丙 are both must"
    assert said("site 0, 1, 2 and 4 more must be chosen", keys) == "site 甲, 乙, 丙 and 4 more must be chosen"
    assert said("allow 1 more than 2 sites", keys) == "allow 1 more than 2 sites"
