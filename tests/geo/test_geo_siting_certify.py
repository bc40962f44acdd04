"""A certificate stands without a solver, passes what is true, and fails on every corruption of an answer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.errors import SitingError
from geo.siting import Answer, Cover, Floor, Limits, MaximalCover, Rules, Status, certify, solve_maximal

ROOT = Path(__file__).resolve().parents[2]


def asked_and_answered() -> tuple[dict[str, Any], Answer]:
    rng = np.random.default_rng(11)
    place, stand = rng.uniform(0, 10_000, (400, 2)), rng.uniform(0, 10_000, (60, 2))
    metres = np.linalg.norm(stand[:, None] - place[None], axis=2)
    site, demand = np.nonzero(metres < 3_000)
    distance, weight = metres[site, demand], rng.integers(1, 50, 400).astype(float)
    near = distance <= 1_500
    rules = Rules.of(count=7, cost=rng.integers(1, 9, 60), budget=30)
    cover = Cover.of_pairs(site[near], demand[near], sites=60, demands=400)
    raw = {
        "site": site, "demand": demand, "distance": distance, "limit": 1_500, "weight": weight, "rules": rules,
        "sites": 60,
    }  # fmt: skip
    return raw, solve_maximal(MaximalCover.of(cover, weight, rules), Limits(seconds=30))


RAW, ANSWER = asked_and_answered()


def test_a_true_answer_passes() -> None:
    assert ANSWER.status is Status.OPTIMAL
    certify.certify_maximal(ANSWER, **RAW)


@pytest.mark.parametrize(
    "corrupted",
    [
        lambda a: replace(a, objective=a.objective + 1),
        lambda a: replace(a, objective=a.objective - 1),
        lambda a: replace(a, bound=a.objective - 1),
        lambda a: replace(a, gap=0.5),
        lambda a: replace(a, sites=np.append(a.sites[:-1], a.sites[0])),
        lambda a: replace(a, sites=np.append(a.sites[:-1], 99)),
        lambda a: replace(a, sites=np.append(a.sites[:-1], next(s for s in range(60) if s not in a.sites))),
        lambda a: replace(a, sites=a.sites[::-1], adds=a.adds[::-1], serves=a.serves[::-1]),
        lambda a: replace(a, adds=a.adds[::-1]),
        lambda a: replace(a, serves=(a.serves[0][:-1], *a.serves[1:])),
        lambda a: replace(a, serves=a.serves[:-1]),
        lambda a: replace(a, bound=a.objective * 1.1, gap=Answer.gap_of(a.objective, a.objective * 1.1)),
        lambda a: replace(a, status=Status.INFEASIBLE),
        lambda a: replace(a, objective=float("nan")),
    ],
)
def test_a_corrupted_answer_fails(corrupted: Callable[[Answer], Answer]) -> None:
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certify.certify_maximal(corrupted(ANSWER), **RAW)


def test_the_limit_itself_counts_as_reached_and_beyond_it_nothing_does() -> None:
    with pytest.raises(SitingError, match="reach"):
        certify.certify_maximal(ANSWER, **{**RAW, "limit": 1_400})


def test_a_plan_beyond_the_rules_fails() -> None:
    with pytest.raises(SitingError, match=r"7 sites are chosen and 6 may be|sites cost"):
        certify.certify_maximal(ANSWER, **{**RAW, "rules": Rules.of(count=len(ANSWER.sites) - 1)})


@pytest.mark.parametrize(
    "without",
    [
        Answer("maximal cover", Status.INFEASIBLE, reason="no plan keeps to all the rules together"),
        Answer("maximal cover", Status.STOPPED, reason="no plan was found in the time given", bound=9.0),
    ],
)
def test_where_there_is_no_plan_none_can_break_a_floor_and_no_site_may_be_named(without: Answer) -> None:
    raw = RAW | {"rules": Rules.of(count=2, must=[3], floors=[Floor("Minhe", np.arange(5), 1)])}
    certify.certify_maximal(without, **raw)
    with pytest.raises(SitingError, match="the answer is not what it says"):
        certify.certify_maximal(replace(without, sites=ANSWER.sites), **raw)


def test_the_certificate_imports_no_solver_and_nothing_that_does() -> None:
    seen: set[str] = set()
    waiting = ["geo.siting.certify"]
    while waiting:
        name = waiting.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name in seen or not path.exists():
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [each.name for each in node.names]
            assert "highspy" not in (getattr(node, "module", None) or "")
    assert "geo.siting.rules" in seen
    assert not {"geo.siting.solver", "geo.siting.maximal", "highspy"} & seen
