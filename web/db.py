"""What a request asks with: one session that cannot write, and the time on the clock.

Reading goes over connections of its own, where the server itself refuses to write and each statement stands alone: a
page of two questions costs two ways to the database and not four. The few requests that write open a transaction.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, current_app, g
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from stations.registry.queries import WARMING
from web.settings import Settings

__all__ = [
    "PUBLIC_TIMEOUT_MS",
    "connection",
    "in_one_transaction",
    "init_app",
    "make_engine",
    "now",
    "reader",
    "session",
    "snapshot",
    "writing",
]

#: Longest that a statement of a public page or program may take, whatever the operator lets the desk take.
PUBLIC_TIMEOUT_MS = 5_000

#: For so long a connection that was given back is believed to stand: a ping costs as much as a small question does.
_BELIEVED_S = 1.0
_ANSWERED = "yizhan.answered"
_WRITING = "yizhan.engine"
_READING = "yizhan.engine.reading"


def make_engine(settings: Settings, *, reading: bool = False) -> Engine:
    """Make an engine of the application's role; nothing is connected yet. reading: one that can do nothing else."""
    longest = settings.statement_timeout_ms
    longest = min(longest, PUBLIC_TIMEOUT_MS) if reading else longest
    options = f"-c statement_timeout={longest} -c jit=off -c timezone=Asia/Shanghai"
    if reading:
        # Starting a second process takes longer than what public pages ask.
        options += " -c default_transaction_read_only=on -c max_parallel_workers_per_gather=0"
    address = settings.require_database()
    engine = create_engine(
        (settings.read_database_url or address) if reading else address,
        isolation_level="AUTOCOMMIT" if reading else "READ COMMITTED",
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=not reading,
        pool_recycle=1800,
        # What readers write must not reach a log by way of an error.
        hide_parameters=True,
        connect_args={
            "application_name": "yizhan",
            "connect_timeout": 10,
            "options": options,
        },
    )

    @event.listens_for(engine, "connect")
    def warm(opened: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The first geography call of a session loads the spheroid code: 15 ms that no reader should wait for.
        cursor = opened.cursor()
        cursor.execute(WARMING)
        cursor.close()
        opened.rollback()

    if reading:
        _ping_idle(engine)
    return engine


def _ping_idle(engine: Engine) -> None:
    """Ask a connection whether it still stands before it is used again, but not one that just answered."""

    @event.listens_for(engine, "checkin")
    def answered(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[_ANSWERED] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(opened: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        if time.monotonic() - record.info.get(_ANSWERED, -math.inf) < _BELIEVED_S:
            return
        try:
            engine.dialect.do_ping(opened)
        except engine.dialect.loaded_dbapi.Error as error:
            # The others of the pool that are older are most likely gone too.
            raise InvalidatePoolError from error


def reader(engine: Engine) -> Engine:
    """Return a view of an engine whose statements stand alone; that nothing is written is then left to the caller."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def init_app(app: Flask, *, writing: Engine, reading: Engine) -> None:
    """Give every request a session on demand, and take it back at the end."""
    app.extensions[_WRITING] = writing
    app.extensions[_READING] = reading

    @app.teardown_appcontext
    def close(_: BaseException | None) -> None:
        for name in ("session", "connection"):
            opened: Session | Connection | None = g.pop(name, None)
            if opened is not None:
                opened.close()


def in_one_transaction() -> None:
    """Let this request read within one transaction: the desk, whose policies ask who reads. Call it first."""
    opened = Session(current_app.extensions[_WRITING])
    opened.connection(execution_options={"postgresql_readonly": True})
    g.session = opened


def session() -> Session:
    """Return this request's session. Pages and the API only read; nothing commits it."""
    if "session" not in g:
        g.session = Session(g.get("connection") or current_app.extensions[_READING])
    found: Session = g.session
    return found


def connection() -> Connection:
    """Return the connection that this request reads over, without a session around it: that costs as much as a small question."""
    if "session" in g:
        return session().connection()
    if "connection" not in g:
        g.connection = current_app.extensions[_READING].connect()
    found: Connection = g.connection
    return found


@contextmanager
def writing() -> Iterator[Session]:
    """Open a transaction that may write: committed at the end of the block, undone by an error."""
    with Session(current_app.extensions[_WRITING]) as opened, opened.begin():
        yield opened


@contextmanager
def snapshot(*, statement_s: int) -> Iterator[Session]:
    """Open a transaction that reads one state of the registry however long it takes.

    statement_s: seconds that one statement of it may take.
    """
    with Session(current_app.extensions[_READING]) as opened:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        opened.connection(execution_options=options)
        opened.execute(
            text("SELECT set_config('statement_timeout', :ms, true)"), {"ms": str(statement_s * 1000)}
        )
        yield opened


def now() -> datetime:
    """Return the moment of this request; the frozen one where the settings stop the clock."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings.now()
