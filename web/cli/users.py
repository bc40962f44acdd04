"""``yizhan user``: the accounts of staff. The first administrator is made here; there is no default password."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from web.cli.common import on_registry, registry_session
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["user"]


@click.group()
def user() -> None:
    """Members of staff: their roles, links and passwords."""


@user.command()
@on_registry
@click.argument("login")
@click.option("--name", required=True, help="The name that is shown beside what they do, such as 王秀英.")
@click.option("--role", required=True, help="viewer, editor, inspector, planner or administrator.")
@click.option("--region", metavar="CODE", help="Where: 630222, 630200 …; the whole registry without it.")
@click.option("--password", "ask", is_flag=True, help="Ask for a password here, in place of a one-time link.")
def add(settings: Settings, login: str, name: str, role: str, region: str | None, *, ask: bool) -> None:
    """Add a member of staff with a role, and print the one-time link with which they set their password."""
    from stations import accounts
    from stations.accounts import entering
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason=f"yizhan user add {login}"):
            made = accounts.add(session, login, name=name)
            accounts.grant(session, made.id, role, region)
        if ask:
            entering.set_password(session, made.id, _password(), now=settings.now())
            click.echo(f"{made.login} is {role} in {region or 'the whole registry'} and can log in.")
        else:
            click.echo(f"{made.login} is {role} in {region or 'the whole registry'}.")
            click.echo(_link(session, settings, made.id, operator))


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return asked


def _link(session: Session, settings: Settings, staff_id: int, operator: int) -> str:
    from stations.accounts import links

    token = links.make(session, staff_id, now=settings.now(), by=operator)
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    return f"One-time link, good for two days; hand it over in person:\n  {base}/desk/link/{token}"
