"""p-median: every small question answered as by trying all plans, by each way of searching; published instances proven."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from geo.errors import SitingError
from geo.siting import (
    Answer,
    Cover,
    Floor,
    Limits,
    MaximalCover,
    Median,
    Rules,
    Status,
    solve_maximal,
    solve_median,
)
from geo.siting.benders import Benders
from geo.siting.branching import branch
from geo.siting.certify_distance import certify_median
from geo.siting.levels import level
from geo.siting.price import Worth
from geo.siting.quick import Room, greedy, improve
from geo.siting.rows import rule_rows
from geo.siting.savings import Nearest, Savings, reduce_savings
from geo.siting.solver import Ended

LIMITS = Limits(seconds=20)
SHARED = Path(__file__).resolve().parents[3] / "shared/data/siting"
OPTIMA = {"pmed1": 5819, "pmed2": 4093, "pmed3": 4250, "pmed6": 7824, "pmed11": 7696, "pmed16": 8162}
THERE = [name for name in OPTIMA if (SHARED / f"{name}.txt").exists()]


def plans(rules: Rules, sites: int) -> list[tuple[int, ...]]:
    return [
        chosen
        for size in range(sites + 1)
        for chosen in combinations(range(sites), size)
        if not rules.broken(chosen, sites)
    ]


@st.composite
def raws(draw: st.DrawFn, *, plain: bool = False) -> dict[str, Any]:
    """The arguments of a small question, distances with many ties, some pairs given twice."""
    sites, demands = draw(st.integers(1, 7)), draw(st.integers(1, 9))
    index = st.integers(0, sites - 1)
    pairs = draw(
        st.lists(
            st.tuples(index, st.integers(0, demands - 1), st.integers(0, 9)), max_size=sites * demands + 3
        )
    )
    must = set() if plain else draw(st.sets(index, max_size=2))
    count = draw(st.integers(len(must), sites))
    cost = draw(st.lists(st.integers(1, 5), min_size=sites, max_size=sites))
    least = max([min(cost), sum(cost[site] for site in must)])
    budget = None if plain else draw(st.none() | st.integers(least, 20))
    apart = [] if plain else draw(st.lists(st.tuples(index, index).filter(lambda p: p[0] < p[1]), max_size=3))
    floors = []
    for name in range(0 if plain else draw(st.integers(0, 2))):
        inside = sorted(draw(st.sets(index, min_size=1, max_size=sites)))
        floors.append(Floor(f"area {name}", np.array(inside), draw(st.integers(0, min(2, len(inside))))))
    rules = Rules.of(
        count=count, cost=cost, budget=budget, must=sorted(must), floors=floors,
        apart=[pair for pair in apart if not set(pair) <= must],
    )  # fmt: skip
    try:
        rules.check(sites)
    except SitingError:  # floors beyond the count
        rules = replace(rules, floors=())
    scale = draw(st.sampled_from([1.0, 0.37]))
    return {
        "site": [s for s, _, _ in pairs],
        "demand": [d for _, d, _ in pairs],
        "distance": [scale * far for _, _, far in pairs],
        "weight": draw(st.lists(st.integers(0, 5), min_size=demands, max_size=demands)),
        "rules": rules,
        "sites": sites,
        "existing": draw(
            st.lists(st.sampled_from([0.0, 3.0, 8.0, math.inf]), min_size=demands, max_size=demands)
        ),
        "penalty": draw(st.sampled_from([6.0, 12.0])),
    }


def by_trying(asked: Median) -> float | None:
    return min((asked.value(chosen) for chosen in plans(asked.rules, asked.sites)), default=None)


def by_hand(raw: dict[str, Any], chosen: tuple[int, ...]) -> float:
    """What a plan costs, one demand after the other."""
    total = 0.0
    for demand, weight in enumerate(raw["weight"]):
        far = [
            metres
            for site, column, metres in zip(raw["site"], raw["demand"], raw["distance"], strict=True)
            if column == demand and site in chosen
        ]
        total += weight * min([*far, raw["existing"][demand], raw["penalty"]])
    return total


@settings(max_examples=60, deadline=None)
@given(raws())
def test_every_small_question_is_answered_as_by_trying_all_plans(raw: dict[str, Any]) -> None:
    asked = Median.of(**raw)
    best, found = by_trying(asked), solve_median(asked, LIMITS)
    if best is None:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        assert found.relaxation
        return
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best, abs=1e-9)
    assert found.objective == pytest.approx(by_hand(raw, tuple(found.sites.tolist())))
    assert found.bound == pytest.approx(best, abs=1e-6)
    certify_median(found, **raw)


@settings(max_examples=60, deadline=None)
@given(raws())
def test_cuts_over_the_sites_alone_find_the_same_and_no_fraction_lies_below(raw: dict[str, Any]) -> None:
    asked = Median.of(**raw)
    best = by_trying(asked)
    small = reduce_savings(asked.savings, asked.rules)
    assume(len(small.sites))
    cuts = Benders(small, *rule_rows(asked.rules, small.sites, asked.sites), LIMITS)
    bounds: list[float] = []

    def seen(y: Any, bound: float) -> bool:
        bounds.append(bound)
        return True

    until = 1e18
    ended = cuts.relax(until, seen)
    if best is not None:
        assert ended is Ended.OPTIMAL
        assert asked.whole - bounds[-1] - small.fixed <= best + 1e-6
    values: list[float] = []

    def whole(y: Any, bound: float) -> bool:
        bounds.append(bound)
        values.append(asked.value(np.concatenate([asked.rules.must, small.sites[y > 0.5]])))
        return True

    ended = cuts.search(until, None, whole)
    if best is None:
        assert ended is Ended.INFEASIBLE
        return
    assert ended is Ended.OPTIMAL
    assert min(values) == pytest.approx(best, abs=1e-6)
    assert asked.whole - bounds[-1] - small.fixed == pytest.approx(best, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(raws(plain=True))
def test_choosing_and_barring_one_by_one_finds_the_same(raw: dict[str, Any]) -> None:
    asked = Median.of(**raw)
    small = reduce_savings(asked.savings, asked.rules)
    count = asked.rules.count
    assert count is not None
    values = [0.0]
    bound, ended = branch(
        small, count, start=np.zeros(small.savings.demands), known=0.0, step=1e-6, nodes=10_000,
        found=lambda sites, saved: values.append(asked.whole - asked.value(small.sites[sites])),
        go_on=lambda bound: True,
    )  # fmt: skip
    best = asked.whole - min(asked.value(chosen) for chosen in plans(asked.rules, asked.sites))
    assert ended is Ended.OPTIMAL
    assert values[-1] == pytest.approx(best, abs=2e-6)
    assert best - 1e-9 <= bound <= best + 1e-5


@settings(max_examples=50, deadline=None)
@given(raws())
def test_no_plan_saves_more_than_levels_say(raw: dict[str, Any]) -> None:
    asked = Median.of(**raw)
    small = reduce_savings(asked.savings, asked.rules)
    most = Worth(asked.rules, small.sites, asked.sites)
    found = level(small.savings, small.bonus, most, known=0.0, steps=50)
    best = by_trying(asked)
    if best is not None:
        assert asked.whole - found.bound - small.fixed <= best + 1e-6


@settings(max_examples=50, deadline=None)
@given(raws(plain=True), st.data())
def test_a_smaller_question_is_worth_the_same(raw: dict[str, Any], data: st.DataObject) -> None:
    asked = Median.of(**raw)
    index = st.integers(0, asked.sites - 1)
    must = sorted(data.draw(st.sets(index, max_size=2)))
    barred = sorted(data.draw(st.sets(index, max_size=2)) - set(must))
    rules = Rules.of(count=asked.sites, must=must, must_not=barred)
    small = reduce_savings(asked.savings, rules)
    chosen = sorted(data.draw(st.sets(st.integers(0, 6), max_size=3)) & set(range(len(small.sites))))
    saved = small.fixed + small.savings.saved(chosen).sum() + small.bonus[chosen].sum()
    assert asked.value(np.union1d(must, small.sites[chosen])) == pytest.approx(asked.whole - saved)


@settings(max_examples=50, deadline=None)
@given(raws(plain=True), st.data())
def test_what_each_site_would_save_is_kept_true_while_sites_come_and_go(
    raw: dict[str, Any], data: st.DataObject
) -> None:
    savings = Median.of(**raw).savings
    bonus = np.arange(savings.sites) / 7
    plan = Nearest(savings, bonus)
    for site in data.draw(st.lists(st.integers(0, savings.sites - 1), max_size=12)):
        if plan.chosen[site]:
            lost, told = plan.loss(site), plan.drop(site)
            assert lost == pytest.approx(told)
        else:
            plan.add(site)
        chosen = np.flatnonzero(plan.chosen)
        worth = savings.saved(chosen).sum() + bonus[chosen].sum()
        assert plan.value == pytest.approx(worth)
        for other in np.flatnonzero(~plan.chosen).tolist():
            more = savings.saved([*chosen, other]).sum() + bonus[chosen].sum() + bonus[other]
            assert plan.gain[other] == pytest.approx(more - worth)


@settings(max_examples=60, deadline=None)
@given(raws(plain=True))
def test_the_median_is_a_maximal_cover_of_all_radii(raw: dict[str, Any]) -> None:
    """Elloumi 2010: what is saved is the sum over radii of what is reached within each."""
    asked = Median.of(**raw)
    site: list[int] = []
    ring: list[int] = []
    weight: list[float] = []
    for demand in range(len(asked.weight)):
        at = slice(asked.starts[demand], asked.starts[demand + 1])
        radii = [*np.unique(asked.distance[at]).tolist(), asked.beyond[demand]]
        for near, further in pairwise(radii):
            for each in asked.site[at][asked.distance[at] <= near].tolist():
                site.append(each)
                ring.append(len(weight))
            weight.append(asked.weight[demand] * (further - near))
    if not weight:
        return
    cover = Cover.of_pairs(site, ring, sites=asked.sites, demands=len(weight))
    twin = solve_maximal(MaximalCover.of(cover, weight, asked.rules), LIMITS)
    found = solve_median(asked, LIMITS)
    assert asked.whole - found.objective == pytest.approx(twin.objective, abs=1e-6)


def graph(text: str) -> tuple[np.ndarray, int]:
    """Read an instance of OR-Library: all shortest paths, and how many sites. A repeated edge counts as given last."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    nodes, _, count = map(int, lines[0])
    edges = {tuple(sorted((int(i) - 1, int(j) - 1))): float(cost) for i, j, cost in lines[1:]}
    ends = np.array(list(edges))
    matrix = csr_array((list(edges.values()), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    return shortest_path(matrix, directed=False), count


def everywhere(metres: np.ndarray, count: int) -> dict[str, Any]:
    nodes = len(metres)
    site, demand = np.divmod(np.arange(nodes * nodes), nodes)
    return {
        "site": site, "demand": demand, "distance": metres.ravel(), "weight": np.ones(nodes),
        "rules": Rules.of(count=count), "sites": nodes, "existing": metres.max(axis=0),
    }  # fmt: skip


def test_the_reader_takes_the_last_line_of_a_repeated_edge() -> None:
    metres, count = graph(" 3 3 1\n 1 2 5\n 2 3 4\n 2 1 7\n")
    assert count == 1
    assert metres.tolist() == [[0, 7, 11], [7, 0, 4], [11, 4, 0]]


@pytest.mark.parametrize("name", THERE)
def test_published_instances_are_proven(name: str) -> None:
    metres, count = graph((SHARED / f"{name}.txt").read_text())
    raw = everywhere(metres, count)
    found = solve_median(Median.of(**raw), Limits(seconds=60))
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == OPTIMA[name]
    certify_median(found, **raw)


def town(seed: int, *, people: int = 1500, halls: int = 120, count: int = 14) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    place, stand = rng.uniform(0, 10_000, (people, 2)), rng.uniform(0, 10_000, (halls, 2))
    metres = np.linalg.norm(stand[:, None] - place[None], axis=2)
    site, demand = np.nonzero(metres < 2_500)
    return {
        "site": site, "demand": demand, "distance": metres[site, demand],
        "weight": rng.integers(1, 50, people).astype(float), "rules": Rules.of(count=count), "sites": halls,
        "penalty": 3_000.0,
    }  # fmt: skip


def test_greedy_addition_and_interchange_come_near_the_proven_best() -> None:
    asked = Median.of(**town(4))
    small = reduce_savings(asked.savings, asked.rules)
    plan, room = Nearest(small.savings, small.bonus), Room(asked.rules, small.sites, asked.sites)
    greedy(plan, room)
    added = plan.value
    improve(plan, room)
    best = asked.whole - solve_median(asked, LIMITS).objective
    assert 0.63 * best <= added <= plan.value <= best + 1e-6
    assert plan.value >= 0.97 * best


def test_a_town_is_proven_and_answered_alike_twice() -> None:
    raw = town(5)
    first, again = (solve_median(Median.of(**raw), Limits(seconds=40, seed=3)) for _ in range(2))
    assert first.status is Status.OPTIMAL
    certify_median(first, **raw)
    assert first.sites.tolist() == again.sites.tolist()


def test_what_was_stopped_never_says_optimal_and_keeps_a_plan_and_a_bound() -> None:
    asked = Median.of(**town(6, people=4000, halls=400, count=40))
    for limits in (Limits(seconds=0.05), Limits(seconds=60, stop=lambda: True)):
        found = solve_median(asked, limits)
        assert found.status is Status.STOPPED
        assert 0 <= found.bound < found.objective <= asked.whole
        assert found.gap == Answer.gap_of(found.objective, found.bound) > 0
        assert found.seconds < 5


def test_a_gap_that_is_near_enough_ends_the_search() -> None:
    asked = Median.of(**town(7))
    found = solve_median(asked, Limits(seconds=40, gap=0.2))
    assert found.status in (Status.GAP, Status.OPTIMAL)
    assert found.gap <= 0.2


def test_an_existing_station_takes_whom_no_site_is_nearer_to() -> None:
    # Three places in a row, 1 apart; a station stands at the first one. One site more: at the far end both others gain
    # 2 + 0, in the middle 1 + 1.
    raw: dict[str, Any] = {
        "site": [0, 0, 0, 1, 1, 1], "demand": [0, 1, 2, 0, 1, 2], "distance": [1, 0, 1, 2, 1, 0],
        "weight": [5, 1, 3], "rules": Rules.of(count=1), "sites": 2, "existing": [0, 1, 2],
    }  # fmt: skip
    found = solve_median(Median.of(**raw), LIMITS)
    assert found.sites.tolist() == [1]
    assert found.objective == 1.0
    assert [served.tolist() for served in found.serves] == [[2]]
    assert found.adds.tolist() == [6.0]


CERTIFIED = town(8, people=300, halls=40, count=6)
ANSWER = solve_median(Median.of(**CERTIFIED), LIMITS)


@pytest.mark.parametrize(
    "corrupted",
    [
        lambda a: replace(a, objective=a.objective + 1),
        lambda a: replace(a, bound=a.objective + 1),
        lambda a: replace(a, bound=a.objective * 0.9, gap=Answer.gap_of(a.objective, a.objective * 0.9)),
        lambda a: replace(a, sites=np.append(a.sites[:-1], next(s for s in range(40) if s not in a.sites))),
        lambda a: replace(a, sites=a.sites[::-1], adds=a.adds[::-1], serves=a.serves[::-1]),
        lambda a: replace(a, adds=a.adds + 1),
        lambda a: replace(a, serves=(a.serves[0][1:], *a.serves[1:])),
        lambda a: replace(a, serves=(a.serves[1], a.serves[0], *a.serves[2:])),
        lambda a: replace(a, sites=a.sites[:-1], adds=a.adds[:-1], serves=a.serves[:-1]),
    ],
)
def test_a_corrupted_answer_fails(corrupted: Callable[[Answer], Answer]) -> None:
    certify_median(ANSWER, **CERTIFIED)
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certify_median(corrupted(ANSWER), **CERTIFIED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"penalty": None}, "demand 2 has no station yet: give a penalty"),
        ({"penalty": -1.0}, "a penalty of -1.0 is none"),
        ({"existing": [1, 2]}, "for 2 demand of 3"),
        ({"existing": [1, math.nan, 2]}, "the station nearest to demand 1 is"),
        ({"distance": [1, -1]}, "pair 1 is"),
        ({"distance": [1, math.nan]}, "pair 1 is"),
        ({"distance": [1]}, "one distance each"),
        ({"site": [0, 2]}, "a pair names site 0 to 2; there is 0 to 1"),
        ({"demand": [-1, 1]}, "a pair names demand -1 to 1; there is 0 to 2"),
        ({"weight": [1, 1, -1]}, "demand 2 weighs"),
        ({"weight": []}, "there is no demand"),
        ({"sites": 0}, "there are no candidates"),
        ({"rules": Rules.of(count=3)}, "3 sites are asked for and there are 2 candidates"),
        ({"rules": Rules.of()}, "give a count or a budget"),
    ],
)
def test_bad_questions_are_refused_by_name(change: dict[str, Any], said: str) -> None:
    raw: dict[str, Any] = {
        "site": [0, 1], "demand": [0, 1], "distance": [1, 2], "weight": [1, 1, 1], "rules": Rules.of(count=1),
        "sites": 2, "existing": [5, 5, math.inf], "penalty": 9.0,
    }  # fmt: skip
    with pytest.raises(SitingError, match=said):
        Median.of(**{**raw, **change})


def test_savings_leave_out_what_saves_nothing_and_rank_ties_by_number() -> None:
    found = Savings.of(
        np.array([0, 0, 0, 1]), np.array([2, 1, 0, 0]), np.array([3.0, 3.0, 0.0, 1.0]), demands=2, sites=3
    )
    assert found.starts.tolist() == [0, 2, 3]
    assert found.site.tolist() == [1, 2, 0]
