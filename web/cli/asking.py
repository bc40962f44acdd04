"""``yizhan stations`` and ``yizhan gaps``: the registry asked by the one query string, as the map and the API are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import click

from stations import vocabulary as words
from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from stations.query import StationQuery
    from stations.registry.gaps import Gaps, Tally

__all__ = ["gaps", "stations"]

_STATES = {"open": "开放 open", "closed": "关闭 closed", "unknown": "未知 unknown"}


def _query(text: str, *more: tuple[str, str]) -> StationQuery:
    """Read a query string, or the address of a page or an API call with one."""
    from stations.query import StationQuery

    _, question, after = text.partition("?")
    string = (after if question else text).partition("#")[0]
    return StationQuery.parse([*parse_qsl(string, keep_blank_values=True), *more])


@click.group()
def stations() -> None:
    """Stations, asked by the query string of the map and the API."""


@stations.command("list")
@on_registry
@click.argument("query", default="")
@click.option("--geojson", is_flag=True, help="Write all that match as GeoJSON, not one page as a table.")
def list_(settings: Settings, query: str, *, geojson: bool) -> None:
    """List stations that match QUERY, such as 'region=6302&open=now'; all in service without one.

    An address copied from the map will do too.
    """
    _list(settings, _query(query), geojson=geojson)


@stations.command()
@on_registry
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.argument("query", default="")
@click.option("--geojson", is_flag=True, help="Write GeoJSON, not a table.")
def near(settings: Settings, lon: float, lat: float, query: str, *, geojson: bool) -> None:
    """List stations by their distance from a point, WGS 84, longitude first."""
    _list(settings, _query(query, ("near", f"{lon},{lat}")), geojson=geojson)


@stations.command()
@on_registry
@click.argument("code")
def show(settings: Settings, code: str) -> None:
    """Show one station with all its public facts, as GeoJSON."""
    from stations.registry import public

    with registry_session(settings) as session:
        feature = public.station(session, code, now=settings.now())
    click.echo(json.dumps(json.loads(feature), ensure_ascii=False, indent=2))


def _list(settings: Settings, query: StationQuery, *, geojson: bool) -> None:
    from stations.registry import public

    with registry_session(settings) as session:
        if geojson:
            click.echo('{"type": "FeatureCollection", "features": [')
            for number, feature in enumerate(_all(session, query, settings)):
                click.echo(f"{',' if number else ''}{feature}")
            click.echo("]}")
            return
        page = public.page(session, query, now=settings.now(), count=True)
    features = [json.loads(feature) for feature in page.features]
    click.echo(table(_HEADS, [_row(feature) for feature in features]))
    click.echo(f"{len(features):,} of {page.matched:,}, at {page.moment.isoformat(' ', timespec='minutes')}.")
    if page.next_cursor is not None:
        click.echo(f"More: add cursor={page.next_cursor} to the query.")


def _all(session: Session, query: StationQuery, settings: Settings) -> Iterator[str]:
    from stations.registry import public

    now = settings.now()
    while True:
        page = public.page(session, query, now=now)
        yield from page.features
        if page.next_cursor is None or query.limit is not None:
            return
        query = replace(query, cursor=page.next_cursor)


_HEADS = ("code", "name", "kind", "county", "now", "metres")


def _row(feature: Mapping[str, Any]) -> tuple[Any, ...]:
    facts = feature["properties"]
    life = words.LIFECYCLE[facts["lifecycle"]]
    now = _STATES[facts["state"]["now"]] if life.code == "open" else f"{life.zh} {life.en.lower()}"
    metres = facts.get("distance_m")
    return (
        facts["code"],
        facts["names"]["zh"],
        words.KINDS[facts["kind"]].zh,
        facts["region_names"][-1] if facts["region_names"] else None,
        now if feature["geometry"] else f"{now}, 未定位",
        None if metres is None else f"{metres:,}",
    )


@click.command()
@on_registry
@click.argument("query", default="")
@click.option(
    "--radius-m", type=float, default=5_000.0, show_default=True, help="How far is far, in straight metres."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON with every place, not a table.")
def gaps(settings: Settings, query: str, *, radius_m: float, as_json: bool) -> None:
    """Count who and what is far from every open rest station, county by county.

    QUERY says which stations serve ('open=now&at=2026-01-31T23:00', 'amenities=toilet') and which region is looked
    at ('region=6302'). A place whose population nobody knows is counted as a place and never as nobody.
    """
    from stations.registry.gaps import gaps as find

    with registry_session(settings) as session:
        found = find(session, _query(query), radius_m=radius_m, now=settings.now())
    if as_json:
        click.echo(json.dumps(found.as_dict(covered=True), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_told(found)))


def _told(found: Gaps) -> Iterator[str]:
    yield table(
        ("county", "places far", "people far", "of unknown population", "farthest m"),
        [
            *((f"{area.code} {area.names['zh']}", *_cells(area.tally)) for area in found.areas),
            ("all", *_cells(found.totals)),
        ],
    )
    yield (
        f"Straight metres over {found.radius_m:,.0f}, from {found.basis.stations:,} located rest stations in service"
        f"{f' ({found.basis.filters})' if found.basis.filters else ''}. Places: {found.basis.places_source}."
    )


def _cells(tally: Tally) -> tuple[Any, ...]:
    people = None if tally.people_known is None else f"{tally.people_uncovered:,} / {tally.people_known:,}"
    return (
        f"{tally.places_uncovered:,} / {tally.places:,}",
        people,
        f"{tally.places_population_unknown:,}",
        None if tally.farthest_m is None else f"{tally.farthest_m:,}",
    )
