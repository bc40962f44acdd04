"""A notice or an event written over, only in the version that was looked at and only where one may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotAllowed
from stations.models import Event, Notice

__all__ = ["save"]

Row = TypeVar("Row", Notice, Event)


def save(session: Session, row: Row, version: int, columns: Mapping[str, Any], *, refused: str) -> Row:
    """Write columns over a row that was looked at in a version; returns the row as it stands then.

    Raises Conflict where somebody wrote it meanwhile, NotAllowed with ``refused`` where the database lets nobody from
    here write it.
    """
    table = type(row)
    done = cast(
        "CursorResult[Any]",
        session.execute(
            update(table)
            .where(table.id == row.id, table.version == version)
            .values(version=version + 1, **columns)
            .execution_options(synchronize_session=False)
        ),
    )
    session.refresh(row)
    if done.rowcount == 0:
        name = f"{table.__name__.lower()} {row.id}"
        if row.version != version:
            raise Conflict(f"{name} was changed by somebody else meanwhile; look at it again")
        raise NotAllowed(f"{name} {refused}")
    return row
