"""Statements written down once and sent as texts over the driver's own cursor: for questions that take it less than a millisecond.

Making an expression, finding its text again and wrapping its rows would each take longer than the database takes to
answer. The texts are few, so a connection prepares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import psycopg
from sqlalchemy import Connection, Select, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

__all__ = ["Reader", "Written", "write"]

#: What a question is asked over; a connection alone where nothing but such questions are asked.
Reader: TypeAlias = Session | Connection

_DIALECT: Final = make_url("postgresql+psycopg://").get_dialect()()


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a statement and the values that it was written with."""

    text: str
    values: Mapping[str, Any]

    def rows(self, reader: Reader, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows as the driver makes them, with other values for some names.

        They come in binary: a tile or a feature as the bytes that are sent on. Raises SQLAlchemy's DBAPIError, as every
        other question does.
        """
        connection = reader.connection() if isinstance(reader, Session) else reader
        driver = connection.connection
        cursor = driver.cursor(binary=True)
        try:
            cursor.execute(self.text, {**self.values, **given})
            found: list[tuple[Any, ...]] = cursor.fetchall()  # type: ignore[assignment]
        except psycopg.Error as error:
            gone = connection.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
            if gone:
                connection.invalidate(error)
            raise DBAPIError.instance(
                self.text, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=gone
            ) from error
        finally:
            cursor.close()
        return found


def write(statement: Select[*tuple[Any, ...]]) -> Written:
    """Write a statement down. Each ``bindparam`` with a name of its own may be given another value later."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Written(str(compiled), compiled.params)
