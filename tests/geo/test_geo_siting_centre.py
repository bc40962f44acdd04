"""p-centre: the least radius, as by trying all plans, whatever the rules; nothing said that is not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SitingError
from geo.siting import Answer, Centre, Floor, Limits, Rules, Status, solve_centre
from geo.siting.certify_distance import certify_centre

LIMITS = Limits(seconds=20)


@st.composite
def raws(draw: st.DrawFn) -> dict[str, Any]:
    sites, demands = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    index = st.integers(0, sites - 1)
    pairs = draw(
        st.lists(st.tuples(index, st.integers(0, demands - 1), st.integers(0, 9)), max_size=sites * demands)
    )
    must = draw(st.sets(index, max_size=1))
    must_not = draw(st.sets(index, max_size=1)) - must
    cost = draw(st.lists(st.integers(1, 5), min_size=sites, max_size=sites))
    floors = []
    for name in range(draw(st.integers(0, 1))):
        inside = sorted(draw(st.sets(index, min_size=1, max_size=sites)))
        floors.append(Floor(f"area {name}", np.array(inside), draw(st.integers(0, 2))))
    rules = Rules.of(
        count=draw(st.integers(0, sites)), cost=cost, budget=draw(st.none() | st.integers(1, 15)),
        must=sorted(must), must_not=sorted(must_not), floors=floors,
        apart=draw(st.lists(st.tuples(index, index).filter(lambda p: p[0] < p[1]), max_size=2)),
    )  # fmt: skip
    try:
        rules.check(sites)
    except SitingError:
        rules = Rules.of(count=draw(st.integers(0, sites)))
    return {
        "site": [s for s, _, _ in pairs], "demand": [d for _, d, _ in pairs],
        "distance": [float(far) for _, _, far in pairs], "rules": rules, "sites": sites, "demands": demands,
        "existing": draw(st.lists(st.sampled_from([0.0, 4.0, math.inf]), min_size=demands, max_size=demands)),
        "penalty": draw(st.sampled_from([5.0, 12.0])),
    }  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(raws())
def test_every_small_question_is_answered_as_by_trying_all_plans(raw: dict[str, Any]) -> None:
    asked = Centre.of(**raw)
    least = min(
        (
            asked.value(chosen)
            for size in range(asked.sites + 1)
            for chosen in combinations(range(asked.sites), size)
            if not asked.rules.broken(chosen, asked.sites)
        ),
        default=None,
    )
    found = solve_centre(asked, LIMITS)
    if least is None:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        return
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == least
    certify_centre(found, **raw)


def town(count: int) -> dict[str, Any]:
    rng = np.random.default_rng(9)
    place, stand = rng.uniform(0, 10_000, (800, 2)), rng.uniform(0, 10_000, (90, 2))
    metres = np.linalg.norm(stand[:, None] - place[None], axis=2)
    site, demand = np.divmod(np.arange(metres.size), 800)
    return {
        "site": site, "demand": demand, "distance": metres.ravel(), "rules": Rules.of(count=count), "sites": 90,
        "demands": 800, "penalty": 20_000.0,
    }  # fmt: skip


def test_a_town_is_proven_and_more_sites_never_widen_the_radius() -> None:
    radii = []
    for count in (3, 8, 15):
        raw = town(count)
        found = solve_centre(Centre.of(**raw), Limits(seconds=40))
        assert found.status is Status.OPTIMAL
        certify_centre(found, **raw)
        radii.append(found.objective)
    assert radii == sorted(radii, reverse=True)


def test_what_was_stopped_never_says_optimal() -> None:
    asked = Centre.of(**town(8))
    calls = iter(range(1000))
    for limits in (
        Limits(seconds=60, stop=lambda: next(calls) > 3),
        Limits(seconds=60, stop=lambda: True),
        Limits(seconds=1e-6),
    ):
        found = solve_centre(asked, limits)
        assert found.status is Status.STOPPED
        assert found.gap > 0
        assert found.bound > 0


def test_one_site_on_a_line_stands_in_the_middle() -> None:
    place = np.arange(7.0)
    site, demand = np.divmod(np.arange(49), 7)
    raw: dict[str, Any] = {
        "site": site, "demand": demand, "distance": np.abs(place[site] - place[demand]),
        "rules": Rules.of(count=1), "sites": 7, "demands": 7, "penalty": 100.0,
    }  # fmt: skip
    found = solve_centre(Centre.of(**raw), LIMITS)
    assert (found.sites.tolist(), found.objective) == ([3], 3.0)
    beside = solve_centre(Centre.of(**{**raw, "existing": [0, 1, 2, 3, 4, 5, 6]}), LIMITS)
    assert beside.objective == 2.0


@pytest.mark.parametrize(
    "corrupted",
    [
        lambda a: replace(a, objective=a.objective * 0.9, bound=a.objective * 0.9),
        lambda a: replace(a, bound=a.objective * 1.1),
        lambda a: replace(a, bound=a.objective * 0.9, gap=Answer.gap_of(a.objective, a.objective * 0.9)),
        lambda a: replace(a, adds=a.adds + 1),
        lambda a: replace(a, serves=(a.serves[0][1:], *a.serves[1:])),
        lambda a: replace(a, sites=np.append(a.sites[:-1], next(s for s in range(90) if s not in a.sites))),
    ],
)
def test_a_corrupted_answer_fails(corrupted: Callable[[Answer], Answer]) -> None:
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certify_centre(corrupted(ANSWER), **RAW)


RAW = town(5)
ANSWER = solve_centre(Centre.of(**RAW), Limits(seconds=40))


def test_bad_questions_are_refused_by_name() -> None:
    raw = town(5)
    with pytest.raises(SitingError, match="give a penalty"):
        Centre.of(**{**raw, "penalty": None})
    with pytest.raises(SitingError, match="no demand"):
        Centre.of([], [], [], Rules.of(count=1), sites=2, demands=0, penalty=1.0)
