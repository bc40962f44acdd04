"""The run of coverage that the demonstration begins with, so that its planners and its public find one."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from stations.hours import SHANGHAI
from stations.planning import CoverageQuestion, measure, runs
from stations.registry.writing import DEMONSTRATION, acting, actor_id

__all__ = ["TITLE", "add_run"]

TITLE: Final = "步行15分钟，一天24小时（演示）"


def add_run(session: Session, *, now: datetime) -> int:
    """Measure a filled demonstration on foot at noon of today and at each hour of the day; publish that. Returns its number.

    Written by the demonstration's own actor. Takes some seconds.
    """
    noon = now.astimezone(SHANGHAI).replace(hour=12, minute=0, second=0, microsecond=0)
    question = CoverageQuestion(at=noon, around_the_clock=True)
    actor = actor_id(session, DEMONSTRATION)
    began = time.monotonic()
    found = measure(session, question, now=now)
    with acting(session, actor, reason="the demonstration has a run of coverage"):
        run = runs.ask(session, question, title=TITLE, actor=actor)
        runs.finish(session, run.id, found, now=now, seconds=time.monotonic() - began)
        runs.publish(session, run.id, actor=actor, now=now)
    return run.id
