"""Doing one piece of work: one transaction for what it does, and a second connection that watches and tells.

What a task writes and the note that it is done are committed together, so work is done once and whole however often it
is begun. The watching connection holds the lock of the piece for as long as its process lives.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from geo.errors import GeoError
from stations.errors import StationsError, Unavailable
from stations.jobs.books import MOST_ATTEMPTS, lock_of
from stations.jobs.queue import Again

__all__ = ["Ended", "Kind", "Kinds", "Task", "run"]

_log = logging.getLogger(__name__)
_BEAT_S: Final = 1.0
_SAY_S: Final = 0.3
#: How long work waits that could not be begun, or whose database went away.
_SOON_S: Final = 2
_DISK_FULL: Final = "53100"
#: The server ended the connection, crashed, or does not let anybody in yet; None: nobody answered at all.
_GONE: Final = {None, "57P01", "57P02", "57P03"}

_BEGIN: Final = text("""
    UPDATE work SET state = 'running', attempts = attempts + 1, step = NULL, progress = NULL, error = NULL,
        started_at = clock_timestamp(), heartbeat_at = clock_timestamp()
    WHERE id = :id AND state IN ('waiting', 'running') AND cancel_requested_at IS NULL
    RETURNING kind, arguments, actor_id, attempts
""")
_BEAT: Final = text("""
    UPDATE work SET heartbeat_at = clock_timestamp(), step = :step, progress = :progress
    WHERE id = :id AND state = 'running' RETURNING cancel_requested_at IS NOT NULL
""")
_DONE: Final = text("""
    UPDATE work SET state = 'done', finished_at = clock_timestamp(), progress = 1, result = CAST(:result AS jsonb)
    WHERE id = :id AND state = 'running' AND cancel_requested_at IS NULL
""")
_END: Final = text("""
    UPDATE work SET state = :state, error = :error, result = CAST(:result AS jsonb),
        attempts = attempts - :uncounted,
        finished_at = CASE WHEN :state = 'waiting' THEN NULL::timestamptz ELSE clock_timestamp() END
    WHERE id = :id AND state = 'running'
""")


class Ended(Exception):
    """The task is to end here, and what it did in its transaction is undone."""


class _Why(Enum):
    CANCELLED = "cancelled"
    STOPPING = "stopping"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Task:
    """What a function is given: the transaction it works in, what was asked, by whom, and where to tell of progress.

    The function acts as ``actor`` and does not commit. It returns what a page may show, as JSON holds it.
    """

    session: Session
    arguments: Mapping[str, Any]
    actor: int
    _tell: Callable[[str, float | None], None] = field(repr=False)

    def say(self, step: str, part: float | None = None) -> None:
        """Tell what is being done, and how much of it (0 to 1). Call it often: it is where the task may end early."""
        self._tell(step, part)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work: its function, and whether it may be begun again by itself when its worker died."""

    function: Callable[[Task], Mapping[str, Any] | None]
    restartable: bool = True


Kinds = Mapping[str, Kind]


def run(engine: Engine, work_id: int, kinds: Kinds, stopping: threading.Event) -> None:
    """Do a piece of work, unless another does it or it has ended. stopping: set when this process is to end.

    Raises Again where it is to be taken up later: another process still holds it, the database went away, or this
    process ends. Everything else is written into the books.
    """
    with _watching(engine, work_id) as watch:
        if watch is None:
            raise Again(_SOON_S)
        begun = watch.execute(_BEGIN, id=work_id).one_or_none()
        if begun is None:
            return
        kind = kinds.get(begun.kind)
        if kind is None:
            _end(watch, work_id, "failed", error=f"this version does not know how to do {begun.kind!r}")
            return
        _Run(engine, watch, work_id, stopping).do(kind, begun.arguments, begun.actor_id, begun.attempts)


class _Watch:
    """The second connection: holds the lock, keeps the books; used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def execute(self, statement: Any, **values: Any) -> Any:
        with self._lock:
            return self._connection.execute(statement, values)


@contextmanager
def _watching(engine: Engine, work_id: int) -> Iterator[_Watch | None]:
    """Hold the lock of a piece of work; give None where another process has it."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:space, :id)"), lock_of(work_id)):
            yield None
            return
        # The actor of the books is whoever asked: row policies let nobody else's work be touched.
        connection.execute(
            text("SELECT set_config('yz.actor', (SELECT actor_id::text FROM work WHERE id = :id), false)"),
            {"id": work_id},
        )
        yield _Watch(connection)
    finally:
        # Ended and not given back: the lock and the actor end with the connection.
        with suppress(DBAPIError, psycopg.Error):
            connection.invalidate()
        connection.close()


class _Run:
    """One attempt at a piece of work."""

    def __init__(self, engine: Engine, watch: _Watch, work_id: int, stopping: threading.Event) -> None:
        self._engine = engine
        self._watch = watch
        self._id = work_id
        self._stopping = stopping
        self._over = threading.Event()
        self._why: _Why | None = None
        self._step: str | None = None
        self._part: float | None = None
        self._told = 0.0
        self._driver: psycopg.Connection[Any] | None = None

    def do(self, kind: Kind, arguments: Mapping[str, Any], actor: int, attempts: int) -> None:
        keeper = threading.Thread(target=self._keep, name=f"work {self._id}", daemon=True)
        keeper.start()
        try:
            self._work(kind, arguments, actor)
        except Exception as error:
            self._over.set()
            keeper.join()
            self._ended(error, kind, attempts)
        finally:
            self._over.set()
            keeper.join()

    def _work(self, kind: Kind, arguments: Mapping[str, Any], actor: int) -> None:
        with Session(self._engine) as session, session.begin():
            # Long statements over whole sets are what a worker is for.
            session.execute(
                text(
                    "SELECT set_config('statement_timeout', '0', true), "
                    "set_config('idle_in_transaction_session_timeout', '0', true), "
                    "set_config('yz.actor', :actor, true)"
                ),
                {"actor": str(actor)},
            )
            driver = session.connection().connection.driver_connection
            self._driver = driver if isinstance(driver, psycopg.Connection) else None
            try:
                result = kind.function(Task(session, arguments, actor, self._tell))
                session.flush()
                done = session.execute(_DONE, {"id": self._id, "result": _json(result)})
                if done.rowcount == 0:  # type: ignore[attr-defined]
                    self._why = self._why or _Why.CANCELLED
                    raise Ended
            finally:
                self._driver = None

    def _tell(self, step: str, part: float | None) -> None:
        if self._why is not None or self._stopping.is_set():
            self._why = self._why or _Why.STOPPING
            raise Ended
        changed = step != self._step
        self._step, self._part = step, None if part is None else min(1.0, max(0.0, part))
        if changed or time.monotonic() - self._told >= _SAY_S:
            self._told = time.monotonic()
            self._beat()
        if self._why is not None:
            raise Ended

    def _beat(self) -> None:
        try:
            found = self._watch.execute(
                _BEAT, id=self._id, step=self._step, progress=self._part
            ).one_or_none()
        except (DBAPIError, psycopg.Error):
            # With this connection the lock is gone: another may begin, so this one must not go on.
            self._why = self._why or _Why.LOST
            return
        if found is not None and found[0]:
            self._why = self._why or _Why.CANCELLED

    def _keep(self) -> None:
        """Give a sign of life each second; break a statement off where the work is to end."""
        while not self._over.wait(_BEAT_S):
            if self._why is None:
                self._beat()
            if self._stopping.is_set():
                self._why = self._why or _Why.STOPPING
            driver = self._driver
            if self._why is not None and driver is not None:
                with suppress(psycopg.Error):
                    driver.cancel_safe(timeout=5)

    def _ended(self, error: Exception, kind: Kind, attempts: int) -> None:
        if self._why is _Why.CANCELLED:
            _end(self._watch, self._id, "cancelled")
        elif self._why is _Why.STOPPING:
            self._back(kind, uncounted=1)
        elif self._why is _Why.LOST or _is_lost(error):
            if attempts >= MOST_ATTEMPTS:
                _end(self._watch, self._id, "stopped")
                return
            self._back(kind)
        else:
            words, told = _in_words(error)
            if told is None:
                _log.error("work %s failed", self._id, exc_info=error)
            _end(self._watch, self._id, "failed", error=words, result=told)

    def _back(self, kind: Kind, *, uncounted: int = 0) -> None:
        """Leave it for the next worker. Where the books cannot be reached, the next worker finds it abandoned."""
        state = "waiting" if kind.restartable else "stopped"
        with suppress(DBAPIError, psycopg.Error):
            _end(self._watch, self._id, state, uncounted=uncounted)
        if kind.restartable:
            raise Again(_SOON_S)


def _end(
    watch: _Watch,
    work_id: int,
    state: str,
    *,
    error: str | None = None,
    result: Mapping[str, Any] | None = None,
    uncounted: int = 0,
) -> None:
    watch.execute(
        _END,
        id=work_id,
        state=state,
        error=error,
        result=None if result is None else _json(result),
        uncounted=uncounted,
    )


def _is_lost(error: Exception) -> bool:
    """Tell whether the database went away, which says nothing against the work."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # What goes through the driver itself (COPY) comes as the driver's error.
    driver = error.orig if isinstance(error, OperationalError) else error
    return isinstance(driver, psycopg.OperationalError) and driver.sqlstate in _GONE


def _in_words(error: Exception) -> tuple[str, dict[str, Any] | None]:
    """Return what a person is told, and what a page may tell it by; None for an error that nobody expected."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    if getattr(driver, "sqlstate", None) == _DISK_FULL:
        return "there is no room left in the database; nothing was stored", {"error": "Full"}
    if isinstance(error, StationsError | GeoError):
        told = {"error": type(error).__name__}
        for name in ("field", "reason"):
            if (value := getattr(error, name, None)) is not None:
                told[name] = str(value)
        return str(error), told
    if isinstance(error, OSError):
        lost = Unavailable(f"a file could not be read or written: {error.strerror or error}")
        return str(lost), {"error": type(lost).__name__}
    return "something went wrong here; it was written to the log", None


def _json(content: Mapping[str, Any] | None) -> str:
    return orjson.dumps(dict(content or {}), default=str).decode()
