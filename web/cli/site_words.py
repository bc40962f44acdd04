"""A plan of sites at the prompt: as a table, in words that claim no more than is known, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from web.cli.common import table

if TYPE_CHECKING:
    from stations.models import SitingPlan
    from stations.planning.siting import Proposal

__all__ = ["amount", "as_json", "kept_as_json", "sites", "standing"]

_KEPT = (
    "status",
    "reason",
    "relaxation",
    "question",
    "basis",
    "summary",
    "sites",
    "regions",
    "hours",
    "further",
)
#: What no plan does better, by problem; "than" may follow.
_BETTER: Final = {
    "maximal": "reaches more", "least": "costs less", "median": "takes all people together less",
    "centre": "has a shorter longest way", "backup": "counts more, once and twice together,",
    "capacitated": "serves more",
}  # fmt: skip


def as_json(found: Proposal) -> dict[str, Any]:
    """Return a proposal for JSON, in the form of a plan that is kept."""
    from stations.planning import runs

    return {
        "status": str(found.answer.status),
        "reason": found.answer.reason or None,
        "relaxation": found.answer.relaxation or None,
        "question": found.question.as_dict(),
        "basis": runs.as_json(found.basis),
        "summary": runs.as_json(found.summary),
        "sites": runs.rows(found.sites),
        "regions": {level: runs.by_code(rows) for level, rows in found.regions.items()},
        "hours": runs.rows(found.hours),
        "further": found.further,
    }


def kept_as_json(plan: SitingPlan) -> dict[str, Any]:
    """Return a plan that is kept for JSON; its parts are null as long as it has no answer."""
    return {
        "plan": plan.id,
        "title": plan.title,
        "note": plan.note,
        "asked_at": plan.asked_at.isoformat(timespec="seconds"),
        "seconds": plan.seconds,
        "versions": plan.versions,
        **{name: getattr(plan, name) for name in _KEPT},
    }


def sites(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Lay the sites out in the order of what each adds to those before it. names: of regions, by code."""
    return table(
        ("", "site", "key", "region", "lon, lat", "newly reached", "in all", "nearest station", "minutes"),
        [
            (
                row["order"],
                row["name"],
                row["key"],
                names.get(row["region"], row["region"]),
                f"{row['lon']:.4f}, {row['lat']:.4f}",
                f"{row['people']:,.0f}",
                f"{row['cumulative']:,.0f}",
                row["nearest_name"],
                None if row["nearest_s"] is None else f"{ceil(row['nearest_s'] / 60):,}",
            )
            for row in rows
        ],
    )


def standing(plan: Mapping[str, Any]) -> str:
    """Say whom a plan reaches, how sure it is, and what it stands on."""
    question, basis, summary = plan["question"], plan["basis"], plan["summary"]
    lines = [_sure(plan)]
    if plan["sites"]:
        minutes = question["reach"]["main_min"]
        share = summary["after"] / summary["people"]
        lines.append(
            f"{summary['newly']:,.0f} people newly within {minutes} minutes of a station: {summary['after']:,.0f} of "
            f"{summary['people']:,.0f} then ({share:.1%}), {summary['before']:,.0f} before."
        )
        lines.extend(_of_problem(summary))
        if summary["cost"] is not None:
            each = summary["cost_per_person"]
            lines.append(
                f"The sites cost {summary['cost']:,.10g}"
                + ("." if each is None else f", {each:,.4g} for each person newly reached.")
            )
    if summary["beyond"] >= 1:
        lines.append(f"{summary['beyond']:,.0f} people are beyond every station and every candidate.")
    lines.extend(
        f"At {hour['hour']:02}:00 {hour['stations']:,} stations are open and reach {hour['before']:,.0f} people; the plan, "
        f"open at that hour, {hour['newly']:,.0f} more."
        for hour in plan["hours"]
    )
    lines.append(_stands_on(basis))
    return "\n".join(lines)


def _of_problem(summary: Mapping[str, Any]) -> list[str]:
    found = []
    if summary.get("mean_s_after") is not None:
        found.append(
            f"On average {summary['mean_s_after'] / 60:,.1f} minutes, {summary['mean_s_before'] / 60:,.1f} before; at "
            f"longest {summary['worst_s_after'] / 60:,.1f}, {summary['worst_s_before'] / 60:,.1f} before; "
            f"{summary['out_of_reach']:,.0f} people are out of reach of anybody."
        )
    if summary.get("served_before") is not None:
        found.append(f"{summary['objective']:,.0f} people have room, {summary['served_before']:,.0f} before.")
    if summary.get("twice_after"):
        found.append(
            f"{summary['twice_after']:,.0f} people have two within reach, {summary['twice_before']:,.0f} before."
        )
    return found


def _sure(plan: Mapping[str, Any]) -> str:
    """Say how sure a plan is. The bound is the solver's claim and is called so; everything else was checked."""
    status, summary = plan["status"], plan["summary"]
    problem = plan["question"]["problem"]
    if status == "infeasible":
        return f"There is no such plan: {plan['reason']}. What would help: {plan['relaxation']}."
    if not plan["sites"] and plan["reason"]:
        return f"Stopped: {plan['reason']}. Give the search more seconds, or allow a gap."
    here = f"this plan is at {_objective(summary['objective'], problem)}"
    if summary["gap"] is None:
        return f"Stopped before a proof: no bound; {here}, how far it may be from the best is not known."
    what, bound = _BETTER[problem], _objective(summary["bound"], problem)
    if status == "optimal":
        return f"Optimal: by the solver's claim no plan {what} (bound {bound})."
    claim = f"by the solver's claim none {what} than {bound}"
    # Rounded up: a plan is never told to be nearer than is known.
    sure = f"{claim}; {here}, {ceil(10_000 * summary['gap']) / 100:g} % away at most."
    return (
        f"Within the gap that was allowed: {sure}" if status == "gap" else f"Stopped before a proof: {sure}"
    )


def _objective(value: float, problem: str) -> str:
    return amount(value, {"median": "person_seconds", "centre": "seconds"}.get(problem, ""))


def amount(value: float, unit: str) -> str:
    """Write an objective in its unit (``plans.unit``)."""
    if unit == "person_seconds":
        return f"{_figure(value / 3_600)} hours"
    return f"{value / 60:,.1f} minutes" if unit == "seconds" else _figure(value)


def _figure(value: float) -> str:
    """Write people, or what they count for, or money: small numbers as they are, large ones whole."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:,.6g}"


def _stands_on(basis: Mapping[str, Any]) -> str:
    ways = (
        f"estimated along the straight line × {basis['detour']:g} (估算（直线×系数）)"
        if basis["estimated_ways"]
        else f"on the streets of {basis['ways']} ({basis['streets_date'] or 'no date'})"
    )
    people = f"{basis['demand']}{', coarse (估算)' if basis['estimated_demand'] else ''}"
    layers = basis.get("layers") or ()
    if any(layer["factor"] != 1 for layer in layers) or len(layers) > 1:
        parts = " + ".join(f"{layer['name']} × {layer['factor']:g}" for layer in layers)
        people += f" ({parts})"
    taken, found = basis["candidates"], basis["candidates_found"]
    of = "" if taken == found else f", of {found:,} those where most people are"
    return (
        f"{basis['stations']:,} existing stations count; {taken:,} candidates{of}; {basis['cells']:,} cells with people. "
        f"Minutes: {ways}. People: {people}."
    )
