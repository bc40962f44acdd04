"""What a request asks with: one read-only session over the process's engine, and the time on the clock.

The few requests that write open a transaction of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, current_app, g
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from web.settings import Settings

__all__ = ["init_app", "make_engine", "now", "session", "writing"]

_KEY = "yizhan.engine"


def make_engine(settings: Settings) -> Engine:
    """Make the engine of the application's role; nothing is connected yet."""
    engine = create_engine(
        settings.require_database(),
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        pool_recycle=1800,
        # What readers write must not reach a log by way of an error.
        hide_parameters=True,
        connect_args={
            "application_name": "yizhan",
            "connect_timeout": 10,
            "options": f"-c statement_timeout={settings.statement_timeout_ms} -c jit=off -c timezone=Asia/Shanghai",
        },
    )

    @event.listens_for(engine, "connect")
    def warm(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The first geography call of a session loads the spheroid code: 15 ms that no reader should wait for.
        cursor = connection.cursor()
        cursor.execute("SELECT ST_Distance('POINT(0 0)'::geography, 'POINT(1 1)'::geography)")
        cursor.close()
        connection.rollback()

    return engine


def init_app(app: Flask, engine: Engine) -> None:
    """Give every request a session on demand, and take it back at the end."""
    app.extensions[_KEY] = engine

    @app.teardown_appcontext
    def close(_: BaseException | None) -> None:
        opened: Session | None = g.pop("session", None)
        if opened is not None:
            opened.close()


def session() -> Session:
    """Return this request's session. Pages and the API only read; nothing commits it."""
    if "session" not in g:
        opened = Session(current_app.extensions[_KEY])
        opened.connection(execution_options={"postgresql_readonly": True})
        g.session = opened
    found: Session = g.session
    return found


@contextmanager
def writing() -> Iterator[Session]:
    """Open a transaction that may write: committed at the end of the block, undone by an error."""
    with Session(current_app.extensions[_KEY]) as opened, opened.begin():
        yield opened


def now() -> datetime:
    """Return the moment of this request; the frozen one where the settings stop the clock."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings.now()
