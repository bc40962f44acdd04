"""Plans of sites for the tests of the desk: searched over the people of ``planner_fixtures``, and a programme to put sites into."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.models import Programme, SitingPlan
from stations.planning import CoverageQuestion, programmes
from stations.planning.programmes import Plan
from stations.planning.siting import Offer, SitingQuestion, Source, plans, propose
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.web.planner_fixtures import NOON


def planned(session: Session, title: str = "样本", *, actor: int | None = None, **asked: Any) -> SitingPlan:
    """Search a plan of the people of ``planner_fixtures`` and keep it: one site, at 城东区, unless more is asked."""
    reach = CoverageQuestion(limits_min=(15,), size_m=1_000.0, **asked.pop("reach", {}))
    wanted: dict[str, Any] = {"reach": reach, "count": 1, "offer": Offer(Source.PLACES), "seconds": 10.0}
    question = SitingQuestion(**wanted | asked)
    writer = actor_id(session, OPERATOR) if actor is None else actor
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
    with acting(session, writer, reason="a plan"):
        plan = plans.ask(session, question, title=title, actor=writer)
        found = propose(session, question, now=NOON)
        return plans.finish(session, plan.id, found, now=NOON + timedelta(seconds=1), seconds=0.5)


def programme(
    session: Session, code: str = "SITES", regions: tuple[str, ...] = ("630222", "630102")
) -> Programme:
    """Return a programme that sites can be taken into."""
    known = session.query(Programme).filter_by(code=code).one_or_none()
    return known or programmes.add(
        session, Plan(code, "选址样本方案", regions, 2026, 5), actor=actor_id(session, OPERATOR)
    )
