"""Who is logged in at the desk, and what each of its pages asks of them.

Every view of the desk says whom it is for: ``@desk_page("editor", …)`` for those who hold one of these roles anywhere,
``@member_page`` for all who are logged in, ``@open_page`` for who is not yet. A view that says nothing answers nobody.
Where a role holds is asked once more when something is written: by ``may`` in the view and by the row policies in the
database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from flask import abort, current_app, redirect, request, session, url_for
from flask_login import LoginManager, current_user
from werkzeug.exceptions import Unauthorized

from stations.accounts import ROLES, may, sessions
from stations.errors import NotAllowed
from web import db
from web.settings import Settings

__all__ = [
    "Member",
    "Policy",
    "current",
    "desk_page",
    "guard",
    "holder",
    "init_app",
    "may",
    "member_page",
    "open_page",
    "policy_of",
    "require",
]

_View = TypeVar("_View", bound=Callable[..., Any])
#: What leads to a second factor must open without one.
_WITHOUT_SECOND_FACTOR = {
    "desk.second_factor",
    "desk.confirm",
    "desk.log_out",
    "desk.me",
    "desk.choose_language",
}


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


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom a view of the desk is for. confirmed: it asks for the password again when the log-in was a while ago."""

    who: Literal["anybody", "member", "role"]
    roles: frozenset[str] = frozenset()
    confirmed: bool = False


def desk_page(*roles: str, confirmed: bool = False) -> Callable[[_View], _View]:
    """Open a view to those who hold one of ``roles`` anywhere; administrators may open every one.

    Stands below the route. confirmed: ask for the password again when the log-in was a while ago. Raises ValueError for
    a role that there is not.
    """
    if not roles or (unknown := set(roles) - set(ROLES)):
        raise ValueError(f"roles {sorted(unknown) if roles else '()'}: name some of {', '.join(ROLES)}")
    return _marked(Policy("role", frozenset(roles), confirmed))


def member_page(*, confirmed: bool = False) -> Callable[[_View], _View]:
    """Open a view to everybody who is logged in, with roles or without: one's own account."""
    return _marked(Policy("member", confirmed=confirmed))


def open_page(view: _View) -> _View:
    """Open a view to who is not logged in: the log-in and what leads to it."""
    return _marked(Policy("anybody"))(view)


def policy_of(endpoint: str) -> Policy | None:
    """Return what a view of the desk says of whom it is for; None where it says nothing."""
    return getattr(current_app.view_functions.get(endpoint), "desk_policy", None)


def _marked(policy: Policy) -> Callable[[_View], _View]:
    def mark(view: _View) -> _View:
        view.desk_policy = policy  # type: ignore[attr-defined]
        return view

    return mark


def current() -> Member:
    """Return who is logged in. Raises Unauthorized, which becomes the log-in page, where nobody is."""
    found = holder()
    if found is None:
        raise Unauthorized("log in first")
    return found


def holder() -> Member | None:
    """Return who is logged in, or None."""
    found: Member | None = current_user._get_current_object() if current_user.is_authenticated else None
    return found


def require(region_code: str | None, *roles: str) -> None:
    """Raise NotAllowed unless who is logged in holds one of ``roles`` in a region; None is what belongs to no region."""
    member = current()
    if not may(db.session(), member.id, roles, region_code):
        raise NotAllowed(
            f"{member.login!r} is no {' or '.join(roles)} in {region_code or 'the whole registry'}; "
            "ask an administrator for that role there"
        )


def guard() -> None:
    """Let a request of the desk pass, or raise: Unauthorized before log-in, NotAllowed without the role.

    Leads to the second factor where a role asks for one, and to the password where a view asks for it again.
    """
    if request.endpoint is None:
        return
    policy = policy_of(request.endpoint)
    if policy is None:
        current_app.logger.error("the view %s says not whom it is for", request.endpoint)
        abort(403, "this page says not whom it is for, so it opens for nobody")
    if policy.who == "anybody":
        return
    member = current()
    _require_second_factor(member)
    if policy.who == "role" and not member.holds(*policy.roles):
        raise NotAllowed(f"this page is for {_one_of(policy.roles)}; {member.login!r} holds no such role")
    if policy.confirmed:
        _require_confirmed(member)


def _require_second_factor(member: Member) -> None:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    held = settings.two_factor_roles & {role for role, _ in member.grants}
    if not held or member.has_second_factor or request.endpoint in _WITHOUT_SECOND_FACTOR:
        return
    if request.method != "GET":
        raise NotAllowed(f"{_one_of(held)} needs a second factor here; turn it on at /desk/me/second-factor")
    abort(redirect(url_for("desk.second_factor")))


def _require_confirmed(member: Member) -> None:
    if current_app.config["YIZHAN_SANDBOX"] or db.now() - member.confirmed_at <= sessions.CONFIRMED_FOR:
        return
    shown = (
        request.full_path.rstrip("?") if request.method == "GET" else urlsplit(request.referrer or "").path
    )
    abort(redirect(url_for("desk.confirm", next=shown.removeprefix(request.script_root) or None), 303))


def init_app(app: Any) -> None:
    """Let the application know its staff by their sessions."""
    manager = LoginManager()
    # The token is random and checked in the database; a network that changes (a phone on a bus) ends no session.
    manager.session_protection = None
    manager.init_app(app)
    manager.user_loader(_load)


def _load(token: str) -> Member | None:
    now = db.now()
    # A transaction of its own, as the door needs one: what pages read with may commit each statement.
    with db.writing() as writing:
        held = sessions.find(writing, token, now=now)
        if held is not None and now - held.seen_at >= sessions.TOUCHED:
            sessions.touch(writing, held.id, now=now)
    if held is None:
        session.pop("_user_id", None)
        return None
    return Member.of(held, token)


def _one_of(roles: Iterable[str]) -> str:
    return " or ".join(role for role in ROLES if role in roles)
