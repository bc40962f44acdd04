"""The desk in tests: staff of the small registry, clients that are logged in, and the log-in form in a browser.

    member = staff_member(engine, "minhe", "editor", "630222")   # committed; a second call returns the same one
    client = signed_in(app, member)                              # a Flask client with a session of theirs
    client.post("/desk/…", data={…})                             # carries the CSRF token by itself
    client.raw.post("/desk/…")                                   # without the token

    log_in(page, site, member)                                   # browser tests: through the real form

``staff_member`` takes an Engine (and commits) or a Session (and leaves the transaction to you; the registry must hold
the region). The password of every one is ``PASSWORD``. For tests that write give each module an engine of its own
(``create_engine(new_database())`` filled by ``fill_squares``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from stations import accounts
from stations.accounts import entering, passwords, sessions
from stations.accounts.door import as_door
from stations.models import Staff
from stations.registry.writing import OPERATOR, acting, actor_id
from web.desk.cookie import NAME
from web.settings import Settings

PASSWORD = "高原上的风-seven-lamps"  # noqa: S105 - of tests alone


QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(frozen=True)
class SomeStaff:
    """A member of staff that a test made."""

    id: int
    login: str
    role: str
    region: str | None
    password: str = PASSWORD


def staff_member(
    where: Engine | Session, login: str, role: str = "editor", region: str | None = "630222"
) -> SomeStaff:
    """Make a member of staff with one role and a password; the one of before where the login is known."""
    if isinstance(where, Engine):
        with Session(where) as session, session.begin():
            return staff_member(session, login, role, region)
    found = where.scalar(select(Staff.id).where(Staff.login == login))
    if found is None:
        with acting(where, actor_id(where, OPERATOR), reason=f"test staff {login}"):
            found = accounts.add(where, login, name=f"{login}工会").id
            accounts.grant(where, found, role, region)
        # As after a commit: the next writer begins a commit of its own.
        where.execute(text("SELECT set_config('yz.commit', '', true), set_config('yz.actor', '', true)"))
        with as_door(where):
            credential = entering.credential(where, found)
            credential.password_hash = _hashed()
            credential.password_set_at = datetime.now(UTC)
    return SomeStaff(found, login, role, region)


@cache
def _hashed() -> str:
    return QUICK.hash(PASSWORD)


def hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at once for the time of a test; how slow it must be is said in ``test_passwords``."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    # Kept for the process otherwise, by whichever hasher came first.
    monkeypatch.setattr(passwords, "_of_nobody", lambda: QUICK.hash(""))


class DeskClient:
    """A client that is logged in: ``get`` and ``post`` as Flask's, with the CSRF token added to what writes."""

    def __init__(self, raw: FlaskClient) -> None:
        self.raw = raw
        self._token: str | None = None

    def token(self) -> str:
        """Return the CSRF token, as a page of the desk carries it."""
        if self._token is None:
            found = re.search(r'<meta name="csrf-token" content="([^"]+)">', self.raw.get("/desk/me").text)
            assert found is not None, "a page of the desk carries no CSRF token"
            self._token = found[1]
        return self._token

    def get(self, *arguments: Any, **options: Any) -> TestResponse:
        return self.raw.get(*arguments, **options)

    def post(self, *arguments: Any, **options: Any) -> TestResponse:
        return self.open("POST", *arguments, **options)

    def open(self, method: str, *arguments: Any, **options: Any) -> TestResponse:
        """Ask with any method, with the CSRF token in the header."""
        headers = {"X-CSRF-Token": self.token()} | dict(options.pop("headers", {}))
        answer = self.raw.open(*arguments, method=method, headers=headers, **options)
        # Above 500 kB the body lies in a temporary file, which Werkzeug's client leaves to the collector.
        answer.request.environ["wsgi.input"].close()
        return answer


def signed_in(app: Flask, member: SomeStaff) -> DeskClient:
    """Return a client with a session of the member's, opened as the log-in does after the password was right."""
    settings: Settings = app.config["YIZHAN_SETTINGS"]
    engine: Engine = app.extensions["yizhan.engine"]
    with Session(engine) as session, session.begin():
        token = sessions.open_session(session, member.id, now=settings.now(), device="Test")
    client = app.test_client()
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    client.set_cookie(NAME, serializer.dumps({"_user_id": token, "_fresh": True}), path="/desk")
    return DeskClient(client)


def log_in(page: Page, site: str, member: SomeStaff, *, password: str | None = None) -> None:
    """Log in through the real form, in a browser."""
    page.goto(f"{site}/desk/log-in")
    page.fill("input[name=login]", member.login)
    page.fill("input[name=password]", password or member.password)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/log-in" not in url)
