"""Rows written as the ledger holds them: content of ``to_jsonb`` back into columns, whole or in part, many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from stations.errors import NotAllowed
from stations.models.base import Base

__all__ = ["put_back", "remove", "restore"]

_TYPES: Final = {"station_id": "bigint", "source_id": "bigint", "id": "bigint", "amenity": "text"}


def remove(session: Session, model: type[Base], keys: Sequence[Mapping[str, Any]]) -> None:
    """Remove the rows of these keys. Raises NotAllowed where the row policies let less than all of them go."""
    table = model.__tablename__
    _run(session, f"DELETE FROM {table} t USING {_recordset(model)} WHERE {_same(model)}", keys)  # noqa: S608


def restore(session: Session, model: type[Base], changes: Sequence[Mapping[str, Any]]) -> None:
    """Write columns of rows. changes: ``key`` and ``held`` (column → value); several of one row are put together.

    Raises NotAllowed where the row policies let less than all of them through.
    """
    merged: dict[str, dict[str, Any]] = {}
    for change in changes:
        name = orjson.dumps(change["key"], option=orjson.OPT_SORT_KEYS).decode()
        merged.setdefault(name, {**change["key"], "held": {}})["held"] |= change["held"]
    columns = ", ".join(_columns(model))
    _run(
        session,
        f"UPDATE {model.__tablename__} t "  # noqa: S608
        f"SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(t, r.held)) "
        f"FROM {_recordset(model, held=True)} WHERE {_same(model)}",
        list(merged.values()),
    )


def put_back(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add removed rows again under their keys; one that is there in the meantime stays as it is."""
    columns = ", ".join((*_keys(model), *_columns(model)))
    session.execute(
        text(
            f"INSERT INTO {model.__tablename__} ({columns}) OVERRIDING SYSTEM VALUE "  # noqa: S608
            f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{model.__tablename__}, CAST(:rows AS jsonb)) "
            "ON CONFLICT DO NOTHING"
        ),
        {"rows": _json(rows)},
    )


def _run(session: Session, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    done: Any = session.execute(text(statement), {"rows": _json(rows)})
    if done.rowcount != len(rows):
        raise NotAllowed(
            f"{len(rows) - done.rowcount} of {len(rows)} rows are of stations that you may not change: "
            "nothing was taken back"
        )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(list(rows), default=str).decode()


def _keys(model: type[Base]) -> list[str]:
    return [column.name for column in inspect(model).primary_key]


def _columns(model: type[Base]) -> list[str]:
    """Return the columns that people or imports write."""
    never = {*_keys(model), "code", "added_in"}
    return [
        column.name
        for column in model.__table__.columns
        if column.name not in never and column.computed is None
    ]


def _recordset(model: type[Base], *, held: bool = False) -> str:
    columns = ", ".join(f"{key} {_TYPES[key]}" for key in _keys(model)) + (", held jsonb" if held else "")
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS r ({columns})"


def _same(model: type[Base]) -> str:
    return " AND ".join(f"t.{key} = r.{key}" for key in _keys(model))
