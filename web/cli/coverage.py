"""``yizhan coverage``: who has a station within reach, measured, kept, compared and published at the prompt."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import click

from web.cli.common import is_terminal, on_registry, registry_session, say, table
from web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from stations.models import CoverageRun
    from stations.planning import CoverageQuestion, Measured

__all__ = ["coverage"]

_STEPS = {"demand": "Laying the demand on cells", "reach": "Measuring the ways", "pairs": "Measuring who shares what",
          "count": "Counting", "hours": "Going round the clock"}  # fmt: skip


class _Minutes(click.ParamType[Any]):
    """Ascending minutes: ``5,10,15,30``."""

    name = "minutes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).replace("，", ",").split(",")]
        if not all(part.isascii() and part.isdecimal() for part in parts):
            self.fail(f"{value!r}: write minutes with commas between them (5,10,15,30)", param, ctx)
        return tuple(map(int, parts))


class _Layer(click.ParamType[Any]):
    """A layer of demand with its factor: ``人口``, ``orders=2.5``."""

    name = "layer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        name, _, factor = str(value).partition("=")
        try:
            return name, float(factor or 1)
        except ValueError:
            self.fail(f"{value!r}: write a name, or name=factor (人口=0.5)", param, ctx)


@click.group()
def coverage() -> None:
    """Who has a station within reach, and who has not."""


@coverage.command()
@on_registry
@click.argument("query", default="")
@click.option("--region", metavar="CODE", help="Look there only; stations beyond its border count too.")
@click.option(
    "--mode",
    type=click.Choice(["walk", "ebike"]),
    default="walk",
    show_default=True,
    help="On foot or by e-bike.",
)
@click.option(
    "--limits", type=_Minutes(), default=(5, 10, 15, 30), help="Minutes that are counted (5,10,15,30)."
)
@click.option(
    "--main", "main_min", type=int, default=15, show_default=True, help="The limit that gaps are told for."
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    type=_Layer(),
    metavar="NAME[=FACTOR]",
    help="Whom to reach: a layer of demand (yizhan demand list) or census, times a factor; may be repeated.",
)
@click.option("--size-m", type=float, default=1_000.0, show_default=True, help="Side of a cell of demand.")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="Only stations open then count (Beijing time)."
)
@click.option("--round-the-clock", is_flag=True, help="Count every hour of the day of --at, or of today.")
@click.option(
    "--ways",
    type=click.Choice(["streets", "straight"]),
    help="What minutes are measured along. Default: the streets, once they are loaded.",
)
@click.option(
    "--detour", type=float, default=1.3, show_default=True, help="Street metres for a straight metre."
)
@click.option("--programme", metavar="CODE", help="Count the kinds of stations that this programme counts.")
@click.option("--keep", "title", metavar="TITLE", help="Keep the run under this title.")
@click.option("--json", "as_json", is_flag=True, help="Write all figures as JSON, not tables.")
def run(
    settings: Settings,
    /,
    query: str,
    *,
    title: str | None,
    programme: str | None,
    as_json: bool,
    at: datetime | None,
    **asked: Any,
) -> None:
    """Measure who is reached.

    QUERY says which stations count ('kind=rider_station', 'amenities=microwave&unknown=exclude'); every rest station in
    service without one.
    """
    from stations.planning import measure, programmes, runs
    from stations.planning.ways import for_question, usual
    from stations.registry.writing import OPERATOR, acting, actor_id

    question = _question(
        query, at, settings.now(), asked | {"ways": asked["ways"] or usual(settings.streets)}
    )
    if programme is not None and question.serving.kinds:
        raise click.UsageError("Say the kinds in QUERY or with --programme, not both.")
    ways = for_question(question, settings.streets)
    with registry_session(settings) as session:
        if programme is not None:
            question = programmes.with_kinds(question, programmes.get(session, programme))
        started = time.monotonic()
        with _progress() as told:
            found = measure(session, question, now=settings.now(), ways=ways, told=told)
        number = None
        if title is not None:
            operator = actor_id(session, OPERATOR)
            with acting(session, operator, reason=f"coverage: {title}"):
                kept = runs.ask(session, question, title=title, actor=operator)
                number = kept.id
                runs.finish(session, number, found, now=settings.now(), seconds=time.monotonic() - started)
        names = _names(session)
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo("\n".join(_told(found, names)))
    if number is not None:
        say(f"Kept as run {number}.")


@coverage.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the runs that are kept, newest first."""
    from stations.planning import runs

    with registry_session(settings) as session:
        rows = [_line(each) for each in runs.listed(session)]
    click.echo(table(("run", "title", "asked", "people", "reached", "public"), rows))


@coverage.command()
@on_registry
@click.argument("first", type=int)
@click.argument("second", type=int)
def compare(settings: Settings, first: int, second: int) -> None:
    """Compare two runs, county by county, at the main limit of the first."""
    from stations.planning import runs

    with registry_session(settings) as session:
        one, other = runs.get(session, first), runs.get(session, second)
        found = runs.compare(one, other)
        figure = f"people_{60 * one.question['main_min']:g}"
        names = _names(session)
    rows = [
        (names.get(code, code or "–"), *map(_people, figures[figure]))
        for code, figures in found["areas"].get("county", {}).items()
        if figure in figures
    ]
    click.echo(table(("county", f"run {first}", f"run {second}", "change"), rows))
    if found["asked"]:
        click.echo("Asked differently: " + ", ".join(sorted(found["asked"])))


@coverage.command()
@on_registry
@click.argument("number", type=int)
def publish(settings: Settings, number: int) -> None:
    """Let the public see a run, in place of the one before."""
    from stations.planning import runs
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"publish run {number}"):
            runs.publish(session, number, actor=operator, now=settings.now())
    click.echo(f"Run {number} is public.")


def _question(query: str, at: datetime | None, now: datetime, asked: Mapping[str, Any]) -> CoverageQuestion:
    from geo.passing import Mode
    from stations.hours import SHANGHAI
    from stations.planning import CENSUS, Along, CoverageQuestion
    from stations.query import StationQuery

    moment = None if at is None else at.replace(tzinfo=SHANGHAI)
    if asked["round_the_clock"] and moment is None:
        moment = now.astimezone(SHANGHAI)
    return CoverageQuestion(
        region=asked["region"],
        layers=asked["layers"] or ((CENSUS, 1.0),),
        size_m=asked["size_m"],
        mode=Mode(asked["mode"]),
        limits_min=asked["limits"],
        main_min=asked["main_min"],
        at=moment,
        around_the_clock=asked["round_the_clock"],
        serving=StationQuery.parse(parse_qsl(query, keep_blank_values=True)),
        detour=asked["detour"],
        ways=Along(asked["ways"]),
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show how far a run is: a bar where somebody watches, a line for each step where not."""
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
            # The clock is most of the work; the steps before it are one tick each.
            wanted = round(1_000 * (0.2 + 0.8 * share)) if step == "hours" else 50 * list(_STEPS).index(step)
            bar.update(max(0, wanted - reached))
            reached = max(reached, wanted)

        yield show
        bar.update(1_000 - reached)


def _names(session: Any) -> dict[str, str]:
    from stations.registry.areas import Areas

    areas = Areas.load(session)
    return {code: f"{code} {area.names['zh']}" for code, area in areas.areas.items()}


def _told(found: Measured, names: Mapping[str, str]) -> Iterator[str]:
    limits = found.question.limits_min
    heads = ("area", "people", *(f"in {limit} min" for limit in limits), "share", "median min")
    main = f"people_{60 * found.question.main_min:g}"
    for level in ("county", "prefecture", "province"):
        if level in found.areas:
            rows = [
                (
                    names.get(str(code), "–") if isinstance(code, str) else None,
                    _people(row["people"]),
                    *(_people(row[f"people_{60 * limit:g}"]) for limit in limits),
                    f"{row[main] / row['people']:.0%}" if row["people"] else None,
                    f"{row['median_s'] / 60:.0f}" if row["median_s"] < 1e9 else f">{limits[-1]}",
                )
                for code, row in found.areas[level].iterrows()
            ]
            yield table(heads, rows)
            yield ""
    if len(found.hours):
        yield table(
            ("hour", "stations open", *(f"in {limit} min" for limit in limits)),
            [
                [_people(value) for value in row]
                for row in found.hours.drop(columns=["people_twice", "like"]).to_numpy()
            ],
        )
        yield ""
    if len(found.gaps):
        yield table(
            ("gap", "people", "lon, lat", "nearest", "minutes"),
            [
                (
                    names.get(row["region"], "–"),
                    _people(row["people"]),
                    f"{row['lon']:.4f}, {row['lat']:.4f}",
                    row["nearest"],
                    f"{ceil(row['nearest_s'] / 60):,}" if row["nearest_s"] < 1e9 else None,
                )
                for _, row in found.gaps.head(20).iterrows()
            ],
        )
        yield ""
    offered = list(_offered(found))
    if offered:
        yield table(("amenity", "people with", "share", "unknown", "without"), offered)
        yield ""
    yield _standing(found)


def _offered(found: Measured) -> Iterator[tuple[Any, ...]]:
    """Tell who finds which amenity of the filter row within the main limit; what no station has or may have is left out."""
    from stations.vocabulary import AMENITIES, FILTER_AMENITIES

    summary = found.summary
    for code in FILTER_AMENITIES if summary["stations"] else ():
        has, perhaps, without = (summary[f"{name}_{code}"] for name in ("with", "perhaps", "without"))
        share = has / summary["people"]
        yield (AMENITIES[code].en, _people(has), f"{share:.1%}", _people(perhaps), _people(without))


def _standing(found: Measured) -> str:
    """Say what the figures stand on, as the docs ask of every answer."""
    basis = found.basis
    ways = (
        f"estimated along the straight line × {basis['detour']:g} (估算（直线×系数）)"
        if basis["estimated_ways"]
        else f"on {basis['segments']:,} segments of street, {basis['ways']} ({basis['streets_date'] or 'no date'}); "
        f"{basis['places_without_street']:.1%} of cells have no street near, {basis['places_cut_off']:.1%} are cut off"
    )
    people = f"{basis['demand']}{', coarse (估算)' if basis['estimated_demand'] else ''}"
    people += "".join(
        f"; {each['name']} × {each['factor']:g}: {each['total']:,.0f} {each['unit']} in all, {each['outside']:,.0f} outside "
        f"the registry, added {each['added_at'][:10]}"
        for each in basis["layers"]
        if "source" in each
    )
    outside = f" {found.cells.outside:,.0f} people lie outside." if found.cells.outside >= 0.5 else ""
    twice = found.summary["people_twice"] / found.summary["people"]
    return (
        f"{found.summary['share_main']:.1%} of {found.summary['people']:,.0f} people within {found.question.main_min} "
        f"minutes of {basis['stations']:,} stations, {twice:.1%} of two or more. Minutes: {ways}. People: {people}.{outside}"
    )


def _people(value: Any) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _line(run: CoverageRun) -> tuple[Any, ...]:
    summary = run.summary or {}
    share = summary.get("share_main")
    return (
        run.id,
        run.title,
        run.asked_at.isoformat(" ", timespec="minutes"),
        _people(summary.get("people")),
        None if share is None else f"{share:.1%} in {run.question['main_min']} min",
        "public" if run.published else None,
    )


def _as_json(found: Measured) -> dict[str, Any]:
    from stations.planning import runs

    return {
        "question": found.question.as_dict(),
        "basis": found.basis,
        "summary": runs.as_json(found.summary),
        "areas": {level: runs.by_code(rows) for level, rows in found.areas.items()},
        "hours": runs.rows(found.hours),
        "gaps": runs.rows(found.gaps),
        "stations": runs.rows(found.stations),
    }
