"""Maximal cover: every small question answered as by trying all plans, whatever the rules; and nothing said that is not known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SitingError
from geo.siting import Answer, Cover, Floor, Limits, MaximalCover, Rules, Status, closer_than, solve_maximal
from geo.siting.master import master
from geo.siting.price import Worth, price
from geo.siting.reduce import identical, reduce_cover
from geo.siting.solver import Ended

LIMITS = Limits(seconds=20)


def best_by_trying(asked: MaximalCover) -> float | None:
    """Return what the best plan reaches, by trying every set of sites; None where no set keeps to the rules."""
    sites = asked.cover.sites
    values = [
        asked.value(chosen)
        for size in range(sites + 1)
        for chosen in combinations(range(sites), size)
        if not asked.rules.broken(chosen, sites)
    ]
    return max(values, default=None)


@st.composite
def questions(draw: st.DrawFn) -> MaximalCover:
    sites, demands = draw(st.integers(1, 7)), draw(st.integers(1, 10))
    pairs = draw(
        st.lists(st.tuples(st.integers(0, sites - 1), st.integers(0, demands - 1)), max_size=sites * demands)
    )
    cover = Cover.of_pairs([s for s, _ in pairs], [d for _, d in pairs], sites=sites, demands=demands)
    weight = draw(st.lists(st.integers(0, 9), min_size=demands, max_size=demands))
    index = st.integers(0, sites - 1)
    must = draw(st.sets(index, max_size=2))
    count = draw(st.none() | st.integers(len(must), sites))
    cost = draw(st.lists(st.integers(1, 5), min_size=sites, max_size=sites))
    least = max([min(cost), sum(cost[site] for site in must)])
    budget = draw(st.integers(least, 20)) if count is None or draw(st.booleans()) else None
    apart = draw(st.lists(st.tuples(index, index).filter(lambda pair: pair[0] < pair[1]), max_size=3))
    apart = [pair for pair in apart if not set(pair) <= must]
    floors = []
    for name in range(draw(st.integers(0, 2))):
        inside = sorted(draw(st.sets(index, min_size=1, max_size=sites)))
        floors.append(Floor(f"area {name}", np.array(inside), draw(st.integers(0, min(2, len(inside))))))
    already = draw(st.lists(st.booleans(), min_size=demands, max_size=demands))
    rules = Rules.of(count=count, cost=cost, budget=budget, must=sorted(must), floors=floors, apart=apart)
    try:
        return MaximalCover.of(cover, weight, rules, already=already)
    except SitingError:  # floors beyond the count; told before a search, and tested below
        return MaximalCover.of(cover, weight, replace(rules, floors=()), already=already)


@settings(max_examples=90, deadline=None)
@given(questions())
def test_every_small_question_is_answered_as_by_trying_all_plans(asked: MaximalCover) -> None:
    best, found = best_by_trying(asked), solve_maximal(asked, LIMITS)
    if best is None:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        assert found.relaxation
        return
    assert found.status is Status.OPTIMAL
    assert found.objective == best
    assert asked.rules.broken(found.sites, asked.cover.sites) == []
    assert asked.value(found.sites) == best
    assert found.bound == pytest.approx(best)


@settings(max_examples=50, deadline=None)
@given(questions())
def test_the_search_over_sites_alone_finds_the_same(asked: MaximalCover) -> None:
    small = reduce_cover(asked.cover, asked.weight, asked.already, asked.rules)
    offset = small.fixed - float(asked.weight[asked.already].sum())
    best = best_by_trying(asked)
    chosen, bound, ended = master(
        small,
        asked.rules,
        asked.cover.sites,
        LIMITS,
        start=None,
        priced=None,
        known=-1.0,
        told=lambda *_: None,
    )
    if best is None:
        assert ended is Ended.INFEASIBLE
        return
    assert ended is Ended.OPTIMAL
    assert bound + offset == pytest.approx(best)
    assert chosen is not None
    assert asked.value(np.concatenate([asked.rules.must, chosen])) == pytest.approx(best)


@settings(max_examples=50, deadline=None)
@given(questions())
def test_no_plan_reaches_more_than_prices_say(asked: MaximalCover) -> None:
    small = reduce_cover(asked.cover, asked.weight, asked.already, asked.rules)
    offset = small.fixed - float(asked.weight[asked.already].sum())
    most = Worth(asked.rules, small.sites, asked.cover.sites)
    found = price(small.cover, small.weight, small.bonus, most, known=0.0, steps=60)
    best = best_by_trying(asked)
    if best is not None:
        assert found.bound + offset >= best - 1e-6


@settings(max_examples=40, deadline=None)
@given(questions(), st.data())
def test_a_smaller_question_is_worth_the_same(asked: MaximalCover, data: st.DataObject) -> None:
    small = reduce_cover(asked.cover, asked.weight, asked.already, asked.rules)
    offset = small.fixed - float(asked.weight[asked.already].sum())
    chosen = data.draw(st.lists(st.integers(0, max(0, small.cover.sites - 1)), unique=True, max_size=4))
    chosen = [site for site in chosen if site < small.cover.sites]
    reached = small.cover.reached(chosen) > 0
    worth = float(small.weight[reached].sum() + small.bonus[chosen].sum())
    whole = np.concatenate([asked.rules.must, small.sites[chosen]])
    assert asked.value(whole) == pytest.approx(worth + offset)


def rows(*held: list[int]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(row) for row in held)])
    return starts, np.array([site for row in held for site in row], dtype=np.int64)


def test_rows_that_collide_are_told_apart_all_the_same() -> None:
    starts, sites = rows([0, 3], [1, 2], [0, 3], [], [1, 2], [0, 1, 2], [])
    honest = identical(starts, sites)
    colliding = identical(starts, sites, key=np.zeros(4, dtype=np.uint64))
    assert len(set(honest.tolist())) == 4
    for numbers in (honest, colliding):
        assert numbers[0] == numbers[2] != numbers[1] == numbers[4]
        assert numbers[3] == numbers[6]
        assert len(set(numbers.tolist())) == 4


def islands(count: int) -> MaximalCover:
    """Sites on a line, each reaching its two neighbours: nothing that a search does not solve at once."""
    pairs = [
        (site, place) for site in range(count) for place in range(max(0, site - 1), min(count, site + 2))
    ]
    cover = Cover.of_pairs(*zip(*pairs, strict=True), sites=count, demands=count)
    return MaximalCover.of(cover, 1.0 + np.arange(count) % 7, Rules.of(count=count // 5))


def test_the_same_seed_gives_the_same_plan() -> None:
    first, again = (solve_maximal(islands(60), Limits(seconds=20, seed=5)) for _ in range(2))
    assert first.sites.tolist() == again.sites.tolist()
    assert first.objective == again.objective


def test_what_was_stopped_never_says_optimal_and_keeps_a_plan_and_a_bound() -> None:
    rng = np.random.default_rng(3)
    place, site = rng.uniform(0, 100, (3000, 2)), rng.uniform(0, 100, (400, 2))
    near = np.argwhere(np.linalg.norm(site[:, None] - place[None], axis=2) < 9)
    cover = Cover.of_pairs(near[:, 0], near[:, 1], sites=400, demands=3000)
    asked = MaximalCover.of(cover, rng.integers(1, 9, 3000), Rules.of(count=30))
    found = solve_maximal(asked, Limits(seconds=0.3))
    assert found.status is Status.STOPPED
    assert found.bound > found.objective > 0
    assert found.gap == Answer.gap_of(found.objective, found.bound) > 0
    stopped = solve_maximal(asked, Limits(seconds=60, stop=lambda: True))
    assert stopped.status is Status.STOPPED
    assert stopped.seconds < 5


def test_sites_come_in_the_order_of_what_they_add_and_name_whom_they_serve() -> None:
    found = solve_maximal(islands(60), LIMITS)
    assert (np.diff(found.adds) <= 0).all()
    assert found.adds.sum() == found.objective
    served = np.concatenate(found.serves)
    assert len(served) == len(set(served.tolist()))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules.of(count=9), "9 sites are asked for and there are 3 candidates: ask for 0 to 3"),
        (Rules.of(count=1, must=[0], must_not=[0]), "site 0 is must and must-not at once"),
        (Rules.of(count=1, must=[0, 1]), "ask for 2 or more"),
        (Rules.of(cost=[5, 6, 7], budget=4), "below the cheapest candidate: give 5 or more"),
        (Rules.of(cost=[5, 6, 7], budget=10, must=[0, 1]), "give 11 or more"),
        (Rules.of(cost=[5, np.nan, 7], budget=10), "a cost is a number of 0 or more"),
        (Rules.of(budget=10), "needs the cost of each candidate"),
        (
            Rules.of(count=3, floors=[Floor("民和", np.array([0]), 2)]),
            "民和 shall get 2 and has 1 candidates",
        ),
        (
            Rules.of(count=1, floors=[Floor("民和", np.array([0]), 1), Floor("化隆", np.array([1]), 1)]),
            "ask for 2 or more, or lower floors",
        ),
        (Rules.of(count=2, must=[0, 1], apart=[(0, 1)]), "lower the spacing or take one out"),
        (Rules.of(), "give a count or a budget"),
        (Rules.of(count=1, must=[7]), "must names site 7 to 7; there is 0 to 2"),
    ],
)
def test_a_contradiction_is_told_with_the_smallest_change_that_helps(rules: Rules, said: str) -> None:
    cover = Cover.of_pairs([0, 1, 2], [0, 1, 2], sites=3, demands=3)
    with pytest.raises(SitingError, match=said.replace("(", r"\(")):
        MaximalCover.of(cover, [1, 1, 1], rules)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ([1, -1, 1], "demand 1 weighs"),
        ([1, np.nan, 1], "demand 1 weighs"),
        ([1, 1], "2 weights were given for 3 demand"),
    ],
)
def test_weights_that_are_none_are_refused(weight: list[float], said: str) -> None:
    cover = Cover.of_pairs([0], [0], sites=1, demands=3)
    with pytest.raises(SitingError, match=said):
        MaximalCover.of(cover, weight, Rules.of(count=1))


def test_floors_whose_sites_stand_too_close_are_told_with_what_would_have_to_give() -> None:
    cover = Cover.of_pairs([0, 1, 2], [0, 1, 2], sites=3, demands=3)
    rules = Rules.of(count=2, floors=[Floor("民和", np.array([0, 1]), 2)], apart=[(0, 1)])
    found = solve_maximal(MaximalCover.of(cover, [1, 1, 1], rules), LIMITS)
    assert found.status is Status.INFEASIBLE
    assert found.relaxation in (
        "lower the floor of 民和 from 2 by 1",
        "let sites 0 and 1 stand that close",
    )


def test_a_spacing_keeps_what_lies_at_the_distance_itself() -> None:
    assert closer_than([(0, 0), (500, 0), (500, 499)], 500).tolist() == [[1, 2]]
    with pytest.raises(SitingError, match="metres of 0 or more"):
        closer_than([(0, 0)], -1)


def test_no_candidates_and_no_demand_are_named() -> None:
    with pytest.raises(SitingError, match="no candidates"):
        MaximalCover.of(Cover.of_pairs([], [], sites=0, demands=1), [1], Rules.of(count=0))
    with pytest.raises(SitingError, match="no demand"):
        MaximalCover.of(Cover.of_pairs([], [], sites=1, demands=0), [], Rules.of(count=1))
