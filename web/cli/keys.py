"""``yizhan key``: keys for programs that ask more than everybody may."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from stations.hours import SHANGHAI
from web.cli.common import on_registry, table, transaction
from web.settings import Settings

__all__ = ["key"]


@click.group()
def key() -> None:
    """Keys for programs that ask a lot."""


@key.command()
@on_registry
@click.argument("holder")
@click.option(
    "--per-minute", type=int, default=12_000, show_default=True, help="Requests it may make in a minute."
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="Days after which it ends by itself; never without."
)
def add(settings: Settings, holder: str, per_minute: int, days: int | None) -> None:
    """Make a key for HOLDER (a name and how to reach them), and print it: it cannot be read again."""
    from stations.accounts import api_keys
    from stations.registry.writing import OPERATOR, acting, actor_id

    until = None if days is None else settings.now() + timedelta(days=days)
    with transaction(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="yizhan key add"):
            made, text = api_keys.issue(
                session, holder, per_minute=per_minute, actor=operator, expires_at=until
            )
        said = f"Key {made.id} for {made.holder}, {made.per_minute} requests a minute:\n{text}"
    click.echo(f"{said}\nProgrammes send it in the header X-API-Key. It is shown this once.")


@key.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the keys that were given out; none is shown in full."""
    from stations.accounts import api_keys

    with transaction(settings) as session:
        rows = [
            (
                str(each.id),
                f"{each.hint}…",
                each.holder,
                str(each.per_minute),
                _day(each.made_at),
                _day(each.expires_at),
                _day(each.revoked_at),
            )
            for each in api_keys.listed(session)
        ]
    click.echo(table(("id", "begins", "holder", "a minute", "made", "until", "taken back"), rows))


@key.command()
@on_registry
@click.argument("key_id", type=int)
def revoke(settings: Settings, key_id: int) -> None:
    """Take key KEY_ID back: within a minute every server refuses it."""
    from stations.accounts import api_keys
    from stations.registry.writing import OPERATOR, acting, actor_id

    with (
        transaction(settings) as session,
        acting(session, actor_id(session, OPERATOR), reason="yizhan key revoke"),
    ):
        gone = api_keys.revoke(session, key_id, now=settings.now())
        holder = gone.holder
    click.echo(f"The key of {holder} is taken back.")


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"
