"""``yizhan user``: the accounts of staff. The first administrator is made here; there is no default password."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from stations.hours import SHANGHAI
from web.cli.common import on_registry, say, table, transaction
from web.registries import opened
from web.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["user"]

_T = TypeVar("_T", bound=Callable[..., object])


@click.group()
def user() -> None:
    """Members of staff: their roles, links and passwords."""


def _role(command: _T) -> _T:
    """Give a command the options that name a role in a region."""
    command = click.option(
        "--region", metavar="CODE", help="Where: 630222, 630200 …; the whole registry without it."
    )(command)
    return click.option("--role", required=True, help="viewer, editor, inspector, planner or administrator.")(
        command
    )


@user.command()
@on_registry
@click.argument("login")
@click.option("--name", required=True, help="The name that is shown beside what they do, such as 王秀英.")
@_role
@click.option("--email", default="", help="Where links may be sent, if the site sends mail.")
@click.option("--password", "ask", is_flag=True, help="Ask for a password here, in place of a one-time link.")
def add(
    settings: Settings, *, login: str, name: str, role: str, region: str | None, email: str, ask: bool
) -> None:
    """Add a member of staff with a role, and print the one-time link with which they set their password."""
    from stations import accounts
    from stations.accounts import entering, managing
    from stations.registry.writing import acting

    with _desk(settings) as desk:
        with acting(desk.session, desk.operator, reason=f"yizhan user add {login}"):
            made = accounts.add(desk.session, login, name=name)
            accounts.grant(desk.session, made.id, role, region)
        managing.set_email(desk.session, made.id, email, actor=desk.operator)
        said = f"{made.login} is {role} in {region or 'the whole registry'}"
        if ask:
            entering.set_password(desk.session, made.id, _password(), now=desk.settings.now())
            said += " and can log in."
        else:
            said += f".\n{desk.link(made.id)}"
    # After the commit: a link that was printed and undone would be a riddle.
    click.echo(said)


@user.command("list")
@on_registry
def list_(settings: Settings) -> None:
    """List the members of staff with their roles."""
    from stations import accounts

    with _desk(settings) as desk:
        found = accounts.people(desk.session)
    rows = [
        (
            person.login,
            person.display_name,
            ", ".join(f"{role} {region or 'all'}" for role, region in person.grants) or None,
            "yes" if person.active else "no",
            "password" if person.has_password else "oidc" if person.has_oidc else None,
            "yes" if person.has_second_factor else "no",
            f"{person.logged_in_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if person.logged_in_at else None,
        )
        for person in found
    ]
    click.echo(table(("login", "name", "roles", "active", "by", "two-factor", "last log-in"), rows))


@user.command()
@on_registry
@click.argument("login")
@_role
def grant(settings: Settings, login: str, role: str, region: str | None) -> None:
    """Give LOGIN a role in a region and all below it."""
    from stations import accounts

    with _changing(settings, login, f"grant {role}") as (desk, staff_id):
        new = accounts.grant(desk.session, staff_id, role, region)
    click.echo(f"{login} {'is' if new else 'was already'} {role} in {region or 'the whole registry'}.")


@user.command()
@on_registry
@click.argument("login")
@_role
def revoke(settings: Settings, login: str, role: str, region: str | None) -> None:
    """Take a role back."""
    from stations import accounts

    with _changing(settings, login, f"revoke {role}") as (desk, staff_id):
        accounts.revoke(desk.session, staff_id, role, region)
    click.echo(f"{login} is no {role} in {region or 'the whole registry'} any more.")


@user.command()
@on_registry
@click.argument("login")
def disable(settings: Settings, login: str) -> None:
    """Take LOGIN out of service: all sessions and links end at once; what they did stays theirs."""
    from stations import accounts
    from stations.accounts import events

    with _changing(settings, login, "disable") as (desk, staff_id):
        accounts.disable(desk.session, staff_id)
        events.note(desk.session, staff_id, "disabled", now=desk.settings.now(), by=desk.operator)
    click.echo(f"{login} is out of service.")


@user.command()
@on_registry
@click.argument("login")
def enable(settings: Settings, login: str) -> None:
    """Take LOGIN back into service, with the roles held before."""
    from stations import accounts
    from stations.accounts import events

    with _changing(settings, login, "enable") as (desk, staff_id):
        accounts.enable(desk.session, staff_id)
        events.note(desk.session, staff_id, "enabled", now=desk.settings.now(), by=desk.operator)
    click.echo(f"{login} is in service again.")


@user.command()
@on_registry
@click.argument("login")
@click.option("--no-second-factor", is_flag=True, help="Turn the second factor off too: the phone was lost.")
def link(settings: Settings, login: str, *, no_second_factor: bool) -> None:
    """Print a one-time link with which LOGIN sets a new password; links of before are of no use any more."""
    from stations.accounts import by_login, managing

    with _desk(settings) as desk:
        staff_id = by_login(desk.session, login).id
        if no_second_factor:
            managing.remove_second_factor(
                desk.session, staff_id, actor=desk.operator, now=desk.settings.now()
            )
        made = desk.link(staff_id)
    click.echo(made)


@user.command()
@on_registry
@click.argument("login")
def unlock(settings: Settings, login: str) -> None:
    """Let LOGIN try again at once, after too many wrong passwords."""
    from stations.accounts import by_login, events, failures

    with _desk(settings) as desk:
        staff_id = by_login(desk.session, login).id
        counted = failures.unlock(desk.session, login, pepper=desk.settings.key_for("log-in"))
        events.note(desk.session, staff_id, "unlocked", now=desk.settings.now(), by=desk.operator)
    click.echo(f"{login} may log in at once." if counted else f"{login} was not locked.")


@dataclass(frozen=True)
class _Desk:
    """The registry opened for one command, in one transaction."""

    session: Session
    settings: Settings
    operator: int

    def link(self, staff_id: int) -> str:
        """Make a one-time link and say it."""
        from stations.accounts import managing

        token = managing.make_link(self.session, staff_id, actor=self.operator, now=self.settings.now())
        base = self.settings.public_url or f"http://{self.settings.host}:{self.settings.port}"
        return f"One-time link, good for two days; hand it over in person:\n  {base}/desk/link/{token}"


@contextmanager
def _desk(settings: Settings) -> Iterator[_Desk]:
    from stations.registry.writing import OPERATOR, actor_id

    with opened(settings, say=say) as ready, transaction(ready) as session:
        yield _Desk(session, ready, actor_id(session, OPERATOR))


@contextmanager
def _changing(settings: Settings, login: str, reason: str) -> Iterator[tuple[_Desk, int]]:
    """Change a member of staff as the operator."""
    from stations.accounts import by_login
    from stations.registry.writing import acting

    with _desk(settings) as desk:
        staff_id = by_login(desk.session, login).id
        with acting(desk.session, desk.operator, reason=f"yizhan user {reason} {login}"):
            yield desk, staff_id


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return asked
