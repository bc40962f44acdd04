"""A run in a worker of its own process: killed in the middle it is begun again and answers the same; cancelled it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from planner_fixtures import NOON, fill, made, round_the_clock
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations import jobs
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, runs
from stations.registry.writing import OPERATOR, acting, actor_id
from web.planner import work as planning_work

ROOT = Path(__file__).resolve().parents[2]
#: The worker as it is served, where each hour takes a moment longer, so that it can be killed on the way.
PROGRAM = """
import asyncio, time
from stations.planning import inputs
from web.db import make_engine
from web.jobs import kinds, serve
from web.serving import die_with_parent
from web.settings import Settings

quick = inputs.serving
def slow(*asked):
    time.sleep(0.15)
    return quick(*asked)
inputs.serving = slow
die_with_parent()
settings = Settings.read()
asyncio.run(serve(make_engine(settings), kinds(settings)))
"""


@pytest.fixture(scope="module")
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        fill(session)
    yield engine
    engine.dispose()


Working = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def worker(registry: Engine) -> Iterator[Working]:
    """Start workers; whatever a test leaves running is ended."""
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        environment = {
            "YIZHAN_DATABASE_URL": registry.url.render_as_string(hide_password=False),
            "YIZHAN_SECRET_KEY": "x" * 40,
            "YIZHAN_CLOCK": NOON.isoformat(),
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


def ask(engine: Engine, title: str) -> int:
    question = CoverageQuestion(size_m=1_000.0, **round_the_clock())
    with Session(engine) as session, session.begin():
        return planning_work.ask(session, question, title=title, actor=actor_id(session, OPERATOR)).id


def until(engine: Engine, run_id: int, reached: Callable[[jobs.Progress], Any]) -> jobs.Progress:
    deadline = time.monotonic() + 60
    while True:
        with Session(engine) as session:
            now = jobs.latest(session, f"coverage:{run_id}")
        assert now is not None
        if reached(now):
            return now
        assert now.state != "failed", now
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def among_the_hours(now: jobs.Progress) -> bool:
    return now.state == "running" and now.step == "hours" and (now.progress or 0.0) > 0.62


def found(engine: Engine, run_id: int) -> Any:
    """Return all that a run holds of its answer."""
    with Session(engine) as session:
        run = runs.get(session, run_id)
        return run.summary, run.areas, run.hours, run.gaps, run.doors, run.cells


def test_a_run_whose_worker_is_killed_is_begun_again_and_answers_as_one_that_was_not(
    registry: Engine, worker: Working
) -> None:
    run_id = ask(registry, "断电")
    first = worker()
    until(registry, run_id, among_the_hours)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert found(registry, run_id) == (None,) * 6
    until(registry, run_id, lambda now: now.state == "interrupted")
    worker()
    assert until(registry, run_id, lambda now: now.state == "done").attempts == 2
    with Session(registry) as session, session.begin():
        whole = made(session, "没断电", **round_the_clock()).id
    assert found(registry, run_id) == found(registry, whole)


def test_a_run_that_is_cancelled_ends_soon_without_an_answer(registry: Engine, worker: Working) -> None:
    run_id = ask(registry, "不要了")
    worker()
    work = until(registry, run_id, among_the_hours)
    with Session(registry) as session, session.begin():
        actor = actor_id(session, OPERATOR)
        with acting(session, actor, reason="cancel"):
            jobs.cancel(session, work.id, actor=actor)
    until(registry, run_id, lambda now: now.state == "cancelled")
    assert found(registry, run_id) == (None,) * 6
    with Session(registry) as session:
        assert session.get(CoverageRun, run_id) is not None
