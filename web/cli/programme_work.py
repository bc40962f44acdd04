"""``yizhan programme bind`` and ``townships``: stations put into a programme, and which township has one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stations.planning.programme_townships import Told

__all__ = ["bind", "region_names", "townships"]


@click.command()
@on_registry
@click.argument("code")
@click.argument("query", default="")
@click.option("--station", "codes", multiple=True, metavar="CODE", help="This station. May be repeated.")
@click.option("--remove", is_flag=True, help="Take them out of the programme.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def bind(
    settings: Settings, code: str, query: str, *, codes: tuple[str, ...], remove: bool, dry_run: bool
) -> int:
    """Put stations into a programme: those named, or those that match QUERY ('region=630222&lifecycle=planned').

    All that fit are put in; what does not fit is counted by the reason, and the status is then 1.
    """
    from urllib.parse import parse_qsl

    from stations.editing.browse import Asked
    from stations.editing.browse import codes as codes_of
    from stations.planning import programme_members as members
    from stations.planning import programmes
    from stations.query import StationQuery
    from stations.registry.writing import OPERATOR, acting, actor_id

    if bool(codes) == bool(query):
        raise click.UsageError("Say either QUERY or --station CODE.")
    with registry_session(settings) as session:
        held, operator = programmes.get(session, code), actor_id(session, OPERATOR)
        chosen = list(codes) or codes_of(
            session, StationQuery.parse(parse_qsl(query, keep_blank_values=True)), Asked(), now=settings.now()
        )
        judged = members.judge(session, held, chosen, actor=operator)
        wanted = [one.code for one in judged if one.verdict == ("member" if remove else "new")]
        if wanted and not dry_run:
            do = members.unbind if remove else members.bind
            with acting(session, operator, reason=f"programme {held.code}: {len(wanted)} stations"):
                do(session, held, wanted, actor=operator)
    for verdict, number in members.count(judged).items():
        click.echo(f"{number:,} {verdict.replace('_', ' ')}")
    refused = [one for one in judged if one.verdict not in {"new", "member"}]
    return 1 if refused and codes else 0


@click.command()
@on_registry
@click.argument("code")
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Make these the townships, in place of those before.",
)
@click.option("--points", type=click.Path(path_type=Path), metavar="FILE", help="Find points for them here.")
@click.option("--from-registry", is_flag=True, help="Take the townships that the registry's regions hold.")
@click.option(
    "--datum", type=click.Choice(["wgs84", "cgcs2000", "gcj02", "bd09"]), help="Of the coordinates."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, not a table.")
def townships(
    settings: Settings,
    code: str,
    *,
    list_file: Path | None,
    points: Path | None,
    from_registry: bool,
    datum: str | None,
    as_json: bool,
) -> None:
    """Say which township has a station; first bring a list of them, or points.

    A list has a column of names, and may have codes, counties and coordinates; what cannot be matched is listed with
    its reason, and is settled at the desk.
    """
    from geo.datum import Datum
    from stations.planning import programme_townships as towns
    from stations.planning import programmes
    from stations.planning.township_lists import read
    from stations.planning.township_standing import STANDINGS, standing
    from stations.registry.writing import OPERATOR, acting, actor_id

    if sum(map(bool, (list_file, points, from_registry))) > 1:
        raise click.UsageError("Say one of --list, --points and --from-registry.")
    if points is not None and datum is None:
        raise click.UsageError("Say with --datum in which datum the points are.")
    chosen = None if datum is None else Datum(datum)
    file = list_file or points
    rows = [] if file is None else read(file)
    told: Told | None = None
    with registry_session(settings) as session:
        held, operator = programmes.get(session, code), actor_id(session, OPERATOR)
        if list_file or points or from_registry:
            with acting(session, operator, reason=f"programme {held.code}: townships"):
                if list_file:
                    told = towns.replace_list(session, code, rows, datum=chosen, actor=operator)
                elif from_registry:
                    told = towns.from_registry(session, code, actor=operator)
                elif chosen is not None:
                    told = towns.add_points(session, code, rows, datum=chosen, actor=operator)
        found = standing(session, held)
        strays = [(row.number, row.name, row.problem) for row in towns.listed(session, held, stray=True)]
        names = region_names(session)
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps([asdict(town) for town in found], ensure_ascii=False, indent=2))
        return
    if told is not None:
        click.echo(f"{told.rows:,} rows read, {told.taken:,} taken.")
    click.echo(
        table(
            ("township", "county", "has", "stations", "by", "to settle"),
            [
                (
                    town.name,
                    names.get(town.county or "", None),
                    town.best,
                    ", ".join(one.code for one in town.has) or None,
                    ", ".join(one.how for one in town.has) or None,
                    town.problem,
                )
                for town in found
            ],
        )
    )
    if strays:
        click.echo(table(("row", "name", "matches none"), strays))
    counts = [f"{sum(town.best == best for town in found):,} {best}" for best in STANDINGS]
    click.echo(f"{len(found):,} townships: {', '.join(counts)}.")


def region_names(session: Session) -> dict[str, str]:
    """Return the Chinese names of all regions by code."""
    from sqlalchemy import select

    from stations.models import Region

    return {row.code: row.names["zh"] for row in session.execute(select(Region.code, Region.names))}
