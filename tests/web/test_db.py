"""The connections of a request: reading cannot write, whatever the code above does."""

from __future__ import annotations

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
