"""The queue: one task of procrastinate, which does the piece of work that its argument names.

What is to be done stands in ``work``; the queue only says that it is to be done, wakes the worker and hands each
piece to one of them. A job is put in by the same transaction that writes its row, so neither is there without the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import procrastinate
from procrastinate.jobs import Job
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from stations.jobs.queue_schema import SCHEMA

__all__ = ["HEARTBEAT_S", "STALLED_S", "Again", "defer", "forget", "make_app"]

TASK: Final = "work"
#: How often a worker says that it lives, and after how long a silence it is taken for dead.
HEARTBEAT_S: Final = 3.0
STALLED_S: Final = 12.0


class Again(Exception):
    """The piece of work was not finished and is to be taken up again after some seconds."""

    def __init__(self, in_s: int) -> None:
        super().__init__(in_s)
        self.in_s = in_s


class _WhenAsked(procrastinate.BaseRetryStrategy):
    """Put a job back where the work asks for it, and never for another reason: the books count the attempts."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        return (
            procrastinate.RetryDecision(retry_in={"seconds": exception.in_s})
            if isinstance(exception, Again)
            else None
        )


def make_app(
    connector: procrastinate.BaseConnector, do: Callable[[int], None] | None = None
) -> procrastinate.App:
    """Build procrastinate's application with its one task. do: what a worker does with the id of a piece of work."""
    app = procrastinate.App(connector=connector)

    @app.task(name=TASK, retry=_WhenAsked())
    def work(work_id: int) -> None:
        if do is not None:
            do(work_id)

    return app


def connector(url: str) -> procrastinate.PsycopgConnector:
    """Make the worker's connections, as the application's role. url: SQLAlchemy's address of the database."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return procrastinate.PsycopgConnector(
        conninfo=address,
        min_size=1,
        max_size=4,
        timeout=20.0,
        kwargs={
            "options": f"-c search_path={SCHEMA} -c statement_timeout=30000",
            "application_name": "yizhan worker",
            "connect_timeout": 10,
        },
    )


def defer(session: Session, work_id: int) -> int:
    """Put a piece of work into the queue within the session's transaction; returns the number of the job."""
    with _queue(session) as (app, driver):
        return int(app.configure_task(TASK, connection=driver).defer(work_id=work_id))


def forget(session: Session, job_id: int) -> None:
    """Take a job out of the queue, whether it waits, runs or has ended."""
    session.execute(text(f"DELETE FROM {SCHEMA}.procrastinate_jobs WHERE id = :id"), {"id": job_id})  # noqa: S608


@contextmanager
def _queue(session: Session) -> Iterator[tuple[procrastinate.App, Any]]:
    """Let procrastinate work on the session's own connection, where its unqualified names mean its own schema."""
    connection = session.connection()
    before = connection.scalar(text("SELECT current_setting('search_path')"))
    switch = text("SELECT set_config('search_path', :path, true)")
    connection.execute(switch, {"path": SCHEMA})
    try:
        yield make_app(procrastinate.SyncPsycopgConnector()), connection.connection.driver_connection
    finally:
        connection.execute(switch, {"path": before})
