"""Plans of sites that are kept, at the prompt: listed, shown, weighed, compared, written, adopted, removed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click

from web.cli import site_more_words as more
from web.cli import site_words as words
from web.cli.common import on_registry, registry_session, say, table
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stations.models import SitingPlan

__all__ = ["KEPT", "regions", "show_plan"]

_FORMS: Final = ("gpkg", "shp.zip", "geojson", "csv", "xlsx")


def regions(session: Session, *, codes: bool = True) -> dict[str, str]:
    """Return the names of regions by code. codes: with the code before each."""
    from stations.registry.areas import Areas

    return {
        code: f"{code} {area.names['zh']}" if codes else area.names["zh"]
        for code, area in Areas.load(session).areas.items()
    }


def show_plan(told_of: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Write a plan: its sites, how sure it is, and what was told beyond it."""
    if told_of["sites"]:
        click.echo(words.sites(told_of["sites"], names))
        click.echo()
    click.echo(words.standing(told_of))
    if further := more.beyond(told_of):
        click.echo(further)


@click.command("list")
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
                plan.question.get("problem", "maximal"),
                plan.status,
                None if plan.summary is None else f"{plan.summary['sites']:,.0f}",
                None if plan.summary is None else f"{plan.summary['newly']:,.0f}",
            )
            for plan in plans.listed(session)
        ]
    click.echo(table(("plan", "title", "asked", "problem", "status", "sites", "newly reached"), rows))


@click.command()
@on_registry
@click.argument("number", type=int)
@click.option("--json", "as_text", is_flag=True, help="Write all figures as JSON, not tables.")
def show(settings: Settings, /, number: int, *, as_text: bool) -> None:
    """Show a plan: its sites, whom they reach, and how sure it is."""
    from stations.planning.siting import plans

    with registry_session(settings) as session:
        told_of = words.kept_as_json(plans.get(session, number))
        names = regions(session)
    if as_text:
        click.echo(json.dumps(told_of, ensure_ascii=False, indent=2))
        return
    click.echo(f"Plan {number}: {told_of['title']}" + (f" ({told_of['note']})" if told_of["note"] else ""))
    if told_of["status"] is None:
        click.echo("It has no answer yet.")
    else:
        show_plan(told_of, names)


@click.command()
@on_registry
@click.argument("number", type=int)
def curve(settings: Settings, /, number: int) -> None:
    """Show what every number of sites brings at most, as far as a plan was asked for it."""
    from stations.errors import Conflict
    from stations.planning.siting import plans

    with registry_session(settings) as session:
        plan = _answered(plans.get(session, number))
        points, unit = (plan.further or {}).get("curve"), plans.unit_of(plan)
    if not points:
        raise Conflict(
            f"plan {number} has no curve: it is told for maximal cover and the median by --count, unless --curve-to is 0"
        )
    click.echo(more.curve(points, unit))


@click.command()
@on_registry
@click.argument("number", type=int)
@click.argument("key")
@click.option("--to", metavar="KEY|LON,LAT", help="Let it stand at this candidate or place instead.")
def loss(settings: Settings, /, number: int, key: str, *, to: str | None) -> None:
    """Tell what plan NUMBER loses without its site KEY, or with it elsewhere."""
    from stations.planning.siting import SitingQuestion, plans
    from stations.planning.siting.losing import loss as lost
    from stations.planning.ways import for_question

    with registry_session(settings) as session:
        plan = _answered(plans.get(session, number))
        ways = for_question(SitingQuestion.of_dict(plan.question).reach, settings.streets)
        told_of = lost(plan, key, _place(to), ways=ways)
    click.echo(more.lost(told_of))


def _place(text: str | None) -> tuple[float, float] | str | None:
    """Read LON,LAT; what is no pair of numbers is the key of a candidate."""
    parts = [] if text is None else text.split(",")
    try:
        lon, lat = (float(part) for part in parts)
    except ValueError:
        return text
    # The points of a layer are candidates whose keys look like places, and are found under both.
    return lon, lat


@click.command()
@on_registry
@click.argument("first", type=int)
@click.argument("second", type=int)
@click.option("--json", "as_text", is_flag=True, help="Write all figures as JSON, not tables.")
def compare(settings: Settings, /, first: int, second: int, *, as_text: bool) -> None:
    """Compare two plans: what each brings, which sites they share, what was asked differently."""
    from stations.planning.siting import plans
    from stations.planning.siting.comparing import compare as beside

    with registry_session(settings) as session:
        found = beside(plans.get(session, first), plans.get(session, second))
        names = regions(session)
    if as_text:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        click.echo(more.compared(found, first, second, names))


@click.command()
@on_registry
@click.argument("number", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(settings: Settings, /, number: int, file: Path) -> None:
    """Write the sites of a plan to FILE, in the form of its suffix: .gpkg, .shp.zip, .geojson, .csv or .xlsx."""
    from stations.planning.siting import plans
    from stations.planning.siting.adopting import adopted
    from stations.planning.siting.exporting import write_sites

    form = next((form for form in _FORMS if file.name.lower().endswith(f".{form}")), None)
    if form is None:
        raise click.UsageError(f"{file.name}: end the name with {', '.join('.' + each for each in _FORMS)}.")
    with registry_session(settings) as session, TemporaryDirectory(dir=file.parent) as folder:
        plan = _answered(plans.get(session, number))
        became = {each.key: each.code for each in adopted(session, number) if not each.withdrawn}
        whole = Path(folder) / f"sites.{form}"
        rows = write_sites(plan, whole, form, names=regions(session, codes=False), stations=became)
        # A file is whole or not there.
        os.replace(whole, file)
    say(f"Sites written to {file}: {rows:,}.")


@click.command()
@on_registry
@click.argument("number", type=int)
@click.option("--site", "key", metavar="KEY", help="Of this site alone.")
def dossier(settings: Settings, /, number: int, *, key: str | None) -> None:
    """Lay a plan out for those who decide: sites with people by hour, host, cost, use near by, runner-up, assumptions."""
    from stations.planning.siting import plans
    from stations.planning.siting.dossier import of_plan, of_site

    with registry_session(settings) as session:
        plan = plans.get(session, number)
        if key is None:
            whole = of_plan(session, plan, now=settings.now())
            shown = whole.sites
        else:
            whole, one = of_site(session, plan, key, now=settings.now())
            shown = (one,)
        told_of = words.kept_as_json(plan)
    click.echo(f"Plan {number}: {told_of['title']}")
    click.echo(words.standing(told_of))
    for site in shown:
        click.echo()
        click.echo(more.site_dossier(site))
    click.echo()
    click.echo(more.assumed(whole))


@click.command()
@on_registry
@click.argument("number", type=int)
@click.argument("programme")
@click.argument("keys", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every site of the plan that is no station yet.")
@click.option("--kind", help="Of the stations. Default: the first kind that the programme counts.")
@click.option("--expected-on", type=click.DateTime(["%Y-%m-%d"]), help="When they should open.")
@click.option("--insist", is_flag=True, help="Also where the region has a station of the same name.")
def adopt(
    settings: Settings,
    /,
    number: int,
    programme: str,
    keys: tuple[str, ...],
    *,
    every: bool,
    kind: str | None,
    expected_on: datetime | None,
    insist: bool,
) -> None:
    """Turn sites KEYS of plan NUMBER into planned stations of PROGRAMME."""
    from stations.planning import programmes
    from stations.planning.siting import plans
    from stations.planning.siting.adopting import adopted, to_programme
    from stations.registry.writing import OPERATOR, acting, actor_id

    if every == bool(keys):
        raise click.UsageError("Name sites, or say --all.")
    with registry_session(settings) as session:
        plan = _answered(plans.get(session, number))
        if every:
            there = {each.key for each in adopted(session, number) if not each.withdrawn}
            keys = tuple(site["key"] for site in plan.sites or () if site["key"] not in there)
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"siting: sites of plan {number} adopted"):
            made = to_programme(
                session, plan, programmes.get(session, programme), keys, actor=operator, kind=kind,
                expected_on=None if expected_on is None else expected_on.date(), insist=insist,
            )  # fmt: skip
    click.echo(table(("site", "station", "name", "programme"), [(one.key, one.code, one.name, one.programme) for one in made]))  # fmt: skip


@click.command()
@on_registry
@click.argument("number", type=int)
@click.option("--title", help="Another title.")
@click.option("--note", help="Another note; an empty one takes it away.")
def rename(settings: Settings, /, number: int, *, title: str | None, note: str | None) -> None:
    """Give a plan another title or note."""
    from stations.planning.siting import plans
    from stations.registry.writing import OPERATOR, acting, actor_id

    if title is None and note is None:
        raise click.UsageError("Give --title or --note.")
    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"siting: plan {number} renamed"):
            plan = plans.rename(session, number, title=title, note=note)
            say(f"Plan {number}: {plan.title}")


@click.command()
@on_registry
@click.argument("number", type=int)
def remove(settings: Settings, /, number: int) -> None:
    """Take a plan out of the list. What became of its sites stays."""
    from stations.planning.siting import plans
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"siting: plan {number} removed"):
            plans.remove(session, number, now=settings.now())
    say(f"Plan {number} is removed.")


def _answered(plan: SitingPlan) -> SitingPlan:
    from stations.errors import Conflict

    if plan.finished_at is None:
        raise Conflict(f"plan {plan.id} has no answer yet")
    return plan


KEPT: Final = (list_, show, curve, loss, compare, export, dossier, adopt, rename, remove)
