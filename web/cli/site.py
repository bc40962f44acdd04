"""``yizhan site``: where the next stations help most, searched, checked and kept at the prompt."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import click

from web.cli.common import is_terminal, on_registry, registry_session, say, table
from web.cli.site_words import as_json, sites, standing
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stations.planning.siting import SitingQuestion

__all__ = ["site"]

_STEPS = {"demand": "Laying the demand on cells", "candidates": "Gathering candidates", "reach": "Measuring the ways",
          "search": "Searching", "further": "Looking beyond the plan", "tell": "Counting whom the sites reach"}  # fmt: skip
#: How much of the whole is done when a step begins; most of it is the search.
_BEGINS = {"demand": 0, "candidates": 100, "reach": 150, "search": 300, "further": 800, "tell": 950}


class _Weighed(click.ParamType[Any]):
    """NAME=NUMBER, such as a region and what a person there counts for. whole: of whole numbers."""

    name = "weighed"

    def __init__(self, *, whole: bool = False, alone: float | None = None) -> None:
        self._number = int if whole else float
        self._alone = alone

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        name, mark, number = str(value).rpartition("=")
        if not mark and self._alone is not None:
            return number.strip(), self._alone
        try:
            # Without a mark the name is empty, and what stands there is no number for it.
            return name.strip(), self._number(number if mark else "")
        except ValueError:
            self.fail(f"{value!r}: write a name and a number, such as 630222=2", param, ctx)


@click.group()
def site() -> None:
    """Where the next stations help most, and how sure that is."""


@site.command()
@on_registry
@click.argument("query", default="")
@click.option("--count", type=int, help="So many new sites at most.")
@click.option("--budget", type=float, help="So much money at most, in the unit of --cost.")
@click.option("--cost", type=float, help="What a site costs.")
@click.option(
    "--cost-of",
    "costs",
    multiple=True,
    type=_Weighed(),
    metavar="KEY=COST",
    help="What this candidate costs.",
)
@click.option("--everybody", is_flag=True, help="The fewest or cheapest sites that reach everybody.")
@click.option("--region", metavar="CODE", help="Look there only; stations beyond its border count too.")
@click.option("--minutes", type=int, default=15, show_default=True, help="Within so many minutes.")
@click.option(
    "--mode",
    type=click.Choice(["walk", "ebike"]),
    default="walk",
    show_default=True,
    help="On foot or by e-bike.",
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=_Weighed(alone=1.0),
    metavar="NAME[=FACTOR]",
    help="Whom to reach: a layer of demand (yizhan demand list) or census, times a factor; may be repeated.",
)
@click.option("--size-m", type=float, default=1_000.0, show_default=True, help="Side of a cell of demand.")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="Only stations open then stand (Beijing time)."
)
@click.option("--round-the-clock", is_flag=True, help="Tell the plan for every hour of the day of --at, too.")
@click.option(
    "--ways",
    type=click.Choice(["streets", "straight"]),
    help="What minutes are measured along. Default: the streets, once they are loaded.",
)
@click.option(
    "--detour", type=float, default=1.3, show_default=True, help="Street metres for a straight metre."
)
@click.option(
    "--candidates",
    "source",
    type=click.Choice(["places", "planned", "cells"]),
    default="places",
    show_default=True,
    help="Named places, planned stations, or the middles of the fullest cells.",
)
@click.option("--candidate-layer", metavar="NAME", help="The points of this layer of demand instead.")
@click.option("--most", type=int, default=2_000, show_default=True, help="So many candidates at most.")
@click.option("--spacing-m", type=float, default=0.0, help="Sites and stations stand no closer than this.")
@click.option("--programme", metavar="CODE", help="Take the kinds and the priority areas of this programme.")
@click.option(
    "--priority",
    multiple=True,
    type=_Weighed(),
    metavar="CODE=WEIGHT",
    help="What a person there counts for.",
)
@click.option(
    "--floor",
    "floors",
    multiple=True,
    type=_Weighed(whole=True),
    metavar="CODE=NUMBER",
    help="At least so many stations there, existing ones included.",
)
@click.option("--each", type=click.Choice(["prefecture", "county", "township"]), help="Each gets a station.")
@click.option("--must", multiple=True, metavar="KEY", help="This candidate must be chosen.")
@click.option("--must-not", multiple=True, metavar="KEY", help="This candidate must not be chosen.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Search for so long at most.")
@click.option(
    "--gap", type=float, default=0.0, show_default=True, help="A share of the best that may be missed."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds, equal plans.")
@click.option("--keep", "title", metavar="TITLE", help="Keep the plan under this title.")
@click.option("--json", "as_text", is_flag=True, help="Write all figures as JSON, not tables.")
def propose(
    settings: Settings,
    /,
    query: str,
    *,
    title: str | None,
    programme: str | None,
    as_text: bool,
    **asked: Any,
) -> None:
    """Propose sites for new stations.

    QUERY says which existing stations count ('kind=rider_station'); every rest station in service without one.
    """
    from stations.planning.siting import plans
    from stations.planning.siting import propose as search
    from stations.planning.ways import for_question
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        question = _question(session, settings, query, programme, asked)
        ways = for_question(question.reach, settings.streets)
        started = time.monotonic()
        with _progress() as told:
            found = search(session, question, now=settings.now(), ways=ways, told=told)
        number = None
        if title is not None:
            operator = actor_id(session, OPERATOR)
            with acting(session, operator, reason=f"siting: {title.strip()[:200]}"):
                number = plans.ask(session, question, title=title, actor=operator).id
                plans.finish(session, number, found, now=settings.now(), seconds=time.monotonic() - started)
        names = _names(session)
    told_of = as_json(found)
    if as_text:
        click.echo(json.dumps(told_of, ensure_ascii=False, indent=2))
    else:
        _show(told_of, names)
    if number is not None:
        say(f"Kept as plan {number}.")


@site.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the plans that are kept, newest first."""
    from stations.planning.siting import plans

    with registry_session(settings) as session:
        rows = [
            (
                plan.id,
                plan.title,
                plan.asked_at.isoformat(" ", timespec="minutes"),
                plan.status,
                None if plan.summary is None else f"{plan.summary['sites']:,.0f}",
                None if plan.summary is None else f"{plan.summary['newly']:,.0f}",
            )
            for plan in plans.listed(session)
        ]
    click.echo(table(("plan", "title", "asked", "status", "sites", "newly reached"), rows))


@site.command()
@on_registry
@click.argument("number", type=int)
@click.option("--json", "as_text", is_flag=True, help="Write all figures as JSON, not tables.")
def show(settings: Settings, /, number: int, *, as_text: bool) -> None:
    """Show a plan: its sites, whom they reach, and how sure it is."""
    from stations.planning.siting import plans
    from web.cli.site_words import kept_as_json

    with registry_session(settings) as session:
        told_of = kept_as_json(plans.get(session, number))
        names = _names(session)
    if as_text:
        click.echo(json.dumps(told_of, ensure_ascii=False, indent=2))
        return
    click.echo(f"Plan {number}: {told_of['title']}")
    if told_of["status"] is None:
        click.echo("It has no answer yet.")
    else:
        _show(told_of, names)


def _show(told_of: Mapping[str, Any], names: Mapping[str, str]) -> None:
    if told_of["sites"]:
        click.echo(sites(told_of["sites"], names))
        click.echo()
    click.echo(standing(told_of))


def _question(
    session: Session, settings: Settings, query: str, programme: str | None, asked: dict[str, Any]
) -> SitingQuestion:
    from geo.passing import Mode
    from stations.hours import SHANGHAI
    from stations.planning import CENSUS, Along, CoverageQuestion, programmes
    from stations.planning.siting import Offer, Problem, SitingQuestion, Source
    from stations.planning.ways import usual
    from stations.query import StationQuery

    at: datetime | None = asked["at"]
    moment = None if at is None else at.replace(tzinfo=SHANGHAI)
    if asked["round_the_clock"] and moment is None:
        moment = settings.now().astimezone(SHANGHAI)
    reach = CoverageQuestion(
        region=asked["region"],
        layers=asked["layers"] or ((CENSUS, 1.0),),
        size_m=asked["size_m"],
        mode=Mode(asked["mode"]),
        limits_min=(asked["minutes"],),
        main_min=asked["minutes"],
        at=moment,
        around_the_clock=asked["round_the_clock"],
        serving=StationQuery.parse(parse_qsl(query, keep_blank_values=True)),
        detour=asked["detour"],
        ways=Along(asked["ways"] or usual(settings.streets)),
    )
    priority = dict(asked["priority"])
    if programme is not None:
        if reach.serving.kinds:
            raise click.UsageError("Say the kinds in QUERY or with --programme, not both.")
        of = programmes.get(session, programme)
        reach = programmes.with_kinds(reach, of)
        priority = {each.region: each.weight for each in programmes.priority_areas(session, of)} | priority
    layer = asked["candidate_layer"]
    return SitingQuestion(
        reach=reach,
        problem=Problem.LEAST if asked["everybody"] else Problem.MAXIMAL,
        offer=Offer(Source.LAYER if layer else Source(asked["source"]), layer, asked["most"]),
        priority=tuple(priority.items()),
        **{
            name: asked[name]
            for name in (
                "count", "budget", "cost", "costs", "spacing_m", "floors", "each", "must", "must_not", "seconds", "gap",
                "seed",
            )
        },
    )  # fmt: skip


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show how far a plan is: a bar where somebody watches, a line for each step where not."""
    if not is_terminal():
        before: list[str] = []

        def tell(step: str, _: float) -> None:
            if step not in before:
                before.append(step)
                say(f"{_STEPS[step]} …")

        yield tell
        return
    with click.progressbar(length=1_000, label=_STEPS["demand"], file=sys.stderr) as bar:
        reached = 0

        def show(step: str, share: float) -> None:
            nonlocal reached
            bar.label = _STEPS[step]
            span = {"search": 500, "further": 150}.get(step, 0)
            wanted = round(_BEGINS[step] + span * share)
            bar.update(max(0, wanted - reached))
            reached = max(reached, wanted)

        yield show
        bar.update(1_000 - reached)


def _names(session: Session) -> dict[str, str]:
    from stations.registry.areas import Areas

    return {code: f"{code} {area.names['zh']}" for code, area in Areas.load(session).areas.items()}
