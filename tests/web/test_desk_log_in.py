"""Logging in at the desk: who gets in, who does not, and that nobody outside learns anything from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from desk_fixtures import PASSWORD, DeskClient, SomeStaff, signed_in, staff_member
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from conftest import fill_squares
from stations.registry.writing import OPERATOR, actor_id
from web import create_app
from web.settings import Settings

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session, session.begin():
        fill_squares(session, actor_id(session, OPERATOR))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    url = engine.url.render_as_string(hide_password=False)
    return create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)


@pytest.fixture(scope="module")
def minhe(engine: Engine) -> SomeStaff:
    return staff_member(engine, "minhe", "editor", "630222")


@pytest.fixture
def client(app: Flask, engine: Engine) -> FlaskClient:
    with Session(engine) as session, session.begin():
        session.execute(
            text("SELECT set_config('yz.actor', (SELECT id::text FROM staff WHERE login = 'door'), true)")
        )
        session.execute(text("DELETE FROM log_in_failures"))
    return app.test_client()


def token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def knock(client: FlaskClient, login: str, password: str, **more: str) -> TestResponse:
    form = {"csrf_token": token(client.get("/desk/log-in")), "login": login, "password": password, **more}
    return client.post("/desk/log-in", data=form)


def test_who_is_not_logged_in_is_led_to_the_log_in_and_back(client: FlaskClient, minhe: SomeStaff) -> None:
    answer = client.get("/desk?x=1")
    assert answer.status_code == 302
    assert answer.location == "/desk/log-in?next=/desk?x%3D1"
    assert knock(client, "minhe", PASSWORD, next="/desk?x=1").location == "/desk?x=1"
    assert "minhe工会，您好" in client.get("/desk").text


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(
    client: FlaskClient, minhe: SomeStaff
) -> None:
    wrong, unknown = knock(client, "minhe", "wrong password"), knock(client, "nobody", "wrong password")
    assert wrong.status_code == unknown.status_code == 401

    def bare(answer: TestResponse) -> str:
        return re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text)

    assert bare(wrong) == bare(unknown)


def test_the_desk_s_cookie_is_sent_to_the_desk_alone_and_kept_from_scripts(
    client: FlaskClient, minhe: SomeStaff
) -> None:
    cookie = knock(client, "minhe", PASSWORD).headers["Set-Cookie"]
    assert "; HttpOnly" in cookie
    assert "; Path=/desk" in cookie
    assert "; SameSite=Lax" in cookie


def test_a_client_made_for_tests_is_logged_in(app: Flask, minhe: SomeStaff) -> None:
    desk: DeskClient = signed_in(app, minhe)
    assert desk.get("/desk").status_code == 200
    assert desk.raw.post("/desk/log-out").status_code == 400
    assert desk.post("/desk/log-out").status_code == 303
    assert desk.get("/desk").status_code == 302


@pytest.mark.parametrize("address", ["/desk", "/desk/me", "/desk/me/second-factor", "/desk/people", "/desk/confirm"])
def test_smoke(app: Flask, engine: Engine, address: str) -> None:
    desk = signed_in(app, staff_member(engine, "chief", "administrator", None))
    answer = desk.get(address)
    assert answer.status_code == 200, answer.text
