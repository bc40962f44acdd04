"""Set covering: the least cost that reaches everybody who can be reached, as by trying all plans, whatever the rules."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SitingError
from geo.siting import Cover, Floor, LeastCover, Limits, Rules, Status, solve_least

LIMITS = Limits(seconds=20)


def least_by_trying(asked: LeastCover) -> float | None:
    sites = asked.cover.sites
    return min(
        (
            asked.cost(chosen)
            for size in range(sites + 1)
            for chosen in combinations(range(sites), size)
            if not asked.rules.broken(chosen, sites) and not len(asked.missed(chosen))
        ),
        default=None,
    )


@st.composite
def questions(draw: st.DrawFn) -> LeastCover:
    sites, demands = draw(st.integers(1, 7)), draw(st.integers(1, 10))
    pairs = draw(
        st.lists(st.tuples(st.integers(0, sites - 1), st.integers(0, demands - 1)), max_size=sites * demands)
    )
    cover = Cover.of_pairs([s for s, _ in pairs], [d for _, d in pairs], sites=sites, demands=demands)
    index = st.integers(0, sites - 1)
    must = draw(st.sets(index, max_size=1))
    must_not = draw(st.sets(index, max_size=1)) - must
    cost = draw(st.none() | st.lists(st.integers(1, 5), min_size=sites, max_size=sites))
    apart = draw(st.lists(st.tuples(index, index).filter(lambda pair: pair[0] < pair[1]), max_size=2))
    floors = []
    for name in range(draw(st.integers(0, 2))):
        inside = sorted(draw(st.sets(index, min_size=1, max_size=sites)) - must_not)
        if inside:
            least = draw(st.integers(0, min(2, len(inside))))
            floors.append(Floor(f"area {name}", np.array(inside), least))
    already = draw(st.lists(st.booleans(), min_size=demands, max_size=demands))
    count = draw(st.none() | st.integers(len(must), sites))
    rules = Rules.of(
        count=count, cost=cost, must=sorted(must), must_not=sorted(must_not), apart=apart, floors=floors
    )
    try:
        return LeastCover.of(cover, rules, already=already)
    except SitingError:
        return LeastCover.of(cover, Rules.of(cost=cost, must=sorted(must)), already=already)


@settings(max_examples=100, deadline=None)
@given(questions())
def test_every_small_question_is_answered_as_by_trying_all_plans(asked: LeastCover) -> None:
    least, found = least_by_trying(asked), solve_least(asked, LIMITS)
    if least is None:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        return
    assert found.status is Status.OPTIMAL
    assert found.objective == least == asked.cost(found.sites)
    assert asked.rules.broken(found.sites, asked.cover.sites) == []
    assert not len(asked.missed(found.sites))
    assert found.bound == pytest.approx(least)


def test_towns_that_share_nothing_are_searched_each_by_itself_and_add_up() -> None:
    rng = np.random.default_rng(2)
    place = np.concatenate([rng.normal(town * 1e5, 3_000, (60, 2)) for town in range(8)])
    stand = np.concatenate([rng.normal(town * 1e5, 3_000, (20, 2)) for town in range(8)])
    near = np.argwhere(np.linalg.norm(stand[:, None] - place[None], axis=2) < 1_500)
    cover = Cover.of_pairs(near[:, 0], near[:, 1], sites=160, demands=480)
    whole = solve_least(LeastCover.of(cover), LIMITS)
    parts = 0.0
    for town in range(8):
        sites, demand = np.arange(20) + 20 * town, np.arange(60) + 60 * town
        parts += solve_least(LeastCover.of(cover.take(sites, demand)), LIMITS).objective
    assert whole.status is Status.OPTIMAL
    assert whole.objective == parts


def test_demand_that_nobody_can_reach_is_named_and_not_asked_for() -> None:
    cover = Cover.of_pairs([0, 1], [0, 1], sites=2, demands=3)
    asked = LeastCover.of(cover, Rules.of(must_not=[1]))
    assert asked.beyond.tolist() == [1, 2]
    assert solve_least(asked, LIMITS).sites.tolist() == [0]
