"""``yizhan quality``: how well the stations serve, now or in a month that was kept; and a month kept by hand."""

from __future__ import annotations

from datetime import date

import click

from stations.errors import Conflict, Invalid
from stations.hours import SHANGHAI
from web.cli.common import on_registry, registry_session, table
from web.settings import Settings

__all__ = ["quality"]


@click.group()
def quality() -> None:
    """How well the stations serve, in the figures of the page /quality."""


@quality.command()
@on_registry
@click.option("--month", metavar="YYYY-MM", help="A month that was kept; without it, now.")
@click.option(
    "--level",
    type=click.Choice(["province", "prefecture", "county"]),
    default="county",
    show_default=True,
    help="Which regions.",
)
def show(settings: Settings, *, month: str | None, level: str) -> None:
    """Show the shares of every region and of the whole."""
    from stations.keeping import quality_months as months
    from stations.keeping.quality import MEASURES
    from stations.keeping.quality import quality as count

    with registry_session(settings) as session:
        found = count(session, now=settings.now()) if month is None else months.kept(session, _month(month))
    shares = [one.name for one in MEASURES]
    rows = []
    for area in (*found.of_level(level), found.whole):
        told = [area.share(name) for name in shares]
        rows.append(
            (
                area.code or "all",
                area.names.get("zh"),
                f"{area.sums.stations:,}",
                *(None if share is None else f"{100 * share:.1f}" for share in told),
                None if area.daily is None else f"{area.daily:.1f}",
                None if area.answer_hours is None else f"{area.answer_hours:.1f}",
            )
        )
    heads = ("code", "region", "stations", *(f"{name} %" for name in shares), "visits a day", "answer h")
    click.echo(f"{found.name}, {found.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
    click.echo(table(heads, rows))


@quality.command()
@on_registry
def months(settings: Settings) -> None:
    """List the months that are kept."""
    from stations.keeping import quality_months

    with registry_session(settings) as session:
        rows = [
            (
                f"{one.month:%Y-%m}",
                f"{one.taken_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
                "demonstration" if one.demonstration else "",
            )
            for one in quality_months.listed(session)
        ]
    click.echo(table(("month", "counted", ""), rows))


@quality.command()
@on_registry
def keep(settings: Settings) -> None:
    """Keep the month that is over, as the hourly upkeep does; a month that is kept stays as it was."""
    from stations.keeping.quality_months import DAYS_OF_GRACE
    from stations.registry.writing import OPERATOR, actor_id
    from web.quality.keeping import keep_month

    with registry_session(settings) as session:
        kept = keep_month(session, settings, actor=actor_id(session, OPERATOR))
    if kept is None:
        raise Conflict(
            f"no month waits to be kept: the last one is, or more than {DAYS_OF_GRACE} days have passed since it ended"
        )
    click.echo(f"the quality of {kept:%Y-%m} is kept")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid(f"--month {text!r} is no month; write 2026-03", field="month", value=text) from None
