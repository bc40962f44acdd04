"""Who is logged in at the desk, and what each of its pages asks of them.

Every view of the desk says whom it is for: ``@desk_page("editor", …)`` for those who hold one of these roles anywhere,
``@open_page`` for who is not logged in yet. A view that says nothing answers nobody. Where a role holds is asked once
more when something is written: by ``may`` in the view and by the row policies in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from flask import abort, current_app, request, session
from flask_login import LoginManager, current_user
from werkzeug.exceptions import Unauthorized

from stations.accounts import ROLES, may, sessions
from stations.errors import NotAllowed
from web import db

__all__ = [
    "Member",
    "current",
    "desk_page",
    "guard",
    "holder",
    "init_app",
    "may",
    "open_page",
    "policy_of",
    "require",
]

_View = TypeVar("_View", bound=Callable[..., Any])
#: Marks a view that answers who is not logged in.
_OPEN = "anybody"


@dataclass(frozen=True, slots=True)
class Member:
    """The member of staff who is logged in; ``id`` is the actor of the ledger. Held for one request."""

    id: int
    login: str
    display_name: str
    #: (role, region code); None for the region means the whole registry.
    grants: tuple[tuple[str, str | None], ...]
    session_id: int
    confirmed_at: datetime
    has_second_factor: bool
    lang: str | None
    token: str = field(repr=False)

    @classmethod
    def of(cls, held: sessions.Held, token: str) -> Member:
        """Make the member of a session that holds."""
        return cls(
            id=held.staff_id,
            login=held.login,
            display_name=held.display_name,
            grants=held.grants,
            session_id=held.id,
            confirmed_at=held.confirmed_at,
            has_second_factor=held.has_second_factor,
            lang=held.lang,
            token=token,
        )

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return what the cookie names the session by."""
        return self.token

    def holds(self, *roles: str) -> bool:
        """Tell whether one of ``roles`` is held anywhere; an administrator holds every one."""
        return any(role in {*roles, "administrator"} for role, _ in self.grants)

    def regions(self, *roles: str) -> tuple[str, ...] | None:
        """Return the codes of the regions in which one of ``roles`` is held; None where that is the whole registry."""
        held = [region for role, region in self.grants if role in {*roles, "administrator"}]
        return None if None in held else tuple(dict.fromkeys(region for region in held if region is not None))


def desk_page(*roles: str) -> Callable[[_View], _View]:
    """Open a view to those who hold one of ``roles`` anywhere; administrators may open every one.

    Stands below the route. Raises ValueError for a role that there is not.
    """
    if not roles or (unknown := set(roles) - set(ROLES)):
        raise ValueError(f"roles {sorted(unknown) if roles else '()'}: name some of {', '.join(ROLES)}")

    def mark(view: _View) -> _View:
        view.desk_roles = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def open_page(view: _View) -> _View:
    """Open a view to who is not logged in: the log-in and what leads to it."""
    view.desk_roles = frozenset({_OPEN})  # type: ignore[attr-defined]
    return view


def policy_of(endpoint: str) -> frozenset[str] | None:
    """Return the roles that a view of the desk asks for: empty for anybody, None where it says nothing."""
    roles: frozenset[str] | None = getattr(current_app.view_functions.get(endpoint), "desk_roles", None)
    return None if roles is None else roles - {_OPEN}


def current() -> Member:
    """Return who is logged in. Raises Unauthorized, which becomes the log-in page, where nobody is."""
    found = holder()
    if found is None:
        raise Unauthorized("log in first")
    return found


def holder() -> Member | None:
    """Return who is logged in, or None."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def require(region_code: str | None, *roles: str) -> None:
    """Raise NotAllowed unless who is logged in holds one of ``roles`` in a region; None is what belongs to no region."""
    member = current()
    if not may(db.session(), member.id, roles, region_code):
        raise NotAllowed(
            f"{member.login!r} is no {' or '.join(roles)} in {region_code or 'the whole registry'}; "
            "ask an administrator for that role there"
        )


def guard() -> None:
    """Let a request of the desk pass, or raise: Unauthorized before log-in, NotAllowed without the role."""
    if request.endpoint is None:
        return
    roles = policy_of(request.endpoint)
    if roles is None:
        current_app.logger.error("the view %s says not whom it is for", request.endpoint)
        abort(403, "this page says not whom it is for, so it opens for nobody")
    if not roles:
        return
    member = current()
    if not member.holds(*roles):
        raise NotAllowed(f"this page is for {_one_of(roles)}; {member.login!r} holds no such role")


def init_app(app: Any) -> None:
    """Let the application know its staff by their sessions."""
    manager = LoginManager()
    # The token is random and checked in the database; a network that changes (a phone on a bus) ends no session.
    manager.session_protection = None
    manager.init_app(app)
    manager.user_loader(_load)


def _load(token: str) -> Member | None:
    now = db.now()
    held = sessions.find(db.session(), token, now=now)
    if held is None:
        session.pop("_user_id", None)
        return None
    if now - held.seen_at >= sessions.TOUCHED:
        with db.writing() as writing:
            sessions.touch(writing, held.id, now=now)
    return Member.of(held, token)


def _one_of(roles: Iterable[str]) -> str:
    return " or ".join(role for role in ROLES if role in roles)
