"""A run of coverage as work for the worker: measured and kept in one transaction, whole or not at all.

Broken off, nothing was written, and the next worker begins it anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from stations import jobs
from stations.errors import Conflict
from stations.jobs import Kind, Kinds, Progress, Task
from stations.models import CoverageRun
from stations.planning import CoverageQuestion, measure, runs
from stations.planning.ways import for_question
from stations.registry.writing import acting
from web.settings import Settings

__all__ = ["COVERAGE", "ask", "kinds", "standing"]

COVERAGE: Final = "coverage"
#: How much of the whole is done when a step begins; the clock is most of the work where it is asked for.
_BEGINS: Final = {"demand": 0.02, "reach": 0.2, "pairs": 0.4, "count": 0.55}
_CLOCK: Final = 0.6


def kinds(settings: Settings) -> Kinds:
    """Return what a worker does for planners, by the name of the kind."""

    def run(task: Task) -> Mapping[str, Any]:
        return _measure(task, settings)

    return {COVERAGE: Kind(run)}


def ask(session: Any, question: CoverageQuestion, *, title: str, actor: int) -> CoverageRun:
    """Note a run and ask for its work, in one transaction; a run that nobody works on is never left behind.

    Raises Invalid for a title that is empty or too long, NotAllowed for who is no planner.
    """
    with acting(session, actor, reason=f"coverage: {title.strip()[:200]}"):
        run = runs.ask(session, question, title=title, actor=actor)
        jobs.enqueue(
            session, COVERAGE, {"run": run.id}, actor=actor, subject=run.title, key=f"{COVERAGE}:{run.id}"
        )
    return run


def standing(session: Any, run: CoverageRun) -> Progress | None:
    """Return how the work on a run stands; None where it is done, or was never asked of a worker."""
    return None if run.finished_at is not None else jobs.latest(session, f"{COVERAGE}:{run.id}")


def _measure(task: Task, settings: Settings) -> Mapping[str, Any]:
    """Answer a run. arguments: run."""
    run = runs.get(task.session, task.arguments["run"])
    if run.finished_at is not None:
        raise Conflict(f"run {run.id} has its answer already; ask again for another")
    question = CoverageQuestion.of_dict(run.question)
    started = time.monotonic()

    def told(step: str, share: float) -> None:
        task.say(step, _CLOCK + (1.0 - _CLOCK) * share if step == "hours" else _BEGINS.get(step))

    ways = for_question(question, settings.streets)
    found = measure(task.session, question, now=settings.now(), ways=ways, told=told)
    with acting(task.session, task.actor, reason=f"coverage: {run.title}"):
        runs.finish(task.session, run.id, found, now=settings.now(), seconds=time.monotonic() - started)
    return {"run": run.id}
