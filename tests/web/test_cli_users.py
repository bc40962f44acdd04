"""``yizhan user``: the first administrator from nothing, and everything that must work when nobody can log in."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator

import pytest
from desk_fixtures import PASSWORD, hash_quickly
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations import accounts
from stations.accounts import entering, links, sessions
from stations.registry.writing import OPERATOR, actor_id
from web import create_app
from web.cli import main
from web.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def address(new_database: Callable[[], str]) -> str:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    engine.dispose()
    return url


@pytest.fixture
def session(address: str) -> Iterator[Session]:
    engine = create_engine(address)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    hash_quickly(monkeypatch)
    for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YIZHAN_DATABASE_URL", address)
    monkeypatch.setenv("YIZHAN_SECRET_KEY", "k" * 40)

    def command(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(["user", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def token_in(said: str) -> str:
    found = re.search(r"/desk/link/([\w-]+)", said)
    assert found is not None, said
    return found[1]


def test_the_first_administrator_comes_in_by_the_link_that_is_printed(run: Run, address: str) -> None:
    status, said, _ = run("add", "wang", "--name", "王秀英", "--role", "administrator")
    assert status == 0
    assert "wang is administrator in the whole registry" in said
    app = create_app(Settings(secret_key="k" * 40, database_url=address))
    page = app.test_client().get(f"/desk/link/{token_in(said)}")
    assert "王秀英" in page.text
    app.extensions["yizhan.engine"].dispose()


def test_a_password_may_be_given_at_once_and_must_be_a_good_one(run: Run, session: Session) -> None:
    status, _, told = run("add", "wang", "--name", "王", "--role", "viewer", "--password", typed="123456\n")
    assert (status, "password: use 10 characters" in told) == (1, True)
    assert accounts.people(session) == []
    session.rollback()
    assert run("add", "wang", "--name", "王", "--role", "viewer", "--password", typed=f"{PASSWORD}\n")[0] == 0
    assert entering.verify(session, "wang", PASSWORD, now=Settings().now()) is not None


def test_no_account_is_added_without_a_role_that_there_is(run: Run, session: Session) -> None:
    for words in (["--role", "boss"], ["--role", "editor", "--region", "999999"], []):
        assert run("add", "wang", "--name", "王", *words)[0] in {1, 2}
    assert accounts.people(session) == []


def test_roles_are_given_listed_and_taken_back(run: Run) -> None:
    run("add", "wang", "--name", "王秀英", "--role", "editor", "--region", "630222")
    assert (
        "wang is inspector in 630200" in run("grant", "wang", "--role", "inspector", "--region", "630200")[1]
    )
    assert "was already" in run("grant", "wang", "--role", "inspector", "--region", "630200")[1]
    assert "editor 630222, inspector 630200" in run("list")[1]
    run("revoke", "wang", "--role", "editor", "--region", "630222")
    assert "editor" not in run("list")[1]
    status, _, told = run("revoke", "wang", "--role", "editor", "--region", "630222")
    assert (status, "is no editor in 630222" in told) == (1, True)


def test_who_is_disabled_has_no_session_and_no_link(run: Run, session: Session) -> None:
    link = token_in(run("add", "wang", "--name", "王", "--role", "viewer")[1])
    now = Settings().now()
    held = sessions.open_session(session, accounts.by_login(session, "wang").id, now=now, device="x")
    session.commit()
    assert run("disable", "wang")[0] == 0
    assert sessions.find(session, held, now=now) is None
    assert links.holder(session, link, now=now) is None
    session.rollback()
    assert run("link", "wang")[0] == 1
    assert run("enable", "wang")[0] == 0
    assert run("link", "wang")[0] == 0


def test_a_new_link_makes_the_one_of_before_useless(run: Run, session: Session) -> None:
    first = token_in(run("add", "wang", "--name", "王", "--role", "viewer")[1])
    second = token_in(run("link", "wang", "--no-second-factor")[1])
    now = Settings().now()
    assert links.holder(session, first, now=now) is None
    assert links.holder(session, second, now=now) is not None


def test_the_wait_after_wrong_passwords_is_ended(run: Run, address: str) -> None:
    run("add", "wang", "--name", "王", "--role", "viewer", "--password", typed=f"{PASSWORD}\n")
    assert "was not locked" in run("unlock", "wang")[1]
    app = create_app(Settings(secret_key="k" * 40, database_url=address))
    client = app.test_client()

    def knock(password: str) -> int:
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/log-in").text)
        assert found is not None
        form = {"csrf_token": found[1], "login": "wang", "password": password}
        return client.post("/desk/log-in", data=form).status_code

    while knock("wrong") != 429:
        pass
    assert knock(PASSWORD) == 429
    assert "may log in at once" in run("unlock", "wang")[1]
    assert knock(PASSWORD) == 303
    app.extensions["yizhan.engine"].dispose()


def test_the_actors_of_the_system_are_nobody_s_account(run: Run) -> None:
    for words in (["link"], ["disable"], ["unlock"]):
        status, _, told = run(*words, "operator")
        assert (status, "there is no member of staff" in told) == (1, True)
