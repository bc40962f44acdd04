"""Every problem of siting over a small registry, against all plans that there are, and what is told beyond a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.planning import CoverageQuestion
from stations.planning.siting import Further, Problem, Proposal, SitingQuestion, propose
from stations.planning.siting.proposing import Measured
from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import fill_squares
from tests.stations.siting_registry import fill

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
#: A limit that lets 丁 and 戊 reach each other's people, so that plans differ in more than one way.
REACH = CoverageQuestion(size_m=500.0, limits_min=(15, 240, 600), main_min=240)
Ask = Callable[..., Proposal]


@pytest.fixture(scope="module")
def ask(new_database: Callable[[], str]) -> Iterator[Ask]:
    """Proposals over one small registry, in which nothing is written."""
    engine = create_engine(new_database())
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        fill(session, operator)

        def asked(**wishes: Any) -> Proposal:
            return propose(session, SitingQuestion(**{"reach": REACH, "count": 2} | wishes), now=NOON)

        yield asked
        session.rollback()
    engine.dispose()


def seconds(measured: Measured) -> np.ndarray[Any, Any]:
    """Return the seconds of each candidate to everybody, dense, inf beyond what was measured."""
    cover = measured.asked.cover
    found = np.full((cover.sites, cover.demands), np.inf)
    found[measured.site, cover.demand] = measured.asked.seconds
    return found


def best(found: Proposal, worth: Callable[[list[int]], float], choose: Callable[..., float]) -> float:
    sites = range(found.measured.asked.cover.sites)
    count = found.question.count or 0
    return choose(worth(list(plan)) for plan in combinations(sites, count))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_median_is_the_plan_with_the_least_minutes_of_all_plans(ask: Ask, count: int) -> None:
    found = ask(problem=Problem.MEDIAN, count=count)
    measured = found.measured
    far, cap = seconds(measured), np.minimum(measured.existing_s, 600 * 60.0)

    def worth(plan: list[int]) -> float:
        return float(measured.people @ np.minimum(cap, far[plan].min(axis=0)))

    assert found.answer.status == "optimal"
    assert found.answer.objective == pytest.approx(best(found, worth, min))
    people = found.summary["people"]
    assert found.summary["mean_s_after"] == pytest.approx(found.answer.objective / people)
    assert found.summary["mean_s_before"] == pytest.approx(float(measured.people @ cap) / people)
    assert found.summary["worst_s_after"] <= found.summary["worst_s_before"]


def test_the_centre_is_the_plan_whose_longest_way_is_shortest_and_who_is_out_of_reach_holds_nobody_up(
    ask: Ask,
) -> None:
    found = ask(problem=Problem.CENTRE, count=2)
    measured = found.measured
    far, cap = seconds(measured), np.minimum(measured.existing_s, 600 * 60.0)
    can = np.isfinite(measured.existing_s) | np.isfinite(far).any(axis=0)

    def worth(plan: list[int]) -> float:
        return float(np.minimum(cap, far[plan].min(axis=0))[can].max())

    assert found.answer.status == "optimal"
    assert found.answer.objective == pytest.approx(best(found, worth, min))
    near = ask(problem=Problem.CENTRE, count=1, beyond_min=240.0, must_not=tuple(found.sites["key"]))
    assert near.summary["out_of_reach"] >= 0
    assert near.answer.status == "optimal"


@pytest.mark.parametrize("once", [0.0, 0.5, 1.0])
def test_backup_gives_most_people_a_second_station(ask: Ask, once: float) -> None:
    found = ask(problem=Problem.BACKUP, count=2, once=once)
    measured = found.measured
    near, rise = seconds(measured) <= measured.limit_s, np.array([0.0, once, 1.0])

    def worth(plan: list[int]) -> float:
        times = np.minimum(measured.times + near[plan].sum(axis=0), 2)
        return float(measured.people @ (rise[times] - rise[np.minimum(measured.times, 2)]))

    assert found.answer.status == "optimal"
    assert found.answer.objective == pytest.approx(best(found, worth, max))
    assert found.summary["twice_after"] >= found.summary["twice_before"]


def test_no_site_serves_more_than_it_holds(ask: Ask) -> None:
    found = ask(problem=Problem.CAPACITATED, count=2, holds=2_500.0, stations_hold=1_000.0)
    assert found.answer.status == "optimal"
    # Each of the two is full, and so is the one station.
    assert found.answer.objective == pytest.approx(6_000)
    assert found.summary["served_before"] == pytest.approx(1_000)
    assert found.sites["adds"].tolist() == pytest.approx([2_500, 2_500])
    roomy = ask(problem=Problem.CAPACITATED, count=2, holds=2_500.0)
    assert roomy.answer.objective == pytest.approx(7_500)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"problem": Problem.CAPACITATED}, "how many people can a site serve"),
        ({"problem": Problem.CAPACITATED, "holds": -1.0}, "holds: -1.0 is no number"),
        ({"holds": 5.0}, "holds belongs to capacitated, not to maximal: leave it out"),
        ({"problem": Problem.MEDIAN, "once": 0.5}, "once belongs to backup, not to median"),
        ({"problem": Problem.BACKUP, "once": 2.0}, "being reached once cannot count 2.0"),
        ({"problem": Problem.MEDIAN, "beyond_min": 5.0}, "counts as 5.0 minutes away\\? give 240 to 1440"),
        ({"problem": Problem.MEDIAN, "count": None}, "how many sites, or for how much money"),
        ({"everybody": True}, "everybody belongs to backup"),
    ],
)
def test_a_wish_of_another_problem_is_refused_in_words(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        SitingQuestion(**{"reach": REACH, "count": 2} | wishes)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"alternatives": 21}, "alternatives: 21 is not between 0 and 20"),
        ({"differing": 0}, "plans that differ in 0 sites are the same"),
        ({"spread": 0.0}, "a spread of 0.0 is none"),
        ({"curve_to": -1}, "curve_to: -1 is not between"),
    ],
)
def test_what_cannot_be_told_beyond_a_plan_is_refused(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        Further(**wishes)


@pytest.mark.parametrize("problem", [Problem.MAXIMAL, Problem.MEDIAN])
def test_the_curve_tells_the_best_plan_of_every_number_of_sites(ask: Ask, problem: Problem) -> None:
    found = ask(problem=problem, count=2, further=Further(curve_to=5))
    points = {point["count"]: point for point in found.further["curve"]}
    assert sorted(points) == [0, 1, 2, 3, 4, 5]
    assert points[2]["objective"] == pytest.approx(found.answer.objective)
    for count in (1, 2, 3, 5):
        alone = ask(problem=problem, count=count, further=Further(curve_to=0))
        assert "curve" not in alone.further
        best_there, told = alone.answer.objective, points[count]
        low, high = sorted((told["objective"], told["bound"]))
        assert low * (1 - 1e-9) <= best_there <= high * (1 + 1e-9)
        if told["status"] == "optimal":
            assert told["objective"] == pytest.approx(best_there)


def test_alternatives_really_differ_and_none_is_better_than_the_plan(ask: Ask) -> None:
    found = ask(count=2, further=Further(alternatives=2, differing=1))
    first = set(found.sites["key"])
    plans = [first, *({site["key"] for site in each["sites"]} for each in found.further["alternatives"])]
    assert len(plans) == 3
    assert all(later - earlier for later in plans for earlier in plans if later is not earlier)
    worths = [each["newly"] for each in found.further["alternatives"]]
    assert found.summary["newly"] >= worths[0] >= worths[1]
    assert [each["shared"] for each in found.further["alternatives"]] == [
        len(first & plan) for plan in plans[1:]
    ]


@pytest.mark.parametrize("problem", list(Problem))
def test_every_problem_is_told_beyond_its_plan_as_far_as_that_says_anything(
    ask: Ask, problem: Problem
) -> None:
    count = None if problem is Problem.LEAST else 2
    # A least cover within four hours leaves a choice of sites, so that another plan can differ.
    holds = 2_500.0 if problem is Problem.CAPACITATED else None
    found = ask(problem=problem, count=count, holds=holds, further=Further(alternatives=1, runs=2))
    assert ("curve" in found.further) == (problem in (Problem.MAXIMAL, Problem.MEDIAN))
    assert ("stability" in found.further) == (problem not in (Problem.LEAST, Problem.CENTRE))
    (other,) = found.further["alternatives"]
    assert other["status"] == "optimal"
    better = 1.0 if problem.rising else -1.0
    assert better * (other["objective"] - found.answer.objective) <= 1e-6
    assert any(not site["shared"] for site in other["sites"])


def test_stability_tells_in_how_many_runs_a_site_is_chosen_and_what_standing_by_the_plan_costs(
    ask: Ask,
) -> None:
    found = ask(count=2, further=Further(runs=5, spread=0.1))
    told = found.further["stability"]
    assert told["runs"] == told["proven"] == 5
    assert 0 <= told["mean_regret"] <= told["largest_regret"] < 1
    assert all(0 <= share <= 1 for share in found.sites["chosen_share"])
    assert ask(count=2).sites["chosen_share"].tolist() == [None, None]


@pytest.mark.parametrize("problem", [Problem.MAXIMAL, Problem.MEDIAN, Problem.BACKUP, Problem.LEAST])
@pytest.mark.parametrize("wishes", [{}, {"spacing_m": 15_000.0}, {"floors": (("630222", 1),)}])
def test_the_runner_up_of_a_site_is_the_best_candidate_in_its_place_that_the_rules_allow(
    ask: Ask, problem: Problem, wishes: dict[str, Any]
) -> None:
    # Four stations are enough here, so that a least cover takes all that it needs.
    reach = replace(REACH, main_min=15) if problem is Problem.LEAST else REACH
    count = None if problem is Problem.LEAST else 2
    found = ask(problem=problem, reach=reach, count=count, **({} if problem is Problem.LEAST else wishes))
    measured, chosen = found.measured, found.answer.sites.tolist()
    far, cap = seconds(measured), np.minimum(measured.existing_s, measured.search_s)
    near, rules = far <= measured.limit_s, measured.asked.rules
    keys = list(found.offered.table["key"])
    rise = np.array([0.0, 0.0, 1.0]) if problem is Problem.BACKUP else np.array([0.0, 1.0, 1.0])

    def worth(plan: list[int]) -> float:
        if problem is Problem.MEDIAN:
            return -float(measured.people @ np.minimum(cap, far[plan].min(axis=0)))
        return float(measured.people @ rise[np.minimum(measured.times + near[plan].sum(axis=0), 2)])

    def people(plan: list[int]) -> float:
        return float(measured.people[(measured.times + near[plan].sum(axis=0)) > 0].sum())

    for site, told in zip(chosen, found.sites["runner_up"], strict=True):
        rest = [each for each in chosen if each != site]
        can = [
            each
            for each in range(len(keys))
            if each not in chosen and not replace(rules, count=None).broken([*rest, each], len(keys))
        ]
        if not can:
            assert told is None
            continue
        losses = {keys[each]: worth(chosen) - worth([*rest, each]) for each in can}
        assert told["loss"] == pytest.approx(min(losses.values()))
        assert losses[told["key"]] == pytest.approx(told["loss"])
        with_it = [*rest, keys.index(told["key"])]
        assert told["people"] == pytest.approx(people(with_it) - people(chosen))
