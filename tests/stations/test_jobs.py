"""Long work: asked for once, done whole or not at all, told while it goes on, and never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import jobs
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.jobs import Kind, Task, books, queue_schema
from stations.jobs.queue import Again
from stations.jobs.running import run
from stations.models import Grant, Staff
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import differences


@pytest.fixture(scope="module")
def registry(new_database: Callable[[], str]) -> Iterator[Engine]:
    """A registry that is really committed to: work goes over several connections."""
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="staff"):
            for login, role in (("li", "editor"), ("wang", "editor"), ("nobody", None)):
                member = Staff(login=login, display_name=login)
                session.add(member)
                session.flush()
                if role is not None:
                    session.add(Grant(staff_id=member.id, role=role, region_code="630102"))
    yield engine
    engine.dispose()


@pytest.fixture
def clean(registry: Engine) -> Iterator[Engine]:
    yield registry
    with Session(registry) as session, session.begin():
        session.execute(text("SELECT set_config('yz.actor', '1', true)"))
        session.execute(text("DELETE FROM work"))
        session.execute(text("DELETE FROM queue.procrastinate_jobs"))


def staff(engine: Engine, login: str) -> int:
    with Session(engine) as session:
        return actor_id(session, login)


def ask(engine: Engine, login: str = "li", kind: str = "count", **options: Any) -> int:
    with Session(engine) as session, session.begin():
        return jobs.enqueue(session, kind, {"to": 3}, actor=actor_id(session, login), **options)


def state(engine: Engine, work_id: int) -> jobs.Progress:
    with Session(engine) as session:
        return jobs.progress(session, work_id)


def do(
    engine: Engine, work_id: int, function: Callable[[Task], Mapping[str, Any] | None], **options: Any
) -> None:
    run(engine, work_id, {"count": Kind(function, **options)}, threading.Event())


def rename(task: Task, name: str = "改过的名字") -> None:
    """Write something that can be seen afterwards."""
    with acting(task.session, task.actor, reason="work"):
        task.session.execute(text("UPDATE registry_info SET name = :name WHERE one = 1"), {"name": name})


def name_of(engine: Engine) -> str:
    with Session(engine) as session:
        return str(session.scalar(text("SELECT name FROM registry_info")))


def jobs_in_queue(engine: Engine) -> list[tuple[int, str]]:
    with Session(engine) as session:
        found = session.execute(
            text("SELECT (args->>'work_id')::bigint, status::text FROM queue.procrastinate_jobs ORDER BY id")
        )
        return [(row[0], row[1]) for row in found]


def test_work_and_its_job_are_there_together_or_not_at_all(clean: Engine) -> None:
    with Session(clean) as session:
        jobs.enqueue(session, "count", {}, actor=actor_id(session, "li"))
        session.rollback()
    assert jobs_in_queue(clean) == []
    work_id = ask(clean)
    assert jobs_in_queue(clean) == [(work_id, "todo")]
    assert state(clean, work_id).state == "waiting"


def test_the_search_path_of_whoever_asks_stays_what_it_was(clean: Engine) -> None:
    with Session(clean) as session, session.begin():
        before = session.scalar(text("SHOW search_path"))
        jobs.enqueue(session, "count", {}, actor=actor_id(session, "li"))
        assert session.scalar(text("SHOW search_path")) == before


def test_asking_twice_with_one_key_asks_once_until_it_has_ended(clean: Engine) -> None:
    first = ask(clean, key="import-apply:1")
    assert ask(clean, key="import-apply:1") == first
    assert ask(clean, key="import-apply:2") != first
    do(clean, first, lambda task: None)
    assert ask(clean, key="import-apply:1") != first


def test_two_who_ask_at_once_with_one_key_get_one_piece_of_work(clean: Engine) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(ask(clean, key="same"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(jobs_in_queue(clean)) == 1


def test_who_has_no_role_cannot_ask_and_nobody_can_ask_for_another(clean: Engine) -> None:
    with pytest.raises(NotAllowed, match="no role"):
        ask(clean, "nobody")
    li, wang = staff(clean, "li"), staff(clean, "wang")
    with Session(clean) as session:
        session.execute(text("SELECT set_config('yz.actor', :me, true)"), {"me": str(wang)})
        with pytest.raises(DBAPIError, match="row-level security"):
            session.execute(
                text("INSERT INTO work (kind, subject, actor_id) VALUES ('count', '', :other)"), {"other": li}
            )


def test_what_the_task_writes_is_there_when_it_is_done_and_its_result_is_kept(clean: Engine) -> None:
    work_id = by_operator(clean, subject="台账.xlsx")

    def function(task: Task) -> Mapping[str, Any]:
        assert task.arguments == {"to": 3}
        assert task.session.scalar(text("SELECT current_setting('yz.actor')")) == str(task.actor)
        rename(task, "一次")
        return {"rows": 3}

    do(clean, work_id, function)
    done = state(clean, work_id)
    assert (done.state, done.result, done.progress, done.subject) == ("done", {"rows": 3}, 1.0, "台账.xlsx")
    assert done.ended
    assert name_of(clean) == "一次"


def by_operator(engine: Engine, **options: Any) -> int:
    return ask(engine, OPERATOR, **options)


def test_a_failing_task_leaves_nothing_and_its_words_are_kept(clean: Engine) -> None:
    before = name_of(clean)
    work_id = by_operator(clean)

    def function(task: Task) -> None:
        rename(task, "半途")
        raise Invalid("row 7: '青海' is no number", field="capacity", reason="no_number")

    do(clean, work_id, function)
    failed = state(clean, work_id)
    assert failed.state == "failed"
    assert failed.error == "row 7: '青海' is no number"
    assert failed.result == {"error": "Invalid", "field": "capacity", "reason": "no_number"}
    assert name_of(clean) == before


def test_an_unexpected_error_is_told_without_its_words(
    clean: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    work_id = by_operator(clean)

    def function(task: Task) -> None:
        raise RuntimeError("secret of the house")

    do(clean, work_id, function)
    assert "secret" not in (state(clean, work_id).error or "")
    assert "secret of the house" in caplog.text


def test_progress_is_told_while_the_task_goes_on(clean: Engine) -> None:
    work_id = by_operator(clean)
    seen: list[tuple[str, str | None, float | None]] = []

    def function(task: Task) -> None:
        for part in (0.25, 2.0):
            task.say(f"step {part}", part)
            now = state(clean, work_id)
            seen.append((now.state, now.step, now.progress))

    do(clean, work_id, function)
    assert seen == [("running", "step 0.25", 0.25), ("running", "step 2.0", 1.0)]


def test_running_work_that_is_cancelled_writes_nothing_even_in_the_middle_of_a_statement(
    clean: Engine,
) -> None:
    before = name_of(clean)
    work_id = by_operator(clean)
    begun = threading.Event()

    def function(task: Task) -> None:
        rename(task, "将被取消")
        begun.set()
        task.session.execute(text("SELECT pg_sleep(60)"))

    def cancel() -> None:
        begun.wait(10)
        with Session(clean) as session, session.begin():
            assert jobs.cancel(session, work_id, actor=staff(clean, OPERATOR)) == "running"

    canceller = threading.Thread(target=cancel)
    canceller.start()
    started = time.monotonic()
    do(clean, work_id, function)
    canceller.join()
    assert time.monotonic() - started < 30
    assert state(clean, work_id).state == "cancelled"
    assert name_of(clean) == before


def test_a_cancellation_that_comes_before_the_commit_wins_and_one_that_comes_after_changes_nothing(
    clean: Engine,
) -> None:
    before = name_of(clean)
    work_id = by_operator(clean)

    def function(task: Task) -> None:
        rename(task, "写完才取消")
        with Session(clean) as session, session.begin():
            jobs.cancel(session, work_id, actor=staff(clean, OPERATOR))

    do(clean, work_id, function)
    assert (state(clean, work_id).state, name_of(clean)) == ("cancelled", before)

    other = by_operator(clean)
    do(clean, other, lambda task: rename(task, "已写完"))
    with Session(clean) as session, session.begin():
        assert jobs.cancel(session, other, actor=staff(clean, OPERATOR)) == "done"
    assert (state(clean, other).state, name_of(clean)) == ("done", "已写完")


def test_waiting_work_that_is_cancelled_leaves_the_queue(clean: Engine) -> None:
    work_id = ask(clean)
    with Session(clean) as session, session.begin():
        assert jobs.cancel(session, work_id, actor=staff(clean, "li")) == "cancelled"
    assert jobs_in_queue(clean) == []
    do(clean, work_id, lambda task: pytest.fail("it was cancelled"))


def test_nobody_but_an_administrator_touches_the_work_of_another(clean: Engine) -> None:
    work_id = ask(clean, "li")
    with Session(clean) as session, session.begin():
        with pytest.raises(NotAllowed):
            jobs.cancel(session, work_id, actor=staff(clean, "wang"))
        with pytest.raises(NotAllowed):
            jobs.again(session, work_id, actor=staff(clean, "wang"))
        with pytest.raises(NotFound):
            jobs.cancel(session, 10**9, actor=staff(clean, "li"))
        assert jobs.cancel(session, work_id, actor=staff(clean, OPERATOR)) == "cancelled"


def test_two_workers_never_do_one_piece_of_work_at_once(clean: Engine) -> None:
    work_id = by_operator(clean)
    times = 0
    inside, leave = threading.Event(), threading.Event()

    def function(task: Task) -> None:
        nonlocal times
        times += 1
        inside.set()
        leave.wait(10)

    first = threading.Thread(target=do, args=(clean, work_id, function))
    first.start()
    inside.wait(10)
    with pytest.raises(Again):
        do(clean, work_id, function)
    leave.set()
    first.join()
    for _ in range(100):  # the server gives the lock back a moment after the connection was closed
        try:
            do(clean, work_id, function)
            break
        except Again:
            time.sleep(0.05)
    assert times == 1
    assert state(clean, work_id).state == "done"


def test_work_that_is_told_to_stop_goes_back_and_no_attempt_is_counted(clean: Engine) -> None:
    work_id = by_operator(clean)
    stopping = threading.Event()

    def function(task: Task) -> None:
        rename(task, "停下")
        stopping.set()
        task.say("on", 0.5)

    with pytest.raises(Again):
        run(clean, work_id, {"count": Kind(function)}, stopping)
    now = state(clean, work_id)
    assert (now.state, now.attempts) == ("waiting", 0)
    assert name_of(clean) != "停下"


def test_work_whose_connection_the_server_ends_goes_back_and_is_done_the_next_time(clean: Engine) -> None:
    work_id = by_operator(clean)
    tries = 0

    def function(task: Task) -> Mapping[str, Any]:
        nonlocal tries
        tries += 1
        if tries == 1:
            task.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        rename(task, "第二次")
        return {"tries": tries}

    with pytest.raises(Again):
        do(clean, work_id, function)
    do(clean, work_id, function)
    assert state(clean, work_id).result == {"tries": 2}
    assert name_of(clean) == "第二次"


def test_a_kind_that_this_version_does_not_know_fails_in_words(clean: Engine) -> None:
    work_id = ask(clean, kind="of tomorrow")
    do(clean, work_id, lambda task: None)
    assert "of tomorrow" in (state(clean, work_id).error or "")


def abandon(engine: Engine, work_id: int, attempts: int = 1) -> None:
    """Leave work as a killed worker leaves it."""
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT set_config('yz.actor', '1', true)"))
        session.execute(
            text(
                "UPDATE work SET state = 'running', attempts = :n, started_at = now(),"
                " heartbeat_at = now() - interval '1 minute' WHERE id = :id"
            ),
            {"id": work_id, "n": attempts},
        )
        session.execute(
            text("UPDATE queue.procrastinate_jobs SET status = 'doing' WHERE args->>'work_id' = :id"),
            {"id": str(work_id)},
        )


def recovered(engine: Engine, *restartable: str) -> tuple[list[int], list[int]]:
    with Session(engine) as session, session.begin():
        return books.recover(session, frozenset(restartable))


def test_what_a_dead_worker_left_is_told_as_interrupted_and_goes_back_into_the_queue(clean: Engine) -> None:
    work_id = ask(clean)
    abandon(clean, work_id)
    assert state(clean, work_id).state == "interrupted"
    assert recovered(clean, "count") == ([work_id], [])
    assert state(clean, work_id).state == "waiting"
    assert jobs_in_queue(clean) == [(work_id, "todo")]
    assert recovered(clean, "count") == ([], [])


def test_what_cannot_be_begun_again_by_itself_and_what_killed_three_workers_is_stopped(clean: Engine) -> None:
    once, thrice = ask(clean, kind="once"), ask(clean)
    abandon(clean, once)
    abandon(clean, thrice, attempts=books.MOST_ATTEMPTS)
    assert recovered(clean, "count") == ([], [once, thrice])
    assert {state(clean, found).state for found in (once, thrice)} == {"stopped"}
    assert jobs_in_queue(clean) == []
    with Session(clean) as session, session.begin():
        jobs.again(session, thrice, actor=staff(clean, "li"))
    assert (state(clean, thrice).state, state(clean, thrice).attempts) == ("waiting", 0)
    assert jobs_in_queue(clean) == [(thrice, "todo")]


def test_abandoned_work_that_somebody_had_cancelled_ends_as_cancelled(clean: Engine) -> None:
    work_id = ask(clean)
    abandon(clean, work_id)
    with Session(clean) as session, session.begin():
        jobs.cancel(session, work_id, actor=staff(clean, "li"))
    recovered(clean, "count")
    assert state(clean, work_id).state == "cancelled"


def test_a_job_that_a_worker_took_and_never_began_is_found_again(clean: Engine) -> None:
    work_id = ask(clean)
    with Session(clean) as session, session.begin():
        session.execute(text("UPDATE queue.procrastinate_jobs SET status = 'doing', worker_id = NULL"))
    assert recovered(clean, "count") == ([work_id], [])
    assert jobs_in_queue(clean) == [(work_id, "todo")]


def test_work_that_is_being_done_is_not_taken_for_abandoned(clean: Engine) -> None:
    work_id = by_operator(clean)

    def function(task: Task) -> None:
        assert recovered(clean, "count") == ([], [])

    do(clean, work_id, function)
    assert state(clean, work_id).state == "done"


def test_only_what_ended_badly_can_be_begun_again(clean: Engine) -> None:
    work_id = ask(clean)
    with Session(clean) as session, session.begin(), pytest.raises(Conflict, match="waiting"):
        jobs.again(session, work_id, actor=staff(clean, "li"))
    do(clean, work_id, lambda task: None)
    with Session(clean) as session, session.begin(), pytest.raises(Conflict, match="done"):
        jobs.again(session, work_id, actor=staff(clean, "li"))


def test_the_place_in_the_queue_and_whether_anybody_works_are_told(clean: Engine) -> None:
    first, second = ask(clean), ask(clean)
    assert [state(clean, found).ahead for found in (first, second)] == [0, 1]
    assert not state(clean, first).served
    with Session(clean) as session, session.begin():
        session.execute(text("INSERT INTO queue.procrastinate_workers DEFAULT VALUES"))
    assert state(clean, first).served
    with Session(clean) as session:
        assert [found.id for found in jobs.recent(session, actor=staff(clean, "li"))] == [second, first]
        assert jobs.recent(session, actor=staff(clean, "wang")) == []


def test_what_ended_is_forgotten_after_thirty_days_and_what_waits_is_not(clean: Engine) -> None:
    ended, waiting = ask(clean), ask(clean)
    do(clean, ended, lambda task: None)
    later = datetime.now(UTC) + timedelta(days=31)
    with Session(clean) as session, session.begin():
        assert jobs.sweep(session, datetime.now(UTC)) == 0
        assert jobs.sweep(session, later) == 1
    with Session(clean) as session, pytest.raises(NotFound):
        jobs.progress(session, ended)
    assert state(clean, waiting).state == "waiting"


def test_long_work_makes_no_commit_in_the_ledger(clean: Engine) -> None:
    count = text("SELECT count(*) FROM commits")
    with Session(clean) as session:
        before = session.scalar(count)
    do(clean, ask(clean), lambda task: task.say("on", 0.5))
    with Session(clean) as session:
        assert session.scalar(count) == before


def test_the_queue_is_at_the_version_of_the_library_that_is_locked(session: Session) -> None:
    # Where this fails the lock moved: add a migration that calls ``bring_up`` and grants what is new.
    assert queue_schema.applied(session.connection()) == queue_schema.shipped()


def test_the_models_of_work_and_uploads_are_what_the_migration_makes(session: Session) -> None:
    named = [str(found) for found in differences(session.connection())]
    assert [found for found in named if "work" in found or "uploads" in found] == []
