"""Statements of the hot path: made of expressions once for each shape of question, then sent as the text they became.

Making an expression of a question and finding its text again takes longer than most of these questions take in the
database. The texts are few, so a connection prepares them, and the database plans them once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, make_url
from sqlalchemy.orm import Session

__all__ = ["Prepared", "prepare"]

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The text of a statement and the values that it was made with."""

    text: str
    values: Mapping[str, Any]

    def rows(self, session: Session, **given: Any) -> Sequence[Any]:
        """Return the rows, with other values for some names.

        They are what the driver makes of them: no type of SQLAlchemy has a say.
        """
        return session.connection().exec_driver_sql(self.text, {**self.values, **given}).all()


def prepare(statement: Select[*tuple[Any, ...]]) -> Prepared:
    """Make the text of a statement. Each ``bindparam`` with a name of its own may be given another value later."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Prepared(str(compiled), compiled.params)
