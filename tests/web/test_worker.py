"""The worker as a process: killed, told to stop, or left without its database, it loses nothing and repeats nothing."""

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
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import jobs
from stations.registry.writing import OPERATOR, actor_id

ROOT = Path(__file__).resolve().parents[2]
#: Counts to a hundred within one transaction, a place each; waits between, so that it can be killed on the way.
PROGRAM = """
import asyncio, sys, time
from sqlalchemy import text
from stations.jobs import Kind
from stations.registry.writing import acting
from web.db import make_engine
from web.jobs import serve
from web.serving import die_with_parent
from web.settings import Settings

def count(task):
    with acting(task.session, task.actor, reason="counting"):
        for number in range(task.arguments["to"]):
            task.session.execute(
                text("INSERT INTO places (source, source_id, names, location)"
                     " VALUES ('count', :n, '{}', 'SRID=4326;POINT(101 36)')"), {"n": f"{task.arguments['name']}{number}"})
            task.say("count", number / task.arguments["to"])
            time.sleep(task.arguments["pause"])
    return {"counted": task.arguments["to"]}

die_with_parent()
asyncio.run(serve(make_engine(Settings.read()), {"count": Kind(count)}))
"""


@pytest.fixture(scope="module")
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield engine
    engine.dispose()


Working = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def work(registry: Engine) -> Iterator[Working]:
    """Start workers; whatever a test leaves running is ended."""
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        environment = {
            "YIZHAN_DATABASE_URL": registry.url.render_as_string(hide_password=False),
            "YIZHAN_SECRET_KEY": "x" * 40,
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


def ask(engine: Engine, name: str, *, to: int = 40, pause: float = 0.05) -> int:
    with Session(engine) as session, session.begin():
        arguments = {"name": name, "to": to, "pause": pause}
        return jobs.enqueue(session, "count", arguments, actor=actor_id(session, OPERATOR))


def until(engine: Engine, work_id: int, reached: Callable[[jobs.Progress], Any]) -> jobs.Progress:
    deadline = time.monotonic() + 60
    while True:
        with Session(engine) as session:
            now = jobs.progress(session, work_id)
        if reached(now):
            return now
        assert now.state != "failed", now
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def counted(engine: Engine, name: str) -> int:
    with Session(engine) as session:
        found = session.scalar(
            text("SELECT count(*) FROM places WHERE source = 'count' AND source_id LIKE :name"),
            {"name": f"{name}%"},
        )
    return int(found or 0)


def under_way(now: jobs.Progress) -> bool:
    return now.state == "running" and (now.progress or 0) > 0.1


def is_done(now: jobs.Progress) -> bool:
    return now.state == "done"


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_and_the_next_one_does_it_whole(
    registry: Engine, work: Working
) -> None:
    work_id = ask(registry, "killed")
    first = work()
    until(registry, work_id, under_way)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert counted(registry, "killed") == 0
    assert until(registry, work_id, lambda now: now.state == "interrupted").progress
    work()
    done = until(registry, work_id, is_done)
    assert done.attempts == 2
    assert counted(registry, "killed") == 40


def test_a_worker_that_is_told_to_stop_ends_soon_and_its_work_goes_on_later(
    registry: Engine, work: Working
) -> None:
    work_id = ask(registry, "stopped", to=200)
    first = work()
    until(registry, work_id, under_way)
    first.terminate()
    assert first.wait(8) == 0
    assert until(registry, work_id, lambda now: now.state == "waiting").attempts == 0
    assert counted(registry, "stopped") == 0
    work()
    until(registry, work_id, under_way)
    with Session(registry) as session, session.begin():
        jobs.cancel(session, work_id, actor=actor_id(session, OPERATOR))
    until(registry, work_id, lambda now: now.state == "cancelled")
    assert counted(registry, "stopped") == 0


def test_work_survives_the_end_of_every_connection_to_the_database(registry: Engine, work: Working) -> None:
    work_id = ask(registry, "lost")
    worker = work()
    until(registry, work_id, under_way)
    with Session(registry) as session:
        # The role may end its own sessions; a restart of the server does the same to all of them.
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
            )
        )
    if worker.poll() is None:
        # It goes on with new connections, or ends and is started again, as script/server does.
        time.sleep(1)
    deadline = time.monotonic() + 60
    while counted(registry, "lost") < 40:
        assert time.monotonic() < deadline
        if worker.poll() is not None:
            worker = work()
        time.sleep(0.2)
    assert until(registry, work_id, is_done).result == {"counted": 40}


def test_a_small_piece_of_work_does_not_wait_for_a_large_one(registry: Engine, work: Working) -> None:
    large, small = ask(registry, "large", to=400), ask(registry, "small", to=2, pause=0)
    work()
    until(registry, small, is_done)
    assert until(registry, large, lambda now: now.state != "waiting").state == "running"
    with Session(registry) as session, session.begin():
        jobs.cancel(session, large, actor=actor_id(session, OPERATOR))
    until(registry, large, lambda now: now.ended)
