"""Towns apart: searched one by one, combined over the number of sites, as by trying all plans and as spopt answers; and every
problem keeps to its memory, can be stopped and tells how far it is.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.siting import (
    Answer,
    BackupCover,
    CapacitatedCover,
    Centre,
    Cover,
    LeastCover,
    Limits,
    MaximalCover,
    Median,
    Rules,
    Status,
    solve_backup,
    solve_capacitated,
    solve_centre,
    solve_least,
    solve_maximal,
    solve_median,
)
from geo.siting.asking import grows
from geo.siting.pieces import apart, best_of
from geo.siting.relaxation import Relaxation
from geo.siting.solver import NO_PLAN
from geo.siting.tree import Piece, search

LIMITS = Limits(seconds=30)
#: What PySAL spopt 0.7.0 with HiGHS answers to ``land`` of these seeds.
SPOPT = [(1, 7297), (2, 7289), (3, 7394), (4, 7443)]


@st.composite
def towns(draw: st.DrawFn, most: int = 3) -> MaximalCover:
    """Up to three towns that share nobody, some rules on sites, weights whole or not."""
    pairs: list[tuple[int, int]] = []
    sites = demands = 0
    for _ in range(draw(st.integers(1, most))):
        own, people = draw(st.integers(1, 4)), draw(st.integers(1, 6))
        inside = st.tuples(st.integers(sites, sites + own - 1), st.integers(demands, demands + people - 1))
        pairs += draw(st.lists(inside, max_size=2 * own * people))
        sites, demands = sites + own, demands + people
    cover = Cover.of_pairs([s for s, _ in pairs], [d for _, d in pairs], sites=sites, demands=demands)
    weight = np.array(draw(st.lists(st.integers(0, 9), min_size=demands, max_size=demands)))
    must = draw(st.sets(st.integers(0, sites - 1), max_size=1))
    rules = Rules.of(count=draw(st.integers(len(must), sites)), must=sorted(must))
    return MaximalCover.of(cover, weight * draw(st.sampled_from([1.0, 0.37])), rules)


def best_by_trying(asked: MaximalCover, low: Any = (), high: Any = None, count: int | None = None) -> float:
    """Return what the best plan reaches that has the sites of ``low`` and none but those of ``high``."""
    rules = asked.rules if count is None else Rules.of(count=count)
    allowed = range(asked.cover.sites) if high is None else high
    return max(
        (
            asked.value(chosen)
            for size in range(len(allowed) + 1)
            for chosen in combinations(allowed, size)
            if set(low) <= set(chosen) and not rules.broken(chosen, asked.cover.sites)
        ),
        default=-np.inf,
    )


@settings(max_examples=60, deadline=None)
@given(towns())
def test_towns_apart_are_answered_as_by_trying_all_plans(asked: MaximalCover) -> None:
    found = solve_maximal(asked, LIMITS)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best_by_trying(asked))
    assert found.bound == pytest.approx(found.objective)
    assert asked.rules.broken(found.sites, asked.cover.sites) == []


@settings(max_examples=40, deadline=None)
@given(towns(most=1), st.data())
def test_no_plan_reaches_more_than_fractions_say_however_early_the_solver_was_interrupted(
    asked: MaximalCover, data: st.DataObject
) -> None:
    sites = asked.cover.sites
    kind = data.draw(st.lists(st.sampled_from("?10"), min_size=sites, max_size=sites))
    low = np.array([each == "1" for each in kind], dtype=float)
    high = np.array([each != "0" for each in kind], dtype=float)
    count = data.draw(st.integers(0, sites))
    model = Relaxation(asked.cover, asked.weight, np.zeros(sites), seed=1, stop=lambda: False)
    best = best_by_trying(asked, np.flatnonzero(low), np.flatnonzero(high).tolist(), count)
    for steps in (0, 1, data.draw(st.integers(2, 8)), 10_000):
        found = model.solve(low, high, count, steps=steps)
        assert found.bound(low, high, count) >= best - 1e-9
        free = best_by_trying(asked, count=count)
        assert found.curve(sites)[count] >= free - 1e-9


@settings(max_examples=40, deadline=None)
@given(towns(most=1), st.data())
def test_a_piece_is_searched_to_the_end_or_as_far_as_it_matters(
    asked: MaximalCover, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, asked.cover.sites))
    best = best_by_trying(asked, count=count)
    piece = Piece(asked.cover, asked.weight, np.zeros(asked.cover.sites))
    plans: list[float] = []

    def found(chosen: Any, value: float) -> float:
        assert asked.value(np.flatnonzero(chosen)) == pytest.approx(value)
        assert chosen.sum() <= count
        plans.append(value)
        return -1.0

    assert search(piece, count, known=0.0, enough=-1.0, seconds=lambda: 9.0, found=found) == pytest.approx(
        best
    )
    assert max(plans, default=0.0) == pytest.approx(best)
    enough = data.draw(st.floats(0, 60))
    bound = search(piece, count, known=0.0, enough=enough, seconds=lambda: 9.0, found=lambda *_: enough)
    assert bound >= best - 1e-6
    assert search(piece, count, known=0.0, enough=-1.0, seconds=lambda: 0.0, found=found) >= best - 1e-6


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4), st.integers(0, 8)
)
def test_curves_are_combined_as_by_trying_all_numbers(steps: list[list[int]], count: int) -> None:
    curves = [np.cumsum([0.0, *rises]) for rises in steps]
    value, numbers = best_of(curves, count)
    every = product(*(range(len(curve)) for curve in curves))
    assert value == max(
        sum(curve[number] for curve, number in zip(curves, taken, strict=True))
        for taken in every
        if sum(taken) <= count
    )
    assert sum(curve[number] for curve, number in zip(curves, numbers, strict=True)) == value
    assert sum(numbers) <= count


def land(seed: int, *, people: int = 80, halls: int = 14, count: int = 16) -> dict[str, Any]:
    """Six towns of unequal size, ten kilometres and more apart, and a few farms between."""
    rng = np.random.default_rng(seed)
    centre = np.array([[0, 0], [30, 5], [12, 28], [55, 30], [40, 50], [5, 60]]) * 1e3
    size = [3, 2, 1, 1, 1, 1]

    def spread(each: int) -> Any:
        spots = [
            rng.normal(middle, 500 * np.sqrt(share), (each * share, 2))
            for middle, share in zip(centre, size, strict=True)
        ]
        return np.concatenate([*spots, rng.uniform(0, 60_000, (each, 2))])

    place, stand = spread(people), spread(halls)
    metres = np.linalg.norm(stand[:, None] - place[None], axis=2)
    site, demand = np.nonzero(metres <= 600)
    return {
        "site": site, "demand": demand, "metres": metres[site, demand], "sites": len(stand), "demands": len(place),
        "weight": rng.integers(1, 30, len(place)).astype(float), "count": count,
    }  # fmt: skip


def covering(raw: dict[str, Any], rules: Rules | None = None) -> MaximalCover:
    cover = Cover.of_pairs(raw["site"], raw["demand"], sites=raw["sites"], demands=raw["demands"])
    return MaximalCover.of(cover, raw["weight"], rules or Rules.of(count=raw["count"]))


@pytest.mark.parametrize(("seed", "optimum"), SPOPT)
def test_spopt_reaches_as_many_as_we_do(seed: int, optimum: float) -> None:
    asked = covering(land(seed))
    found = solve_maximal(asked, LIMITS)
    assert len(apart(asked.cover)) >= 6
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == optimum
    assert solve_maximal(asked, LIMITS).sites.tolist() == found.sites.tolist()


def questions() -> dict[str, tuple[Any, Any]]:
    raw = land(1)
    rules = Rules.of(count=raw["count"])
    asked = covering(raw)
    holds = np.full(raw["sites"], 300.0)
    pairs = (raw["site"], raw["demand"], raw["metres"])
    named, near = np.unique(raw["demand"], return_inverse=True)
    return {
        "maximal": (solve_maximal, asked),
        "maximal with money": (
            solve_maximal, covering(raw, Rules.of(cost=1.0 + np.arange(raw["sites"]) % 5, budget=24)),
        ),
        "least": (solve_least, LeastCover.of(asked.cover)),
        "median": (solve_median, Median.of(*pairs, raw["weight"], rules, sites=raw["sites"], penalty=900.0)),
        "centre": (
            solve_centre,
            Centre.of(raw["site"], near, raw["metres"], Rules.of(count=70), sites=raw["sites"], demands=len(named), penalty=900.0),
        ),
        "backup": (solve_backup, BackupCover.of(asked.cover, raw["weight"], rules, first=0.6)),
        "capacitated": (solve_capacitated, CapacitatedCover.of(asked.cover, raw["weight"], holds, rules)),
    }  # fmt: skip


QUESTIONS = questions()


@cache
def proven(name: str) -> Answer:
    solve, asked = QUESTIONS[name]
    found: Answer = solve(asked, LIMITS)
    assert found.status is Status.OPTIMAL
    return found


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(
    "limits",
    [Limits(seconds=30, stop=lambda: True), Limits(seconds=2, megabytes=0.05)],
    ids=["stopped", "no room"],
)
def test_without_room_or_when_stopped_a_search_ends_at_once_and_claims_nothing_that_it_has_not(
    name: str, limits: Limits
) -> None:
    solve, asked = QUESTIONS[name]
    steps: list[str] = []
    found = solve(asked, limits, told=lambda step, best, bound: steps.append(step))
    assert steps
    if not len(found.sites):
        assert found.status is Status.STOPPED
        assert found.reason == NO_PLAN
        return
    assert found.status is Status.STOPPED or found.gap <= 1e-6
    whole = proven(name)
    sign = 1.0 if grows(asked) else -1.0
    assert sign * found.objective <= sign * whole.objective + 1e-6
    assert sign * found.bound >= sign * whole.objective - 1e-6


def test_where_what_is_settled_contradicts_the_spacing_there_is_nothing_better() -> None:
    rules = Rules.of(count=2, must=[1], apart=[(0, 1)])
    found = solve_median(Median.of([2, 0], [0, 1], [0, 0], [1, 2], rules, sites=3, penalty=7.0), LIMITS)
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == 14
