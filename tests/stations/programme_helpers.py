"""Programmes for tests: a plan over the squares, stations in every state, and planners who may not plan everywhere."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations import accounts
from stations.models import Programme, Station
from stations.planning import programmes
from stations.planning.programmes import Plan
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id

TODAY = date(2026, 7, 1)


def plan(code: str = "P1", **more: Any) -> Plan:
    """A plan of ten stations in 海东 within 2026."""
    return Plan(
        **({"code": code, "title": "十个驿站", "regions": ("630200",), "year": 2026, "target": 10} | more)
    )


def put(session: Session, code: str = "P1", *, actor: int | None = None, **more: Any) -> Programme:
    """Add a programme as the operator."""
    fresh(session)
    writer = actor if actor is not None else actor_id(session, OPERATOR)
    with acting(session, writer, reason="a programme"):
        return programmes.add(session, plan(code, **more), actor=writer)


def station(
    session: Session, name: str, state: str = "open", region: str | None = "630222", **facts: Any
) -> Station:
    """Add a station in a state."""
    fresh(session)
    ends: dict[str, Any] = (
        {"lifecycle_since": TODAY, "lifecycle_reason": "测试"} if state in {"suspended", "closed"} else {}
    )
    with acting(session, actor_id(session, OPERATOR), reason="a station"):
        return registry.add(
            session,
            names={"zh": name},
            kind=facts.pop("kind", "union_station"),
            lifecycle=state,
            region_code=region,
            **ends,
            **facts,
        )


def planner(session: Session, login: str, *regions: str | None, role: str = "planner") -> int:
    """Make somebody who plans in these regions."""
    fresh(session)
    with acting(session, actor_id(session, OPERATOR), reason="a planner"):
        made = accounts.add(session, login, name=login).id
        for region in regions:
            accounts.grant(session, made, role, region)
    fresh(session)
    return made


def fresh(session: Session) -> None:
    """As after a commit: the next writer begins a commit of its own."""
    session.flush()
    session.execute(text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', '', true)"))
