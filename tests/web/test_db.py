"""The connections of a request: reading cannot write, whatever the code above does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError, OperationalError

from web.db import make_engine
from web.settings import Settings


def test_what_reads_for_a_page_cannot_write(new_database: Callable[[], str]) -> None:
    engine = make_engine(Settings(database_url=new_database()), reading=True)
    try:
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM stations")) == 0
            with pytest.raises((InternalError, OperationalError), match="read-only transaction"):
                connection.execute(text("UPDATE stations SET address = 'x'"))
    finally:
        engine.dispose()


def test_a_page_is_answered_after_the_database_dropped_a_connection_that_lay_idle(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    engine, other = (make_engine(Settings(database_url=url), reading=reading) for reading in (True, False))
    try:
        with engine.connect() as connection:
            lost = connection.scalar(text("SELECT pg_backend_pid()"))
        with other.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
        later = time.monotonic() + 2
        monkeypatch.setattr("web.db.time.monotonic", lambda: later)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != lost
    finally:
        engine.dispose()
        other.dispose()
