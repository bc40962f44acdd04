"""``yizhan programme``: what is to be built where and by when, counted from the registry; townships and their stations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from web.cli.common import on_registry, registry_session, table
from web.cli.programme_work import bind, region_names, townships
from web.settings import Settings

if TYPE_CHECKING:
    from stations.planning.programme_progress import Progress
    from stations.planning.programme_standard import Standard
    from stations.planning.programmes import PriorityArea

__all__ = ["programme"]

_DAY = click.DateTime(["%Y-%m-%d"])


class _Yuan(click.ParamType[Decimal]):
    """An amount of money."""

    name = "yuan"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            found = Decimal(str(value).replace(",", ""))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount of yuan, such as 6960000", param, ctx)
        return found.quantize(Decimal("0.01")) if found.is_finite() and found.adjusted() < 15 else found


class _Part(click.ParamType[Any]):
    """CODE=NUMBER: what of the target falls to a region."""

    name = "part"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        code, mark, number = str(value).partition("=")
        if not mark or not (number.isascii() and number.isdecimal() and len(number) < 10):
            self.fail(f"{value!r}: write a region and a number, such as 630222=22", param, ctx)
        return code.strip(), int(number)


class _Area(click.ParamType[Any]):
    """CODE=WEIGHT=REASON: a region that comes first in siting."""

    name = "area"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        parts = str(value).split("=", 2)
        try:
            return parts[0].strip(), float(parts[1]), parts[2].strip()
        except (IndexError, ValueError):
            self.fail(f"{value!r}: write a region, a weight and why, such as 630222=2=地震受灾县", param, ctx)


@click.group()
def programme() -> None:
    """Programmes: targets by region, counted from the registry."""


programme.add_command(bind)
programme.add_command(townships)


@programme.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the programmes with how far they are."""
    from stations.planning import programmes
    from stations.planning.programme_progress import progress

    with registry_session(settings) as session:
        rows = [
            _line(each, progress(session, each, today=_today(settings)))
            for each in programmes.listed(session)
        ]
    click.echo(
        table(
            (
                "code",
                "title",
                "due",
                "target",
                "open",
                "building",
                "planned",
                "expected",
                "late",
                "unplaced",
                "state",
            ),
            rows,
        )
    )


@programme.command()
@on_registry
@click.argument("code")
@click.option(
    "--level",
    type=click.Choice(["own", "prefecture", "county", "township"]),
    default="own",
    show_default=True,
    help="Rows by the regions that the programme names, or by all of a level.",
)
@click.option("--json", "as_json", is_flag=True, help="Write all figures as JSON, not tables.")
def show(settings: Settings, code: str, *, level: str, as_json: bool) -> None:
    """Show one programme: by region, what is late, and what comes first in siting."""
    from stations.planning import programmes
    from stations.planning.programme_progress import late, progress
    from stations.planning.programme_standard import standard_of

    day = _today(settings)
    with registry_session(settings) as session:
        held = programmes.get(session, code)
        found = progress(session, held, today=day, level=level)
        overdue = late(session, held, today=day)
        areas = programmes.priority_areas(session, held)
        standard = standard_of(session, held)
        names = region_names(session)
        title = f"{held.code} {held.title}"
    if as_json:
        told = _as_json(found, overdue, areas) | {"standard": _standard_json(standard)}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
        return
    click.echo(title)
    click.echo("\n".join(_told(found, names)))
    if standard:
        click.echo(
            f"Standard {standard.cited.code}: {standard.met:,} of {standard.standing:,} meet it, {standard.failed:,} do not, "
            f"{standard.never:,} were never inspected."
        )
    if overdue:
        click.echo(
            table(
                ("late", "name", "state", "was due", "days"),
                [(one.code, one.name, one.lifecycle, one.expected_on, one.days) for one in overdue],
            )
        )
    for area in areas:
        click.echo(f"First: {names.get(area.region, area.region)} × {area.weight:g}, {area.reason}.")


@programme.command()
@on_registry
@click.argument("code")
@click.argument("title")
@click.option("--target", type=int, required=True, help="How many open stations.")
@click.option("--region", "regions", multiple=True, required=True, metavar="CODE", help="May be repeated.")
@click.option("--year", type=int, required=True, help="The year that it belongs to.")
@click.option("--tagged", is_flag=True, help="Count only stations that carry the programme.")
@click.option(
    "--part",
    "targets",
    multiple=True,
    type=_Part(),
    help="What falls to a region (630222=22). May be repeated.",
)
@click.option("--starts", type=_DAY, help="First day. Default: 1 January.")
@click.option("--due", type=_DAY, help="Last day. Default: 31 December.")
@click.option("--base", type=int, help="How many were open at the start, where the plan says it.")
@click.option("--kind", "kinds", multiple=True, help="A kind that counts. Default: every place to rest.")
@click.option("--tag", help="Short words that its stations carry.")
@click.option("--standard", help="The checklist that they are to meet, with its version.")
@click.option("--standard-source", help="Who says so.")
@click.option("--budget", "budget_yuan", type=_Yuan(), help="In yuan.")
@click.option("--committed", "committed_yuan", type=_Yuan(), help="Of it, bound by contracts.")
@click.option("--spent", "spent_yuan", type=_Yuan(), help="Of it, spent.")
@click.option("--owner", help="The organisation that answers for it.")
@click.option("--note", help="Words for planners.")
@click.option(
    "--first",
    "areas",
    multiple=True,
    type=_Area(),
    help="Comes first in siting (630222=2=why). May be repeated.",
)
def add(settings: Settings, /, code: str, title: str, *, tagged: bool, **given: Any) -> None:
    """Add a programme."""
    from stations.planning import programmes
    from stations.planning.programmes import Plan, PriorityArea
    from stations.registry.writing import OPERATOR, acting, actor_id

    parts: list[tuple[str, int]] = list(given.pop("targets"))
    if len({region for region, _ in parts}) < len(parts):
        raise click.UsageError("A region has two parts; give each region once.")
    regions, kinds = tuple(given.pop("regions")), tuple(given.pop("kinds"))
    areas = tuple(PriorityArea(*area) for area in given.pop("areas"))
    facts: dict[str, Any] = {
        name: value.date() if isinstance(value, datetime) else value for name, value in given.items()
    }
    plan = Plan(
        code=code,
        title=title,
        target_is="tagged" if tagged else "total",
        regions=regions,
        kinds=kinds,
        targets=dict(parts),
        areas=areas,
        **facts,
    )
    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"programme {code}: {title}"):
            made = programmes.add(session, plan, actor=operator).code
    click.echo(f"Programme {made} was added.")


@programme.command()
@on_registry
@click.argument("code")
@click.option("--reason", required=True, help="Why.")
@click.option("--insist", is_flag=True, help="Also with stations still planned, in building or not placed.")
@click.option("--reopen", is_flag=True, help="Let a closed programme go on.")
def close(settings: Settings, code: str, *, reason: str, insist: bool, reopen: bool) -> None:
    """End a programme. Its figures go on being counted; stations cannot be put into it any more."""
    from stations.planning import programmes
    from stations.planning.programme_progress import progress
    from stations.registry.writing import OPERATOR, acting, actor_id

    day = _today(settings)
    with registry_session(settings) as session:
        held, operator = programmes.get(session, code), actor_id(session, OPERATOR)
        version, items = held.version, progress(session, held, today=day).open_items
        with acting(session, operator, reason=f"programme {held.code}: {reason}"):
            if reopen:
                programmes.reopen(session, code, version=version, actor=operator)
            else:
                programmes.close(
                    session, code, on=day, reason=reason, version=version, actor=operator, open_items=items,
                    insist=insist,
                )  # fmt: skip
    click.echo(f"Programme {code} {'goes on' if reopen else 'is closed'}.")


def _today(settings: Settings) -> date:
    from stations.hours import SHANGHAI

    return settings.now().astimezone(SHANGHAI).date()


def _line(held: Any, found: Progress) -> tuple[Any, ...]:
    count = found.total.count
    state = (
        "closed" if held.closed_on else "met" if found.met else "overdue" if found.overdue
        else f"{found.behind} behind" if found.behind else "on time"
    )  # fmt: skip
    return (
        held.code, held.title, found.due, f"{held.target:,}", f"{count.open:,}", f"{count.building:,}",
        f"{count.planned:,}", f"{found.expected:,}", f"{count.late:,}", f"{found.total.unplaced or 0:,}", state,
    )  # fmt: skip


def _told(found: Progress, names: dict[str, str]) -> Iterator[str]:
    rows = [(names.get(row.code, row.code) or "elsewhere", row) for row in found.rows]
    yield table(
        ("region", "target", "open", "suspended", "building", "planned", "unplaced", "over", "late"),
        [
            (name, row.target, row.count.open, row.count.suspended, row.count.building, row.count.planned, row.unplaced,
             row.over, row.count.late)
            for name, row in [*rows, ("all", found.total)]
        ],
    )  # fmt: skip
    how = (
        "by the dates of its stations"
        if found.reckoned == "dates"
        else f"evenly from {found.base:,} on {found.starts} to {found.total.target:,} on {found.due}"
    )
    yield f"Expected by {found.day}: {found.expected:,}, {how}."
    if found.unallotted:
        yield f"{found.unallotted:,} of the target have no region yet."


def _standard_json(found: Standard | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "checklist": found.cited.code, "version": found.cited.version, "met": found.met, "failed": found.failed,
        "never_inspected": found.never,
    }  # fmt: skip


def _as_json(found: Progress, overdue: Any, areas: tuple[PriorityArea, ...]) -> dict[str, Any]:
    from dataclasses import asdict

    rows = [{**asdict(row), "unplaced": row.unplaced, "over": row.over} for row in (*found.rows, found.total)]
    return {
        "day": found.day, "starts": found.starts, "due": found.due, "base": found.base, "expected": found.expected,
        "reckoned": found.reckoned, "behind": found.behind, "overdue": found.overdue, "unallotted": found.unallotted,
        "regions": rows[:-1], "total": rows[-1], "late": [asdict(one) for one in overdue],
        "first": [asdict(area) for area in areas],
    }  # fmt: skip
