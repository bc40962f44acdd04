"""A plan of sites in a worker of its own process: killed in the middle of its search it is begun again and answers the
same, cancelled it ends within the search, and what cannot be answered is told in words.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations import jobs
from stations.hours import SHANGHAI
from stations.planning import CoverageQuestion
from stations.planning.siting import SitingQuestion, plans, propose
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from tests.stations.programme_helpers import fresh
from tests.stations.siting_registry import fill
from web.planner.siting_work import ask_plan

ROOT = Path(__file__).resolve().parents[2]
#: The worker as it is served; a search with this seed goes on until it is told to stop.
ENDLESS = 7
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
PROGRAM = f"""
import asyncio, os, time
from stations.planning.siting import searching
from stations.planning.siting.wants import Problem
from web.db import make_engine
from web.jobs import kinds, serve
from web.serving import die_with_parent
from web.settings import Settings

solve = searching._SOLVERS[Problem.MAXIMAL]
def search(asked, limits, told):
    while limits.seed == {ENDLESS} and "ENDLESS" in os.environ and not limits.stop():
        time.sleep(0.05)
    return solve(asked, limits, told=told)
searching._SOLVERS[Problem.MAXIMAL] = search
die_with_parent()
settings = Settings.read()
asyncio.run(serve(make_engine(settings), kinds(settings)))
"""
QUESTION = SitingQuestion(reach=CoverageQuestion(size_m=500.0), count=2, seed=ENDLESS)
Working = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        fill(session, operator)
    yield engine
    engine.dispose()


@pytest.fixture
def worker(registry: Engine) -> Iterator[Working]:
    """Start workers; whatever a test leaves running is ended."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*, endless: bool = False) -> subprocess.Popen[bytes]:
        environment = {
            "YIZHAN_DATABASE_URL": registry.url.render_as_string(hide_password=False),
            "YIZHAN_SECRET_KEY": "x" * 40,
            "YIZHAN_CLOCK": NOON.isoformat(),
            **({"ENDLESS": "1"} if endless else {}),
        }
        running.append(
            subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, env=os.environ | environment)
        )
        return running[-1]

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def ask(engine: Engine, title: str, question: SitingQuestion = QUESTION) -> int:
    with Session(engine) as session, session.begin():
        return ask_plan(session, question, title=title, actor=actor_id(session, OPERATOR))[0].id


def until(engine: Engine, plan_id: int, reached: Callable[[jobs.Progress], Any]) -> jobs.Progress:
    deadline = time.monotonic() + 90
    while True:
        with Session(engine) as session:
            now = jobs.latest(session, f"siting:{plan_id}")
        assert now is not None
        if reached(now):
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def searching(now: jobs.Progress) -> bool:
    return now.state == "running" and (now.step or "").startswith("search")


def found(engine: Engine, plan_id: int) -> Any:
    """Return all that a plan holds of its answer."""
    with Session(engine) as session:
        plan = plans.get(session, plan_id)
        return plan.status, plan.summary, plan.sites, plan.regions, plan.further, plan.arrays


def test_a_plan_whose_worker_is_killed_is_begun_again_and_answers_as_one_that_was_not(
    registry: Engine, worker: Working
) -> None:
    plan_id = ask(registry, "断电")
    first = worker(endless=True)
    until(registry, plan_id, searching)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert found(registry, plan_id) == (None,) * 6
    worker()
    assert until(registry, plan_id, lambda now: now.state == "done").attempts == 2
    with Session(registry) as session, session.begin():
        whole = propose(session, QUESTION, now=NOON)
        fresh(session)
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="whole"):
            number = plans.ask(session, QUESTION, title="没断电", actor=operator).id
            plans.finish(session, number, whole, now=NOON, seconds=1.0)
    assert found(registry, plan_id) == found(registry, number)


def test_a_search_that_is_cancelled_ends_without_an_answer_and_one_that_cannot_be_says_why(
    registry: Engine, worker: Working
) -> None:
    plan_id = ask(registry, "不要了")
    too_many = ask(registry, "太多", SitingQuestion(reach=QUESTION.reach, count=9))
    worker(endless=True)
    work = until(registry, plan_id, searching)
    with Session(registry) as session, session.begin():
        jobs.cancel(session, work.id, actor=actor_id(session, OPERATOR))
    until(registry, plan_id, lambda now: now.state == "cancelled")
    assert found(registry, plan_id) == (None,) * 6
    failed = until(registry, too_many, lambda now: now.ended)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith("9 sites are asked for and there are 5 candidates: ask for 0 to 5")
