"""Backup and capacitated coverage: as by trying all plans, whatever the rules; and every corruption found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from geo.errors import SitingError
from geo.siting import (
    Answer,
    BackupCover,
    CapacitatedCover,
    Cover,
    Floor,
    Limits,
    Rules,
    Status,
    solve_backup,
    solve_capacitated,
)
from geo.siting.capacitated import Allotted
from geo.siting.certify_cover import certify_backup, certify_capacitated

LIMITS = Limits(seconds=20)


@st.composite
def covers(draw: st.DrawFn, sites: int, demands: int) -> Cover:
    pair = st.tuples(st.integers(0, max(0, sites - 1)), st.integers(0, demands - 1))
    pairs = draw(st.lists(pair, max_size=sites * demands)) if sites else []
    return Cover.of_pairs([s for s, _ in pairs], [d for _, d in pairs], sites=sites, demands=demands)


@st.composite
def all_rules(draw: st.DrawFn, sites: int) -> Rules:
    index = st.integers(0, sites - 1)
    must = draw(st.sets(index, max_size=1))
    inside = sorted(draw(st.sets(index, min_size=1, max_size=sites)))
    rules = Rules.of(
        count=draw(st.integers(0, sites)),
        cost=draw(st.lists(st.integers(1, 5), min_size=sites, max_size=sites)),
        budget=draw(st.none() | st.integers(1, 15)),
        must=sorted(must),
        must_not=sorted(draw(st.sets(index, max_size=1)) - must),
        floors=[Floor("area", np.array(inside), draw(st.integers(0, 2)))],
        apart=draw(st.lists(st.tuples(index, index).filter(lambda p: p[0] < p[1]), max_size=2)),
    )
    try:
        rules.check(sites)
    except SitingError:
        return Rules.of(count=draw(st.integers(0, sites)))
    return rules


def raw_pairs(cover: Cover) -> dict[str, Any]:
    return {
        "site": np.repeat(np.arange(cover.sites), np.diff(cover.starts)), "demand": cover.demand,
        "distance": np.ones(len(cover)), "limit": 1.0,
    }  # fmt: skip


def plans(rules: Rules, sites: int) -> list[tuple[int, ...]]:
    every = [chosen for size in range(sites + 1) for chosen in combinations(range(sites), size)]
    return [chosen for chosen in every if not rules.broken(chosen, sites)]


@st.composite
def backups(draw: st.DrawFn) -> BackupCover:
    sites, demands = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    return BackupCover.of(
        draw(covers(sites, demands)),
        draw(st.lists(st.integers(0, 9), min_size=demands, max_size=demands)),
        draw(all_rules(sites)),
        already=draw(st.lists(st.integers(0, 3), min_size=demands, max_size=demands)),
        first=draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])),
        everybody=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(backups())
def test_every_small_question_of_backup_is_answered_as_by_trying_all_plans(asked: BackupCover) -> None:
    fit = [chosen for chosen in plans(asked.rules, asked.cover.sites) if not len(asked.missed(chosen))]
    found = solve_backup(asked, LIMITS)
    if not fit:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        assert found.relaxation
        return
    best = max(map(asked.value, fit))
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    certify_backup(
        found, **raw_pairs(asked.cover), weight=asked.weight, rules=asked.rules, sites=asked.cover.sites,
        already=asked.already, first=asked.first, everybody=asked.everybody,
    )  # fmt: skip


def test_backup_is_counted_as_by_hand() -> None:
    # Three sites in a row over four places; the middle ones see two each. A station stands at place 0.
    cover = Cover.of_pairs([0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 3], sites=3, demands=4)
    asked = BackupCover.of(cover, [10, 4, 3, 8], Rules.of(count=2), already=[1, 0, 0, 0])
    # Twice: place 0 with site 0 (10), place 1 with 0 and 1 (4), place 2 with 1 and 2 (3).
    assert asked.value([0, 1]) == 14.0
    assert asked.value([1, 2]) == 3.0
    assert solve_backup(asked, LIMITS).objective == 14.0
    weighed = BackupCover.of(cover, [10, 4, 3, 8], Rules.of(count=2), already=[1, 0, 0, 0], first=0.5)
    # Half of 4, 3 and 8 for once, half of 10 for twice.
    assert weighed.value([0, 2]) == 2 + 1.5 + 4 + 5
    assert solve_backup(weighed, LIMITS).objective == 12.5


def test_too_few_sites_to_reach_everybody_are_told_with_how_many_would_do() -> None:
    cover = Cover.of_pairs([0, 1, 2], [0, 1, 2], sites=3, demands=3)
    asked = BackupCover.of(cover, [1, 1, 1], Rules.of(count=2), everybody=True)
    found = solve_backup(asked, LIMITS)
    assert found.status is Status.INFEASIBLE
    assert found.reason == "2 sites cannot reach everybody"
    assert found.relaxation == "allow 3 sites, or do not ask that everybody is reached"


def test_bad_questions_of_backup_are_refused_by_name() -> None:
    cover = Cover.of_pairs([0], [0], sites=1, demands=2)
    for change, said in (
        ({"already": [1]}, "already tells of 1 demand"),
        ({"already": [1, -1]}, "give 0 or more"),
        ({"first": 1.5}, "cannot count 1.5"),
    ):
        with pytest.raises(SitingError, match=said):
            BackupCover.of(cover, [1, 1], Rules.of(count=1), **change)


@st.composite
def capacitateds(draw: st.DrawFn) -> CapacitatedCover:
    sites, demands, there = draw(st.integers(1, 5)), draw(st.integers(1, 7)), draw(st.integers(0, 2))
    amount = st.integers(0, 9)
    return CapacitatedCover.of(
        draw(covers(sites, demands)),
        draw(st.lists(amount, min_size=demands, max_size=demands)),
        draw(st.lists(st.integers(0, 15), min_size=sites, max_size=sites)),
        draw(all_rules(sites)),
        existing=draw(covers(there, demands)) if there else None,
        existing_holds=draw(st.lists(amount, min_size=there, max_size=there)),
    )


def served(asked: CapacitatedCover, chosen: tuple[int, ...]) -> int:
    """What a plan serves, as a flow from demand to sites."""
    stands, demands = asked.cover.sites, asked.cover.demands
    matrix = np.zeros((stands + demands + 2, stands + demands + 2), dtype=np.int32)
    matrix[0, 2 : 2 + demands] = asked.weight
    for stand in [*chosen, *range(asked.sites, stands)]:
        matrix[2 + asked.cover.row(stand), 2 + demands + stand] = 10_000
        matrix[2 + demands + stand, 1] = asked.holds[stand]
    return int(maximum_flow(csr_array(matrix).tocsr(), 0, 1).flow_value)


def certified(asked: CapacitatedCover, found: Allotted) -> None:
    certify_capacitated(
        found, **raw_pairs(asked.cover), weight=asked.weight, holds=asked.holds, rules=asked.rules,
        sites=asked.sites, at=found.at, sent=found.demand, amount=found.amount,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(capacitateds())
def test_every_small_question_of_capacities_is_answered_as_by_trying_all_plans(
    asked: CapacitatedCover,
) -> None:
    fit = plans(asked.rules, asked.sites)
    found = solve_capacitated(asked, LIMITS)
    if not fit:
        assert found.status is Status.INFEASIBLE
        assert found.reason
        return
    best = max(served(asked, chosen) for chosen in fit)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    certified(asked, found)


def city() -> CapacitatedCover:
    rng = np.random.default_rng(5)
    place, stand = rng.uniform(0, 8_000, (300, 2)), rng.uniform(0, 8_000, (35, 2))
    near = np.argwhere(np.linalg.norm(stand[:, None] - place[None], axis=2) < 1_500)
    old = near[:, 0] >= 30
    cover = Cover.of_pairs(near[~old, 0], near[~old, 1], sites=30, demands=300)
    there = Cover.of_pairs(near[old, 0] - 30, near[old, 1], sites=5, demands=300)
    return CapacitatedCover.of(
        cover, rng.uniform(1, 9, 300), rng.uniform(40, 160, 30), Rules.of(count=8),
        existing=there, existing_holds=np.full(5, 60.0),
    )  # fmt: skip


CITY = city()
ANSWER = solve_capacitated(CITY, Limits(seconds=40))


def test_a_city_is_proven_and_nobody_holds_too_much() -> None:
    assert ANSWER.status is Status.OPTIMAL
    assert len(ANSWER.sites) == 8
    assert (np.diff(ANSWER.adds) <= 0).all()
    certified(CITY, ANSWER)


def test_what_was_stopped_never_says_optimal() -> None:
    found = solve_capacitated(CITY, Limits(seconds=1e-4))
    assert found.status is Status.STOPPED
    backup = BackupCover.of(
        CITY.cover.take(np.arange(30), np.arange(300)), CITY.weight, Rules.of(count=10), first=0.3
    )
    found_backup = solve_backup(backup, Limits(seconds=60, stop=lambda: True))
    assert found_backup.status is Status.STOPPED
    assert found_backup.bound > found_backup.objective > 0


@pytest.mark.parametrize(
    "corrupted",
    [
        lambda a: replace(a, objective=a.objective + 1),
        lambda a: replace(a, bound=a.objective - 1),
        lambda a: replace(a, sites=np.append(a.sites[:-1], next(s for s in range(30) if s not in a.sites))),
        lambda a: replace(a, amount=a.amount * 1.01),
        lambda a: replace(a, amount=np.append(-a.amount[:1], a.amount[1:])),
        lambda a: replace(a, at=a.at[::-1]),
        lambda a: replace(a, adds=a.adds + 1),
        lambda a: replace(a, serves=(a.serves[0][1:], *a.serves[1:])),
    ],
)
def test_a_corrupted_answer_of_capacities_fails(corrupted: Callable[[Allotted], Allotted]) -> None:
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certified(CITY, corrupted(ANSWER))


@pytest.mark.parametrize(
    "corrupted",
    [
        lambda a: replace(a, objective=a.objective + 1),
        lambda a: replace(a, bound=a.objective - 1),
        lambda a: replace(a, adds=a.adds + 1),
        lambda a: replace(a, serves=(a.serves[0][1:], *a.serves[1:])),
        lambda a: replace(a, sites=a.sites[::-1]),
    ],
)
def test_a_corrupted_answer_of_backup_fails(corrupted: Callable[[Answer], Answer]) -> None:
    cover = CITY.cover.take(np.arange(30), np.arange(300))
    rules = Rules.of(count=6)
    raw: dict[str, Any] = {
        **raw_pairs(cover), "weight": CITY.weight, "rules": rules, "sites": 30, "first": 0.6
    }  # fmt: skip
    answer = solve_backup(BackupCover.of(cover, CITY.weight, rules, first=0.6), Limits(seconds=40))
    certify_backup(answer, **raw)
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certify_backup(corrupted(answer), **raw)


def test_bad_questions_of_capacities_are_refused_by_name() -> None:
    cover = Cover.of_pairs([0], [0], sites=1, demands=2)
    for change, said in (
        ({"holds": [1, 2]}, "given for 2 of 1 candidates"),
        ({"holds": [-1]}, "number 0 of the candidates holds"),
        ({"existing": cover, "existing_holds": []}, "given for 0 of 1 existing"),
        ({"rules": Rules.of()}, "give a count or a budget"),
    ):
        asked: dict[str, Any] = {"holds": [5], "rules": Rules.of(count=1), **change}
        with pytest.raises(SitingError, match=said):
            CapacitatedCover.of(cover, [1, 1], **asked)
