"""What ``yizhan site propose`` can be asked: its options, and the question that they make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl

import click

from web.cli.common import say
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stations.planning import CoverageQuestion
    from stations.planning.siting import Offer, Problem, SitingQuestion

__all__ = ["options", "question"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PROBLEMS: Final = ("maximal", "least", "median", "centre", "backup", "capacitated")
_SOURCES: Final = ("places", "planned", "cells")


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


#: What is sought.
_WANTED: Final = (
    click.option("--count", type=int, help="So many new sites at most."),
    click.option("--budget", type=float, help="So much money at most, in the unit of --cost."),
    click.option("--cost", type=float, help="What a site costs whose cost nobody says."),
    click.option(
        "--cost-of", "costs", multiple=True, type=_Weighed(), metavar="KEY=COST",
        help="What this candidate costs.",
    ),
    click.option(
        "--problem", type=click.Choice(_PROBLEMS),
        help="Most people (maximal, the default), everybody by fewest (least), least minutes on average (median), the "
        "longest way shortest (centre), a second station for most (backup), none beyond what it holds (capacitated).",
    ),
    click.option(
        "--everybody", is_flag=True,
        help="The fewest or cheapest sites that reach everybody; with --problem backup, everybody once at least.",
    ),
    click.option("--beyond-min", type=float, help="Median, centre: who has no station counts as so many minutes away."),
    click.option("--once", type=float, default=0.0, help="Backup: the share that being reached once counts."),
    click.option("--holds", type=float, help="Capacitated: people whom a site can serve."),
    click.option("--stations-hold", type=float, help="Capacitated: the same of an existing station."),
)  # fmt: skip
#: Who shall be reached, and how.
_REACH: Final = (
    click.option("--region", metavar="CODE", help="Look there only; stations beyond its border count too."),
    click.option("--minutes", type=int, default=15, show_default=True, help="Within so many minutes."),
    click.option(
        "--mode", type=click.Choice(["walk", "ebike"]), default="walk", show_default=True,
        help="On foot or by e-bike.",
    ),
    click.option(
        "--layer", "layers", multiple=True, type=_Weighed(alone=1.0), metavar="NAME[=FACTOR]",
        help="Whom to reach: a layer of demand (yizhan demand list) or census, times a factor; may be repeated.",
    ),
    click.option("--size-m", type=float, default=1_000.0, show_default=True, help="Side of a cell of demand."),
    click.option(
        "--at", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="Only stations open then stand (Beijing time)."
    ),
    click.option("--round-the-clock", is_flag=True, help="Tell the plan for every hour of the day of --at, too."),
    click.option(
        "--ways", type=click.Choice(["streets", "straight"]),
        help="What minutes are measured along. Default: the streets, once they are loaded.",
    ),
    click.option(
        "--detour", type=float, default=1.3, show_default=True, help="Street metres for a straight metre."
    ),
)  # fmt: skip
#: Where sites may stand, and what else they keep to.
_RULES: Final = (
    click.option(
        "--candidates", default="places", show_default=True, metavar="places|planned|cells|FILE",
        help="Named places, planned stations, the middles of the fullest cells, or a file of candidates (table or vector "
        "file with name, position, host, consent, cost), which is kept as a list.",
    ),
    click.option("--candidate-list", metavar="NAME", help="A list of candidates that is kept already."),
    click.option("--candidate-layer", metavar="NAME", help="The points of this layer of demand instead."),
    click.option("--datum", help="Of the positions of a table of candidates: wgs84, gcj02, bd09 or cgcs2000."),
    click.option("--most", type=int, default=2_000, show_default=True, help="So many candidates at most."),
    click.option("--spacing-m", type=float, default=0.0, help="Sites and stations stand no closer than this."),
    click.option("--programme", metavar="CODE", help="Take the kinds and the priority areas of this programme."),
    click.option(
        "--priority", multiple=True, type=_Weighed(), metavar="CODE=WEIGHT",
        help="What a person there counts for.",
    ),
    click.option(
        "--floor", "floors", multiple=True, type=_Weighed(whole=True), metavar="CODE=NUMBER",
        help="At least so many stations there, existing ones included.",
    ),
    click.option(
        "--each", type=click.Choice(["prefecture", "county", "township"]), help="Each gets a station."
    ),
    click.option("--must", multiple=True, metavar="KEY", help="This candidate must be chosen."),
    click.option("--must-not", multiple=True, metavar="KEY", help="This candidate must not be chosen."),
)  # fmt: skip
#: How long to search, and what to tell beyond the plan.
_SEARCH: Final = (
    click.option("--seconds", type=float, default=60.0, show_default=True, help="Search for so long at most."),
    click.option("--gap", type=float, default=0.0, show_default=True, help="A share of the best that may be missed."),
    click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds, equal plans."),
    click.option("--curve-to", type=int, help="Tell the gain of every number of sites up to this; 0 for none."),
    click.option("--alternatives", type=int, default=0, help="So many other plans that are nearly as good."),
    click.option("--differing", type=int, default=1, show_default=True, help="Sites in which they differ at least."),
    click.option("--runs", type=int, default=0, help="Search again so often with demand that strays."),
    click.option("--spread", type=float, default=0.2, show_default=True, help="By how much it strays."),
)  # fmt: skip


def options(command: _Command) -> _Command:
    """Give a command every option of a question; they arrive by name, as ``question`` takes them."""
    for option in reversed((*_WANTED, *_REACH, *_RULES, *_SEARCH)):
        command = option(command)
    return command


def question(
    session: Session, settings: Settings, query: str, programme: str | None, asked: dict[str, Any]
) -> SitingQuestion:
    """Return what the options ask. Raises Invalid, NotFound, and UsageError for options that contradict each other."""
    from stations.planning import programmes
    from stations.planning.siting import Further, SitingQuestion

    reach = _reach(settings, query, asked)
    priority = dict(asked["priority"])
    if programme is not None:
        if reach.serving.kinds:
            raise click.UsageError("Say the kinds in QUERY or with --programme, not both.")
        of = programmes.get(session, programme)
        reach = programmes.with_kinds(reach, of)
        priority = {each.region: each.weight for each in programmes.priority_areas(session, of)} | priority
    problem = _problem(asked)
    return SitingQuestion(
        reach=reach,
        problem=problem,
        offer=_offer(session, settings, asked),
        priority=tuple(priority.items()),
        everybody=asked["everybody"] and problem.value == "backup",
        further=Further(
            **{name: asked[name] for name in ("curve_to", "alternatives", "differing", "runs", "spread")}
        ),
        **{
            name: asked[name]
            for name in (
                "count", "budget", "cost", "costs", "spacing_m", "floors", "each", "must", "must_not", "seconds", "gap",
                "seed", "beyond_min", "once", "holds", "stations_hold",
            )
        },
    )  # fmt: skip


def _problem(asked: dict[str, Any]) -> Problem:
    from stations.planning.siting import Problem

    named = asked["problem"]
    if named is None:
        return Problem.LEAST if asked["everybody"] else Problem.MAXIMAL
    if asked["everybody"] and named not in ("least", "backup"):
        raise click.UsageError(f"--everybody belongs to least and backup, not to --problem {named}.")
    return Problem(named)


def _reach(settings: Settings, query: str, asked: dict[str, Any]) -> CoverageQuestion:
    from geo.passing import Mode
    from stations.hours import SHANGHAI
    from stations.planning import CENSUS, Along, CoverageQuestion
    from stations.planning.ways import usual
    from stations.query import StationQuery

    at: datetime | None = asked["at"]
    moment = None if at is None else at.replace(tzinfo=SHANGHAI)
    if asked["round_the_clock"] and moment is None:
        moment = settings.now().astimezone(SHANGHAI)
    return CoverageQuestion(
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


def _offer(session: Session, settings: Settings, asked: dict[str, Any]) -> Offer:
    from stations.planning.siting import Offer, Source

    layer, kept, given, most = (
        asked[name] for name in ("candidate_layer", "candidate_list", "candidates", "most")
    )
    if sum((layer is not None, kept is not None, given != "places")) > 1:
        raise click.UsageError("Say one of --candidates, --candidate-list and --candidate-layer.")
    if layer is not None:
        return Offer(Source.LAYER, layer, most)
    if kept is not None:
        return Offer(Source.LIST, kept, most)
    if given in _SOURCES:
        return Offer(Source(given), None, most)
    path = Path(given)
    if not path.is_file():
        raise click.UsageError(
            f"--candidates {given}: there is no such file, and it is none of {', '.join(_SOURCES)}."
        )
    return Offer(Source.LIST, _kept(session, settings, path, asked["datum"]), most)


def _kept(session: Session, settings: Settings, path: Path, datum: str | None) -> str:
    """Keep a file as a list of its own name, or find it kept already; return the name."""
    from geo.datum import Datum
    from stations.planning.siting import candidate_lists
    from stations.registry.writing import OPERATOR, acting, actor_id

    operator = actor_id(session, OPERATOR)
    with acting(session, operator, reason=f"candidates: {path.name[:200]}"):
        kept = candidate_lists.kept_as(
            session, path, name=path.stem[:80], datum=None if datum is None else Datum.parse(datum),
            actor=operator, now=settings.now(),
        )  # fmt: skip
    say(f"The list of candidates {kept.name!r} holds {kept.candidates:,}.")
    return kept.name
