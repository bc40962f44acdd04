"""Registries of their own for tests that commit: what the ledger knows of an edit is its commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations.models import Grant, Staff
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares

__all__ = ["as_somebody", "member", "squares"]


@contextmanager
def squares(new_database: Callable[[], str]) -> Iterator[Engine]:
    """Open a registry of the four square counties, committed."""
    engine = create_engine(new_database())
    try:
        with Session(engine) as session:
            fill_squares(session, actor_id(session, OPERATOR))
            session.commit()
        yield engine
    finally:
        engine.dispose()


def member(session: Session, login: str, *regions: str | None, role: str = "editor") -> int:
    """Add a member of staff with a role in these regions, committed; returns the actor."""
    with acting(session, actor_id(session, OPERATOR), reason="a new member"):
        made = Staff(login=login, display_name=f"{login}先生")
        session.add(made)
        session.flush()
        for region in regions:
            session.add(Grant(staff_id=made.id, role=role, region_code=region))
    number = made.id
    session.commit()
    return number


@contextmanager
def as_somebody(session: Session, actor: int, reason: str = "somebody looked") -> Iterator[None]:
    """Write as a member of staff, in a commit of its own."""
    with acting(session, actor, reason=reason):
        yield
    session.commit()
