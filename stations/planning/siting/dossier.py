"""A plan and each of its sites as they go before those who decide: figures, people by hour, host, use near by, what it stands on.

Everything is values; what is unknown is None, and a page writes 未定 for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotFound
from stations.models import Region, SitingPlan
from stations.planning.siting import plans
from stations.planning.siting.adopting import Adopted, adopted
from stations.planning.siting.asking import SitingQuestion
from stations.planning.use import MONTH_DAYS, use

__all__ = ["ASSUMPTIONS", "Dossier", "NearStation", "SiteDossier", "of_plan", "of_site"]


#: What figures of a plan may take for granted.
ASSUMPTIONS: Final = (
    "estimated_ways", "estimated_demand", "open_always", "at_a_moment", "bound_is_claimed", "capacity_is_given",
    "beyond_counts_as_limit", "costs_are_given", "costs_unknown", "candidates_bounded", "hosts_unasked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearStation:
    """The existing station nearest to a site. minutes: to walk or ride; visits a month over the year before, None where
    nobody counted; at_least: more than counted. until: the last day that was counted.
    """

    code: str
    name: str
    minutes: float
    visits_a_month: float | None
    at_least: bool
    until: str | None


@dataclass(frozen=True, slots=True)
class SiteDossier:
    """One site. row: as kept with the plan (``plan.sites``): people, cost, host, consent, runner-up. by_hour: (24,) people
    newly reached at each hour, empty where the plan did not count the hours. nearest: None where no way leads to one.
    station: what became of it, None as long as nothing did.
    """

    row: dict[str, Any]
    region: str
    by_hour: tuple[float, ...]
    nearest: NearStation | None
    station: Adopted | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A plan. unit: of objective and bound (``plans.unit_of``). hours: as kept, for the whole. assumptions: codes of what the
    figures take for granted (``ASSUMPTIONS``, in their order). undecided: keys of sites whose host, consent or cost is open.
    """

    plan: SitingPlan
    question: SitingQuestion
    unit: str
    sites: Sequence[SiteDossier]
    hours: Sequence[dict[str, Any]]
    assumptions: tuple[str, ...]
    undecided: tuple[str, ...]


def of_plan(session: Session, plan: SitingPlan, *, now: datetime) -> Dossier:
    """Return the dossier of a plan that has an answer. now: visits of the year before it are told. Raises Conflict."""
    if plan.sites is None:
        raise Conflict(f"plan {plan.id} has no answer yet, and no dossier")
    question = SitingQuestion.of_dict(plan.question)
    visits = use(session, now=now)
    became = {each.key: each for each in adopted(session, plan.id) if not each.withdrawn}
    names = _regions(session, [row["region"] for row in plan.sites])
    sites = [
        SiteDossier(
            row,
            names[row["region"]],
            tuple(hour["sites"][at] for hour in plan.hours or () if "sites" in hour),
            _near(row, visits),
            became.get(row["key"]),
        )
        for at, row in enumerate(plan.sites)
    ]
    return Dossier(
        plan, question, plans.unit_of(plan), sites, plan.hours or [], _assumptions(plan, question), _undecided(plan)
    )  # fmt: skip


def of_site(session: Session, plan: SitingPlan, key: str, *, now: datetime) -> tuple[Dossier, SiteDossier]:
    """Return the dossier of a plan and of one of its sites. Raises Conflict, NotFound."""
    whole = of_plan(session, plan, now=now)
    for site in whole.sites:
        if site.row["key"] == key:
            return whole, site
    raise NotFound(f"plan {plan.id} has no site {key[:100]!r}")


def _near(row: dict[str, Any], visits: Any) -> NearStation | None:
    code = row.get("nearest")
    if code is None or row.get("nearest_s") is None:
        return None
    minutes = row["nearest_s"] / 60.0
    if code not in visits.index:
        return NearStation(code, row["nearest_name"], minutes, None, at_least=False, until=None)
    known = visits.loc[code]
    return NearStation(
        code,
        row["nearest_name"],
        minutes,
        float(known["visits"]) / float(known["days"]) * MONTH_DAYS,
        at_least=bool(known["at_least"]),
        until=str(known["until"]),
    )


def _regions(session: Session, codes: Sequence[str]) -> dict[str, str]:
    rows = session.execute(select(Region.code, Region.names["zh"].astext).where(Region.code.in_(set(codes))))
    return dict.fromkeys(codes, "") | dict(rows.all())


def _assumptions(plan: SitingPlan, question: SitingQuestion) -> tuple[str, ...]:
    basis, reach = plan.basis or {}, question.reach
    sites = plan.sites or []
    holds = {
        "estimated_ways": bool(basis.get("estimated_ways")),
        "estimated_demand": bool(basis.get("estimated_demand")),
        "open_always": reach.at is None or reach.around_the_clock,
        "at_a_moment": reach.at is not None,
        "bound_is_claimed": True,
        "capacity_is_given": question.holds is not None,
        "beyond_counts_as_limit": question.problem.by_distance,
        "costs_are_given": any(row.get("cost") is not None for row in sites),
        "costs_unknown": any(row.get("cost") is None for row in sites),
        "candidates_bounded": basis.get("candidates") != basis.get("candidates_found"),
        "hosts_unasked": any(row.get("consent") != "given" for row in sites),
    }
    return tuple(code for code in ASSUMPTIONS if holds[code])


def _undecided(plan: SitingPlan) -> tuple[str, ...]:
    """Return the keys of sites whose host, consent or cost nobody has settled."""
    return tuple(
        row["key"]
        for row in plan.sites or ()
        if row.get("host") is None or row.get("consent") != "given" or row.get("cost") is None
    )
