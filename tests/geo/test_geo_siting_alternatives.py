"""What planners ask after a plan: others that differ, why this site, what each further one brings, and what stays."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import SitingError
from geo.siting import (
    BackupCover,
    Centre,
    Cover,
    LeastCover,
    Limits,
    MaximalCover,
    Median,
    Rules,
    Status,
    alternatives,
    cost_per_person,
    gain_curve,
    solve_backup,
    solve_centre,
    solve_least,
    solve_maximal,
    solve_median,
    stability,
    with_site,
    without_site,
)
from geo.siting.asking import Question, grows, sites_of, solve
from geo.siting.certify import certify_maximal
from geo.siting.certify_plans import certify_curve, certify_different, certify_least

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=30)


@st.composite
def questions(draw: st.DrawFn) -> MaximalCover | Median:
    sites, demands = draw(st.integers(2, 6)), draw(st.integers(1, 8))
    index = st.integers(0, sites - 1)
    pairs = draw(
        st.lists(st.tuples(index, st.integers(0, demands - 1), st.integers(0, 6)), max_size=sites * demands)
    )
    weight = draw(st.lists(st.integers(0, 9), min_size=demands, max_size=demands))
    cost = draw(st.lists(st.integers(1, 5), min_size=sites, max_size=sites))
    rules = Rules.of(
        count=draw(st.integers(1, sites)), cost=cost, budget=draw(st.none() | st.integers(5, 15)),
        must=draw(st.sampled_from([[], [0]])),
        apart=draw(st.lists(st.tuples(index, index).filter(lambda p: p[0] < p[1]), max_size=1)),
    )  # fmt: skip
    if draw(st.booleans()):
        cover = Cover.of_pairs(
            [s for s, _, _ in pairs], [d for _, d, _ in pairs], sites=sites, demands=demands
        )
        return MaximalCover.of(cover, weight, rules)
    return Median.of(
        [s for s, _, _ in pairs], [d for _, d, _ in pairs], [far for _, _, far in pairs], weight, rules,
        sites=sites, penalty=7.0,
    )  # fmt: skip


def plans(asked: Question, rules: Rules) -> list[tuple[int, ...]]:
    sites = sites_of(asked)
    every = [chosen for size in range(sites + 1) for chosen in combinations(range(sites), size)]
    return [chosen for chosen in every if not rules.broken(chosen, sites)]


def best_of(asked: MaximalCover | Median, fit: list[tuple[int, ...]]) -> float | None:
    values = [asked.value(chosen) for chosen in fit]
    return (max(values) if grows(asked) else min(values)) if values else None


@settings(max_examples=40, deadline=None)
@given(questions(), st.integers(1, 2))
def test_each_alternative_is_the_best_of_those_that_differ_from_all_before(
    asked: MaximalCover | Median, differing: int
) -> None:
    found = solve(asked, LIMITS)
    if not len(found.sites):
        return
    more = alternatives(asked, found, count=3, differing=differing, limits=LIMITS)
    certify_different([found, *more], differing)
    before = [set(found.sites.tolist())]
    for number in range(3):
        fit = [
            plan
            for plan in plans(asked, asked.rules)
            if all(len(set(plan) - each) >= differing for each in before)
        ]
        best = best_of(asked, fit)
        if number >= len(more):
            assert best is None
            return
        assert more[number].status is Status.OPTIMAL
        assert more[number].objective == pytest.approx(best)
        assert not asked.rules.broken(more[number].sites, sites_of(asked))
        before.append(set(more[number].sites.tolist()))


@settings(max_examples=60, deadline=None)
@given(questions(), st.integers(0, 5))
def test_what_insisting_costs_is_what_trying_all_plans_says(asked: MaximalCover | Median, site: int) -> None:
    found = solve(asked, LIMITS)
    site %= sites_of(asked)
    if not len(found.sites):
        return
    for inside in (True, False):
        if not inside and site in asked.rules.must:
            with pytest.raises(SitingError, match="take it out"):
                without_site(asked, found, site, LIMITS)
            continue
        fit = [plan for plan in plans(asked, asked.rules) if (site in plan) == inside]
        best = best_of(asked, fit)
        if inside and best is None:
            try:
                told = with_site(asked, found, site, LIMITS)
            except SitingError:
                continue
            assert told.answer.status is Status.INFEASIBLE
            assert told.least == told.most == math.inf
            continue
        told = (with_site if inside else without_site)(asked, found, site, LIMITS)
        lost = abs(found.objective - (best if best is not None else math.nan))
        assert told.least == pytest.approx(lost, abs=1e-6)
        assert told.most == pytest.approx(lost, abs=1e-6)
        kept = np.setdiff1d(found.sites, told.goes)
        assert np.union1d(kept, told.comes).tolist() == sorted(told.answer.sites.tolist())


@settings(max_examples=40, deadline=None)
@given(questions(), st.data())
def test_a_curve_holds_at_every_number_and_is_proven_where_that_was_asked(
    asked: MaximalCover | Median, data: st.DataObject
) -> None:
    sites, least = sites_of(asked), len(asked.rules.must)
    counts = list(range(least, sites + 1))
    exact = sorted(data.draw(st.sets(st.sampled_from(counts), max_size=3)))
    points = gain_curve(asked, counts, exact=exact, limits=LIMITS)
    assert [point.count for point in points] == counts
    certify_curve(points, worth=asked.value, rules=asked.rules, sites=sites, rising=grows(asked))
    for point in points:
        best = best_of(asked, plans(asked, replace(asked.rules, count=point.count)))
        if best is None:
            assert math.isnan(point.objective)
            assert point.status in (Status.STOPPED, Status.INFEASIBLE)
            assert point.status is Status.INFEASIBLE or point.count not in exact
            continue
        assert point.status is not Status.INFEASIBLE
        sign = 1.0 if grows(asked) else -1.0
        assert sign * best <= sign * point.bound + 1e-6
        assert math.isnan(point.objective) or sign * point.objective <= sign * best + 1e-6
        if point.count in exact:
            assert point.status is Status.OPTIMAL
            assert point.objective == pytest.approx(best)


def town(people: int = 900, halls: int = 70) -> MaximalCover:
    rng = np.random.default_rng(8)
    place, stand = rng.uniform(0, 10_000, (people, 2)), rng.uniform(0, 10_000, (halls, 2))
    near = np.argwhere(np.linalg.norm(stand[:, None] - place[None], axis=2) < 1_200)
    cover = Cover.of_pairs(near[:, 0], near[:, 1], sites=halls, demands=people)
    return MaximalCover.of(
        cover, rng.integers(1, 40, people), Rules.of(count=8, cost=rng.integers(38, 83, halls))
    )


TOWN = town()
FOUND = solve_maximal(TOWN, LIMITS)


def test_a_towns_alternatives_are_near_and_pass_the_certificate() -> None:
    more = alternatives(TOWN, FOUND, count=3, differing=3, limits=LIMITS)
    assert len(more) == 3
    certify_different([FOUND, *more], 3)
    values = [FOUND.objective, *(each.objective for each in more)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0.8 * values[0]
    cover = TOWN.cover
    for each in more:
        assert each.status is Status.OPTIMAL
        certify_maximal(
            each, site=np.repeat(np.arange(cover.sites), np.diff(cover.starts)), demand=cover.demand,
            distance=np.ones(len(cover)), limit=1, weight=TOWN.weight, rules=TOWN.rules, sites=cover.sites,
        )  # fmt: skip


def test_a_towns_curve_closes_where_it_was_searched_and_bounds_the_rest_closely() -> None:
    points = gain_curve(TOWN, range(21), exact=[5, 8, 20], limits=LIMITS)
    certify_curve(points, worth=TOWN.value, rules=TOWN.rules, sites=70, rising=True)
    assert points[0].objective == points[0].bound == 0
    assert points[8].objective == FOUND.objective
    assert points[8].status is Status.OPTIMAL
    assert all((point.bound - point.objective) / point.bound < 0.1 for point in points[1:])
    with pytest.raises(SitingError, match="is called optimal and is not"):
        wrong = replace(points[5], bound=points[5].bound * 1.01)
        certify_curve([wrong], worth=TOWN.value, rules=TOWN.rules, sites=70, rising=True)
    with pytest.raises(SitingError, match="are said to bring"):
        wrong = replace(points[5], objective=points[5].objective * 0.99)
        certify_curve([wrong], worth=TOWN.value, rules=TOWN.rules, sites=70, rising=True)


def test_a_curve_that_is_stopped_still_bounds_and_claims_nothing() -> None:
    points = gain_curve(TOWN, [4, 9], exact=[4, 9], limits=Limits(seconds=30, stop=lambda: True))
    certify_curve(points, worth=TOWN.value, rules=TOWN.rules, sites=70, rising=True)
    assert {point.status for point in points} == {Status.STOPPED}
    for count in (-1, 71):
        with pytest.raises(SitingError, match="from 0 to 70"):
            gain_curve(TOWN, [count])


def test_what_a_newly_reached_person_costs() -> None:
    cover = Cover.of_pairs([0, 0, 1, 2], [0, 1, 1, 2], sites=3, demands=3)
    asked = MaximalCover.of(cover, [10, 20, 5], Rules.of(count=3, cost=[60, 40, 50], must=[1]))
    found = solve_maximal(asked, LIMITS)
    each, whole = cost_per_person(asked, found)
    assert found.sites[:2].tolist() == [0, 2]
    assert each.tolist() == [2.0, 10.0, math.inf]
    assert whole == 150 / 35
    with pytest.raises(SitingError, match="needs the cost"):
        cost_per_person(MaximalCover.of(cover, [1, 1, 1], Rules.of(count=1)), found)


def test_stability_tells_a_site_that_always_stays_from_one_of_two_that_are_alike() -> None:
    # Site 0 reaches most whatever the draw; sites 1 and 2 reach as much as each other.
    cover = Cover.of_pairs([0, 1, 2], [0, 1, 2], sites=4, demands=3)
    asked = MaximalCover.of(cover, [1000, 10, 10], Rules.of(count=2))
    found = solve_maximal(asked, LIMITS)
    told = stability(asked, found, runs=40, spread=0.3, limits=LIMITS)
    again = stability(asked, found, runs=40, spread=0.3, limits=LIMITS)
    assert told.runs == told.proven == 40
    assert told.share[0] == 1.0
    assert 0.2 < told.share[1] < 0.8
    assert told.share[1] + told.share[2] == 1.0
    assert told.share[3] == 0.0
    assert (told.regret >= 0).all()
    assert (told.regret > 0).any()
    assert (told.regret == 0).any()
    assert told.share.tolist() == again.share.tolist()
    other = stability(asked, found, runs=40, spread=0.3, limits=Limits(seconds=30, seed=99))
    assert other.share.tolist() != told.share.tolist()


def test_stability_is_told_of_medians_and_backup_and_ends_when_it_is_stopped() -> None:
    rng = np.random.default_rng(3)
    metres = rng.uniform(0, 9, (6, 20))
    site, demand = np.divmod(np.arange(120), 20)
    median = Median.of(
        site, demand, metres.ravel(), rng.integers(1, 9, 20), Rules.of(count=2), sites=6, penalty=9.0
    )
    cover = Cover.of_matrix(metres < 4)
    backup = BackupCover.of(cover, rng.integers(1, 9, 20), Rules.of(count=3))
    for asked, found in ((median, solve_median(median, LIMITS)), (backup, solve_backup(backup, LIMITS))):
        told = stability(asked, found, runs=6, limits=LIMITS)
        assert told.runs == told.proven == 6
        assert told.share.sum() == pytest.approx(asked.rules.count)
        none = stability(asked, found, runs=6, limits=Limits(seconds=30, stop=lambda: True))
        assert none.runs == 0
        assert none.share.sum() == 0


def test_sites_are_weighed_in_centres_and_least_covers_too() -> None:
    place = np.arange(7.0)
    site, demand = np.divmod(np.arange(49), 7)
    far = np.abs(place[site] - place[demand])
    centre = Centre.of(site, demand, far, Rules.of(count=1), sites=7, demands=7, penalty=100.0)
    told = without_site(centre, solve_centre(centre, LIMITS), 3, LIMITS)
    assert (told.least, told.most) == (1.0, 1.0)
    assert told.goes.tolist() == [3]
    least = LeastCover.of(Cover.of_pairs(site[far <= 1], demand[far <= 1], sites=7, demands=7))
    found = solve_least(least, LIMITS)
    raw: dict[str, Any] = {
        "site": site, "demand": demand, "distance": far, "limit": 1.0, "rules": least.rules, "sites": 7, "demands": 7
    }  # fmt: skip
    certify_least(found, **raw)
    for wrong in (
        replace(found, objective=found.objective + 1),
        replace(found, sites=found.sites[:-1], adds=found.adds[:-1], serves=found.serves[:-1]),
        replace(found, adds=found.adds + 1),
        replace(found, bound=found.objective + 1),
    ):
        with pytest.raises(SitingError, match="the answer is not what it says"):
            certify_least(wrong, **raw)
    assert found.objective == 3
    assert with_site(least, found, 3, LIMITS).least == 0.0 or 3 not in found.sites
    # Without its only neighbours place 0 cannot be reached, and that is not made light of.
    barred = LeastCover.of(least.cover, Rules.of(must_not=[0]))
    lost = without_site(barred, solve_least(barred, LIMITS), 1, LIMITS)
    assert lost.answer.status is Status.INFEASIBLE
    assert lost.least == lost.most == math.inf


def test_bad_wishes_are_refused_by_name() -> None:
    with pytest.raises(SitingError, match="give 1 or more of each"):
        alternatives(TOWN, FOUND, count=0, differing=1)
    with pytest.raises(SitingError, match="there is no site 70"):
        without_site(TOWN, FOUND, 70)
    with pytest.raises(SitingError, match="0 runs are none"):
        stability(TOWN, FOUND, runs=0)
    with pytest.raises(SitingError, match="a spread of 0"):
        stability(TOWN, FOUND, spread=0)


@pytest.mark.parametrize("name", ["certify", "certify_cover", "certify_distance", "certify_plans"])
def test_no_certificate_imports_a_solver_or_anything_that_does(name: str) -> None:
    seen: set[str] = set()
    waiting = [f"geo.siting.{name}"]
    while waiting:
        module = waiting.pop()
        path = ROOT / (module.replace(".", "/") + ".py")
        if module in seen or not path.exists():
            continue
        seen.add(module)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [each.name for each in node.names]
    assert "geo.siting.rules" in seen
    assert not {"geo.siting.solver", "geo.siting.growing", "geo.siting.quick", "highspy"} & seen
