"""Runs of coverage for the tests of the planner's pages: a small registry with people, two stations and a run each way.

Two counties with people; 民和 has a station that is open by day, so its people are reached and those of 城东 are not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.hours import SHANGHAI, Hours
from stations.models import CoverageRun, Place, Region
from stations.planning import CoverageQuestion, measure, runs
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
PEOPLE = (("630102", 101.5, 2_000), ("630222", 102.1, 1_000))


def fill(session: Session) -> None:
    """Make the squares with people and a station."""
    operator = actor_id(session, OPERATOR)
    fill_squares(session, operator)
    add_people(session)


def add_people(session: Session) -> None:
    """Give two counties of the squares people, and one of them a station; once."""
    if session.query(Place).first() is not None:
        return
    with acting(session, actor_id(session, OPERATOR), reason="people and a station"):
        for code, lon, people in PEOPLE:
            region = session.get(Region, code)
            assert region is not None
            region.population = people
            session.add(
                Place(
                    source="test", source_id=code, names={"zh": code}, region_code=code, credit="test",
                    location=f"SRID=4326;POINT({lon} 36.6)",
                )
            )  # fmt: skip
        door = add(
            session, names={"zh": "=驿站"}, kind="union_station", region_code="630222",
            hours=Hours("Mo-Su 08:00-20:00"),
        )  # fmt: skip
        door.location = "SRID=4326;POINT(102.1 36.6)"  # type: ignore[assignment]


def made(
    session: Session, title: str = "十五分钟", *, actor: int | None = None, **asked: object
) -> CoverageRun:
    """Measure a run and keep it."""
    question = CoverageQuestion(size_m=1_000.0, **asked)  # type: ignore[arg-type]
    writer = actor_id(session, OPERATOR) if actor is None else actor
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(session, writer, reason="a run"):
        run = runs.ask(session, question, title=title, actor=writer)
        return runs.finish(session, run.id, measure(session, question, now=NOON), now=NOON, seconds=0.5)


def round_the_clock() -> dict[str, Any]:
    """Return the question of a whole day."""
    return {"at": NOON, "around_the_clock": True}
