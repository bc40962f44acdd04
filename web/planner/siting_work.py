"""A plan of sites as work for the worker: searched, checked and kept in one transaction, whole or not at all.

Broken off, nothing was written, and the next worker begins it anew. What a search refuses is told in words by the work
(``Progress.error``); a plan that has no answer stays, so that its question can be changed and asked again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import inf, isfinite
from typing import Any, Final

from sqlalchemy.orm import Session

from stations import jobs
from stations.errors import Conflict
from stations.jobs import Kind, Kinds, Progress, Task
from stations.jobs.running import Ended
from stations.models import SitingPlan
from stations.planning.siting import SitingQuestion, plans, propose
from stations.planning.ways import for_question
from stations.registry.writing import acting
from web.settings import Settings

__all__ = ["SITING", "ask_plan", "kinds", "standing"]

SITING: Final = "siting"
#: How much of the whole is done when a step begins (``stations.planning.siting.proposing.STEPS``); most is the search.
_BEGINS: Final = {
    "demand": 0.02, "candidates": 0.1, "reach": 0.15, "search": 0.3, "further": 0.75, "tell": 0.95,
}  # fmt: skip
_SAY_S: Final = 0.7
_SPANS: Final = {"search": 0.45, "further": 0.2}


def kinds(settings: Settings) -> Kinds:
    """Return what a worker does for siting, by the name of the kind."""

    def run(task: Task) -> Mapping[str, Any]:
        return _propose(task, settings)

    return {SITING: Kind(run)}


def ask_plan(
    session: Session, question: SitingQuestion, *, title: str, actor: int, note: str | None = None
) -> tuple[SitingPlan, int]:
    """Note a plan and ask for its work, in one transaction; return the plan and the number of the work.

    Raises Invalid for a title that is empty or too long, NotAllowed for who is no planner.
    """
    with acting(session, actor, reason=f"siting: {title.strip()[:200]}"):
        plan = plans.ask(session, question, title=title, actor=actor, note=note)
        work = jobs.enqueue(
            session, SITING, {"plan": plan.id}, actor=actor, subject=plan.title, key=f"{SITING}:{plan.id}"
        )
    return plan, work


def standing(session: Session, plan: SitingPlan) -> Progress | None:
    """Return how the work on a plan stands; None where it is done, or was never asked of a worker.

    Its ``step`` is one of ``proposing.STEPS``, while it searches with the best objective so far and the bound after it.
    Its ``error`` are the words of what was refused.
    """
    return None if plan.finished_at is not None else jobs.latest(session, f"{SITING}:{plan.id}")


def _propose(task: Task, settings: Settings) -> Mapping[str, Any]:
    """Answer a plan. arguments: plan."""
    plan = plans.get(task.session, task.arguments["plan"])
    if plan.finished_at is not None:
        raise Conflict(f"plan {plan.id} has its answer already; ask again for another")
    question = SitingQuestion.of_dict(plan.question)
    started = time.monotonic()

    telling = _Telling(task)
    ways = for_question(question.reach, settings.streets)
    found = propose(
        task.session,
        question,
        now=settings.now(),
        ways=ways,
        told=telling.told,
        seen=telling.seen,
        stop=telling.stop,
    )
    with acting(task.session, task.actor, reason=f"siting: {plan.title}"):
        plans.finish(task.session, plan.id, found, now=settings.now(), seconds=time.monotonic() - started)
    return {"plan": plan.id}


class _Telling:
    """Tells how far a search is. A cancelled task ends by an exception, which must not pass through the solver: there the
    search is asked to stop, and the next step ends the task.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._step, self._share = "demand", 0.0
        self._best, self._bound = inf, inf
        self._words, self._said = "", -inf

    def seen(self, best: float, bound: float) -> None:
        """Remember the best plan by now and the bound; the page reads them from the step."""
        self._best, self._bound = best, bound

    def told(self, step: str, share: float) -> None:
        self._step, self._share = step, share
        if not share:
            self._say()

    def stop(self) -> bool:
        try:
            self._say()
        except Ended:
            return True
        return False

    def _say(self) -> None:
        step = self._step
        if step == "search" and isfinite(self._best) and isfinite(self._bound):
            # A step that changes is written at once, and a bound may move thousands of times in a second.
            if time.monotonic() - self._said >= _SAY_S:
                self._words, self._said = f"search {self._best:.10g} {self._bound:.10g}", time.monotonic()
            step = self._words
        self._task.say(step, _BEGINS[self._step] + _SPANS.get(self._step, 0.0) * self._share)
