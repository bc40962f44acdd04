"""What is told of a plan of sites beside its sites, in words: curves, alternatives, a site moved, two plans, a dossier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from web.cli.common import table
from web.cli.site_words import amount

if TYPE_CHECKING:
    from stations.planning.siting.dossier import Dossier, SiteDossier
    from stations.planning.siting.losing import Loss

__all__ = ["assumed", "beyond", "compared", "curve", "lost", "site_dossier"]

_OPEN: Final = "未定"
_CONSENT: Final = {"given": "同意", "asked": "洽谈中", "refused": "不同意"}
_ASSUMED: Final = {
    "estimated_ways": "Minutes are estimated along the straight line (估算).",
    "estimated_demand": "People are spread over places from the census of the county (估算).",
    "open_always": "New sites are open around the clock.",
    "at_a_moment": "Existing stations count as they are open at the moment asked about.",
    "bound_is_claimed": "That no plan is better than the bound is the solver's claim; everything else was recomputed.",
    "capacity_is_given": "What a site can serve is as given, not counted.",
    "beyond_counts_as_limit": "Who has no station counts as away as far as the search looks.",
    "costs_are_given": "Costs are as given.",
    "costs_unknown": f"Costs of some sites are {_OPEN}.",
    "candidates_bounded": "Of the candidates those where most people are were looked at.",
    "hosts_unasked": "Not every host has agreed.",
}
#: Chosen in a smaller share of runs, a site hangs on how demand was counted.
_SHAKY: Final = 0.5
_BREAKS: Final = {
    "must": "this site must be chosen",
    "chosen": "another site stands there",
    "barred": "the candidate there must not be chosen",
    "spacing": "it stands closer to another than the spacing",
}


def beyond(plan: Mapping[str, Any]) -> str:
    """Say what was told beyond a plan; the curve has a table of its own (``yizhan site curve``)."""
    further = plan.get("further") or {}
    lines = []
    for number, other in enumerate(further.get("alternatives", ()), 1):
        fresh = [site["name"] or site["key"] for site in other["sites"] if not site["shared"]]
        lines.append(
            f"Alternative {number} ({other['status']}): {other['newly']:,.0f} people newly reached; sites shared: "
            f"{other['shared']}, others: {'、'.join(fresh)}."
        )
    if (how := further.get("stability")) is not None:
        lines.append(
            f"With demand that strays by {how['spread']:.0%} ({how['runs']} runs, {how['proven']} proven) this plan stays "
            f"{how['mean_regret']:.2%} behind the best on average, {how['largest_regret']:.2%} at most."
        )
        shares = [(site["name"] or site["key"], site["chosen_share"]) for site in plan["sites"]]
        shaky = [f"{name} ({share:.0%})" for name, share in shares if share is not None and share < _SHAKY]
        if shaky:
            lines.append(f"Chosen in fewer than half of the runs: {'、'.join(shaky)}.")
    return "\n".join(lines)


def curve(points: Sequence[Mapping[str, Any]], unit: str) -> str:
    """Lay a curve out: what every number of sites brings, and what no plan of so many betters."""
    return table(
        ("sites", "newly reached", "objective", "bound", "away at most", "status"),
        [
            (
                point["count"],
                f"{point['people']:,.0f}",
                None if point["objective"] is None else amount(point["objective"], unit),
                None if point["bound"] is None else amount(point["bound"], unit),
                None if point["gap"] is None else f"{point['gap']:.2%}",
                point["status"],
            )
            for point in points
        ],
    )


def lost(found: Loss) -> str:
    """Say what a plan loses by one change."""
    where = (
        "left out"
        if found.to is None
        else f"at {found.to_key}"
        if found.to_key is not None
        else f"at {found.to[0]:.5f}, {found.to[1]:.5f}"
    )
    lines = [
        f"With {found.site} {where}: {found.people_after:,.0f} people within the limit, {found.change:+,.0f}; "
        f"{found.lost:,.0f} lose their station, {found.gained:,.0f} gain one."
    ]
    if found.mean_s_before is not None and found.mean_s_after is not None:
        lines.append(
            f"On average {found.mean_s_after / 60:,.1f} minutes, {found.mean_s_before / 60:,.1f} with it as it is."
        )
    if found.breaks:
        lines.append(f"The question does not allow it: {'; '.join(_BREAKS[each] for each in found.breaks)}.")
    return "\n".join(lines)


def compared(found: Mapping[str, Any], first: int, second: int, names: Mapping[str, str]) -> str:
    """Lay two plans out beside each other."""
    shown = ("sites", "newly", "after", "twice_after", "beyond", "cost", "cost_per_person", "gap")
    told = [
        table(
            ("", f"plan {first}", f"plan {second}", "change"),
            [
                (name, *(None if value is None else f"{value:,.6g}" for value in found["summary"][name]))
                for name in shown
                if name in found["summary"]
            ],
        ),
        f"Sites at the same place: {len(found['shared'])}; only in plan {first}: {len(found['only_first'])}; only in plan "
        f"{second}: {len(found['only_second'])}.",
    ]
    if (people := found["people"]) is not None:
        told.append(
            f"{people['both']:,.0f} people are newly reached by both, {people['first']:,.0f} by plan {first} alone, "
            f"{people['second']:,.0f} by plan {second} alone."
        )
    told.extend(
        f"Asked differently: {name}: {one} / {other}" for name, (one, other) in found["asked"].items()
    )
    lowest = list(found["regions"])[-1:] or [""]
    changed = {
        code: figures
        for code, figures in found["regions"].get(lowest[0], {}).items()
        if figures["sites"][2] or figures["newly"][2]
    }
    if changed:
        told.append(
            table(
                ("region", "sites", "", "newly", ""),
                [
                    (
                        names.get(code, code),
                        *figures["sites"][:2],
                        *(None if value is None else f"{value:,.0f}" for value in figures["newly"][:2]),
                    )
                    for code, figures in changed.items()
                ],
            )
        )
    return "\n".join(told)


def site_dossier(site: SiteDossier) -> str:
    """Lay one site out."""
    row = site.row
    cost = _OPEN if row.get("cost") is None else f"{row['cost']:,.10g}"
    consent = _CONSENT.get(row.get("consent") or "", _OPEN)
    lines = [
        f"{row['order']}. {row['name'] or row['key']} ({row['key']}), {site.region}, {row['lon']:.5f}, {row['lat']:.5f}",
        f"   {row['people']:,.0f} people newly reached, {row['reaches']:,.0f} within reach, {row['only']:,.0f} who have no other",
        f"   依托单位 {row.get('host') or _OPEN} · 意向 {consent} · 造价 {cost}",
    ]
    if site.by_hour:
        lines.append("   by hour: " + " ".join(f"{people:,.0f}" for people in site.by_hour))
    if (near := site.nearest) is not None:
        use = "use not counted"
        if near.visits_a_month is not None:
            use = f"{'at least ' if near.at_least else ''}{near.visits_a_month:,.0f} visits a month up to {near.until}"
        lines.append(f"   nearest station {near.name} ({near.code}), {near.minutes:,.0f} minutes, {use}")
    else:
        lines.append("   no way leads to an existing station")
    if (other := row.get("runner_up")) is not None:
        lines.append(
            f"   runner-up {other['name'] or other['key']} ({other['key']}): {other['people']:+,.0f} people in its place"
        )
    if site.station is not None:
        lines.append(f"   planned as {site.station.name} ({site.station.code}) in {site.station.programme}")
    return "\n".join(lines)


def assumed(dossier: Dossier) -> str:
    """Say what the figures of a dossier take for granted, and what is still open."""
    lines = ["What these figures take for granted:"]
    lines.extend(f"- {_ASSUMED[code]}" for code in dossier.assumptions)
    if dossier.undecided:
        lines.append(f"Host, consent or cost {_OPEN}: {', '.join(dossier.undecided)}.")
    return "\n".join(lines)
