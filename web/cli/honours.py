"""``yizhan honours``: what stations and organisations were given, and what was taken back."""

from __future__ import annotations

from datetime import date, datetime

import click

from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

__all__ = ["honours"]

_LEVELS = ("national", "provincial", "prefecture", "county", "other")


@click.group()
def honours() -> None:
    """Honours and ratings of stations and organisations."""


@honours.command("list")
@on_registry
@click.option("--region", "regions", multiple=True, metavar="CODE", help="May be repeated. Default: all.")
@click.option("--standing", is_flag=True, help="Leave out what was revoked.")
def list_(settings: Settings, *, regions: tuple[str, ...], standing: bool) -> None:
    """List honours, the newest first."""
    from stations.keeping.inspecting import honouring

    with registry_session(settings) as session:
        rows = honouring.listed(session, regions=regions or None, revoked=not standing)
    today = _today(settings)
    click.echo(
        table(
            ("number", "title", "level", "year", "holder", "standard", "state"),
            [
                (
                    one.id,
                    one.title,
                    one.level,
                    one.year,
                    one.holder,
                    one.standard,
                    f"revoked {one.revoked_on}: {one.revoked_reason}"
                    if one.revoked_on
                    else f"review due since {one.review_on}"
                    if one.due(today)
                    else None,
                )
                for one in rows
            ],
        )
    )


@honours.command()
@on_registry
@click.argument("title")
@click.option("--level", type=click.Choice(_LEVELS), required=True, help="Who gave it.")
@click.option("--year", type=int, required=True, help="For which year.")
@click.option("--station", metavar="CODE", help="The station that was given it.")
@click.option("--organisation", metavar="NAME", help="The organisation that was given it.")
@click.option("--standard", help="Under which standard.")
def give(
    settings: Settings,
    title: str,
    *,
    level: str,
    year: int,
    station: str | None,
    organisation: str | None,
    standard: str | None,
) -> None:
    """Write down an honour of a station or of an organisation."""
    from stations.keeping.inspecting import honouring
    from stations.registry.writing import OPERATOR, acting, actor_id

    with (
        registry_session(settings) as session,
        acting(session, actor_id(session, OPERATOR), reason=f"honour {title}"),
    ):
        number = honouring.give(
            session,
            title=title,
            level=level,
            year=year,
            today=_today(settings),
            station_code=station,
            organisation=organisation,
            standard=standard,
        )
    click.echo(f"Honour {number} is written down.")


@honours.command()
@on_registry
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why; everybody reads it.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Default: today.")
def revoke(settings: Settings, number: int, *, reason: str, on: datetime | None) -> None:
    """Take an honour back; it stays and says so."""
    from stations.keeping.inspecting import honouring
    from stations.registry.writing import OPERATOR, acting, actor_id

    with (
        registry_session(settings) as session,
        acting(session, actor_id(session, OPERATOR), reason=f"honour {number}: {reason}"),
    ):
        honouring.revoke(session, number, reason=reason, on=on.date() if on else _today(settings))
    click.echo(f"Honour {number} is revoked.")


def _today(settings: Settings) -> date:
    from stations.hours import SHANGHAI

    return settings.now().astimezone(SHANGHAI).date()
